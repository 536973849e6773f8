"""Images for the benchmarks of imports: 256 x 256 pixels, JPEG of about 20 KB, as the Kaggle set holds."""

from pathlib import Path

import numpy as np
from PIL import Image

_SIZE = 256


def draw_photos(folder: Path, count: int) -> Path:
    """Draws smooth scenes with grain into `real` and `fake`; those that are there already are kept."""
    rng = np.random.default_rng(count)
    for name in ("real", "fake"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / ("real", "fake")[number % 2] / f"{number:06d}.jpg"
        if path.exists():
            continue
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        scene = np.asarray(coarse.resize((_SIZE, _SIZE), Image.Resampling.BICUBIC), dtype=np.int16)
        grain = rng.integers(-9, 10, (_SIZE, _SIZE, 1), dtype=np.int16)
        Image.fromarray(np.clip(scene + grain, 0, 255).astype(np.uint8)).save(path, quality=88)
    return folder
