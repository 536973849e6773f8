"""The page of the detector in a real browser, before a model server that scores how red an image is."""

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil

import pytest
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from serving.web.gateway import Gateway
from serving.web.limits import Limits

pytestmark = pytest.mark.browser

TEXT = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no image at all"}
MANY = Limits(requests_per_minute=10_000)
# Chromium says this of every answer that is an error; the page shows those in words.
NOISE = "Failed to load resource: the server responded with a status of"


def _encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _png(red, size=(40, 50)):
    return _encoded(Image.new("RGB", size, (red, 90, 120)))


def _file(name, red):
    return {"name": name, "mimeType": "image/png", "buffer": _png(red)}


FAKE, REAL, UNCERTAIN = _file("fake.png", 230), _file("real.png", 51), _file("unsure.png", 153)


@pytest.fixture(scope="module")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    # Chromium's sandbox refuses to run as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        # The cores are shared with other tests.
        expect.set_options(timeout=20_000)
        yield browser
        expect.set_options(timeout=5_000)
        browser.close()


@pytest.fixture
def visit(chromium, redness_server):
    """``visit(limits, **options)``: an open page; at the end no complaint, and no request to anywhere else."""
    complaints, requests, gateways, contexts = [], [], [], []

    def open_page(limits=MANY, **options):
        gateways.append(Gateway(redness_server.address, "deepfake-inspector", port=0, limits=limits))
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        contexts[-1].on("request", lambda request: requests.append(request.url))
        page.goto(gateways[-1].url)
        # The page knows its limits once it has asked for them.
        expect(page.locator("#largest")).not_to_be_empty()
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()
    for gateway in gateways:
        gateway.stop()
    assert [one for one in complaints if not one.startswith(NOISE)] == []
    origins = tuple(gateway.url for gateway in gateways)
    assert requests
    assert [one for one in requests if not one.startswith((*origins, f"blob:{origins[0]}"))] == []


def _choose(page, *files):
    page.get_by_label("Choose images").set_input_files(list(files))


def _verdict(page):
    return page.locator("#verdict-title")


def _rows(page):
    return page.locator("#rows li:visible")


def _names(page):
    return page.locator("#rows li:visible .name").all_inner_texts()


def _done(page, count):
    expect(page.locator("#count")).to_contain_text(f"{count} of {count} answered")


DROP = """
([type, files]) => {
  const data = new DataTransfer();
  for (const [name, letters] of files) {
    const bytes = Uint8Array.from(atob(letters), (one) => one.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/png" }));
  }
  const event = type === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
  document.getElementById("limits").dispatchEvent(event);
  return event.defaultPrevented;
}
"""


def _hand_over(page, kind, *files):
    return page.evaluate(
        DROP, [kind, [[one["name"], base64.b64encode(one["buffer"]).decode()] for one in files]]
    )


@pytest.mark.parametrize(
    ("file", "word", "says"),
    [
        (FAKE, "Likely fake", "0.902 is 0.282 above the threshold of 0.620. Scores at or above 0.700"),
        (REAL, "Likely real", "0.200 is 0.420 below the threshold of 0.620. Scores below 0.550"),
        (UNCERTAIN, "Uncertain", "0.600 lies in the uncertain band from 0.550 to 0.700, 0.020 below"),
    ],
)
def test_a_chosen_image_gets_its_verdict(visit, file, word, says):
    page = visit()
    _choose(page, file)
    expect(_verdict(page)).to_have_text(word)
    expect(page.locator("#sentence")).to_contain_text(says)
    # A screen reader hears it.
    expect(page.get_by_role("status")).to_contain_text(f"{file['name']}: {word}.")
    facts = page.locator(".facts").inner_text()
    for fact in ("deepfake-inspector", "1700000123", "0.620", "0.550 to 0.700"):
        assert fact in facts
    assert "Scores from 0.550 up to 0.700 are called uncertain" in page.locator("#meaning").inner_text()
    assert not page.locator("#queue").is_visible()


def test_the_sha256_is_that_of_the_file(visit):
    page = visit()
    _choose(page, FAKE)
    expect(page.locator("[data-fact=sha256]")).to_have_text(hashlib.sha256(FAKE["buffer"]).hexdigest())


def test_the_scale_marks_score_tau_and_band_where_they_are(visit):
    page = visit()
    _choose(page, FAKE)
    expect(_verdict(page)).to_have_text("Likely fake")
    track = page.locator(".track").bounding_box()

    def share(name, end=0.5):
        box = page.locator(f".track .{name}").bounding_box()
        return (box["x"] + end * box["width"] - track["x"]) / track["width"]

    assert share("dot") == pytest.approx(230 / 255, abs=0.005)
    assert share("tau") == pytest.approx(0.62, abs=0.005)
    assert (share("band", 0), share("band", 1)) == pytest.approx((0.55, 0.7), abs=0.005)
    assert "Score 0.902" in page.locator("#scale").get_attribute("aria-label")


