"""ServingCheck: the model must load and answer the way TensorFlow Serving does it, or the run stops.

`tf.saved_model.load` accepts exports that the model server's session loader refuses, so the check runs in a fresh
process through that loader, replays the warm-up requests, and holds the answers against Keras.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.special import expit
from tensorflow_serving.apis import prediction_log_pb2
from tfx import v1 as tfx
from tfx.utils import path_utils

from components import preprocessing
from components.errors import ServingCheckError
from components.trainer.assets import FACTS_FILE, WARMUP_FILE, load_detector

SCORE_TOLERANCE = 1e-5
"""Largest difference allowed between a served score and Keras'."""

_TIMEOUT_S = 600


@tfx.dsl.components.component
def ServingCheck(  # noqa: N802 - a TFX component is named like a class
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    blessing: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.InfraBlessing],
    # Only there so that the cache of TFX notices an edit of the source.
    source_hash: tfx.dsl.components.Parameter[str],
):
    """Raises `ServingCheckError` unless the model passes; then writes a blessing for the Pusher."""
    folder = Path(path_utils.serving_model_path(model.uri))
    difference = check(folder)
    # What TFX's own InfraValidator writes: the Pusher reads the property, people read the file.
    blessing.set_int_custom_property("blessed", 1)
    Path(blessing.uri).mkdir(parents=True, exist_ok=True)
    (Path(blessing.uri) / "INFRA_BLESSED").write_text(f"largest score difference {difference:.2g}\n")


def check(folder: Path) -> float:
    """Loads, replays and compares one exported model.

    Args:
        folder: the SavedModel, with its `assets.extra`.

    Returns:
        The largest difference between a served score and Keras', at most `SCORE_TOLERANCE`.

    Raises:
        ServingCheckError: when it does not load, a signature fails, or scores differ more.
    """
    replayed = _replay(folder)
    extra = folder / "assets.extra"
    answers = [
        np.asarray(answer["outputs"]["score"]["values"])
        for answer in replayed["warmup"]
        if "score" in answer["outputs"]
    ]
    if not answers:
        raise ServingCheckError(f"Expected warm-up requests that answer a score in '{extra}', found none.")
    expected = _keras_scores(extra)
    # Every request holds the first images of the largest one.
    largest = float(max(np.max(np.abs(scores - expected[: len(scores)])) for scores in answers))
    # Written so that a score that is no number fails as well.
    if not largest <= SCORE_TOLERANCE:
        raise ServingCheckError(
            f"The exported model answers scores that differ from Keras' by up to {largest:.2g}; expected at most "
            f"{SCORE_TOLERANCE:g}. It was not pushed."
        )
    return largest


def _replay(folder: Path) -> dict[str, Any]:
    finished = subprocess.run(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "serving.replay", str(folder)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if finished.returncode:
        reason = finished.stderr.strip().splitlines()
        raise ServingCheckError(
            f"TensorFlow Serving could not serve the exported model '{folder}': "
            f"{reason[-1] if reason else f'exit code {finished.returncode}'} It was not pushed."
        )
    return json.loads(finished.stdout)


def _keras_scores(extra: Path) -> np.ndarray:
    """The scores Keras gives the images of the largest warm-up request, float `[N]`."""
    facts = json.loads((extra / FACTS_FILE).read_text())
    images: list[bytes] = []
    for record in tf.data.TFRecordDataset(str(extra / WARMUP_FILE)).as_numpy_iterator():
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        if request.model_spec.signature_name == "serving_bytes":
            images = max(images, list(request.inputs["image_bytes"].string_val), key=len)
    pixels = preprocessing.normalise(
        preprocessing.decode_and_resize(tf.constant(images), facts["input"]["size"])
    )
    logits = load_detector(extra).predict(pixels, verbose=0)
    return expit(logits[:, 0].astype(np.float64) / facts["temperature"])
