"""What tests of imports share: reading what was written, near copies, and an import that is killed."""

import json
import subprocess
import sys

import numpy as np
import tensorflow as tf

from data.example import SPLITS, decode
from data.image_table import read_table, values
from data.images.decode_check import decode_rgb
from data.record_folder import record_files

_IMPORT = """
import sys
from data.importing import import_images
span = int(sys.argv[3]) if len(sys.argv) > 3 else None
import_images(sys.argv[1], sys.argv[2], progress=lambda *step: print(*step, flush=True), span=span)
"""


def near_copy(encoded, encode):
    """A little darker, without loss: other bytes, and hardly another hash."""
    return encode(np.clip(decode_rgb(encoded).astype(int) - 2, 0, 255).astype(np.uint8), "PNG")


def records_of(out, split=None):
    files = [path for one in ([split] if split else SPLITS) for path in record_files(out, one)]
    return [
        decode(raw.numpy())
        for raw in tf.data.TFRecordDataset([str(f) for f in files], compression_type="GZIP")
    ]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def content_of(folder):
    """Bytes of every file below a folder, by path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def kill_while_it_writes(root, how, *arguments):
    """Sends a signal to an import in a process of its own: of a source, into a folder, and perhaps as a span."""
    command = [sys.executable, "-c", _IMPORT, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root) as process:
        while line := process.stdout.readline():
            if line.startswith(b"write 0"):
                break
        assert line, "ended before it wrote"
        process.send_signal(how)
        assert process.wait(timeout=30) != 0


def places(out, span):
    """Group and split of each image, by name."""
    columns = [values(read_table(out / f"span-{span}"), key) for key in ("name", "group", "split")]
    return {name: (group, split) for name, group, split in zip(*columns, strict=True)}
