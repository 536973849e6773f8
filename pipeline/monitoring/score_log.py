"""Reads a log of a model's answers, of any length, line by line."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from data.errors import BadInputError
from pipeline.monitoring.served_scores import DECISIONS, Answer, ServedScores, collect

MAX_BAD_SHARE = 0.01
"""Share of the lines that may be unreadable. A single one always may: a log that is being written ends in one."""

_THRESHOLD_TOLERANCE = 1e-6


def read_log(lines: Iterable[bytes | str], version: int, threshold: float, name: str) -> ServedScores:
    """Reads what `predict --json` printed, or a log of the same keys: an object a line.

    A line has `score`, `model_version`, and may have `decision` (otherwise it is taken at tau) and `threshold` (which
    must be that of the model). A line with an `error` and no score is an image without a verdict, and so is one with
    `frames`: it is about a video, whose score is none of an image. Other keys do not matter. Memory
    does not grow with the log.

    Args:
        lines: of the log.
        version: of the model; lines of others are counted, not read.
        threshold: tau of the model.
        name: of the log, for messages.

    Raises:
        BadInputError: more than 1 % of the lines are none, or none is of this version.
    """
    reader = _LogReader(version, threshold)
    served = collect(reader.answers(lines), threshold)
    bad = sum(reader.bad.values())
    if bad > 1 and bad > MAX_BAD_SHARE * reader.lines:
        raise BadInputError(
            f"Expected a JSON object with score and model_version a line in {name}, received {bad:,} of "
            f"{reader.lines:,} lines that are none; the first is line {reader.first_bad}. Give what `predict --json` "
            "prints."
        )
    if not served.images:
        there = ", ".join(f"{key} ({count:,} lines)" for key, count in reader.others.most_common(5)) or "none"
        raise BadInputError(
            f"Expected answers of version {version} in {name}, received versions: {there}. Give the model that "
            "answered, or its number as --model-version."
        )
    return dataclasses.replace(
        served,
        no_verdict=reader.no_verdict,
        other_versions=dict(reader.others.most_common()),
        bad_lines=bad,
    )


class _LogReader:
    """Tells answers of one version from other lines, and counts both."""

    def __init__(self, version: int, threshold: float):
        self._version, self._threshold = version, threshold
        self.lines = self.no_verdict = 0
        self.others: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()
        self.first_bad = ""

    def answers(self, lines: Iterable[bytes | str]) -> Iterator[Answer]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            self.lines += 1
            try:
                answer = self._answer(line)
            except ValueError as error:
                if not self.bad:
                    self.first_bad = f"{number} ({error})"
                self.bad["line"] += 1
                continue
            if answer:
                yield answer

    def _answer(self, line: bytes | str) -> Answer | None:
        """The answer in a line; None where it is of no verdict or of another version."""
        try:
            values = json.loads(line)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise ValueError("no JSON") from None
        if not isinstance(values, dict):
            raise ValueError("no JSON object")
        score, version = values.get("score"), values.get("model_version")
        if "frames" in values or (score is None and values.get("error")):
            self.no_verdict += 1
            return None
        if not _is_number(version) or version != int(version):
            raise ValueError(f"model_version is {version!r}, no whole number")
        if version != self._version:
            self.others[str(int(version))] += 1
            return None
        if not _is_number(score) or not 0 <= score <= 1:
            raise ValueError(f"score is {score!r}, no number in [0, 1]")
        self._check_threshold(values.get("threshold"))
        decision = values.get("decision", "fake" if score >= self._threshold else "real")
        if decision not in DECISIONS:
            raise ValueError(f"decision is {decision!r}, none of {', '.join(DECISIONS)}")
        return float(score), decision

    def _check_threshold(self, threshold: Any) -> None:
        if threshold is None:
            return
        if not _is_number(threshold) or abs(threshold - self._threshold) > _THRESHOLD_TOLERANCE:
            raise ValueError(
                f"threshold is {threshold!r}, that of the model {self._threshold}: another model of the same number"
            )


def _is_number(value: Any) -> bool:
    # In Python, true is a number; in JSON it is none. JSON as Python reads it knows NaN.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
