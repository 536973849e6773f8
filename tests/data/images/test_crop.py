"""What is cut out are the very pixels of the photograph."""

import io

import numpy as np
import pytest
from PIL import Image

from data.images.crop import crop
from data.images.decode_check import decode_rgb
from data.quarantine import RejectedImageError

PIXELS = 100 * 100


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_the_part_has_the_pixels_that_training_would_decode(picture, encode, image_format):
    encoded = encode(picture(1, 100), image_format)
    part = crop(encoded, (10, 20, 50, 90), PIXELS)
    np.testing.assert_array_equal(decode_rgb(part), decode_rgb(encoded)[20:90, 10:50])


def test_the_part_is_a_png_so_that_it_is_not_compressed_again(picture, encode):
    with Image.open(io.BytesIO(crop(encode(picture(1, 100)), (0, 0, 70, 80), PIXELS))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "RGB", (70, 80))
    one, two = (crop(encode(picture(1, 100)), (0, 0, 70, 80), PIXELS) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("box", "within"),
    [
        ((-20, -5, 40, 40), (0, 0, 40, 40)),
        ((60, 70, 150, 101), (60, 70, 100, 100)),
        ((-1, -1, 999, 999), (0, 0, 100, 100)),
    ],
)
def test_the_edges_cut_a_box_that_reaches_over_them(picture, encode, box, within):
    left, top, right, bottom = within
    part = decode_rgb(crop(encode(picture(1, 100), "PNG"), box, PIXELS))
    np.testing.assert_array_equal(part, picture(1, 100)[top:bottom, left:right])


@pytest.mark.parametrize(
    "box", [(100, 0, 120, 50), (0, 100, 50, 130), (-50, 0, -10, 50), (0, -9, 50, -2), (30, 30, 30, 60)]
)
def test_a_box_outside_of_the_image_is_refused(picture, encode, box):
    with pytest.raises(RejectedImageError, match=r"zero_pixels: the box .* outside of the 100x100 image"):
        crop(encode(picture(1, 100)), box, PIXELS)


def test_a_photograph_that_cannot_be_used_is_refused(picture, encode):
    whole = encode(picture(1, 100))
    for content, reason in (
        (whole[: len(whole) // 2], "truncated"),
        (b"text" * 20, "not_an_image"),
        (encode(picture(1, 100), "GIF"), "unsupported_format"),
    ):
        with pytest.raises(RejectedImageError, match=reason):
            crop(content, (0, 0, 50, 50), PIXELS)
    with pytest.raises(RejectedImageError, match="too_large"):
        crop(whole, (0, 0, 50, 50), PIXELS - 1)
