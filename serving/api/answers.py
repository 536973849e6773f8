"""The answers of a server, whoever asks: gRPC and REST both call these and only differ in how they write them down.

Every answer is counted, timed and, if asked for, logged here; requests that run a model wait in one line.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.admission import Admission
from serving.defaults import EXPLAIN_SIGNATURE
from serving.metrics import Metrics
from serving.model import examples
from serving.model.session_model import DEFAULT_SIGNATURE
from serving.model.tensors import to_proto
from serving.request_log import IMAGES, RequestLog
from serving.status import from_exception, invalid
from serving.versions.loaded_version import LoadedVersion
from serving.versions.model_catalog import ModelCatalog

GRPC, REST = "GRPC", "REST"
"""Entry points, as metrics and log name them."""


class Answers:
    """Answers from the models of a catalog.

    Each method takes the request as a message of tensorflow-serving-api and returns the response as one; `entrypoint`
    is GRPC or REST, `timeout_s` the seconds until the client stops waiting (None: it never does). Each raises a
    RequestError, with the code and message that TensorFlow Serving would answer, or what TensorFlow raises.

    Args:
        catalog: where to find models.
        admission: the line that requests wait in.
        metrics: counts them.
        log: of the verdicts; None for none.
    """

    def __init__(
        self, catalog: ModelCatalog, admission: Admission, metrics: Metrics, log: RequestLog | None = None
    ):
        self._catalog = catalog
        self._admission = admission
        self._metrics = metrics
        self._log = log

    def predict(
        self, request: predict_pb2.PredictRequest, entrypoint: str, timeout_s: float | None = None
    ) -> predict_pb2.PredictResponse:
        """Runs a signature on tensors."""
        began = time.monotonic()
        response = predict_pb2.PredictResponse()
        images = self._images_to_log(request)
        with self._noted(request.model_spec, "Predict", entrypoint, images), self._loaded(request) as loaded:
            signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
            outputs = loaded.model.predict(
                request.inputs,
                signature_name=signature,
                output_filter=request.output_filter,
                timeout_s=_left(timeout_s, began),
            )
            _identify(response.model_spec, request.model_spec.name, loaded.number, signature)
            for alias, array in outputs.items():
                response.outputs[alias].CopyFrom(to_proto(array))
            if images:
                self._log.verdicts(
                    images,
                    outputs,
                    model_name=request.model_spec.name,
                    model_version=loaded.number,
                    latency_s=time.monotonic() - began,
                    entrypoint=entrypoint,
                )
        return response

    def classify(
        self,
        request: classification_pb2.ClassificationRequest,
        entrypoint: str,
        timeout_s: float | None = None,
    ) -> classification_pb2.ClassificationResponse:
        """Runs a signature of tf.Examples to classes and scores."""
        return self._example_answer(
            classification_pb2.ClassificationResponse(),
            "Classify",
            examples.classify,
            request,
            entrypoint,
            timeout_s,
        )

    def regress(
        self, request: regression_pb2.RegressionRequest, entrypoint: str, timeout_s: float | None = None
    ) -> regression_pb2.RegressionResponse:
        """Runs a signature of tf.Examples to values."""
        return self._example_answer(
            regression_pb2.RegressionResponse(), "Regress", examples.regress, request, entrypoint, timeout_s
        )

    def multi_inference(
        self, request: inference_pb2.MultiInferenceRequest, entrypoint: str, timeout_s: float | None = None
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several such signatures on the same tf.Examples."""
        began = time.monotonic()
        if not request.tasks:
            raise invalid("Inference request must have at least one task")
        spec = request.tasks[0].model_spec
        response = inference_pb2.MultiInferenceResponse()
        with self._noted(spec, "MultiInference", entrypoint):
            for task in request.tasks:
                if not task.model_spec.name:
                    raise invalid("Found ModelSpec with an empty model name.")
                if task.model_spec.name != spec.name:
                    raise invalid(
                        "All ModelSpecs in a MultiInferenceRequest must access the same model name."
                    )
            with self._admission.admitted(), self._catalog.borrow(spec) as loaded:
                results = examples.infer(loaded.model, request.tasks, request.input, _left(timeout_s, began))
                for task, result in zip(request.tasks, results, strict=True):
                    signature = task.model_spec.signature_name or DEFAULT_SIGNATURE
                    _identify(result.model_spec, spec.name, loaded.number, signature)
                    response.results.append(result)
        return response

    def metadata(
        self, request: get_model_metadata_pb2.GetModelMetadataRequest
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a version; `signature_def` is the one field there is."""
        _require_model_spec(request)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        signatures = get_model_metadata_pb2.SignatureDefMap()
        with self._catalog.borrow(request.model_spec) as loaded:
            for name, signature in loaded.model.signatures.items():
                signatures.signature_def[name].CopyFrom(signature.definition)
            _identify(response.model_spec, request.model_spec.name, loaded.number)
        response.metadata["signature_def"].Pack(signatures)
        return response

    def status(
        self, request: get_model_status_pb2.GetModelStatusRequest
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Lists the versions, the highest first, each with its state and, where it failed, its error."""
        _require_model_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self._catalog.statuses(request.model_spec):
            line = response.model_version_status.add(version=status.version, state=int(status.state))
            if status.error is not None:
                line.status.error_code = status.error.code.value[0]
                line.status.error_message = status.error.message
            else:
                line.status.SetInParent()  # "OK" is said, not left out
        return response

    def inputs_of(self, spec: model_pb2.ModelSpec) -> dict[str, int]:
        """The DataType number of each input of a signature, which REST must know before it can read a request."""
        with self._catalog.borrow(spec) as loaded:
            name = spec.signature_name or DEFAULT_SIGNATURE
            signature = loaded.model.signatures.get(name)
            if signature is None:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            return {alias: info.dtype for alias, info in sorted(signature.definition.inputs.items())}

    def _images_to_log(self, request: predict_pb2.PredictRequest) -> list[bytes]:
        """Those that a verdict is asked about: where the model looked is asked after one, and is none."""
        asked = request.model_spec.signature_name != EXPLAIN_SIGNATURE and IMAGES in request.inputs
        return list(request.inputs[IMAGES].string_val) if self._log and asked else []

    def _example_answer(
        self, response, api: str, run: Callable, request, entrypoint: str, timeout_s: float | None
    ):
        began = time.monotonic()
        with self._noted(request.model_spec, api, entrypoint), self._loaded(request) as loaded:
            signature = request.model_spec.signature_name
            response.result.CopyFrom(run(loaded.model, signature, request.input, _left(timeout_s, began)))
            _identify(
                response.model_spec, request.model_spec.name, loaded.number, signature or DEFAULT_SIGNATURE
            )
        return response

    @contextmanager
    def _loaded(self, request) -> Iterator[LoadedVersion]:
        _require_model_spec(request)
        with self._admission.admitted(), self._catalog.borrow(request.model_spec) as loaded:
            yield loaded

    @contextmanager
    def _noted(
        self, spec: model_pb2.ModelSpec, api: str, entrypoint: str, images: list[bytes] = ()
    ) -> Iterator[None]:
        """Counts and times the block, and logs the images of one that fails."""
        began = time.monotonic()
        status = "OK"
        try:
            yield
        except Exception as error:
            status = from_exception(error).code.name
            if images:
                self._log.refusal(
                    images,
                    status,
                    model_name=spec.name,
                    latency_s=time.monotonic() - began,
                    entrypoint=entrypoint,
                )
            raise
        finally:
            known = spec.name if spec.name in self._catalog.models else ""
            self._metrics.request(known, api, entrypoint, status, time.monotonic() - began)


def _require_model_spec(request) -> None:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")


def _left(timeout_s: float | None, began: float) -> float | None:
    """What is left of the time once the line was waited for."""
    return None if timeout_s is None else timeout_s - (time.monotonic() - began)


def _identify(spec: model_pb2.ModelSpec, name: str, version: int, signature: str = "") -> None:
    spec.name = name
    spec.version.value = version
    spec.signature_name = signature
