"""What every RPC handler does around its answer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from serving.status import from_exception, invalid

_log = logging.getLogger(__name__)

_LONGEST_MESSAGE = (
    1024  # as in TensorFlow Serving: a status travels in a header, and headers are limited to 8 KiB
)


@contextmanager
def answering(context: grpc.ServicerContext) -> Iterator[None]:
    """Turns an exception of the block into the status of the RPC, and logs those that are our own fault."""
    try:
        yield
    except Exception as error:
        status = from_exception(error)
        if status.code is grpc.StatusCode.INTERNAL:
            _log.exception("a request failed")
        context.abort(status.code, status.message[:_LONGEST_MESSAGE])


def require_model_spec(request) -> None:
    """Refuses a request that says nothing about the model it is for.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