def test_a_model_without_a_band_says_so(visit, redness_server):
    redness_server.band = None
    page = visit()
    _choose(page, _file("close.png", 160))
    expect(_verdict(page)).to_have_text("Likely fake")
    expect(page.locator("#sentence")).to_contain_text("Scores at or above it are called fake. That is close")
    expect(page.locator("#meaning")).to_contain_text("no uncertain band")
    expect(page.locator("[data-fact=band]")).to_have_text("none")


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_dropped_or_pasted_image_gets_its_verdict(visit, kind):
    page = visit()
    assert _hand_over(page, kind, FAKE)
    expect(_verdict(page)).to_have_text("Likely fake")
    expect(page.locator("#file")).to_have_text("fake.png")


def test_while_a_file_hovers_the_page_takes_it(visit):
    page = visit()
    assert _hand_over(page, "dragover", FAKE)
    expect(page.locator("body.over")).to_have_count(1)


def test_a_text_file_is_refused_in_words_and_can_be_tried_again(visit, redness_server):
    page = visit()
    _choose(page, TEXT)
    expect(_verdict(page)).to_have_text("No verdict")
    sentence = page.locator("#sentence")
    expect(sentence).to_have_text(
        "The detector cannot read this file: Unknown image file format. One of JPEG, PNG, GIF, BMP required."
    )
    expect(page.get_by_role("status")).to_contain_text("notes.txt: No verdict.")
    assert page.locator("#unseen").is_visible()
    before = redness_server.requests
    redness_server.gate.clear()
    page.locator("#retry").click()
    expect(_verdict(page)).to_have_text("Being judged")
    redness_server.gate.set()
    expect(_verdict(page)).to_have_text("No verdict")
    assert redness_server.requests == before + 1


def test_an_empty_and_a_large_file_are_refused(visit, redness_server):
    page = visit(Limits(max_image_bytes=2048))
    _choose(page, {**TEXT, "buffer": b""}, {**TEXT, "name": "large.png", "buffer": bytes(3000)})
    _done(page, 2)
    reasons = page.locator(".reason").all_inner_texts()
    assert reasons == ["The file is empty.", "The file is too large: 2 KiB at most."]
    assert redness_server.requests == 0


def test_a_model_server_that_comes_back(visit, redness_server):
    redness_server.away = True
    page = visit()
    _choose(page, FAKE)
    expect(page.locator("#sentence")).to_have_text(
        "The model server does not answer. Try again in a minute.", timeout=15_000
    )
    redness_server.away = False
    page.locator("#retry").click()
    expect(_verdict(page)).to_have_text("Likely fake")


