"""What travels with an exported model besides its graph, in `assets.extra`."""

import contextlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from components.calibration.stored_logits import Scored, write_logits
from components.errors import WeightsError
from components.settings import ModelSettings
from components.trainer.model import build_detector
from data import example

EXTRA_FOLDER = "assets.extra"
"""In an exported model: what TensorFlow Serving leaves alone, but for the warm-up."""

FACTS_FILE = "detector.json"
"""Label map, input size, range and resize method, threshold, temperature, versions: one JSON object."""

KERAS_FILE = "detector.keras"
"""The Keras model (pixels in [0, 1] to logit), for warm starts and gradients, which the export cannot give."""

WARMUP_FILE = "tf_serving_warmup_requests"
"""The name TensorFlow Serving looks for: a TFRecord of PredictionLog."""

SCORES_FILE = "scores.csv"
"""The logits of the validation and the test split: see `components.calibration.stored_logits`."""

TRANSFORM_FOLDER = "transform_graph"
"""What Transform wrote: with the Keras model, all that another export of the same network needs. To be read with
`transform_graph_in`."""

# TFX's Pusher leaves out every `saved_model.pb` but the model's own.
_GRAPH, _GRAPH_KEPT_AS = "transform_fn/saved_model.pb", "transform_fn/graph.pb"

_WARMUP_BATCH_SIZES = (1, 8)


def write_assets(
    folder: Path,
    model: keras.Model,
    *,
    facts: dict[str, Any],
    model_name: str,
    images: Sequence[bytes],
    logits: Mapping[str, Scored],
    transform_graph: Path,
) -> None:
    """Writes `assets.extra` into an exported model.

    Args:
        folder: the SavedModel.
        model: the network that was exported.
        facts: JSON-able; what `FACTS_FILE` will hold.
        model_name: the name the model will be served under.
        images: a few encoded images for warm-up; repeated to fill a batch.
        logits: of the validation and the test split, by name.
        transform_graph: the folder Transform wrote.
    """
    extra = folder / EXTRA_FOLDER
    extra.mkdir()
    (extra / FACTS_FILE).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    write_logits(extra / SCORES_FILE, logits)
    kept = Path(shutil.copytree(transform_graph, extra / TRANSFORM_FOLDER))
    (kept / _GRAPH).rename(kept / _GRAPH_KEPT_AS)
    model.save(extra / KERAS_FILE)
    with tf.io.TFRecordWriter(str(extra / WARMUP_FILE)) as writer:
        for request in _warmup_requests(model_name, images):
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


@contextlib.contextmanager
def transform_graph_in(extra: Path) -> Iterator[tft.TFTransformOutput]:
    """What Transform wrote, from an `assets.extra` folder; there while the block runs."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(shutil.copytree(extra / TRANSFORM_FOLDER, Path(scratch) / TRANSFORM_FOLDER))
        (folder / _GRAPH_KEPT_AS).rename(folder / _GRAPH)
        yield tft.TFTransformOutput(str(folder))


def load_detector(extra: Path) -> keras.Model:
    """The Keras model in an `assets.extra` folder, whichever stack wrote it.

    Builds the network from the settings in `FACTS_FILE` and reads the weights alone from `KERAS_FILE`: a Keras older
    than the writer does not understand the network as the newer one describes it. Nothing of the file is executed.

    Args:
        extra: the folder.

    Returns:
        float32 `[N, S, S, 3]` in [0, 1] to logits `[N, 1]`.

    Raises:
        WeightsError: the settings are of another version of this project, or the weights do not fit them.
    """
    settings = json.loads((extra / FACTS_FILE).read_text())["settings"]["model"]
    try:
        # The weights it began with are not wanted, and their file may be on another machine.
        model = build_detector(ModelSettings.model_validate(settings | {"weights": "none"}), seed=0).model()
        model.load_weights(extra / KERAS_FILE)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"Expected a detector that this version of the project can build in '{extra}': {error}. Train it "
            "anew, or serve the SavedModel beside it, which needs no building."
        ) from error
    return model


def _warmup_requests(model_name: str, images: Sequence[bytes]) -> list[predict_pb2.PredictRequest]:
    """Every signature at every batch size that is asked for: TensorFlow compiles kernels for each on first use."""
    requests = []
    for size in _WARMUP_BATCH_SIZES:
        batch = [images[index % len(images)] for index in range(size)]
        examples = [_image_only_example(image) for image in batch]
        for signature, name, values in (
            ("serving_bytes", "image_bytes", batch),
            # A person asks where to look, one image at a time.
            *([("explain", "image_bytes", batch)] if size == 1 else []),
            ("serving_default", "examples", examples),
            ("classify", "inputs", examples),
            ("regress", "inputs", examples),
            ("transform_features", "examples", examples),
        ):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(values, tf.string, [size]))
            requests.append(request)
    return requests


def _image_only_example(image: bytes) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    features = tf.train.Features(feature={example.IMAGE_KEY: feature})
    return tf.train.Example(features=features).SerializeToString()
