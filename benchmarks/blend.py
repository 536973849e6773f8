"""How many self-blended images a second, and how much faster than one after the other?

    python benchmarks/blend.py [FOLDER] [--images 400] [--runs 3]

FOLDER holds JPEG or PNG files of faces; without it 256 x 256 scenes are drawn. Each image is decoded as training
decodes it, blended and encoded with its parent's tables, in three ways that take turns, --runs times each:

* ``maker``: a batch at a time, decoded and encoded by as many threads as there are cores, as the maker edits;
* ``one thread``: the same, one image after the other, OpenCV with one thread as well;
* ``scipy``: one after the other, too, and the blending by :mod:`data.demo.tampering`, which does the same steps
  (warp, resample, recolour, soft mask) in numpy and scipy.

Prints the images a second of each (the best of its runs: what else the machine does only slows it) and the ratios.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
from drawn_photos import draw_photos

from data.demo.tampering import tamper
from data.example import REAL
from data.images.decode_check import decode_rgb
from data.synthesis.encoding import encode_like
from data.synthesis.maker import Parent
from data.synthesis.makers.blend import BlendMaker

_WAYS = ("maker", "one thread", "scipy")


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or draw_photos(Path(scratch), arguments.images)
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png"))
        images = [path.read_bytes() for path in files[: arguments.images]]
    if not images:
        raise SystemExit(f"Expected JPEG or PNG files in '{folder}', found none.")
    rates = {name: [] for name in _WAYS}
    with BlendMaker() as maker, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        ways = dict(
            zip(
                _WAYS,
                (lambda some: _batches(maker, pool, some), lambda some: _alone(maker, some), _scipy),
                strict=True,
            )
        )
        for _ in range(arguments.runs):
            for name, way in ways.items():
                rates[name].append(_rate(way, images))
    best = {name: max(several) for name, several in rates.items()}
    print(f"{len(images)} images, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")
    for name, rate in best.items():
        print(f"{name:<11} {rate:>7.1f} images/s   maker is {best['maker'] / rate:.2f} times as fast")
    return 0


def _rate(way: Callable[[Sequence[bytes]], int], images: Sequence[bytes]) -> float:
    way(images[:32])
    start = time.perf_counter()
    written = way(images)
    seconds = time.perf_counter() - start
    if not written:
        raise RuntimeError("Expected encoded images, received no bytes.")
    return len(images) / seconds


def _batches(maker: BlendMaker, pool: ThreadPoolExecutor, images: Sequence[bytes]) -> int:
    written = 0
    for start in range(0, len(images), maker.batch_size):
        parents = list(pool.map(_parent, images[start : start + maker.batch_size]))
        children = maker.make(parents, range(start, start + len(parents)))
        pixels, encoded = [child.pixels for child in children], [parent.encoded for parent in parents]
        written += sum(map(len, pool.map(encode_like, pixels, encoded)))
    return written


def _alone(maker: BlendMaker, images: Sequence[bytes]) -> int:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return sum(
            len(encode_like(maker.edit(decode_rgb(encoded), np.random.default_rng(seed)).pixels, encoded))
            for seed, encoded in enumerate(images)
        )
    finally:
        cv2.setNumThreads(threads)


def _scipy(images: Sequence[bytes]) -> int:
    written = 0
    for seed, encoded in enumerate(images):
        pixels = decode_rgb(encoded).astype(np.float32)
        side = min(pixels.shape[:2])
        pixels = pixels[:side, :side]
        child = tamper(
            pixels, (side / 2, 0.6 * side), (0.25 * side, 0.33 * side), np.random.default_rng(seed)
        )
        written += len(encode_like(np.clip(np.round(child), 0, 255).astype(np.uint8), encoded))
    return written


def _parent(encoded: bytes) -> Parent:
    return Parent(encoded, decode_rgb(encoded), REAL, "", "", "", "none", "train")


if __name__ == "__main__":
    sys.exit(main())
