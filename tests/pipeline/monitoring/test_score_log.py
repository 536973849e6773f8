"""A log of answers: what counts, what is left aside, and what is refused; in memory that does not grow."""

import json
import tracemalloc

import numpy as np
import pytest

from data.errors import BadInputError
from pipeline.monitoring import served_scores
from pipeline.monitoring.score_log import read_log

TAU = 0.6


def _line(**values):
    return json.dumps({"path": "a.jpg", "score": 0.7, "decision": "fake", "model_version": 3} | values)


def _read(*lines):
    return read_log(lines, 3, TAU, "the log")


def test_answers_are_counted_by_decision_and_nearness():
    served = _read(
        _line(score=0.9),
        _line(score=0.62),
        _line(score=0.3, decision="real"),
        _line(score=0.56, decision="uncertain").encode(),
    )
    assert served.sample.tolist() == [0.9, 0.62, 0.3, 0.56]
    assert (served.images, served.near) == (4, 2)
    assert [served.share(one) for one in ("real", "fake", "uncertain")] == [0.25, 0.5, 0.25]


def test_without_a_decision_tau_decides():
    bare = [json.dumps({"score": score, "model_version": 3}) for score in (0.59, 0.6, 0.61)]
    assert _read(*bare).decided == {"real": 1, "fake": 2}


def test_other_versions_failures_and_empty_lines_are_no_answers():
    failed = _line(score=None, decision=None, model_version=None, error="UNAVAILABLE")
    served = _read(
        _line(), "", _line(model_version=2), _line(model_version=2), _line(model_version=5), failed, "\n"
    )
    assert (served.images, served.no_verdict, served.bad_lines) == (1, 1, 0)
    assert served.other_versions == {"2": 2, "5": 1}


def test_a_video_is_no_verdict_of_an_image():
    frame = {"index": 0, "seconds": 0.0, "score": 0.9, "decision": "fake", "face": None}
    served = _read(
        _line(score=0.9), _line(score=0.1, decision="real", frames=[frame]), _line(score=0.2, frames=[])
    )
    assert (served.images, served.no_verdict, served.bad_lines) == (1, 2, 0)
    assert served.sample.tolist() == [0.9]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('{"score": 0.7, "model_ver', "no JSON"),
        (b'{"score": \xff}', "no JSON"),
        ("[0.7]", "no JSON object"),
        (_line(score=1.2), "score is 1.2"),
        (_line(score="0.7"), "score is '0.7'"),
        (_line(score=float("nan")), "score is nan"),
        (_line(score=True), "score is True"),
        (_line(score=None), "score is None"),
        (_line(model_version=None), "model_version is None"),
        (_line(model_version=3.5), "model_version is 3.5"),
        (_line(decision="maybe"), "decision is 'maybe'"),
        (_line(threshold=0.5), "another model of the same number"),
    ],
)
def test_a_bad_line_is_counted_and_more_than_a_hundredth_of_them_refused(bad, reason):
    good = [_line(threshold=float(np.float32(TAU)))] * 198
    # The last line of a log that is being written.
    assert _read(*good[:10], bad).bad_lines == 1
    served = _read(*good, bad, bad)
    assert (served.images, served.bad_lines) == (198, 2)
    with pytest.raises(BadInputError, match=r"received 3 of 201 lines") as error:
        _read(*good[:-1], "", bad, good[0], bad, bad)
    assert "line 199 (" in str(error.value)
    assert reason in str(error.value)


def test_a_log_of_other_versions_alone_names_them():
    with pytest.raises(BadInputError, match=r"answers of version 3 .* received versions: 2 \(1 lines\)"):
        _read(_line(model_version=2))
    with pytest.raises(BadInputError, match="received versions: none"):
        _read()


def test_memory_does_not_grow_with_the_log(monkeypatch):
    monkeypatch.setattr(served_scores, "MOST_COMPARED", 1000)
    monkeypatch.setattr(served_scores, "_AT_ONCE", 500)

    def peak(lines):
        tracemalloc.start()
        random = np.random.default_rng(0)
        served = read_log((_line(score=score) for score in random.random(lines)), 3, TAU, "the log")
        size = tracemalloc.get_traced_memory()[1] - 8 * lines
        tracemalloc.stop()
        assert served.images == lines
        assert len(served.sample) == 1000
        # Drawn from all of the log, not from its start.
        assert served.sample.mean() == pytest.approx(0.5, abs=0.04)
        return size

    assert peak(20_000) < peak(2_000) + 200_000
