"""The largest face in a picture, cut out with the margin that `data import` leaves around faces."""

import functools
import math
from pathlib import Path
from typing import TYPE_CHECKING

from serving.video import extra

if TYPE_CHECKING:
    import numpy as np

MARGIN = 0.3
"""Share of a face's width added on the left and on the right, and of its height above and below: the default of
`data import`, so that a detector sees faces as it learned them."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, the last two exclusive."""

# The detector's window is 24 pixels; it is slow on large pictures, and finds no more in them.
_LONGEST_SIDE = 960
_SMALLEST_FACE = 40


def largest_face(pixels: "np.ndarray") -> Box | None:
    """Where the largest frontal face is, its margin included; None where none is found.

    The detector is Haar's cascade (Viola and Jones, 2001) as OpenCV ships it: small, and with no download. It misses
    faces in profile, and now and then takes something else for a face.

    Args:
        pixels: uint8 (H, W, 3), RGB in [0, 255].

    Raises:
        BadInputError: OpenCV is not installed.
    """
    cv2 = extra.load("cv2")
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(height, width))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = _cascade().detectMultiScale(grey, 1.1, 5, minSize=(_SMALLEST_FACE, _SMALLEST_FACE))
    if not len(found):
        return None
    left, top, face_width, face_height = max(
        (tuple(int(edge) for edge in face) for face in found), key=lambda face: face[2] * face[3]
    )
    return with_margin(
        (left / scale, top / scale, face_width / scale, face_height / scale), MARGIN, width, height
    )


def with_margin(face: tuple[float, float, float, float], margin: float, width: int, height: int) -> Box:
    """Adds the margin to a face that lies within the picture, rounds outward and clips to the picture.

    Args:
        face: left, top, width and height in pixels.
        margin: share of the face's width and height.
        width: the picture's, in pixels.
        height: the picture's, in pixels.
    """
    left, top, face_width, face_height = face
    right, bottom = left + face_width * (1 + margin), top + face_height * (1 + margin)
    left, top = left - face_width * margin, top - face_height * margin
    # Sums of decimal fractions miss whole numbers by a hair, and a hair must not cost a pixel.
    left, top, right, bottom = (round(edge, 6) for edge in (left, top, right, bottom))
    return (
        max(0, math.floor(left)),
        max(0, math.floor(top)),
        min(width, math.ceil(right)),
        min(height, math.ceil(bottom)),
    )


@functools.cache
def _cascade():
    cv2 = extra.load("cv2")
    return cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"))
