"""The application, asked without a browser."""

import asyncio
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.resources import files

import pytest
from starlette.testclient import TestClient

from serving.errors import BadInputError, ServerUnreachableError
from serving.web.app import make_app
from serving.web.limits import Limits

POLICY = "Content-Security-Policy"
IMAGE = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def page(fake_client):
    """``page(**limits)``: a client of the application."""

    def make(hosts=None, **limits):
        app = make_app(fake_client, limits=Limits(**limits), hosts=hosts)
        return TestClient(app, raise_server_exceptions=False)

    return make


def test_a_verdict(page, fake_client):
    answer = page().post("/api/verdict", content=b"image", headers=IMAGE)
    assert answer.status_code == 200
    assert answer.json()["decision"] == "fake"
    assert answer.headers["cache-control"] == "no-store"
    assert fake_client.asked == ["explain"]


def test_what_is_no_browser_needs_no_headers(page):
    assert page().post("/api/verdict", content=b"image").status_code == 200


def test_the_model_server_is_asked_off_the_event_loop(page, fake_client):
    page().post("/api/verdict", content=b"image", headers=IMAGE)
    [thread] = fake_client.threads
    assert "AnyIO worker" in thread.name
    assert thread is not threading.main_thread()


def test_every_file_of_the_page_is_served_under_the_policy(page):
    client = page()
    names = [one.name for one in files("serving.web").joinpath("static").iterdir()]
    assert {"index.html", "page.css", "page.js"} <= set(names)
    for name in names:
        answer = client.get("/" if name == "index.html" else f"/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers[POLICY]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert set(re.findall(r"src (.+?)(?:;|$)", policy)) == {"'none'", "'self'"}


def test_the_page_holds_nothing_inline_and_nothing_from_elsewhere():
    static = files("serving.web").joinpath("static")
    html = static.joinpath("index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?://", html) == []
    for one in static.iterdir():
        text = one.read_text().replace("http://www.w3.org/2000/svg", "")
        assert (
            re.findall(r"https?://|url\(|@import|\beval\(|innerHTML|localStorage|sessionStorage", text) == []
        )


@pytest.mark.parametrize("path", ["/api/verdict", "/", "/nothing", "/api/about", "/healthz"])
def test_errors_have_the_headers_too(page, path):
    answer = page().put(path)
    assert answer.status_code in (404, 405)
    assert answer.json()["error"]
    assert answer.headers[POLICY]
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_a_fault_of_the_gateway_is_a_sentence_with_the_headers(page, fake_client):
    fake_client.explain_error = KeyError("secret")
    answer = page().post("/api/verdict", content=b"image", headers=IMAGE)
    assert answer.status_code == 500
    assert answer.json() == {"error": "The gateway failed. Its log says more."}
    assert answer.headers[POLICY]


def test_refused_images_and_absent_servers(page, fake_client):
    client = page()
    assert client.post("/api/verdict", content=b"", headers=IMAGE).json() == {"error": "The file is empty."}
    fake_client.refusal = "Unknown image file format."
    answer = client.post("/api/verdict", content=b"text", headers=IMAGE)
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "The detector cannot read this file: Unknown image file format.",
    )
    fake_client.explain_error = ServerUnreachableError("away")
    assert client.post("/api/verdict", content=b"image", headers=IMAGE).status_code == 503


def test_a_declared_size_is_refused_before_anything_is_read(page, fake_client):
    answer = page(max_image_bytes=1000).post("/api/verdict", content=bytes(1001), headers=IMAGE)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["error"]
    assert fake_client.asked == []


def test_the_largest_image_is_taken(page):
    assert (
        page(max_image_bytes=1000).post("/api/verdict", content=bytes(1000), headers=IMAGE).status_code == 200
    )


@pytest.mark.parametrize("declared", [None, b"10", b"many"])
def test_a_size_is_counted_while_it_streams_whatever_was_declared(fake_client, declared):
    """Driven as a server drives it, to see how much is taken in before the refusal."""
    app = make_app(fake_client, limits=Limits(max_image_bytes=1000))
    headers = [(b"host", b"x"), (b"content-type", b"image/png")]
    if declared:
        headers.append((b"content-length", declared))
    taken, answers = [], []

    async def receive():
        taken.append(100)
        return {"type": "http.request", "body": bytes(100), "more_body": len(taken) < 100}

    async def send(message):
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/verdict",
        "headers": headers,
        "query_string": b"",
    }
    asyncio.run(app(scope | {"client": ("10.0.0.1", 1)}, receive, send))
    assert answers[0]["status"] == 413
    assert sum(taken) == 1100


