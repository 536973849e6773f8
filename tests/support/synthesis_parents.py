"""Parents for tests of makers: drawn faces, and real ones where there are any."""

import hashlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from data.synthesis.maker import Parent

REAL_FACES = (
    Path(os.environ.get("INSPECTOR_SHARED", Path(__file__).parents[3] / "shared")) / "data/faces256/real"
)


def drawn_parent(seed: int, height: int = 96, width: int = 96) -> Parent:
    """A smooth scene with grain, 30 to 220 in 8-bit levels, saved as a JPEG."""
    rng = np.random.default_rng(seed)
    coarse = np.pad(rng.uniform(30, 220, (5, 5, 3)), ((1, 1), (1, 1), (0, 0)), mode="edge")
    scene = ndimage.zoom(coarse, (height / 7, width / 7, 1), order=1) + rng.normal(0, 5, (height, width, 1))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(np.round(scene), 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=92)
    return parent_of(buffer.getvalue())


def parent_of(encoded: bytes) -> Parent:
    """A parent out of an encoded image."""
    digest = hashlib.sha256(encoded).hexdigest()
    with Image.open(io.BytesIO(encoded)) as image:
        pixels = np.asarray(image.convert("RGB"))
    return Parent(encoded, pixels, 0, digest, digest, "faces", "none", "train")
