"""Beam's runners, each with a deadline: a job that hangs is cancelled and ends in one clear error.

Chosen by `--runner=pipeline.beam.deadline.…`, so that the deadline holds wherever a Beam pipeline is made: in an
import, in every TFX executor, in the container of a node.
"""

import contextlib
import functools
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions
from apache_beam.runners import runner
from apache_beam.runners.portability import fn_api_runner, portable_runner

from pipeline.errors import BeamJobError

Answer = TypeVar("Answer")

_SECONDS_TO_CANCEL = 30
_MOST_CHARACTERS = 600


class DeadlineOptions(PipelineOptions):
    """`--deadline_s`: seconds from the start of a job to its cancellation."""

    @classmethod
    def _add_argparse_args(cls, parser):
        parser.add_argument("--deadline_s", type=float, default=None)


class DeadlineDirectRunner(fn_api_runner.FnApiRunner):
    """Beam on this machine. The deadline is kept in the main thread, the only one that can be interrupted."""

    def run_pipeline(self, pipeline, options):
        """Runs and returns the result.

        Raises:
            BeamJobError: the deadline passed.
        """
        with _interrupted_after(options.view_as(DeadlineOptions).deadline_s):
            return super().run_pipeline(pipeline, options)


class DeadlinePortableRunner(portable_runner.PortableRunner):
    """Beam on a job server."""

    def run_portable_pipeline(self, pipeline, options):
        """Hands the job in and returns its result, to be waited for.

        Raises:
            BeamJobError: the job server cannot be reached, refused the job, or did not answer in time.
        """
        where = options.view_as(PortableOptions).job_endpoint
        deadline_s = options.view_as(DeadlineOptions).deadline_s
        started = time.monotonic()
        with _told_in_a_line(where):
            hand_in = functools.partial(super().run_portable_pipeline, pipeline, options)
            result = _within(deadline_s, hand_in, where)
        left = None if deadline_s is None else max(0.0, deadline_s - (time.monotonic() - started))
        return _ResultInTime(result, where, left, deadline_s)


class _ResultInTime(runner.PipelineResult):
    """A job server's result, of which `wait_until_finish` ends by the deadline."""

    def __init__(self, result: Any, where: str, left_s: float | None, deadline_s: float | None):
        super().__init__(runner.PipelineState.UNKNOWN)
        self._result = result
        self._where = where
        self._left_s = left_s
        self._deadline_s = deadline_s

    @property
    def state(self):
        return self._result.state

    def metrics(self):
        return self._result.metrics()

    def cancel(self):
        return self._result.cancel()

    def wait_until_finish(self, duration=None):
        """Waits for the end of the job.

        Args:
            duration: milliseconds to wait at most; None to wait until the deadline.

        Raises:
            BeamJobError: the job failed, was lost, or was cancelled as the deadline passed.
        """
        if duration:
            return self._result.wait_until_finish(duration)
        try:
            with _told_in_a_line(self._where):
                return _within(self._left_s, self._result.wait_until_finish, self._where)
        except _TooLateError:
            self._cancelled()
            raise BeamJobError(
                f"The Beam job at {self._where} was cancelled: expected its end within {self._deadline_s:g} s. "
                "Look at the engine's log, or set beam.deadline_s higher."
            ) from None

    def _cancelled(self) -> None:
        # The job server itself may be what hangs.
        with contextlib.suppress(Exception):
            _within(_SECONDS_TO_CANCEL, self._result.cancel, self._where)


class _TooLateError(BeamJobError):
    """A call has not returned in time."""


def _within(seconds: float | None, call: Callable[[], Answer], where: str) -> Answer:
    """What `call` returns or raises, if it does so in time; otherwise its thread is left behind."""
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="beam job", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise _TooLateError(f"The job server at {where} did not answer within {seconds:g} s.")
    return answers[0]


@contextlib.contextmanager
def _told_in_a_line(where: str) -> Iterator[None]:
    """What goes wrong between this process and a job server, without a hundred lines of Java."""
    try:
        yield
    except BeamJobError:
        raise
    except grpc.FutureTimeoutError as error:
        raise BeamJobError(
            f"Expected a Beam job server at {where}, and none answers. `deepfake-inspector beam status` says what "
            "runs here."
        ) from error
    except grpc.RpcError as error:
        said = error.details() if isinstance(error, grpc.Call) else str(error)
        raise BeamJobError(f"The Beam job server at {where} was lost or refused the job: {said}") from error
    except RuntimeError as error:
        raise BeamJobError(f"The Beam job at {where} failed: {_cause(str(error))}") from error


def _cause(text: str) -> str:
    """The innermost cause of a Java or Python trace, else its first line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by:")]
    last = causes[-1].removeprefix("Caused by:").strip() if causes else lines[0] if lines else "unknown error"
    # An error of Python's stands at the end of its own trace.
    python = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b.*\[while running", line)]
    return (python[-1] if python else last)[:_MOST_CHARACTERS]


@contextlib.contextmanager
def _interrupted_after(seconds: float | None) -> Iterator[None]:
    """Raises in the main thread when the block takes too long; does nothing in another thread."""
    alarm_taken = signal.getitimer(signal.ITIMER_REAL)[0] > 0
    if seconds is None or alarm_taken or threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise BeamJobError(
            f"The Beam job in this process was given up: expected its end within {seconds:g} s. Set beam.deadline_s "
            "higher, or give it more workers."
        )

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
