"""A version whose network runs on OpenVINO, which computes it faster than TensorFlow on most processors.

Images are decoded and resized by TensorFlow, as everywhere (signature `decode`); only the network between its pixels
and the score (signature `score_pixels`) is OpenVINO's. It answers `serving_bytes`, and only where it has shown at
load that it answers the version's own warm-up requests as TensorFlow does; all else stays with TensorFlow.
"""

import logging
import queue
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from serving.defaults import SIGNATURE
from serving.model import warmup
from serving.model.session_model import SessionModel
from serving.model.tensorflow_runtime import tf

_log = logging.getLogger(__name__)

SCORE_TOLERANCE = 1e-5
"""Largest difference between the scores of the two."""

_DECODE, _SCORE_PIXELS = "decode", "score_pixels"
_OUTPUTS = {"score", "decision", "threshold", "uncertain_low", "uncertain_high"}


class NotReproducedError(RuntimeError):
    """OpenVINO cannot answer as TensorFlow does; the message says why."""


def accelerated(model: SessionModel, directory: Path, workers: int) -> "SessionModel | OpenVinoModel":
    """The model on OpenVINO; or, with a warning in the log, as it is.

    Args:
        model: the version just loaded.
        directory: its version directory.
        workers: how many requests run at once.
    """
    try:
        return OpenVinoModel(model, directory, workers)
    except NotReproducedError as error:
        _log.warning("%s stays with TensorFlow: %s", directory, error)
        return model


class OpenVinoModel:
    """Answers as the SessionModel that it holds, and owns, does. Safe for use by several threads at once.

    Args:
        model: the version as TensorFlow loaded it.
        directory: its version directory.
        workers: how many requests run at once.

    Raises:
        NotReproducedError: the version is no detector of this project, brings no warm-up request for `serving_bytes`,
            or is answered otherwise.
    """

    def __init__(self, model: SessionModel, directory: Path, workers: int):
        missing = {SIGNATURE, _DECODE, _SCORE_PIXELS} - model.signatures.keys()
        if missing:
            raise NotReproducedError(f"the version has no signature {', '.join(sorted(missing))}")
        if set(model.signatures[SIGNATURE].fetches()) != _OUTPUTS:
            raise NotReproducedError(f"{SIGNATURE} does not answer {', '.join(sorted(_OUTPUTS))}")
        self._model = model
        self.signatures = model.signatures
        self._requests = _compile(directory, workers)
        self._rule: _Rule | None = None
        self._reproduce(directory)

    def predict(
        self,
        inputs: Mapping[str, tensor_pb2.TensorProto],
        *,
        signature_name: str = "",
        output_filter: Iterable[str] = (),
        timeout_s: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs one request; see `SessionModel.predict`."""
        if signature_name != SIGNATURE:
            return self._model.predict(
                inputs, signature_name=signature_name, output_filter=output_filter, timeout_s=timeout_s
            )
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        [images] = self.signatures[SIGNATURE].feeds(inputs).values()
        wanted = self.signatures[SIGNATURE].fetches(output_filter)
        decode = self.signatures[_DECODE]
        with self._model.slot(deadline):
            pixels = self._model.run(decode.fetches(), decode.feeds_of(images), deadline)["pixels"]
            answers = self._rule.answers(self._scores(pixels))
        return {alias: answers[alias] for alias in wanted}

    def close(self) -> None:
        """Frees both."""
        while not self._requests.empty():
            self._requests.get_nowait()
        self._model.close()

    def _scores(self, pixels: np.ndarray) -> np.ndarray:
        if not len(pixels):
            return np.zeros(0, np.float32)
        request = self._requests.get()
        try:
            [scores] = request.infer([pixels]).values()
            return np.array(scores, np.float32)
        finally:
            self._requests.put(request)

    def _reproduce(self, directory: Path) -> None:
        compared = 0
        for inputs in warmup.images_asked(directory):
            expected = self._model.predict(inputs, signature_name=SIGNATURE)
            self._rule = self._rule or _Rule.of(expected)
            received = self.predict(inputs, signature_name=SIGNATURE)
            for alias, values in expected.items():
                if not _same(values, received[alias]):
                    raise NotReproducedError(f"OpenVINO answers another {alias} to a warm-up request")
            compared += len(expected["score"])
        if not compared:
            raise NotReproducedError(f"the version brings no warm-up request for {SIGNATURE}")


class _Rule:
    """What a detector makes of a score: the same comparison, in single precision, as its graph makes."""

    def __init__(self, threshold: np.float32, low: np.float32, high: np.float32):
        self._threshold, self._low, self._high = threshold, low, high

    @classmethod
    def of(cls, answers: Mapping[str, np.ndarray]) -> "_Rule":
        return cls(*(answers[alias][0] for alias in ("threshold", "uncertain_low", "uncertain_high")))

    def answers(self, scores: np.ndarray) -> dict[str, np.ndarray]:
        decisions = np.where(scores >= self._threshold, b"fake", b"real").astype(object)
        decisions[(scores >= self._low) & (scores < self._high)] = b"uncertain"
        constants = (
            ("threshold", self._threshold),
            ("uncertain_low", self._low),
            ("uncertain_high", self._high),
        )
        return {"score": scores, "decision": decisions} | {
            alias: np.full(len(scores), value, np.float32) for alias, value in constants
        }


def _same(expected: np.ndarray, received: np.ndarray) -> bool:
    if expected.dtype == object:
        return expected.tolist() == received.tolist()
    return expected.shape == received.shape and bool(np.all(np.abs(expected - received) <= SCORE_TOLERANCE))


def _compile(directory: Path, workers: int) -> queue.Queue:
    """Requests to the network, as many as may run at once, each on a core of its own."""
    import openvino

    try:
        core = openvino.Core()
        compiled = core.compile_model(
            _network(core, directory),
            "CPU",
            {
                "NUM_STREAMS": str(workers),
                "INFERENCE_NUM_THREADS": workers,
                # Some processors would take half precision by themselves, and give other scores.
                "INFERENCE_PRECISION_HINT": "f32",
            },
        )
    except Exception as error:  # whatever the converter raises on a graph that it does not know
        raise NotReproducedError(f"OpenVINO cannot convert the network: {error}") from error
    requests: queue.Queue = queue.Queue()
    for _ in range(workers):
        requests.put(compiled.create_infer_request())
    return requests


def _network(core, directory: Path):
    """The network as OpenVINO reads it.

    From a file: on Python 3.13 OpenVINO 2026.4 converts no object of TensorFlow (its `exec("del tensorflow")` fails).
    """
    loaded = tf.saved_model.load(str(directory))  # kept while it is frozen: its variables go with it
    frozen = convert_variables_to_constants_v2(loaded.signatures[_SCORE_PIXELS])
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "network.pb"
        path.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        network = core.read_model(path)
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ValueError(f"expected one input and one output, received {network.inputs}, {network.outputs}")
    return network
