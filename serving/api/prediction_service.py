"""`tensorflow.serving.PredictionService`, over gRPC."""

import grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    inference_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

from serving.api.answers import GRPC, Answers
from serving.api.rpc import answer


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The deadline of a call is the time limit of its run.

    Args:
        answers: knows them.
    """

    def __init__(self, answers: Answers):
        self._answers = answers

    def Predict(  # noqa: N802 - the API's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        """Runs a signature on tensors."""
        return answer(context, lambda: self._answers.predict(request, GRPC, context.time_remaining()))

    def Classify(  # noqa: N802 - the API's name
        self, request: classification_pb2.ClassificationRequest, context: grpc.ServicerContext
    ) -> classification_pb2.ClassificationResponse:
        """Runs a signature of tf.Examples to classes and scores."""
        return answer(context, lambda: self._answers.classify(request, GRPC, context.time_remaining()))

    def Regress(  # noqa: N802 - the API's name
        self, request: regression_pb2.RegressionRequest, context: grpc.ServicerContext
    ) -> regression_pb2.RegressionResponse:
        """Runs a signature of tf.Examples to values."""
        return answer(context, lambda: self._answers.regress(request, GRPC, context.time_remaining()))

    def MultiInference(  # noqa: N802 - the API's name
        self, request: inference_pb2.MultiInferenceRequest, context: grpc.ServicerContext
    ) -> inference_pb2.MultiInferenceResponse:
        """Runs several such signatures on the same tf.Examples."""
        return answer(context, lambda: self._answers.multi_inference(request, GRPC, context.time_remaining()))

    def GetModelMetadata(  # noqa: N802 - the API's name
        self, request: get_model_metadata_pb2.GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> get_model_metadata_pb2.GetModelMetadataResponse:
        """Describes the signatures of a version."""
        return answer(context, lambda: self._answers.metadata(request))
