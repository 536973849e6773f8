"""A log of verdicts without images: a JSON object a line, as `monitor` reads them.

    {"time": "2026-01-31T12:00:00.123+00:00", "model_name": "deepfake-inspector", "model_version": 3,
     "sha256": "9f86…", "score": 0.91, "decision": "fake", "threshold": 0.62, "latency_ms": 51.3, "api": "GRPC"}

A request that was refused has `error` (the status code) in place of score, decision and threshold.
"""

import hashlib
import json
import logging
import logging.handlers
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from serving.errors import BadInputError

_log = logging.getLogger(__name__)

IMAGES = "image_bytes"
"""The input whose values are images; requests without it are not logged."""

_LONGEST_NAME = 200
"""Characters of a model's name: a client may ask for any, and it stands in the line of each of its images."""


class RequestLog:
    """Appends to a file; reopens it when it was moved away, so that `logrotate` and its like work.

    Args:
        path: of the file; its folder must exist.
        sample: share of the images to log, in (0, 1]; each is drawn by itself.
        seed: of the draw, for tests.

    Raises:
        BadInputError: the file cannot be written, or the share is none.
    """

    def __init__(self, path: Path, sample: float = 1.0, seed: int | None = None):
        if not 0 < sample <= 1:
            raise BadInputError(f"expected a share in (0, 1] of the answers to log, received {sample:g}")
        try:
            self._file = logging.handlers.WatchedFileHandler(path, encoding="utf-8")
        except OSError as error:
            raise BadInputError(
                f"expected a file for the request log, but {path} cannot be written: {error.strerror}"
            ) from error
        self._file.setFormatter(logging.Formatter("%(message)s"))
        self._sample = sample
        self._random = random.Random(seed)  # noqa: S311 - draws lines, no secrets

    def verdicts(
        self,
        images: Sequence[bytes],
        outputs: Mapping[str, np.ndarray],
        *,
        model_name: str,
        model_version: int,
        latency_s: float,
        entrypoint: str,
    ) -> None:
        """Logs the answers about some images, where the outputs hold a score for each.

        Args:
            images: the files' contents; only their SHA-256 is kept.
            outputs: by alias: `score` float [N], and if there are, `decision` string [N] and `threshold` float [N].
            model_name, model_version: who answered.
            latency_s: seconds from the request to the answer.
            entrypoint: "GRPC" or "REST".
        """
        scores = outputs.get("score")
        if scores is None or np.shape(scores) != (len(images),):
            return
        for row, image in enumerate(images):
            values: dict = {"score": _shortest(scores[row])}
            if "decision" in outputs:
                values["decision"] = outputs["decision"][row].decode()
            if "threshold" in outputs:
                values["threshold"] = _shortest(outputs["threshold"][row])
            self._write(image, model_name, model_version, values, latency_s, entrypoint)

    def refusal(
        self, images: Sequence[bytes], status: str, *, model_name: str, latency_s: float, entrypoint: str
    ) -> None:
        """Logs that a request about some images ended in an error; `status` is the name of its code."""
        for image in images:
            self._write(image, model_name, None, {"error": status}, latency_s, entrypoint)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _write(
        self,
        image: bytes,
        model_name: str,
        model_version: int | None,
        values: dict,
        latency_s: float,
        entrypoint: str,
    ) -> None:
        if self._sample < 1 and self._random.random() >= self._sample:
            return
        line = {
            "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            "model_name": model_name[:_LONGEST_NAME],
            "model_version": model_version,
            "sha256": hashlib.sha256(image).hexdigest(),
            **values,
            "latency_ms": round(latency_s * 1000, 3),
            "api": entrypoint,
        }
        record = logging.LogRecord("requests", logging.INFO, "", 0, json.dumps(line), None, None)
        try:
            self._file.handle(record)  # takes the handler's lock: a line is never torn by another thread
        except OSError as error:  # it was moved away, and cannot be made anew
            _log.warning("an answer was not logged: %s", error)


def _shortest(value: np.float32) -> float:
    """The shortest decimal number that is this one in single precision."""
    return float(str(value))
