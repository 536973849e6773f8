"""The margin around a face."""

import math
from collections.abc import Sequence

from data.errors import BadInputError
from data.sources.base import Box


def check_margin(margin: float) -> float:
    """Returns ``margin``, a share of the face's width and height added on each side.

    Raises:
        BadInputError: it is not between 0 and 2.
    """
    if not 0 <= margin <= 2:
        raise BadInputError(
            f"Expected a margin between 0 and 2 (0.3 adds 30 % on each side), received {margin}."
        )
    return margin


def grow(face: Sequence[float], margin: float, width: int, height: int) -> Box | None:
    """Adds the margin to a face, rounds outward and clips to the photo.

    Args:
        face: left, top, width and height in pixels.
        margin: share of the face's width added on the left and on the right, and of its height above and below.
        width: the photo's, in pixels.
        height: the photo's, in pixels.

    Returns:
        Left, top, right and bottom; None where the face has no area, or none of it lies within the photo.
    """
    left, top, face_width, face_height = face
    if face_width <= 0 or face_height <= 0:
        return None
    if left >= width or top >= height or left + face_width <= 0 or top + face_height <= 0:
        return None
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