# Red on the left in the file; as it is to be seen, EXIF 6, red is at the top.
def _turned():
    image = Image.new("RGB", (60, 30))
    image.paste((255, 0, 0), (0, 0, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "name": "turned.jpg",
        "mimeType": "image/jpeg",
        "buffer": _encoded(image, "JPEG", exif=exif, quality=95),
    }


PIXEL = """([id, x, y]) => {
  const canvas = document.getElementById(id);
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, -Math.floor(x * canvas.width), -Math.floor(y * canvas.height));
  return [...pen.getImageData(0, 0, 1, 1).data];
}"""


def test_the_image_is_drawn_as_it_is_to_be_seen(visit):
    page = visit()
    _choose(page, _turned())
    expect(_verdict(page)).to_have_text("Likely real")
    assert page.evaluate("[image.width, image.height]") == [30, 60]
    top, bottom = (page.evaluate(PIXEL, ["image", 0.5, y]) for y in (0.25, 0.75))
    assert top[0] > 200
    assert bottom[0] < 60


def test_the_map_lies_over_the_whole_image_and_can_be_hidden(visit):
    image = Image.new("RGB", (90, 30))
    image.paste((255, 0, 0), (45, 0, 90, 30))
    page = visit()
    _choose(page, {"name": "half.png", "mimeType": "image/png", "buffer": _encoded(image)})
    expect(_verdict(page)).to_have_text("Likely real")
    boxes = [page.locator(one).bounding_box() for one in ("#image", "#map")]
    assert boxes[0] == pytest.approx(boxes[1], abs=0.5)
    left, right = (page.evaluate(PIXEL, ["map", x, 0.5]) for x in (0.2, 0.8))
    assert left[3] == 0
    assert right == [160, 0, 40, 255]
    page.get_by_label("Strength").fill("40")
    assert page.locator("#map").evaluate("(one) => getComputedStyle(one).opacity") == "0.4"
    page.get_by_label("Heat map").uncheck()
    assert not page.locator("#map").is_visible()


def test_a_model_that_explains_nothing_still_judges(visit, redness_server):
    redness_server.explains = False
    page = visit()
    _choose(page, FAKE)
    expect(_verdict(page)).to_have_text("Likely fake")
    expect(page.locator("#map-says")).to_contain_text("no heat map")
    assert not page.locator("#map").is_visible()
    assert not page.locator("#map-tools").is_visible()


REDS = (230, 51, 153, 200, 20, 255, 90, 140, 170, 128, 0)


@pytest.fixture
def twelve():
    return [*(_file(f"{place:02d}.png", red) for place, red in enumerate(REDS)), TEXT]


def test_many_images_are_listed_sorted_and_filtered(visit, twelve):
    page = visit()
    _choose(page, *twelve)
    _done(page, 12)
    expect(page.get_by_role("status")).to_have_text(
        "12 images answered: 3 likely fake, 2 uncertain, 6 likely real, 1 failed."
    )
    assert _names(page) == [one["name"] for one in twelve]
    ranked = [f"{place:02d}.png" for place in sorted(range(11), key=lambda place: REDS[place])]
    page.get_by_label("Sort by").select_option("high")
    assert _names(page) == [*reversed(ranked), "notes.txt"]
    page.get_by_label("Sort by").select_option("low")
    assert _names(page) == [*ranked, "notes.txt"]
    for label, words in (("Likely fake", 3), ("Uncertain", 2), ("Likely real", 6), ("No verdict", 1)):
        page.get_by_role("radio", name=f"{label} {words}").check()
        expect(_rows(page)).to_have_count(words)
        assert set(page.locator("#rows li:visible .word").all_inner_texts()) == {label}
    page.locator("input[value=all]").check()
    expect(_rows(page)).to_have_count(12)


def test_a_filter_that_finds_nothing_says_so(visit):
    page = visit()
    _choose(page, FAKE, FAKE)
    _done(page, 2)
    page.locator("input[value=real]").check()
    expect(page.get_by_text("No image here has that verdict.")).to_be_visible()


def test_images_go_two_at_a_time(visit, redness_server, twelve):
    redness_server.gate.clear()
    page = visit()
    _choose(page, *twelve)
    expect(page.locator("#rows [data-kind=asking]")).to_have_count(2)
    for _ in range(100):
        page.wait_for_timeout(100)
        if redness_server.requests >= 2:
            break
    page.wait_for_timeout(300)
    assert redness_server.requests == 2
    expect(page.locator("#rows [data-kind=asking]")).to_have_count(2)
    expect(page.locator("#rows [data-kind=waiting]")).to_have_count(10)
    redness_server.gate.set()
    _done(page, 12)
    assert redness_server.most_at_once == 2


def test_a_failed_image_is_tried_again_alone_and_all_together(visit, redness_server):
    page = visit()
    _choose(page, FAKE, TEXT, {**TEXT, "name": "other.txt"})
    _done(page, 3)
    row = page.locator("#rows li").nth(1)
    assert "cannot read this file" in row.inner_text()
    for button, more in ((row.get_by_role("button", name="Try again"), 1), (page.locator("#again"), 2)):
        before = redness_server.requests
        button.click()
        _done(page, 3)
        page.wait_for_function("document.querySelectorAll('#rows [data-kind=failed]').length === 2")
        assert redness_server.requests == before + more


def test_a_gateway_that_asks_for_patience_gets_it(visit):
    page = visit(Limits(requests_per_minute=120, concurrent_requests=1, wait_seconds=0.001))
    _choose(page, *(_file(f"{place}.png", 20 * place) for place in range(6)))
    expect(page.locator("#count")).to_have_text("6 of 6 answered", timeout=60_000)


def test_one_image_too_many_in_a_minute_waits_and_says_so(visit):
    page = visit(Limits(requests_per_minute=20))
    _choose(page, *[FAKE] * 21)
    row = page.locator("#rows li").nth(20)
    expect(row).to_contain_text(
        "Too many images in a minute from one address. Try again in 3 s. This page will."
    )
    expect(row).to_contain_text("Waiting")
    expect(row).to_contain_text("Likely fake", timeout=10_000)


def test_a_focused_row_keeps_the_focus_when_results_reorder_the_list(visit, redness_server):
    redness_server.gate.clear()
    page = visit()
    _choose(page, REAL, UNCERTAIN, FAKE)
    page.get_by_label("Sort by").select_option("high")
    page.locator("#rows .row").nth(2).focus()
    redness_server.gate.set()
    _done(page, 3)
    assert _names(page) == ["fake.png", "unsure.png", "real.png"]
    assert page.evaluate("document.activeElement.querySelector('.name').textContent") == "fake.png"


def test_results_are_saved_by_the_browser(visit):
    page = visit()
    _choose(page, _file('=cmd|"A1".png', 230), _file("a,b.png", 51), {**TEXT, "name": "@text.txt"})
    _done(page, 3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == "verdicts.csv"
    with open(download.value.path(), newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ['\'=cmd|"A1".png', "a,b.png", "'@text.txt"]
    assert [row["decision"] for row in rows] == ["fake", "real", ""]
    assert float(rows[0]["score"]) == pytest.approx(230 / 255, abs=1e-6)
    assert rows[0]["uncertain_low"].startswith("0.55")
    assert rows[2]["error"].startswith("The detector cannot read")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON lines").click()
    lines = [json.loads(line) for line in download.value.path().read_text().splitlines()]
    assert [line["file"] for line in lines] == ['=cmd|"A1".png', "a,b.png", "@text.txt"]
    assert lines[2]["score"] is None
    assert "map" not in lines[0]


def test_nothing_is_kept(visit):
    page = visit()
    _choose(page, FAKE, REAL)
    _done(page, 2)
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    page.get_by_role("button", name="Clear list").click()
    assert not page.locator("#work").get_by_text("fake.png").first.is_visible()
    page.reload()
    assert page.locator("#rows li").count() == 0


def test_the_keyboard_alone_is_enough(visit):
    page = visit()
    # Choosers are caught only some time after somebody first waits for one: early enough, here.
    page.on("filechooser", lambda chooser: None)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "files"
    outline = page.locator("label[for=files]").evaluate("(one) => getComputedStyle(one).outlineStyle")
    assert outline == "solid"
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([FAKE, REAL, UNCERTAIN])
    _done(page, 3)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.row')"):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(_verdict(page)).to_have_text("Likely real")
    expect(_verdict(page)).to_be_focused()
    expect(page.locator(".row[aria-current=true] .name")).to_have_text("real.png")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "show-map"
    page.keyboard.press("Space")
    assert not page.locator("#map").is_visible()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "back"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.querySelector('.name').textContent") == "real.png"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(visit, twelve, width):
    page = visit(viewport={"width": width, "height": 800})

    def fits():
        return page.evaluate("document.documentElement.scrollWidth") <= width

    assert fits()
    _choose(page, _file("a-long-name-" * 20 + ".png", 230))
    expect(_verdict(page)).to_have_text("Likely fake")
    assert fits()
    _choose(page, *twelve)
    _done(page, 13)
    assert fits()
    page.locator("#rows li:last-child .row").click()
    expect(_verdict(page)).to_have_text("No verdict")
    assert fits()
    assert _verdict(page).evaluate("(one) => one.getBoundingClientRect().top < innerHeight")


def test_the_policy_holds_against_what_would_break_it(visit):
    page = visit()
    violations = page.evaluate("""() => new Promise((resolve) => {
      document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.broken = true";
      document.body.append(script);
      setTimeout(() => resolve(null), 3000);
    })""")
    assert violations == "script-src-elem"
    assert page.evaluate("window.broken") is None
    [complaint] = visit.complaints
    assert "Content Security Policy" in complaint
    visit.complaints.clear()


def _contrast(one, other):
    """WCAG 2.1, success criterion 1.4.3."""

    def luminance(colour):
        channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_from_what_is_behind_them(visit, scheme):
    page = visit(color_scheme=scheme)

    def colour(name):
        return page.evaluate(
            """(name) => { const one = document.createElement('i'); one.style.color = `var(--${name})`;
               document.body.append(one); return getComputedStyle(one).color; }""",
            name,
        )

    for back in ("back", "panel"):
        for text in ("ink", "soft", "link"):
            assert _contrast(colour(text), colour(back)) >= 4.5
    assert _contrast(colour("on-link"), colour("link")) >= 4.5
    for kind in ("fake", "real", "uncertain", "failed"):
        for back in (f"{kind}-back", "back", "panel"):
            assert _contrast(colour(f"{kind}-ink"), colour(back)) >= 4.5
            assert _contrast(colour(kind), colour(back)) >= 3
        assert _contrast(colour("ink"), colour(f"{kind}-back")) >= 4.5
