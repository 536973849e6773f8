"""Why a request gets no verdict, in a sentence for whoever looks at the page."""

from starlette.responses import JSONResponse


class Refusal(Exception):  # noqa: N818 - it is an answer, seldom a fault
    """A request that is answered with a sentence.

    Attributes:
        status: the HTTP status code.
        sentence: what is wrong and what to do; names no address or file of the server.
        retry_after: whole seconds after which it may be asked again; None where that is no matter of time.
    """

    def __init__(self, status: int, sentence: str, retry_after: int | None = None):
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after

    def response(self) -> JSONResponse:
        """The sentence as JSON, never kept by a cache."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return JSONResponse({"error": self.sentence}, self.status, headers)
