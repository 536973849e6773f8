"""The page shows parents, children and differences, and quotes what is somebody else's."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from data.synthesis.encoding import encode_like
from data.synthesis.gallery import Shown, _amplification, write_gallery
from data.synthesis.maker import Parent
from data.synthesis.makers.control import ControlMaker


@pytest.fixture
def page(picture, encode, tmp_path):
    """The page of two pairs, the first of them large and changed in one corner."""
    pairs = []
    for size in (600, 64):
        pixels = picture(size, size)
        encoded = encode(pixels, "PNG")
        changed = pixels.copy()
        changed[: size // 2, : size // 2] ^= 2
        parent = Parent(encoded, pixels, 0, "a1" * 32, "group", "faces", "none", "train")
        row = {
            "path": f"images/{size}.png",
            "label": "real",
            "synthetic_edit": "",
            "synthetic_parent": parent.sha256,
            "synthetic_seed": size,
            "synthetic_strength": 0.25,
            "synthetic_prompt": "<script>alert(1)</script>",
        }
        pairs.append(Shown(parent, encode_like(changed, encoded), row))
    write_gallery(tmp_path / "gallery.html", ControlMaker(), pairs, 50, None, 0.65)
    return (tmp_path / "gallery.html").read_text()


def test_images_are_in_it(page):
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    images = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))).astype(int) for one in found]
    assert [image.shape for image in images] == [(256, 256, 3)] * 3 + [(64, 64, 3)] * 3
    difference = images[5]
    assert difference[4:24, 4:24].mean() == pytest.approx(2 * 64, abs=3)
    assert difference[40:].mean() < 2
    assert len(re.findall(r"src=|href=|url\(", page)) == 6


def test_words(page):
    assert "difference \N{MULTIPLICATION SIGN} 64" in page
    assert "2 of them, evenly drawn" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "a1a1a1a1a1a1a1a1<" in page
    assert "Too few pairs" in page


def test_how_much_differences_are_amplified():
    grey = np.ones((8, 8, 3), np.uint8)
    assert [_amplification([grey * most]) for most in (0, 1, 4, 10, 128, 255)] == [64, 64, 32, 16, 1, 1]
    assert _amplification([grey * 3, grey * 60, grey * 4]) == 32
