"""Malformed REST requests, drawn from a seed, as the bytes that go to the port."""

import base64
import http.client
import json
import random
import socket
from typing import NamedTuple

from malformed_images import image, mutated


class Sent(NamedTuple):
    """Attributes: whether it is HTTP at all (`framed`), whether it is cut off before its end (`cut`)."""

    content: bytes
    framed: bool = True
    cut: bool = False


class Answer(NamedTuple):
    """Of a connection that was closed without one, the code is 0."""

    code: int
    headers: dict[str, str]
    body: bytes


_METHODS = ("GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "FOO", "TRACE")
_PATHS = (
    *(
        "/",
        "//",
        "/v1/models/m",
        "/v1/models/m:predict",
        "/v1/models/m/versions/1:predict",
        "/v1/models/m:foo",
    ),
    *("/v1/models/m/metadata", "/v1/models/", "/v1/models/x", "/v1/models/m/labels/x", "/v1/models/%00"),
    *("/v1/models/m/versions/" + "9" * 5000, "/v1/models/m/versions/-1", "/v1/models/%ff%fe:predict"),
    *("/v1/models/m/versions/9223372036854775808", "/../../etc/passwd", "//[x", "http://[/v1/models/m"),
    *(
        "/v1/models/" + "%F0%9F%98%80" * 2000,
        "/v1/models/m?x=%zz",
        "/v1/models/m%3f",
        "*",
        "/" + "a" * 20_000,
    ),
)
_VALUES = (
    *(
        "0",
        "-1",
        "1e999",
        "-1e999",
        "NaN",
        "Infinity",
        "9" * 400,
        "9" * 6000,
        "1" * 19,
        "0.1",
        "true",
        "null",
    ),
    *('""', '"x"', '"\\ud800"', '"\\u0000"', "[]", "{}", "[[]]", "[[], [1]]", "[1, [2]]", '{"b64": "%"}'),
    *(
        '{"b64": "é"}',
        '{"b64": 1}',
        '{"b64": "AAAA"}',
        '{"b64": "A"}',
        '{"b64": "\\ud800"}',
        '{"b64": "", "x": 1}',
    ),
    *("[" * 300 + "]" * 300, "[" * 900 + "]" * 900, "[" * 100_000, '{"a":' * 50_000, '"\\'),
)
_KEYS = (
    "instances",
    "inputs",
    "examples",
    "context",
    "signature_name",
    "x",
    "\\ud800",
    "image_bytes",
    "inputs",
)
_SIGNATURES = (
    "serving_bytes",
    "score_pixels",
    "classify",
    "regress",
    "serving_default",
    "explain",
    "\\ud800",
    "x",
)
_HEADERS = (
    "Host: [",
    "Host: a b",
    "Host: \xff",
    "Accept: é",
    "X: " + "x" * 30_000,
    "Expect: 100-continue",
    "Cookie: \t",
)


def _value(rng: random.Random, images: list[bytes]) -> str:
    what = rng.randrange(8)
    if what < 4:
        return rng.choice(_VALUES)
    if what == 4:
        return json.dumps({"b64": base64.b64encode(image(rng, images)).decode()})
    if what == 5:
        return "[" + ", ".join(_value(rng, images) for _ in range(rng.randrange(4))) + "]"
    if what == 6:
        return "{" + f'"{rng.choice(_KEYS)}": {_value(rng, images)}' + "}"
    feature = {"image/encoded": {"b64": base64.b64encode(image(rng, images)).decode()}}
    return json.dumps([feature])


def _body(rng: random.Random, images: list[bytes]) -> bytes:
    pairs = [f'"signature_name": "{rng.choice(_SIGNATURES)}"'] if rng.random() < 0.8 else []
    pairs += [f'"{rng.choice(_KEYS)}": {_value(rng, images)}' for _ in range(rng.choice((0, 1, 1, 2)))]
    body = ("{" + ", ".join(pairs) + "}").encode("utf-8", "surrogatepass")
    what = rng.randrange(6)
    if what == 0:
        return mutated(rng, body)
    if what == 1:
        return rng.choice(
            (rng.randbytes(50), b"", b"\xff\xfe" + body, body.decode().encode("utf-16"), b"[" + body)
        )
    return body


def draw(rng: random.Random, images: list[bytes]) -> Sent:
    """One malformed request; a third of them in its HTTP rather than in its JSON."""
    body = _body(rng, images)
    what = rng.randrange(9)
    if what < 6:
        method = rng.choice(("predict", "predict", "classify", "regress"))
        return Sent(_http("POST", f"/v1/models/m:{method}", body, f"Content-Length: {len(body)}"))
    if what == 6:
        method, path = rng.choice(_METHODS), rng.choice(_PATHS)
        return Sent(_http(method, path, body, f"Content-Length: {len(body)}"), framed=path[0] == "/")
    if what == 7:
        header = rng.choice(_HEADERS)
        return Sent(
            _http("POST", "/v1/models/m:predict", body, f"Content-Length: {len(body)}", header), framed=False
        )
    what = rng.randrange(4)
    if what == 0:
        parts = [body[:7], body[7:]] if body else []
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
        return Sent(_http("POST", "/v1/models/m:predict", chunked, "Transfer-Encoding: chunked"))
    if what == 1:
        return Sent(
            _http("POST", "/v1/models/m:predict", b"zz\r\n" + body, "Transfer-Encoding: chunked"), False, True
        )
    length = rng.choice((-1, len(body) + 10, 2**70, "x", max(0, len(body) - 3)))
    return Sent(_http("POST", "/v1/models/m:predict", body, f"Content-Length: {length}"), False, True)


def _http(method: str, path: str, body: bytes, *headers: str) -> bytes:
    host = () if any(one.startswith("Host") for one in headers) else ("Host: localhost",)
    lines = [f"{method} {path} HTTP/1.1", *host, "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def exchange(port: int, sent: Sent, timeout_s: float = 20.0) -> Answer:
    """What the server says to these bytes.

    Raises:
        TimeoutError: nothing, while it keeps the connection open.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        try:
            connection.sendall(sent.content)
            if sent.cut:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed already: it has heard enough, and its answer may be there already
        response = http.client.HTTPResponse(connection, method=sent.content.split(b" ", 1)[0].decode())
        try:
            response.begin()
            return Answer(response.status, dict(response.getheaders()), response.read())
        except (http.client.BadStatusLine, ConnectionResetError):
            return Answer(0, {}, b"")
