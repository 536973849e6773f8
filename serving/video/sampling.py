"""At which times of a video its frames are looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from serving.errors import BadInputError


@dataclass(frozen=True)
class Sampling:
    """How frames are chosen.

    Attributes:
        frames_per_second: of the video's own time, above 0. A rate above the video's own gives each frame once.
        max_frames: of one video; more of them are thinned evenly over the whole of it.

    Raises:
        BadInputError: a number is not above 0.
    """

    frames_per_second: float = 1.0
    max_frames: int = 300

    def __post_init__(self):
        # Written so that it refuses what is no number, too.
        if not (0 < self.frames_per_second < float("inf") and self.max_frames >= 1):
            raise BadInputError(
                "expected frames per second above 0 and at least 1 frame, received "
                f"{self.frames_per_second} and {self.max_frames}"
            )

    def times(self, span: Fraction) -> Iterator[Fraction]:
        """The times to look at, ascending, in seconds after the first frame.

        They are 0, 1/rate, 2/rate … up to the last frame; where these are too many, as many as may be, evenly from
        the first frame to the last; where only one may be, the middle.

        Args:
            span: seconds from the first frame to the last, at least 0.
        """
        # As a human wrote the rate: 0.1 is a tenth, and the hundredth frame is at 1000 s sharp.
        step = 1 / Fraction(repr(float(self.frames_per_second)))
        count = span // step + 1
        if count > self.max_frames:
            if self.max_frames == 1:
                yield span / 2
                return
            count, step = self.max_frames, span / (self.max_frames - 1)
        for position in range(count):
            yield position * step
