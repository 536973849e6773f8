"""After harmonising, images that were saved differently are alike."""

import io

import numpy as np
import pytest
from PIL import Image

from data.demo.faces import draw_image
from data.images.cues import measure_pixels
from data.images.decode_check import decode_rgb
from data.images.harmonising import Form, common_form, harmonise
from data.images.jpeg_quality import estimate_quality


@pytest.fixture(scope="module")
def faces():
    """Drawn faces as they were before they were saved for the first time, uint8 [96, 96, 3] each."""
    return [decode_rgb(draw_image(0, number, 7, 96)) for number in range(8)]


@pytest.mark.parametrize("shape", [(64, 64), (100, 70), (70, 150), (300, 100)])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("form", [Form(64, 75), Form(100, 40), Form(33, 100)])
def test_every_image_becomes_a_square_jpeg_of_the_form(picture, encode, shape, image_format, form):
    with Image.open(
        io.BytesIO(harmonise(encode(picture(1, 300)[: shape[0], : shape[1]], image_format), form))
    ) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (form.size, form.size))
        assert estimate_quality(image.quantization) == form.quality
        assert {"exif", "icc_profile", "comment"}.isdisjoint(image.info)
        assert [layer[1:3] for layer in image.layer] == [(2, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK"])
def test_every_kind_of_image_becomes_colour(picture, mode):
    buffer = io.BytesIO()
    Image.fromarray(picture(1)).convert(mode).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    assert decode_rgb(harmonise(buffer.getvalue(), Form(64, 90))).shape == (64, 64, 3)


def test_metadata_is_left_behind(picture):
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    Image.fromarray(picture(1)).save(buffer, "JPEG", exif=exif, comment=b"taken by hand")
    harmonised = harmonise(buffer.getvalue(), Form(64, 90))
    assert b"Camera" in buffer.getvalue()
    assert b"Camera" not in harmonised
    assert b"by hand" not in harmonised


def test_equal_input_gives_equal_bytes(picture, encode):
    encoded = encode(picture(1, 120))
    assert harmonise(encoded, Form(64, 70)) == harmonise(encoded, Form(64, 70))
    assert harmonise(encoded, Form(64, 70)) != harmonise(encoded, Form(64, 71))


def test_the_centre_is_kept(encode):
    pixels = np.zeros((60, 180, 3), np.uint8)
    pixels[:, 60:120] = 200
    for content in (pixels, pixels.transpose(1, 0, 2)):
        kept = decode_rgb(harmonise(encode(np.ascontiguousarray(content), "PNG"), Form(40, 95)))
        assert kept[5:-5, 5:-5].min() > 190


def test_nearly_nothing_is_lost_at_a_high_quality(encode):
    # A wave that survives resizing and compression tells that neither shifts the image.
    across = 128 + 60 * np.sin(2 * np.pi * np.arange(96) / 32)
    pixels = np.rint(np.stack([np.add.outer(across, across) / 2] * 3, axis=-1)).astype(np.uint8)
    kept = decode_rgb(harmonise(encode(pixels, "PNG"), Form(96, 95)))
    assert np.abs(kept.astype(int) - pixels).mean() < 3
    half = decode_rgb(harmonise(encode(pixels, "PNG"), Form(48, 95)))
    expected = np.asarray(Image.fromarray(pixels).resize((48, 48), Image.Resampling.BOX))
    assert np.abs(half.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("size", [96, 64])
def test_what_was_saved_at_60_and_at_95_can_no_longer_be_told_apart(faces, encode, size):
    low, high = (
        [encode(pixels, quality=quality, subsampling="4:2:0") for pixels in faces] for quality in (60, 95)
    )
    assert _bytes(high) > 2 * _bytes(low)
    assert _sharpness(high) > 1.1 * _sharpness(low)
    both = [[harmonise(content, Form(size, 60)) for content in contents] for contents in (low, high)]
    assert _bytes(both[1]) == pytest.approx(_bytes(both[0]), rel=0.05)
    assert _sharpness(both[1]) == pytest.approx(_sharpness(both[0]), rel=0.12)
    assert _difference(*both) < 0.8 * _difference(low, high)


def test_what_was_saved_badly_is_matched_on_its_own_grid_before_it_is_resized(faces, encode):
    low, high = (
        [encode(pixels, quality=quality, subsampling="4:2:0") for pixels in faces] for quality in (30, 95)
    )
    both = [[harmonise(content, Form(88, 30)) for content in contents] for contents in (low, high)]
    # Resizing alone would leave the better images a tenth sharper.
    assert _sharpness(both[1]) == pytest.approx(_sharpness(both[0]), rel=0.04)


def _bytes(contents):
    return sum(map(len, contents))


def _sharpness(contents):
    return np.mean([measure_pixels(decode_rgb(content)).sharpness for content in contents])


def _difference(some, others):
    """Mean over all pixels."""
    pairs = zip(some, others, strict=True)
    return np.mean([np.abs(decode_rgb(one).astype(float) - decode_rgb(other)) for one, other in pairs])


def test_what_was_saved_at_the_quality_before_hardly_changes(faces, encode):
    for pixels in faces:
        encoded = encode(pixels, quality=60, subsampling="4:2:0")
        again = decode_rgb(harmonise(encoded, Form(96, 60))).astype(float)
        assert np.abs(again - decode_rgb(encoded)).mean() < 1


@pytest.mark.parametrize(
    ("sides", "qualities", "asked", "expected"),
    [
        ([100, 80, 300], [70, 90, 95], {}, Form(80, 70)),
        ([300, 400], [0, 0], {}, Form(256, 90)),
        ([300, 400], [0, 60], {}, Form(256, 60)),
        ([64], [30], {}, Form(64, 50)),
        ([64], [99], {}, Form(64, 90)),
        ([64, 65], [99] * 2, {"size": 200, "quality": 20}, Form(200, 20)),
        ([64, 65], [80] * 2, {"size": 200}, Form(200, 80)),
        ([64, 65], [80] * 2, {"quality": 100}, Form(64, 100)),
        # One in a hundred may lie below.
        ([64] * 1000, [55] * 5 + [75] * 995, {}, Form(64, 75)),
        ([64] * 1000, [55] * 50 + [75] * 950, {}, Form(64, 55)),
    ],
)
def test_the_common_form_is_the_least_of_all(sides, qualities, asked, expected):
    assert common_form(sides, qualities, **asked) == expected
