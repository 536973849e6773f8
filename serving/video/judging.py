"""Asks a server about the frames of a video."""

import functools
import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from serving.client import Client
from serving.errors import BadInputError
from serving.file_hash import sha256_of
from serving.verdict import Verdict
from serving.video import extra
from serving.video.errors import VideoError
from serving.video.faces import Box, largest_face
from serving.video.frames import Frame, sample_frames
from serving.video.sampling import Sampling
from serving.video.verdict import (
    AGGREGATES,
    DEFAULT_AGGREGATE,
    FrameVerdict,
    VideoVerdict,
    aggregate,
    decide,
)

if TYPE_CHECKING:
    import numpy as np

_FRAMES_A_REQUEST = 1  # a frame is megabytes, and a client holds twice as many requests as it has in flight


@dataclass(frozen=True)
class Judging:
    """How a video is judged.

    Attributes:
        sampling: which frames.
        faces: show the detector the largest face of each frame instead of the whole frame.
        aggregate: "mean", "median" or "max" of the frames' scores.

    Raises:
        BadInputError: no such aggregate.
    """

    sampling: Sampling = field(default_factory=Sampling)
    faces: bool = False
    aggregate: str = DEFAULT_AGGREGATE

    def __post_init__(self):
        if self.aggregate not in AGGREGATES:
            raise BadInputError(f"expected one of {', '.join(AGGREGATES)}, received {self.aggregate!r}")

    def __str__(self) -> str:
        """What makes two verdicts about one file and one model comparable."""
        part = "largest faces" if self.faces else "whole frames"
        rate, most = self.sampling.frames_per_second, self.sampling.max_frames
        return f"{self.aggregate} of {part}, {rate:g} a second, at most {most}"

    def check(self) -> None:
        """Loads what it needs, before any work is done.

        Raises:
            BadInputError: a package of the extra `video` is missing.
        """
        for module in ("av", "cv2", "numpy"):
            extra.load(module)


def judge_video(
    client: Client,
    path: str | os.PathLike,
    judging: Judging | None = None,
    progress: Callable[[int], None] = lambda judged: None,
) -> VideoVerdict:
    """The verdict about a video; every frame is judged by the version that judged the first.

    Args:
        client: whom to ask.
        path: of a file that FFmpeg reads: MP4, MOV, Matroska, WebM, AVI.
        judging: how; None for the defaults.
        progress: called with the number of frames judged so far.

    Returns:
        A verdict whose `error` says so where the file cannot be decoded to its end, no face was found, the server
        could judge no frame, or unloaded the version meanwhile.

    Raises:
        ServerUnreachableError, BadInputError, ServingError: as of `Client.stream`; a package is missing.
    """
    judging = judging or Judging()
    judging.check()
    refused = functools.partial(
        VideoVerdict, os.fspath(path), None, None, None, client.model_name, None, sampling=str(judging)
    )
    try:
        sha256 = sha256_of(path)
    except OSError as error:
        return refused(None, error=f"cannot be read: {error.strerror}")
    tally = _Tally()
    try:
        for verdict in _verdicts(client, _pictures(path, judging, tally)):
            tally.add(verdict)
            progress(len(tally.frames))
    except (VideoError, _VersionGoneError) as error:
        return refused(sha256, error=str(error))
    counts = {
        "frames_without_face": tally.without_face,
        "frames_without_verdict": tally.without_verdict,
    }
    if not tally.frames:
        return refused(sha256, error=tally.why_none(), **counts)
    one = tally.example
    score = aggregate([frame.score for frame in tally.frames], judging.aggregate)
    return VideoVerdict(
        os.fspath(path),
        score,
        decide(score, one.threshold, one.uncertain_band),
        one.threshold,
        client.model_name,
        one.model_version,
        sha256,
        one.uncertain_band,
        None,
        str(judging),
        tuple(tally.frames),
        **counts,
    )


def encode(pixels: "np.ndarray") -> bytes:
    """A picture as PNG.

    It is lossless on purpose, as the crops of `data import` are: a JPEG would lay traces of a compression of our own
    over those of the video, and such traces are what a detector looks at.

    Args:
        pixels: uint8 (H, W, 3), RGB in [0, 255].
    """
    cv2 = extra.load("cv2")
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


class _VersionGoneError(Exception):
    """The version that judged the first frames is not there for the others."""


class _Tally:
    """What is known of a video's frames so far."""

    def __init__(self):
        self.asked: deque[tuple[float, Box | None]] = deque()
        self.frames: list[FrameVerdict] = []
        self.without_face = self.without_verdict = 0
        self.example: Verdict | None = None
        self._first_error = ""

    def add(self, verdict: Verdict) -> None:
        """Takes in the answer about the frame that was asked about the longest ago."""
        time_s, face = self.asked.popleft()
        if verdict.ok:
            self.frames.append(FrameVerdict(time_s, verdict.score, verdict.decision, face))
            self.example = self.example or verdict
        else:
            self.without_verdict += 1
            self._first_error = self._first_error or verdict.error

    def why_none(self) -> str:
        """Why there is no verdict."""
        if self.without_verdict:
            return f"the server judged none of {self.without_verdict} frames: {self._first_error}"
        return f"no face was found in any of {self.without_face} frames"


def _pictures(path: str | os.PathLike, judging: Judging, tally: _Tally) -> Iterator[bytes]:
    """What is sent, one by one, while the tally remembers what it was."""
    for frame in sample_frames(path, judging.sampling):
        pixels, face = _part(frame, judging)
        if pixels is None:
            tally.without_face += 1
            continue
        tally.asked.append((frame.time_s, face))
        yield encode(pixels)


def _part(frame: Frame, judging: Judging) -> tuple["np.ndarray | None", Box | None]:
    if not judging.faces:
        return frame.pixels, None
    # OpenCV wants the rows one after the other, which a turned picture has not.
    pixels = extra.load("numpy").ascontiguousarray(frame.pixels)
    face = largest_face(pixels)
    if face is None:
        return None, None
    left, top, right, bottom = face
    return pixels[top:bottom, left:right], face


def _verdicts(client: Client, pictures: Iterator[bytes]) -> Iterator[Verdict]:
    """Asks one by one until there is an answer, then its version about all others, several at once."""
    for picture in pictures:
        [verdict] = client.predict_images([picture])
        yield verdict
        if verdict.ok:
            break
    else:
        return
    first = next(pictures, None)
    if first is None:
        return
    version = verdict.model_version
    others = client.stream(itertools.chain([first], pictures), version=version, batch_size=_FRAMES_A_REQUEST)
    try:
        yield from others
    except BadInputError as error:
        raise _VersionGoneError(
            f"version {version}, which judged the first frame, judges no more of them: ask again ({error})"
        ) from error
