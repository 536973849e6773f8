"""Which way up a JPEG is meant to be shown: the EXIF tag `Orientation` (CIPA DC-008, tag 0x0112).

Cameras and phones write the sensor's rows as they come and note how to turn them. Every viewer turns them, so a
person who judges an image sees it upright, and so must the detector. `components.orientation` is the same rule as a
graph.
"""

import struct

import numpy as np

SEARCHED_BYTES = 1 << 18
"""How far into a file the tag is looked for: two segments of the largest size fit in front of it."""

MOST_ENTRIES = 512
"""Tags that are looked through."""

_TAG, _SHORT = 0x0112, 3


def exif_orientation(encoded: bytes) -> int:
    """The orientation of an encoded image.

    Only JPEGs, the first EXIF segment and its first directory count; what is damaged is taken for upright, as by
    viewers.

    Args:
        encoded: JPEG, or anything else.

    Returns:
        1 (upright) to 8.
    """
    head = encoded[:SEARCHED_BYTES]
    start = _tiff_start(head)
    if start is None:
        return 1
    try:
        return _read_tag(head, start)
    except struct.error:  # it ends within the directory
        return 1


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turns and mirrors an image to be upright.

    Args:
        pixels: [height, width, channels] as decoded.
        orientation: 1 to 8.

    Returns:
        The image, [width, height, channels] for 5 to 8; contiguous.
    """
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _tiff_start(head: bytes) -> int | None:
    """Where the contents of the first EXIF segment begin."""
    if head[:2] != b"\xff\xd8":
        return None
    position = 2
    while position + 4 <= len(head) and head[position] == 0xFF:
        marker = head[position + 1]
        length = struct.unpack_from(">H", head, position + 2)[0]
        if marker in (0xDA, 0xD9) or length < 2:  # the image itself, or its end
            return None
        if marker == 0xE1 and head[position + 4 : position + 10] == b"Exif\0\0":
            return position + 10
        position += 2 + length
    return None


def _read_tag(head: bytes, start: int) -> int:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[start : start + 4])
    if order is None:
        return 1
    directory = start + struct.unpack_from(f"{order}I", head, start + 4)[0]
    count = struct.unpack_from(f"{order}H", head, directory)[0]
    for entry in range(min(count, MOST_ENTRIES)):
        tag, kind, _, value, _ = struct.unpack_from(f"{order}HHIHH", head, directory + 2 + 12 * entry)
        if tag == _TAG:
            return value if kind == _SHORT and 1 <= value <= 8 else 1
    return 1
