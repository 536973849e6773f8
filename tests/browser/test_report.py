"""The report in a real browser: opened as the file it is, used, printed, and looked at on a phone."""

import os
import re
import shutil
import time

import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright
from sklearn.metrics import confusion_matrix

from components.calibration import Calibration
from components.report.page import write_page

pytestmark = pytest.mark.browser

IMAGES = {"small": 160, "large": 20_000}
_MATRIX = ("true_real", "false_fake", "false_real", "true_fake")


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium on the PATH: apt-get install chromium")
    # Chromium's sandbox refuses to run as root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(report_facts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    files = {name: folder / f"{name}.html" for name in (*IMAGES, "whole", "one class")}
    for name, images in IMAGES.items():
        write_page(report_facts(images=images), files[name])
    write_page(report_facts(images=60, robustness=True), files["whole"])
    write_page(report_facts(images=60, only=0, calibration=Calibration(1.0, 0.5)), files["one class"])
    return files


@pytest.fixture
def visit(browser, reports):
    """``visit(name, **options)``: an open page; at the end there must have been no complaint and no request."""
    complaints, requests, opened, contexts = [], [], [], []

    def open_page(name, **options):
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        opened.append(reports[name].as_uri())
        page.goto(opened[-1], wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert [one for one in requests if not one.startswith("data:")] == opened


def _matrix(page):
    cells = {name: page.locator(f"#live-matrix [data-live={name}]").inner_text() for name in _MATRIX}
    return [int(cells[name].replace(",", "")) for name in _MATRIX]


def _expected(made_up_scores, images, threshold):
    labels, scores = made_up_scores(images, 0)
    return confusion_matrix(labels, scores >= np.float32(threshold)).ravel().tolist()


def _text(page, name):
    return page.locator(f"[data-live={name}]").inner_text()


@pytest.mark.parametrize("name", IMAGES)
def test_the_page_opens_quickly(visit, reports, name):
    start = time.perf_counter()
    page = visit(name)
    seconds = time.perf_counter() - start
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") / 1000
    size = reports[name].stat().st_size
    # Seen with -s; what a page weighs and takes is worth knowing.
    print(f"\n{name}: {size:,} bytes, load event after {loaded:.2f} s, open after {seconds:.2f} s")  # noqa: T201
    assert size < 6_000_000
    assert loaded < 2


@pytest.mark.parametrize("name", IMAGES)
def test_the_slider_moves_the_confusion_matrix(visit, made_up_scores, name):
    page = visit(name)
    slider = page.locator("#slider")
    assert _matrix(page) == _expected(made_up_scores, IMAGES[name], 0.625)
    for asked in ("0", "0.137", "0.5", "0.9", "1"):
        slider.fill(asked)
        shown = float(page.locator("#number").input_value())
        assert shown == pytest.approx(float(asked), abs=0.002)
        if name == "small":
            assert shown == float(asked)
        assert _matrix(page) == _expected(made_up_scores, IMAGES[name], shown)


def test_the_keyboard_moves_the_slider(visit, made_up_scores):
    page = visit("small")
    page.locator("#slider").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert float(page.locator("#number").input_value()) == pytest.approx(0.645)
    assert page.locator("#slider").get_attribute("aria-valuetext") == "0.645"
    assert _matrix(page) == _expected(made_up_scores, 160, 0.645)


def test_rates_and_intervals_are_those_of_the_matrix(visit):
    page = visit("small")
    # At tau, where Python worked all of it out before the script did.
    rows = page.locator(".rates tbody tr")
    for row in range(rows.count()):
        cells = rows.nth(row).locator("td").all_inner_texts()
        assert cells[0] == cells[2]
    before = {
        name: _text(page, f"{name}_interval") for name in ("accuracy", "recall_fake", "false_positive_rate")
    }
    measures = page.locator(".measures").inner_text()
    assert all(interval in measures for interval in before.values())
    page.locator("#slider").fill("0.3")
    true_real, false_fake, false_real, true_fake = _matrix(page)
    assert _text(page, "precision_fake") == f"{100 * true_fake / (true_fake + false_fake):.1f}\u202f%"
    assert _text(page, "accuracy") == f"{100 * (true_real + true_fake) / 160:.1f}\u202f%"
    f1 = 2 * true_fake / (2 * true_fake + false_fake + false_real)
    assert _text(page, "f1_fake") == f"{100 * f1:.1f}\u202f%"
    assert _text(page, "accuracy_interval") != before["accuracy"]


def test_a_number_is_taken_as_it_is_typed_and_nonsense_is_not(visit, made_up_scores):
    page = visit("small")
    number = page.locator("#number")
    number.fill("0.87654321")
    assert _matrix(page) == _expected(made_up_scores, 160, 0.87654321)
    assert float(page.locator("#slider").input_value()) == pytest.approx(0.877)
    for nonsense in ("7", "-0.1", ""):
        number.fill(nonsense)
        assert number.get_attribute("aria-invalid") == "true"
        assert _matrix(page) == _expected(made_up_scores, 160, 0.87654321)
    number.blur()
    assert number.input_value() == "0.8765"
    assert number.get_attribute("aria-invalid") is None


def test_back_to_tau(visit, made_up_scores):
    page = visit("small")
    page.locator("#slider").fill("0.2")
    page.get_by_role("button", name="Back to τ").click()
    assert page.locator("#number").input_value() == "0.625"
    assert _matrix(page) == _expected(made_up_scores, 160, 0.625)


def test_another_prevalence_changes_what_to_expect(visit):
    page = visit("small")
    page.get_by_label("If this share of images is fake").select_option("0.5")
    precision = _text(page, "precision_fake")
    # Half of this split is fake as well.
    assert f"{precision} of what is called fake would be" in _text(page, "outlook")
    page.get_by_label("If this share of images is fake").select_option("0.001")
    assert "of 10 fakes" in _text(page, "outlook")


def test_a_screen_reader_hears_the_result_once_the_slider_rests(visit):
    page = visit("small")
    said = page.get_by_role("status")
    assert said.inner_text() == ""
    for asked in ("0.3", "0.31", "0.32"):
        page.locator("#slider").fill(asked)
    _, false_fake, false_real, _ = _matrix(page)
    expect(said).to_have_text(
        f"At 0.32, {false_fake} of 80 real images are called fake and {false_real} of 80 fakes are missed."
    )


def test_marks_in_the_charts_follow(visit):
    page = visit("small")
    assert page.locator(".follower.seen").count() == 0
    page.locator("#slider").fill("0.3")
    assert page.locator(".follower.seen").count() == 3
    _, false_fake, _, true_fake = _matrix(page)
    ring = page.locator("#roc .follower circle").get_attribute("transform")
    x, y = (float(part) for part in re.findall(r"[\d.]+", ring))
    assert (x / 300, 1 - y / 300) == pytest.approx((false_fake / 80, true_fake / 80))
    # The dot of tau, drawn before the page was written, and the ring at tau lie on one another.
    page.locator("#number").fill("0.6250001")
    boxes = [
        page.locator(one).bounding_box() for one in ("#roc [fill='var(--mark)']", "#roc .follower circle")
    ]
    centres = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    assert centres[0] == pytest.approx(centres[1], abs=1)


def test_the_slice_table_sorts(visit):
    page = visit("small")
    table = page.locator("#slice-table")
    rows = table.locator("tbody:last-child tr")

    def values(column):
        return [row.locator("th, td").nth(column).get_attribute("data-number") for row in rows.all()]

    for column, title in ((1, "real"), (4, "accuracy"), (5, "fakes found")):
        head = table.locator("thead th").nth(column)
        button = head.get_by_role("button", name=title)
        button.click()
        assert head.get_attribute("aria-sort") == "ascending"
        known = [float(one) for one in values(column) if one is not None]
        assert known == sorted(known)
        button.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        known = [float(one) for one in values(column) if one is not None]
        assert known == sorted(known, reverse=True)
        # What is not defined stays last.
        assert all(one is None for one in values(column)[len(known) :])
        assert table.locator("[aria-sort]").count() == 1
    table.get_by_role("button", name="slice").click()
    names = rows.locator("th").all_inner_texts()
    assert names == sorted(names)
    # The whole split stays above all.
    assert "whole split" in table.locator("tbody tr").first.inner_text()


@pytest.mark.parametrize("name", ["small", "whole", "one class"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(visit, name, width):
    page = visit(name, viewport={"width": width, "height": 800})
    for opened in (False, True):
        if opened:
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_one_class_has_a_slider_and_dashes(visit):
    page = visit("one class")
    page.locator("#slider").fill("0.1")
    assert _text(page, "recall_fake") == "\u2013"
    assert _text(page, "precision_fake") == "\u2013"
    assert page.locator("#prevalence").count() == 0


def test_paper_shows_what_is_folded_away_and_no_controls(visit):
    page = visit("whole")
    page.emulate_media(media="print")
    assert not page.locator("#live").is_visible()
    assert not page.get_by_role("navigation").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.get_by_text("efficientnetv2-b0").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_without_javascript_everything_but_the_slider_is_there(visit):
    page = visit("small", java_script_enabled=False)
    assert page.get_by_role("heading", name="Operating point").is_visible()
    assert page.locator("svg.chart").count() == 5
    assert not page.locator("#live").is_visible()
    assert page.locator("#no-script").is_visible()
    assert not visit("small").locator("#no-script").is_visible()


def _contrast(one, other):
    """WCAG 2.1, success criterion 1.4.3."""

    def luminance(colour):
        channels = np.asarray([int(part) for part in re.findall(r"\d+", colour)[:3]]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_stand_out_from_what_is_behind_them(visit, scheme):
    page = visit("small", color_scheme=scheme)

    def colour(name):
        return page.evaluate(
            """(name) => { const one = document.createElement('i'); one.style.color = `var(--${name})`;
               document.body.append(one); return getComputedStyle(one).color; }""",
            name,
        )

    for back in ("back", "panel", "right-back", "wrong-back"):
        for text in ("ink", "soft"):
            assert _contrast(colour(text), colour(back)) >= 4.5
    for tone in ("good", "bad", "open"):
        assert _contrast(colour(tone), colour(f"{tone}-back")) >= 4.5
    for mark in ("real", "fake", "mark", "try"):
        assert _contrast(colour(mark), colour("back")) >= 3
