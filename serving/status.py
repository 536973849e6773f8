"""Errors that a request ends in: a gRPC status code and a message, whoever found them.

The same error serves gRPC, REST and GetModelStatus, so it is raised by the code that notices the problem and
turned into an answer at the edge.
"""

import re

import grpc

_CODES = {code.value[0]: code for code in grpc.StatusCode}

# The shape of TensorFlow's messages: headings, what happened, names of nodes, traces.
_HEADING = re.compile(r"^(Graph execution error:|Node: .*|\d+ root error\(s\) found.*)$")
# Names have a limit here, as a message may quote a request of megabytes that is made to look like many.
_NODE_NAME = re.compile(r"\{\{(?:function_)?node [^}]{0,500}\}\}\s*")
_NUMBER = re.compile(r"^\s*\(\d+\) [A-Z_ ]+: ")
_TRACE = re.compile(r"^\s*(\[\[|\d+ successful operations|Original stack trace|Errors may have originated)")


class RequestError(Exception):
    """A request cannot be answered.

    Attributes:
        code: the `grpc.StatusCode` of the answer.
        message: the text of the answer; in TensorFlow Serving's own words wherever it has some.
        retry_after_s: after how many seconds the same request may succeed; None where that is not known.
    """

    def __init__(self, code: grpc.StatusCode, message: str, retry_after_s: float | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


def invalid(message: str) -> RequestError:
    """The request itself is wrong, whatever the state of the server."""
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> RequestError:
    """The request names a model or version that is not served."""
    return RequestError(grpc.StatusCode.NOT_FOUND, message)


def from_exception(error: Exception) -> RequestError:
    """The status of any exception.

    A `RequestError` is its own status. A `tf.errors.OpError` carries the canonical code as a number, and gRPC
    uses the same numbers (TensorFlow is recognised by that number, so that this file need not import it).
    Everything else is INTERNAL.
    """
    if isinstance(error, RequestError):
        return error
    number = getattr(error, "error_code", None)
    text = str(getattr(error, "message", None) or error)
    if isinstance(number, int) and number in _CODES:
        return RequestError(_CODES[number], first_cause(text))
    return RequestError(grpc.StatusCode.INTERNAL, f"{type(error).__name__}: {first_cause(text)}")


def first_cause(message: str) -> str:
    """What TensorFlow complained of, without the names of graph nodes and the traces that follow it.

    >>> first_cause("{{function_node __inference_f_1}} Bad image.\\n\\t [[{{node while/Decode}}]]")
    'Bad image.'
    """
    kept: list[str] = []
    for line in message.splitlines():
        if _HEADING.match(line):
            kept = []
        elif kept and _TRACE.match(line):
            break
        elif line.strip():
            kept.append(_NODE_NAME.sub("", _NUMBER.sub("", line)).strip())
    return " ".join(kept)
