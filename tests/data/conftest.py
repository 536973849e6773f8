"""Small images and folders of images, made on the spot."""

import io

import numpy as np
import pytest
from PIL import Image


def _picture(seed, size=64):
    """A smooth random scene with some grain: no two seeds look alike. uint8 [size, size, 3]."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float64)
    return np.clip(smooth + rng.normal(0, 4, smooth.shape), 0, 255).astype(np.uint8)


def _encode(pixels, image_format="JPEG", **settings):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, image_format, **settings)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def picture():
    """``picture(seed, size=64)``: uint8 pixels of a scene of its own."""
    return _picture


@pytest.fixture(scope="session")
def encode():
    """``encode(pixels, image_format="JPEG", **settings)``: the bytes of an image file."""
    return _encode


@pytest.fixture(scope="session")
def make_folder():
    """``make_folder(root, per_class, first_seed=0)``: JPEG files in ``root/real`` and ``root/fake``."""

    def make(root, per_class, first_seed=0):
        for label, name in enumerate(("real", "fake")):
            (root / name).mkdir(parents=True)
            for number in range(per_class):
                pixels = _picture(first_seed + 2 * number + label)
                (root / name / f"{number:03d}.jpg").write_bytes(_encode(pixels, quality=80 + number % 10))
        return root

    return make
