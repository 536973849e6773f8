"""Makes with this stack what the other one is to use: `python produce.py FACES FOLDER`.

Draws FACES if they are not there, runs the pipeline on them in FOLDER/workspace, and writes what this stack's own
session loader answers for some faces to FOLDER/scores.json.
"""

import json
import subprocess
import sys
from pathlib import Path

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"
_TINY = """
name: tiny
model: {weights: none, image_size: 32, batch_normalization_momentum: 0.5}
training: {stages: [{name: all, trainable: all, epochs: 2, learning_rate: 1.0e-3}]}
evaluation: {bounds: [{metric: accuracy, at_least: 0}], attacks: {images: 0}}
"""


def main() -> None:
    """See the top of the file."""
    faces, folder = map(Path, sys.argv[1:])
    folder.mkdir()
    if not faces.exists():
        _inspector("data", "demo", "--out", faces, "--count", 160, "--size", 64)
    (folder / "tiny.yaml").write_text(_TINY)
    _inspector(
        *("run", "--config", folder / "tiny.yaml", "--data", faces, "--workspace", folder / "workspace"),
        *("--json",),
        to=folder / "report.json",
    )
    pushed = json.loads((folder / "report.json").read_text())["pushed_to"]
    images = sorted((faces / "real").iterdir())[:8] + sorted((faces / "fake").iterdir())[:8]
    with (folder / "scores.json").open("w") as scores:
        command = [sys.executable, "-m", "serving.replay", pushed, "--images", *map(str, images)]
        subprocess.run(command, check=True, stdout=scores)


def _inspector(*arguments: object, to: Path | None = None) -> None:
    with open(to or "/dev/null", "w") as out:
        subprocess.run([_COMMAND, *map(str, arguments)], check=True, stdout=out)


if __name__ == "__main__":
    main()
