"""What a server cannot be set up as, and keys that are never shown."""

import pytest

from serving.errors import BadInputError
from serving.server_options import ServerOptions, Tls


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"workers": 0}, "workers: expected at least 1, received 0"),
        ({"queue": -1}, "queue: expected at least 0, received -1"),
        ({"max_request_bytes": 0}, "max_request_bytes: expected at least 1, received 0"),
        ({"rest_timeout_s": 0}, "rest_timeout_s: expected more than 0, received 0"),
        ({"port": 8500, "rest_port": 8500}, "expected two ports, received 8500 for both gRPC and REST"),
    ],
)
def test_what_is_refused(fields, words):
    with pytest.raises(BadInputError, match=words):
        ServerOptions(**fields)


def test_two_free_ports_may_both_be_0():
    options = ServerOptions(port=0, rest_port=0)
    assert (options.port, options.rest_port, options.queue) == (0, 0, 64)


def test_a_key_is_not_shown():
    options = ServerOptions(tls=Tls(b"the-key", b"the-certificate"))
    assert "the-certificate" in repr(options)
    assert "the-key" not in repr(options)
