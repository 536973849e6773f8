"""Frames of a video file, one by one: memory does not grow with its length.

The file is read twice. First its packets are counted off without decoding them: that tells how long the video really
is, whatever its header says, and whether something is missing. Then it is decoded from the first frame to the last,
and the frames at the wanted times are given.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from serving.video import extra
from serving.video.errors import VideoError
from serving.video.sampling import Sampling

if TYPE_CHECKING:
    import numpy as np

MAX_PIXELS = 64_000_000
"""Of a frame; twice what 8K video has. A few bytes of a file can claim more than any memory holds."""

# A header may round, and count the last frame's duration or not.
_TOLERATED_SHARE, _TOLERATED_SECONDS = Fraction(1, 50), Fraction(1, 2)


@dataclass(frozen=True)
class Frame:
    """A picture of a video.

    Attributes:
        time_s: seconds after the first frame, at least 0.
        pixels: uint8 (H, W, 3), RGB in [0, 255], turned the way a player shows it.
    """

    time_s: float
    pixels: "np.ndarray"


@dataclass(frozen=True)
class Extent:
    """When the frames of a video are shown, in seconds of the file's own clock."""

    first: Fraction
    last: Fraction


def measure(path: str | os.PathLike) -> Extent:
    """Reads through a video without decoding it.

    Raises:
        VideoError: it cannot be read, has no frames, or ends before it should.
        BadInputError: PyAV is not installed.
    """
    with _opened(path) as (container, video):
        first = last = None
        ends: list[Fraction] = []
        for packet in container.demux():
            if packet.is_corrupt:
                raise VideoError("the file is damaged or cut short: a packet of it is not whole")
            if packet.pts is None or not packet.size:
                continue
            time = packet.pts * packet.time_base
            end = time + (packet.duration or 0) * packet.time_base
            ends = [min(time, *ends[:1]), max(end, *ends[1:])] if ends else [time, end]
            if packet.stream.index == video.index:
                first = time if first is None else min(first, time)
                last = time if last is None else max(last, time)
        if first is None:
            raise VideoError("there is not a single frame in it")
        # Some containers tell the length, others the time of the end; they differ where the first frame comes late.
        _check_length(container.duration, max(ends[1], ends[1] - ends[0]))
    return Extent(first, last)


def sample_frames(path: str | os.PathLike, sampling: Sampling) -> Iterator[Frame]:
    """The first frame at or after each time that the sampling asks for.

    Raises:
        VideoError: it cannot be read or decoded, has no frames, ends before it should, or its frames are too large.
        BadInputError: PyAV is not installed.
    """
    extent = measure(path)
    targets = sampling.times(extent.last - extent.first)
    target = next(targets)
    with _opened(path) as (container, video):
        # Several cores at one video; the order of frames stays.
        video.thread_type = "AUTO"
        for frame in container.decode(video):
            if frame.pts is None:
                continue
            time = frame.pts * frame.time_base - extent.first
            if time < target:
                continue
            yield Frame(float(time), _upright(frame))
            while target <= time:
                target = next(targets, None)
                if target is None:
                    return


def _lenient(av) -> dict[str, str]:
    """Options with which a title in another encoding than UTF-8 is no reason to refuse a video.

    PyAV 18 and later take such titles by themselves, and know the option no more.
    """
    return {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 18 else {}


@contextlib.contextmanager
def _opened(path: str | os.PathLike):
    """The container and its first video stream; turns whatever FFmpeg says into a VideoError."""
    av = extra.load("av")
    try:
        with av.open(os.fspath(path), **_lenient(av)) as container:
            # A picture of the cover is a video stream to FFmpeg.
            videos = [
                one for one in container.streams.video if not one.disposition & one.disposition.attached_pic
            ]
            if not videos:
                raise VideoError("there are no moving pictures in it" + _kinds(container))
            video = videos[0]
            # Without one, PyAV 17 would not raise but crash.
            if video.codec_context is None:
                raise VideoError("the file is damaged or cut short: its codec is not told, or unknown here")
            _check_size(video.codec_context.width, video.codec_context.height)
            yield container, video
    except av.error.FFmpegError as error:
        raise VideoError(f"cannot be read as a video: {error.strerror}") from error
    except OSError as error:
        raise VideoError(f"cannot be read: {error.strerror}") from error


def _kinds(container) -> str:
    kinds = sorted({stream.type for stream in container.streams})
    return f", only {', '.join(kinds)}" if kinds else ""


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise VideoError(f"expected frames of at most {MAX_PIXELS:,} pixels, received {width}x{height}")


def _check_length(declared_us: int | None, found: Fraction) -> None:
    """Live recordings declare nothing."""
    if declared_us is None:
        return
    declared = Fraction(declared_us, 1_000_000)
    if declared - found > max(_TOLERATED_SECONDS, declared * _TOLERATED_SHARE):
        raise VideoError(
            f"the file is damaged or cut short: it says it lasts {float(declared):.1f} s, but ends after "
            f"{float(found):.1f} s"
        )


def _upright(frame) -> "np.ndarray":
    numpy = extra.load("numpy")
    # A file may change its size half-way.
    _check_size(frame.width, frame.height)
    # FFmpeg's angle is counterclockwise, as numpy's turns are; phones know quarter turns only.
    return numpy.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
