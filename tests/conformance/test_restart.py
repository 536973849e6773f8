"""The server's process is killed, or told to stop, while clients press."""

import signal
import threading
import time
from collections.abc import Callable

import grpc
import pytest
from served_process import ServedProcess
from serving_api import Api, ask, wait_until

from serving.client import Client
from serving.errors import BadInputError, ServerUnreachableError

READY_S = 15.0

NOT_ACCEPTED = ("the server is stopping", "failed to connect", "Connection refused", "GOAWAY")
"""What UNAVAILABLE says of a call that no server began to answer."""

pytestmark = pytest.mark.slow  # four starts of TensorFlow


class Pressing:
    """Two clients that ask without a pause, each question until it is answered.

    Args:
        ask_once: asks, and returns what is kept of the answer.
    """

    def __init__(self, ask_once: Callable):
        self.answers: list = []
        self.failures: list[Exception] = []
        self._ask_once = ask_once
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(2)]

    def _run(self):
        while not self._stop.is_set():
            try:
                self.answers.append(self._ask_once())
            except (grpc.RpcError, ServerUnreachableError, BadInputError) as error:
                self.failures.append(error)
                time.sleep(0.02)

    def wait_for_answers(self, count: int = 20) -> None:
        before = len(self.answers)
        wait_until(lambda: len(self.answers) >= before + count)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def __exit__(self, *exception):
        self.stop()


def may_come_again(failure: Exception) -> bool:
    """Whether the light client said that nothing is wrong with the request: no server yet, or no model yet."""
    return isinstance(failure, ServerUnreachableError) or "wait until the model is loaded" in str(failure)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 0)], ids=["SIGKILL", "SIGTERM"]
)
def test_ended_under_load_it_serves_again_on_the_same_ports(
    detector, base_path, tmp_path, number, code, record_property
):
    detector.push(base_path, 1)
    with ServedProcess(base_path, tmp_path) as first, Client(first.address, model_name="m") as client:
        first.wait_until_serving()
        with Pressing(lambda: client.predict_images(detector.images[:1])[0].score) as pressing:
            pressing.wait_for_answers()
            first.process.send_signal(number)
            assert first.process.wait(15) == code
            with ServedProcess(base_path, tmp_path, first.ports) as second:
                seconds = second.wait_until_serving()
                record_property("seconds", seconds)
                assert seconds < READY_S
                pressing.wait_for_answers()  # of the same client, whose connection broke
                failures = list(pressing.failures)
                pressing.wait_for_answers()
                assert Api(second).rest("/v1/models/m")[0] == 200
                assert pressing.failures[len(failures) + 2 :] == [], "it goes on failing"
                pressing.stop()
    assert pressing.answers == pytest.approx([detector.scores[0]] * len(pressing.answers), abs=1e-5)
    assert all(map(may_come_again, failures)), failures


def test_told_to_stop_it_answers_every_call_that_it_accepted(detector, base_path, tmp_path):
    detector.push(base_path, 1)
    request = ask(detector.images)
    with ServedProcess(base_path, tmp_path) as process:
        process.wait_until_serving()
        channel = grpc.insecure_channel(process.address, [("grpc.enable_retries", 0)])
        api = Api(process, channel)
        with Pressing(lambda: list(api.predict(request).outputs["score"].float_val)) as pressing:
            pressing.wait_for_answers()
            process.process.send_signal(signal.SIGTERM)
            assert process.process.wait(15) == 0
            wait_until(lambda: pressing.failures)
        api.close()
    for answer in pressing.answers:
        assert answer == pytest.approx(detector.scores, abs=1e-5)
    # Each call that failed says that it was not accepted.
    for failure in pressing.failures:
        if failure.code() is grpc.StatusCode.UNAVAILABLE:
            assert any(words in failure.details() for words in NOT_ACCEPTED), failure
        else:  # gRPC's own end, in C++ too, of what arrives while it shuts down: no handler saw it
            assert (failure.code(), failure.details()) == (grpc.StatusCode.CANCELLED, "CANCELLED"), failure