def test_an_image_that_trickles_is_given_up(fake_client):
    app = make_app(fake_client, limits=Limits(upload_seconds=0.05))
    answers = []

    async def receive():
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message):
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/verdict", "headers": [], "query_string": b""}
    asyncio.run(app(scope | {"client": ("10.0.0.1", 1)}, receive, send))
    assert answers[0]["status"] == 408


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "Text/Plain;charset=utf-8"],
)
def test_forms_are_refused(page, fake_client, kind):
    answer = page().post("/api/verdict", content=b"a=b", headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "application/octet-stream" in answer.json()["error"]
    assert fake_client.asked == []


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
def test_other_sites_are_refused(page, fake_client, headers):
    assert page().post("/api/verdict", content=b"image", headers=IMAGE | headers).status_code == 403
    assert fake_client.asked == []


def test_too_many_in_a_minute(page, fake_client):
    client = page(requests_per_minute=2)
    answers = [client.post("/api/verdict", content=b"image", headers=IMAGE) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "30"
    assert "30 s" in answers[2].json()["error"]
    assert len(fake_client.asked) == 2
    assert client.get("/").status_code == 200


def test_more_at_once_than_allowed_wait_and_are_then_refused(page, fake_client):
    fake_client.hold.clear()
    with page(concurrent_requests=2, wait_seconds=0.3) as client, ThreadPoolExecutor(3) as pool:

        def post():
            return client.post("/api/verdict", content=b"image", headers=IMAGE)

        jobs = [pool.submit(post) for _ in range(3)]
        refused = next(job for job in _as_they_end(jobs))
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "2"
        assert len(fake_client.asked) == 2
        # While images are being judged, the page answers.
        assert client.get("/healthz").text == "ok\n"
        fake_client.hold.set()
        assert sorted(job.result().status_code for job in jobs) == [200, 200, 503]
        # Their turns came back.
        assert [post().status_code for _ in range(3)] == [200, 200, 200]


def _as_they_end(jobs):
    for job in as_completed(jobs, timeout=20):
        yield job.result()


def test_failures_give_their_turn_back(page, fake_client):
    client = page(concurrent_requests=1, wait_seconds=0.1, max_image_bytes=10)
    fake_client.refusal = "no image"
    for content in (b"", b"text", b"text"):
        assert client.post("/api/verdict", content=content, headers=IMAGE).status_code == 400
    fake_client.refusal = None
    assert client.post("/api/verdict", content=b"image", headers=IMAGE).status_code == 200


def test_unknown_hosts_see_nothing_but_whether_it_lives(page):
    client = page(hosts={"face.lan"})
    for path in ("/", "/api/about"):
        assert client.get(path, headers={"Host": "evil.example"}).status_code == 421
        assert client.get(path, headers={"Host": "face.lan:8080"}).status_code == 200
    refused = client.post("/api/verdict", content=b"image", headers=IMAGE | {"Host": "evil.example"})
    assert refused.status_code == 421
    assert "--allow-host" in refused.json()["error"]
    assert client.get("/healthz", headers={"Host": "evil.example"}).status_code == 200


def test_about(page):
    assert page(max_image_bytes=1000).get("/api/about").json() == {"model_name": "m", "max_image_bytes": 1000}


def test_the_log_holds_no_names_and_no_images(page, caplog, fake_client):
    fake_client.refusal = "no image"
    with caplog.at_level(logging.DEBUG, "serving.web"):
        page().post("/api/verdict?file=anna.jpg", content=b"SECRET", headers=IMAGE | {"X-Name": "anna.jpg"})
        page().get("/anna.jpg")
    assert "POST /api/verdict 400" in caplog.text
    assert "GET (unknown path) 404" in caplog.text
    assert "anna" not in caplog.text
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    "name", ["max_image_bytes", "requests_per_minute", "concurrent_requests", "addresses"]
)
def test_limits_are_above_zero(name):
    with pytest.raises(BadInputError, match=name):
        Limits(**{name: 0})
