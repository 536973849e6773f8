"""Saving a child as its parent was saved, so that how it was saved tells nothing."""

import io

import numpy as np
from PIL import Image, JpegImagePlugin

_DHT, _START_OF_SCAN = 0xC4, 0xDA

#: What Pillow can write: luminance samples for each one of chrominance, across and down.
_SAMPLINGS = {(1, 1): 0, (2, 1): 1, (2, 2): 2}
#: What it cannot: 4:4:0 and 4:1:1 keep as many samples of chrominance as these.
_NEAREST = {2: 1, 4: 2}


def encode_like(pixels: np.ndarray, parent: bytes) -> bytes:
    """Encodes pixels in the format of another image.

    A JPEG gets the quantisation tables, the chroma subsampling, the kind (sequential or progressive) and the kind of
    Huffman tables (the standard's, or fitted to the image) of ``parent``; a PNG gets its alpha channel, if it has
    one. There is no metadata: no EXIF, no colour profile, no comment. The sampling 4:4:0 is written as 4:2:2, and
    4:1:1 as 4:2:0.

    Args:
        pixels: uint8 ``[H, W, 3]``, upright, as ``parent`` decodes.
        parent: JPEG or PNG in colours.

    Returns:
        The same bytes for the same input.
    """
    image = Image.fromarray(pixels)
    with Image.open(io.BytesIO(parent), formats=("JPEG", "PNG")) as like:
        if like.format == "PNG":
            return _save(_with_alpha_of(like, image), "PNG")
        options = {
            "qtables": [like.quantization[number] for number in sorted(like.quantization)],
            "subsampling": _sampling(like),
            "progressive": bool(like.info.get("progressive")),
        }
        if like.info.get("adobe_transform") == 0 and like.mode == "RGB":  # Saved as RGB, not as YCbCr.
            options["keep_rgb"] = True
    encoded = _save(image, "JPEG", **options)
    # Progressive files have tables of their own in any case.
    if options["progressive"] or _huffman_tables(encoded) == _huffman_tables(parent):
        return encoded
    return _save(image, "JPEG", **options, optimize=True)


def suffix_of(encoded: bytes) -> str:
    """How the name of a file with this JPEG or PNG ends."""
    return ".jpg" if encoded.startswith(b"\xff\xd8") else ".png"


def _save(image: Image.Image, name: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _with_alpha_of(like: Image.Image, image: Image.Image) -> Image.Image:
    if like.mode != "RGBA":
        return image
    with_alpha = image.copy()
    with_alpha.putalpha(like.getchannel("A"))
    return with_alpha


def _sampling(like: JpegImagePlugin.JpegImageFile) -> int:
    (_, across, down, _), (_, chroma_across, chroma_down, _) = like.layer[:2]
    ratio = (across // chroma_across, down // chroma_down)
    return _SAMPLINGS.get(ratio, _NEAREST.get(ratio[0] * ratio[1], 2))


def _huffman_tables(encoded: bytes) -> set[bytes]:
    """The Huffman tables in front of the first scan (ITU-T T.81, B.2.4.2): class and number, 16 counts, symbols."""
    found, position = set(), 2
    while position + 4 <= len(encoded) and encoded[position] == 0xFF:
        marker = encoded[position + 1]
        if marker == 0xFF:  # A byte of padding.
            position += 1
            continue
        if marker == _START_OF_SCAN:
            break
        end = position + 2 + int.from_bytes(encoded[position + 2 : position + 4], "big")
        if marker == _DHT:
            start = position + 4
            while start + 17 <= end:
                length = 17 + sum(encoded[start + 1 : start + 17])
                found.add(encoded[start : start + length])
                start += length
        position = end
    return found
