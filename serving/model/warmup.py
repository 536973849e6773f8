"""Replays the requests that a model brings along, so that no real client has to wait for the first run.

The file is TensorFlow Serving's: `assets.extra/tf_serving_warmup_requests`, a TFRecord of PredictionLog.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from serving.defaults import SIGNATURE
from serving.model import examples
from serving.model.session_model import DEFAULT_SIGNATURE, SessionModel
from serving.model.tensorflow_runtime import tf

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
MOST_RECORDS = 1000


def replay(model: SessionModel, directory: str | Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Sends each recorded request to the model; nothing to do where there is no file.

    Args:
        model: the version just loaded.
        directory: its version directory.

    Yields:
        Signature name and outputs of each request; outputs of Predict only. Exhaust the iterator to replay all.

    Raises:
        RequestError: the model refused a request or failed on it.
        ValueError: a record is no PredictionLog of a request, or there are more than
            `MOST_RECORDS`. tf.errors.DataLossError: the file is truncated.
    """
    path = Path(directory) / WARMUP_FILE
    if not path.exists():
        return
    for position, record in enumerate(tf.compat.v1.io.tf_record_iterator(str(path))):
        if position == MOST_RECORDS:
            raise ValueError(f"{path} holds more than {MOST_RECORDS} requests; expected at most that many")
        yield _answer(model, record, f"{path}, record {position}")


def images_asked(directory: str | Path) -> Iterator[dict]:
    """The inputs of the recorded requests for `serving_bytes`."""
    path = Path(directory) / WARMUP_FILE
    if path.exists():
        for record in tf.compat.v1.io.tf_record_iterator(str(path)):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            if request.model_spec.signature_name == SIGNATURE:
                yield request.inputs


def _answer(model: SessionModel, record: bytes, where: str) -> tuple[str, dict[str, np.ndarray]]:
    try:
        log = prediction_log_pb2.PredictionLog.FromString(record)
    except DecodeError as error:
        raise ValueError(f"{where}: expected a PredictionLog, received something else") from error
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        request = log.predict_log.request
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        return name, model.predict(request.inputs, signature_name=name, output_filter=request.output_filter)
    if kind == "classify_log":
        request = log.classify_log.request
        examples.classify(model, request.model_spec.signature_name, request.input)
    elif kind == "regress_log":
        request = log.regress_log.request
        examples.regress(model, request.model_spec.signature_name, request.input)
    elif kind == "multi_inference_log":
        request = log.multi_inference_log.request
        examples.infer(model, request.tasks, request.input)
        return "", {}
    else:
        raise ValueError(
            f"{where}: expected a request that a model answers, received {kind or 'an empty record'}"
        )
    return request.model_spec.signature_name or DEFAULT_SIGNATURE, {}
