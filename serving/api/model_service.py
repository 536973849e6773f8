"""`tensorflow.serving.ModelService`: GetModelStatus.

HandleReloadConfigRequest answers UNIMPLEMENTED, which the generated base class does.
"""

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from serving.api.rpc import answering, require_model_spec
from serving.versions.model_catalog import ModelCatalog


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """Tells the state of the models of a catalog.

    Args:
        catalog: where to find models.
    """

    def __init__(self, catalog: ModelCatalog):
        self._catalog = catalog

    def GetModelStatus(  # noqa: N802 - the API's name
        self, request: get_model_status_pb2.GetModelStatusRequest, context: grpc.ServicerContext
    ) -> get_model_status_pb2.GetModelStatusResponse:
        """Lists the versions, the highest first, each with its state and, where it failed, its error."""
        response = get_model_status_pb2.GetModelStatusResponse()
        with answering(context):
            require_model_spec(request)
            for status in self._catalog.statuses(request.model_spec):
                line = response.model_version_status.add(version=status.version, state=int(status.state))
                if status.error is not None:
                    line.status.error_code = status.error.code.value[0]
                    line.status.error_message = status.error.message
                else:
                    line.status.SetInParent()  # "OK" is said, not left out
        return response
