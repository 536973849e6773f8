"""What does an import cost beside a bare loop that only reads and decodes the same files?

    python benchmarks/import.py [--images 5000 20000] [--keep FOLDER]

Draws images of 256 x 256 pixels (JPEG, about 20 KB: what the Kaggle set holds), and for each number of images, in a
process of its own, first decodes all files in a loop, one at a time, then imports them (decode check, hash, cues,
groups, records). Prints both rates and their ratio, the peak memory, the time an image takes, and what follows for
the 179,430 images of the full set.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from drawn_photos import draw_photos

_FULL = 179_430


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--keep", type=Path, help="where the drawn images stay for another run")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measure(arguments.measure)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        results = [_in_a_process(draw_photos(folder / str(count), count)) for count in arguments.images]
    for result in results:
        print(
            f"{result['images']:>7} images: bare decode {result['bare']:.0f} images/s, import "
            f"{result['imported']:.0f} images/s, ratio {result['imported'] / result['bare']:.2f}; "
            f"{1000 / result['imported']:.2f} ms an image; peak memory {result['peak_mb']:.0f} MB"
        )
    first, last = results[0], results[-1]
    print(f"peak memory, last to first  {last['peak_mb'] / first['peak_mb']:.3f}")
    print(f"time an image, last to first  {first['imported'] / last['imported']:.2f}")
    print(f"{_FULL} images at the last rate  {_FULL / last['imported'] / 60:.1f} minutes")
    return 0


def _in_a_process(folder: Path) -> dict:
    command = [sys.executable, __file__, "--measure", str(folder)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])


def _measure(folder: Path) -> dict:
    import tensorflow as tf

    from data import beam_passes  # noqa: F401 - the import of Beam is not part of the measurement
    from data.importing import import_images

    files = sorted(folder.rglob("*.jpg"))
    tf.io.decode_image(files[0].read_bytes(), channels=3)
    start = time.perf_counter()
    for path in files:
        tf.io.decode_image(path.read_bytes(), channels=3, expand_animations=False).numpy()
    bare = len(files) / (time.perf_counter() - start)
    with tempfile.TemporaryDirectory(dir=folder.parent) as out:
        marks = []
        start = time.perf_counter()
        card = import_images(
            folder,
            Path(out) / "records",
            progress=lambda step, done, total: marks.append((step, done, time.perf_counter() - start)),
        )
        imported = card.kept / (time.perf_counter() - start)
    for step in ("inspect", "group", "write"):
        own = [mark for mark in marks if mark[0] == step]
        print(f"{step:<8} from {own[0][2]:6.1f} s to {own[-1][2]:6.1f} s", file=sys.stderr)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"images": card.kept, "bare": bare, "imported": imported, "peak_mb": peak_mb}


if __name__ == "__main__":
    sys.exit(main())
