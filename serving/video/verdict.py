"""The answer about one video."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass

AGGREGATES = {
    "mean": lambda scores: math.fsum(scores) / len(scores),
    "median": statistics.median,
    "max": max,
}
"""From the scores of the frames to the score of their video.

The mean is the default, and what papers on videos report: every frame counts, none decides. The median ignores a
few odd frames (a blink, a blur), and also a fake of less than half of the video. The maximum finds a short fake, and
calls the more real videos fakes, the longer they are.
"""

DEFAULT_AGGREGATE = "mean"

NOTE = (
    "The threshold was calibrated on single images. What share of real and fake videos it tells apart when it is "
    "held against a score of several frames was not measured."
)


@dataclass(frozen=True)
class FrameVerdict:
    """What the detector says about one frame.

    Attributes:
        time_s: seconds after the video's first frame.
        score: P(fake) in [0, 1].
        decision: "real", "fake" or "uncertain".
        face: left, top, right, bottom of what was shown to the detector, in pixels; None for the whole frame.
    """

    time_s: float
    score: float
    decision: str
    face: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class VideoVerdict:
    """What the detector says about one video. The first nine fields are those of a `verdict.Verdict`.

    Attributes:
        path: of the video.
        score: aggregate of the frames' scores, in [0, 1]; None where `error` says why.
        decision: "real", "fake" or "uncertain": the model's threshold and band applied to the score.
        threshold: in [0, 1]; travels with the model.
        model_name: the model that was asked.
        model_version: the one version that answered about every frame.
        sha256: of the file, in hexadecimal; None if it could not be read.
        uncertain_band: scores from the first to below the second are uncertain; None where the model has no band.
        error: why this video has no verdict; None if it has one.
        sampling: how it was looked at: the aggregate, the rate, the most frames, whole frames or faces.
        frames: in the order of time.
        frames_without_face: left out, as no face was found in them; 0 where none was looked for.
        frames_without_verdict: left out, as the server could not judge them.
        note: what to keep in mind.
    """

    path: str
    score: float | None
    decision: str | None
    threshold: float | None
    model_name: str
    model_version: int | None
    sha256: str | None
    uncertain_band: tuple[float, float] | None = None
    error: str | None = None
    sampling: str = ""
    frames: tuple[FrameVerdict, ...] = ()
    frames_without_face: int = 0
    frames_without_verdict: int = 0
    note: str = NOTE

    @property
    def ok(self) -> bool:
        """Whether there is a verdict."""
        return self.error is None

    def as_dict(self) -> dict:
        """The fields in their order, ready for JSON."""
        return asdict(self)


def aggregate(scores: Sequence[float], how: str) -> float:
    """The score of a video.

    Args:
        scores: of its frames, each in [0, 1]; at least one.
        how: a key of `AGGREGATES`.
    """
    return float(AGGREGATES[how](scores))


def decide(score: float, threshold: float, uncertain_band: tuple[float, float] | None) -> str:
    """The model's own rule: "uncertain" within the band, else "fake" from the threshold on, else "real"."""
    if uncertain_band is not None and uncertain_band[0] <= score < uncertain_band[1]:
        return "uncertain"
    return "fake" if score >= threshold else "real"
