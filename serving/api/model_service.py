"""`tensorflow.serving.ModelService`, over gRPC."""

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, model_service_pb2_grpc

from serving.api.answers import Answers
from serving.api.rpc import answer
from serving.versions.model_catalog import ModelCatalog


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Tells the state of the models of a catalog, and changes which there are.

    Args:
        answers: knows the state.
        catalog: to change.
    """

    def __init__(self, answers: Answers, catalog: ModelCatalog):
        self._answers = answers
        self._catalog = catalog

    def GetModelStatus(  # noqa: N802 - the API's name
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Lists the versions, the highest first."""
        return answer(context, lambda: self._answers.status(request))

    def HandleReloadConfigRequest(  # noqa: N802 - the API's name
        self, request: model_management_pb2.ReloadConfigRequest, context: grpc.ServicerContext
    ) -> model_management_pb2.ReloadConfigResponse:
        """Replaces the list of models; answers once each of the new list is available."""

        def reload() -> model_management_pb2.ReloadConfigResponse:
            self._catalog.reload(request.config, context.time_remaining())
            response = model_management_pb2.ReloadConfigResponse()
            response.status.SetInParent()
            return response

        return answer(context, reload)
