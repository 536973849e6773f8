"""The embedded server: TensorFlow Serving's gRPC and REST interfaces without a container.

with Server("workspace/models/detector", port=8500) as server:
    server.wait_until_available(timeout_s=60)
    ...
"""

import threading
from pathlib import Path

import serving.model.tensorflow_runtime  # noqa: F401 - the first to import TensorFlow

# isort: split
from tensorflow_serving.config import model_server_config_pb2

from serving.admission import Admission
from serving.api.answers import Answers
from serving.api.grpc_server import GrpcServer
from serving.cores import usable_cores
from serving.defaults import MODEL_NAME
from serving.http_server import HttpServer
from serving.loading import counted_loader
from serving.metrics import Metrics
from serving.request_log import RequestLog
from serving.rest.app import RestApi
from serving.server_options import ServerOptions
from serving.versions.base_path import check_base_path
from serving.versions.model_catalog import ModelCatalog
from serving.versions.model_config import one_model
from serving.versions.policy import policy_of
from serving.versions.served_model import ServedModel
from serving.versions.version_status import VersionStatus

ModelServerConfig = model_server_config_pb2.ModelServerConfig

_LARGEST_REQUEST = 2**31 - 1
_CUT_OFF_S = 1.0


class Server:
    """Serves models from the moment it is made; a context manager that stops it.

    Calls are answered NOT_FOUND until the first version is loaded and warmed up.

    Args:
        models: a ModelServerConfig; or the base path of one model, a folder of numbered version folders as the Pusher
            fills it. A base path may be empty: versions are picked up when they come.
        model_name: as requests call the one model; without meaning for a ModelServerConfig.
        options: how it is set up, or the fields of `ServerOptions` one by one.

    Raises:
        BadInputError: a base path does not exist or is none, a port is taken, or the configuration is wrong.
    """

    def __init__(
        self,
        models: str | Path | ModelServerConfig,
        model_name: str = MODEL_NAME,
        options: ServerOptions | None = None,
        **fields,
    ):
        self.options = options = options or ServerOptions(**fields)
        if not isinstance(models, ModelServerConfig):
            models = one_model(model_name, check_base_path(models))
        workers = options.workers or usable_cores()
        self._slots = threading.BoundedSemaphore(workers)
        self._metrics = Metrics()
        self._admission = Admission(workers + options.queue, workers)
        self._log = RequestLog(options.log, options.log_sample) if options.log else None
        self._catalog = ModelCatalog(
            self._make_model, labels_ahead=options.labels_ahead, on_reload=self._show_health
        )
        answers = Answers(self._catalog, self._admission, self._metrics, self._log)
        threads = workers + options.queue
        self._grpc = GrpcServer(answers, self._catalog, options, threads)
        self._rest = None
        try:
            if options.rest_port is not None:
                self._rest = HttpServer(
                    self._rest_api(answers, threads), options.host, options.rest_port, grace_s=1
                )
            self._catalog.start(models)
        except BaseException:
            self._end(0)
            raise
        self._grpc.start()

    @property
    def port(self) -> int:
        """Of gRPC."""
        return self._grpc.port

    @property
    def rest_port(self) -> int | None:
        """Of REST; None where there is none."""
        return self._rest.port if self._rest else None

    @property
    def address(self) -> str:
        """Host and port of gRPC."""
        return f"{self.options.host}:{self.port}"

    def wait_until_available(self, timeout_s: float | None = None) -> int:
        """Blocks until each model has a version that answers; returns the highest of the last one.

        Raises:
            ModelLoadError: what was found did not load, or nothing was found in time.
        """
        number = 0
        for model in self._catalog.models.values():
            number = model.wait_until_available(timeout_s)
        return number

    def statuses(self, model_name: str | None = None) -> list[VersionStatus]:
        """Every version tried so far of a model (by default the first), the highest first."""
        models = self._catalog.models
        return models[model_name or next(iter(models))].statuses()

    def reload(self, models: ModelServerConfig, timeout_s: float | None = None) -> None:
        """Serves another set of models: see `ModelCatalog.reload`."""
        self._catalog.reload(models, timeout_s)

    def stop(self, grace_s: float = 30.0) -> None:
        """Turns new requests away, lets those in flight finish for at most `grace_s` seconds, unloads the models.

        Meanwhile the health service answers NOT_SERVING, so that a load balancer looks elsewhere.
        """
        self._grpc.show_stopping()
        self._admission.close()
        self._admission.wait_until_empty(grace_s)
        self._end(_CUT_OFF_S)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exception) -> None:
        self.stop()

    def _end(self, grace_s: float) -> None:
        if self._rest:
            self._rest.stop()
        self._grpc.stop(grace_s)
        self._catalog.stop()
        if self._log:
            self._log.close()

    def _make_model(self, config: model_server_config_pb2.ModelConfig) -> ServedModel:
        options = self.options
        return ServedModel(
            config.name,
            config.base_path,
            counted_loader(config.name, self._slots, options, self._metrics),
            policy=policy_of(config.model_version_policy),
            poll_interval_s=options.poll_interval_s,
            retries=options.load_retries,
            retry_interval_s=options.retry_interval_s,
            on_change=lambda status: self._on_change(config.name, status),
        )

    def _on_change(self, model_name: str, status: VersionStatus) -> None:
        self._show_health()
        self.options.on_change(model_name, status)

    def _show_health(self) -> None:
        self._grpc.show_health(all(model.available_versions() for model in self._catalog.models.values()))

    def _rest_api(self, answers: Answers, threads: int):
        options = self.options
        return RestApi(
            answers,
            self._metrics,
            metrics_path=options.metrics_path,
            timeout_s=options.rest_timeout_s,
            max_request_bytes=options.max_request_bytes or _LARGEST_REQUEST,
            threads=threads,
        ).app()
