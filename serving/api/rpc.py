"""What every RPC handler does around its answer."""

import logging
from collections.abc import Callable
from typing import TypeVar

import grpc

from serving.status import from_exception

_log = logging.getLogger(__name__)

_Response = TypeVar("_Response")

# As in TensorFlow Serving: a status travels in a header, and headers are limited to 8 KiB. In bytes, each of which
# may be written as three there.
_LONGEST_MESSAGE = 1024

_RETRY_HINT = "grpc-retry-pushback-ms"
"""Trailing metadata that gRPC clients with a retry policy obey (gRFC A6)."""


def answer(context: grpc.ServicerContext, make: Callable[[], _Response]) -> _Response:
    """What `make` returns; its exception becomes the status of the RPC, and is logged where it is our own fault."""
    try:
        return make()
    except Exception as error:
        status = from_exception(error)
        if status.code is grpc.StatusCode.INTERNAL:
            _log.exception("a request failed")
        if status.retry_after_s is not None:
            context.set_trailing_metadata(((_RETRY_HINT, str(round(status.retry_after_s * 1000))),))
        context.abort(status.code, _shortened(status.message))


def _shortened(message: str) -> str:
    return message.encode("utf-8", "replace")[:_LONGEST_MESSAGE].decode("utf-8", "ignore")
