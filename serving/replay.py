"""Shows that a version can be served: `python -m serving.replay MODEL_VERSION_DIR [--images FILE ...]`.

Loads the version through the session loader, as TensorFlow Serving does, replays its warm-up requests and, if
asked, sends the given images to `serving_bytes`. Run it in a fresh process: one in which the model was
trained or exported may hold what the export forgot.

Prints one JSON document,

    {"signatures": ["serving_bytes", ...],
     "warmup": [{"signature": "serving_bytes", "outputs": {"score": {"dtype": "float32", "shape": [1],
                 "values": [0.4]}, ...}}, ...],
     "images": [{"file": "face.jpg", "outputs": {...}}, ...]}

where `values` is null in an output of more than 1,000 elements. Exit code 0; or 1 with one line on stderr
when the version cannot be served, 2 when the arguments are wrong.
"""

import argparse
import json
import sys
import warnings
from pathlib import Path

_MOST_VALUES = 1000


class ReplayError(RuntimeError):
    """The version cannot be served; the message is one line."""


def replay_version(directory: Path, images: list[Path]) -> dict:
    """Loads a version, replays its warm-up file, asks about the images.

    Args:
        directory: a version directory: the folder that holds saved_model.pb.
        images: JPEG or PNG files.

    Returns:
        The document described above.

    Raises:
        ReplayError: loading failed, a request failed, or an output is not finite.
    """
    import serving.model.tensorflow_runtime  # noqa: F401 - the first to import TensorFlow

    # isort: split
    from serving.model import warmup
    from serving.model.session_model import SessionModel

    try:
        model = SessionModel.load(directory)
        document = {"signatures": sorted(model.signatures), "warmup": [], "images": []}
        for signature, outputs in warmup.replay(model, directory):
            document["warmup"].append({"signature": signature, "outputs": _described(outputs, signature)})
        for image in images:
            document["images"].append({"file": str(image), "outputs": _ask(model, image)})
    except ReplayError:
        raise
    except Exception as error:  # whatever a broken export raises, the answer is one line
        raise ReplayError(_one_line(error)) from error
    return document


def main(arguments: list[str] | None = None) -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m serving.replay", description=__doc__.splitlines()[0])
    parser.add_argument(
        "directory", type=Path, help="version directory: the folder that holds saved_model.pb"
    )
    parser.add_argument("--images", type=Path, nargs="*", default=[], help="JPEG or PNG files to ask about")
    options = parser.parse_args(arguments)
    for path in (options.directory, *options.images):
        if not path.exists():
            parser.error(f"{path} does not exist")

    warnings.simplefilter("ignore")  # stderr is for the one line
    try:
        document = replay_version(options.directory, options.images)
    except ReplayError as error:
        sys.stderr.write(f"{options.directory} cannot be served: {error}\n")
        return 1
    sys.stdout.write(json.dumps(document) + "\n")
    return 0


def _ask(model, image: Path) -> dict:
    from serving.defaults import SIGNATURE
    from serving.model.tensorflow_runtime import tf

    request = {"image_bytes": tf.make_tensor_proto([image.read_bytes()])}
    return _described(model.predict(request, signature_name=SIGNATURE), f"{SIGNATURE} on {image}")


def _described(outputs: dict, where: str) -> dict:
    return {alias: _describe(array, f"output {alias} of {where}") for alias, array in outputs.items()}


def _describe(array, where: str) -> dict:
    import numpy as np

    is_text = array.dtype == object
    if not is_text and not np.isfinite(array).all():
        raise ReplayError(
            f"{where} holds values that are not finite: retrain, or check the input range of the model"
        )
    values = None
    if array.size <= _MOST_VALUES:
        values = [text.decode() for text in array.ravel()] if is_text else array.ravel().tolist()
    return {"dtype": "string" if is_text else array.dtype.name, "shape": list(array.shape), "values": values}


def _one_line(error: Exception) -> str:
    from serving.status import from_exception

    status = from_exception(error)
    return f"{status.code.name}: {' '.join(status.message.split())}"


if __name__ == "__main__":
    sys.exit(main())
