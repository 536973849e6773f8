"""A client that answers without any model server."""

import hashlib
import threading
from array import array

import grpc
import pytest

from serving.explanation import Explanation
from serving.verdict import Verdict


class RpcFailure(grpc.RpcError):
    """What gRPC raises, as far as anybody asks it."""

    def __init__(self, code: grpc.StatusCode):
        super().__init__(code.name)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code


def caused(error: Exception, code: grpc.StatusCode) -> Exception:
    """The error as `Client` raises it, from one of gRPC."""
    error.__cause__ = RpcFailure(code)
    return error


class FakeClient:
    """Says 0.8 of every image; what it answers and raises can be set.

    Attributes:
        explain_error, predict_error: raised by the method of that name, if set.
        refusal: the verdict's error, if set.
        heat_map: of every image.
        asked: names of the methods, in the order of the calls.
        threads: in which they came.
        hold: a call waits for it.
    """

    model_name = "m"

    def __init__(self):
        self.explain_error = self.predict_error = self.refusal = None
        self.score = 0.8
        self.heat_map = memoryview(array("f", [0.0, 0.5, 1.0, 0.25, 2.0, float("nan")]).tobytes()).cast(
            "f", (2, 3)
        )
        self.asked, self.threads = [], []
        self.hold = threading.Event()
        self.hold.set()

    def explain(self, image):
        self._note("explain")
        if self.explain_error:
            raise self.explain_error
        verdict = self._verdict(image)
        return Explanation(verdict, self.heat_map if verdict.ok else None)

    def predict_images(self, images):
        self._note("predict")
        if self.predict_error:
            raise self.predict_error
        return [self._verdict(image) for image in images]

    def _note(self, name):
        self.asked.append(name)
        self.threads.append(threading.current_thread())
        self.hold.wait(30)

    def _verdict(self, image):
        digest = hashlib.sha256(image).hexdigest()
        if self.refusal:
            return Verdict(None, None, None, None, "m", None, digest, error=self.refusal)
        return Verdict(None, self.score, "fake", 0.7, "m", 123, digest, (0.69, 0.71))


@pytest.fixture
def fake_client():
    return FakeClient()


@pytest.fixture(name="caused")
def _caused():
    return caused
