"""Which requests count as the page's own."""

import pytest
from starlette.datastructures import Headers

from serving.web.origin import is_cross_site, is_known_host


@pytest.mark.parametrize(
    ("headers", "cross"),
    [
        ({}, False),  # curl
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "http://face.lan:8080"}, True),
        ({"sec-fetch-site": ""}, True),
        # A proxy that ends TLS may change the host; the browser's word stands.
        ({"sec-fetch-site": "same-origin", "origin": "https://public.example"}, False),
        ({"origin": "http://face.lan:8080"}, False),
        ({"origin": "http://face.lan"}, True),
        ({"origin": "http://evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"origin": "http://[broken"}, True),
    ],
)
def test_cross_site(headers, cross):
    assert is_cross_site(Headers({"host": "face.lan:8080"} | headers)) is cross


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("localhost.:8080", True),
        ("127.0.0.1:8080", True),
        ("192.168.1.5", True),
        ("[::1]:8080", True),
        ("face.lan:8080", True),
        ("Face.LAN", True),
        ("face.lan.evil.example", False),
        ("evil.example:8080", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("[broken", False),
        ("", False),
    ],
)
def test_known_hosts(host, known):
    assert is_known_host(host, {"face.lan"}) is known


def test_any_host_where_that_was_asked_for():
    assert is_known_host("evil.example", {"*"})
