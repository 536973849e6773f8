"""`tensorflow.serving.PredictionService`: Predict and GetModelMetadata.

Classify, Regress and MultiInference answer UNIMPLEMENTED, which the generated base class does.
"""

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from serving.api.rpc import answering, require_model_spec
from serving.model.session_model import DEFAULT_SIGNATURE
from serving.model.tensors import to_proto
from serving.status import invalid
from serving.versions.model_catalog import ModelCatalog


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers from the models of a catalog.

    Args:
        catalog: where to find models.
    """

    def __init__(self, catalog: ModelCatalog):
        self._catalog = catalog

    def Predict(  # noqa: N802 - the API's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs the model; the deadline of the call is the time limit of the run."""
        response = predict_pb2.PredictResponse()
        with answering(context):
            require_model_spec(request)
            signature = request.model_spec.signature_name or DEFAULT_SIGNATURE
            with self._catalog.borrow(request.model_spec) as loaded:
                outputs = loaded.model.predict(
                    request.inputs,
                    signature_name=signature,
                    output_filter=request.output_filter,
                    timeout_s=context.time_remaining(),
                )
            _identify(response.model_spec, request.model_spec.name, loaded.number, signature)
            for alias, array in outputs.items():
                response.outputs[alias].CopyFrom(to_proto(array))
        return response

    def GetModelMetadata(  # noqa: N802 - the API's name
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a version; `signature_def` is the one field there is."""
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        with answering(context):
            require_model_spec(request)
            if not request.metadata_field:
                raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
            for field in request.metadata_field:
                if field != "signature_def":
                    raise invalid(f"Metadata field {field} is not supported")
            signatures = get_model_metadata_pb2.SignatureDefMap()
            with self._catalog.borrow(request.model_spec) as loaded:
                for name, signature in loaded.model.signatures.items():
                    signatures.signature_def[name].CopyFrom(signature.definition)
            _identify(response.model_spec, request.model_spec.name, loaded.number)
            response.metadata["signature_def"].Pack(signatures)
        return response


def _identify(spec, name: str, version: int, signature: str = "") -> None:
    spec.name = name
    spec.version.value = version
    spec.signature_name = signature
