"""A job that hangs ends by its deadline, in one clear error."""

import signal
import time

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from embedded_beam import EMBEDDED, needs_embedded_workers

from pipeline.beam import beam_args
from pipeline.beam.deadline import _cause
from pipeline.beam.settings import BeamSettings
from pipeline.errors import BeamJobError

_FOREVER_S = 600
_EMBEDDED = [*EMBEDDED, "--environment_type=LOOPBACK"]


def _run(arguments, function):
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        _ = pipeline | beam.Create([1]) | beam.Map(function)


def _sleep(_):
    time.sleep(_FOREVER_S)


def _fail(_):
    raise ValueError("no face")


@pytest.mark.parametrize("profile", ["direct", "direct-threads"])
def test_in_this_process(profile):
    before = signal.getsignal(signal.SIGALRM)
    arguments = beam_args(BeamSettings(profile=profile, deadline_s=1))
    pending = signal.setitimer(signal.ITIMER_REAL, 0)  # pytest's own alarm
    started = time.monotonic()
    try:
        with pytest.raises(BeamJobError, match="given up: expected its end within 1 s"):
            _run(arguments, _sleep)
        assert time.monotonic() - started < 20
        assert signal.getsignal(signal.SIGALRM) == before
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *pending)


def test_on_a_job_server():
    started = time.monotonic()
    with pytest.raises(BeamJobError, match="at embed was cancelled: expected its end within 2 s"):
        _run([*_EMBEDDED, "--deadline_s=2"], _sleep)
    assert time.monotonic() - started < 45


def test_a_job_in_time_gives_its_result():
    _run(beam_args(BeamSettings(deadline_s=60)), str)


@needs_embedded_workers
def test_a_job_in_time_on_a_job_server_gives_its_result():
    _run([*_EMBEDDED, "--deadline_s=60"], str)


@needs_embedded_workers
def test_a_failure_is_told_in_a_line():
    with pytest.raises(BeamJobError, match=r"\AThe Beam job at embed failed: .*no face.*\Z"):
        _run([*_EMBEDDED, "--deadline_s=60"], _fail)


def test_no_job_server():
    arguments = beam_args(BeamSettings(profile="portable", job_endpoint="localhost:1", deadline_s=30))
    with pytest.raises(BeamJobError, match="Expected a Beam job server at localhost:1, and none answers"):
        _run([*arguments, "--job_server_timeout=1"], str)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("Pipeline 1 failed in state FAILED: it\nat x", "Pipeline 1 failed in state FAILED: it"),
        (
            "org.x.Failed: outer\n\tat a.b\nCaused by: java.io.IOException: no slot\n\tat c.d",
            "java.io.IOException: no slot",
        ),
        (
            "Failed: outer\nCaused by: java.lang.RuntimeException: Error received from SDK harness: Traceback\n"
            "ValueError: no face [while running 'Map']\n\tat c.d",
            "ValueError: no face [while running 'Map']",
        ),
        ("", "unknown error"),
    ],
)
def test_the_innermost_cause_is_told(text, cause):
    assert _cause(text) == cause
