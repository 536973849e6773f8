"""The embedded server: TensorFlow Serving's gRPC interface without a container.

with Server("workspace/models/detector", port=8500) as server:
    server.wait_until_available(timeout_s=60)
    ...
"""

import signal
import threading
from collections.abc import Callable
from concurrent import futures
from pathlib import Path

import grpc

import serving.model.tensorflow_runtime  # noqa: F401 - the first to import TensorFlow

# isort: split
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.api.model_service import ModelService
from serving.api.prediction_service import PredictionService
from serving.defaults import GRPC_PORT, MODEL_NAME
from serving.errors import BadInputError
from serving.model import warmup
from serving.model.session_model import SessionModel, usable_cores
from serving.versions.base_path import check_base_path, find_versions
from serving.versions.model_catalog import ModelCatalog
from serving.versions.served_model import ServedModel
from serving.versions.version_status import VersionStatus

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_THREADS_PER_CORE = 4  # as in TensorFlow Serving; more calls than these wait in line


class Server:
    """Serves one model over gRPC from the moment it is made; a context manager that stops it.

    Calls are answered NOT_FOUND until the first version is loaded and warmed up.

    Args:
        base_path: folder of numbered version folders, as the Pusher fills it. It may be empty: versions are
            picked up when they come.
        model_name: as requests call it.
        port: 0 for any free one; `Server.port` tells which.
        host: address to listen on; "0.0.0.0" for all.
        workers: how many requests may run in TensorFlow at once; the number of usable cores by default.
        poll_interval_s: seconds between two looks at the base path.
        on_change: called with each VersionStatus as versions come and go.

    Raises:
        BadInputError: the base path does not exist or is no base path, or the port is taken.
    """

    def __init__(
        self,
        base_path: str | Path,
        model_name: str = MODEL_NAME,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        workers: int | None = None,
        poll_interval_s: float = 1.0,
        on_change: Callable[[VersionStatus], None] = lambda status: None,
    ):
        slots = threading.BoundedSemaphore(workers or usable_cores())
        self._model = ServedModel(
            model_name,
            check_base_path(base_path),
            lambda directory: load_and_warm_up(directory, slots),
            poll_interval_s=poll_interval_s,
            on_change=on_change,
        )
        catalog = ModelCatalog({model_name: self._model})
        self._grpc = grpc.server(
            futures.ThreadPoolExecutor(_THREADS_PER_CORE * usable_cores(), thread_name_prefix="rpc"),
            options=[
                ("grpc.max_receive_message_length", -1),
                ("grpc.max_send_message_length", -1),
                # Otherwise Linux lets a second server share the port, and each would get half of the calls.
                ("grpc.so_reuseport", 0),
            ],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(catalog), self._grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(catalog), self._grpc)
        self.port = _bind(self._grpc, host, port)
        self.address = f"{host}:{self.port}"
        self._model.start()
        self._grpc.start()

    def wait_until_available(self, timeout_s: float | None = None) -> int:
        """Blocks until a version answers, and returns its number.

        Raises:
            ModelLoadError: what was found did not load, or nothing was found in time.
        """
        return self._model.wait_until_available(timeout_s)

    def statuses(self) -> list[VersionStatus]:
        """Every version tried so far, the highest first."""
        return self._model.statuses()

    def stop(self, grace_s: float = 30.0) -> None:
        """Refuses new calls, lets those in flight finish for at most `grace_s` seconds, unloads the model."""
        self._grpc.stop(grace_s).wait()
        self._model.stop()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exception) -> None:
        self.stop()


def serve_forever(
    base_path: str | Path,
    model_name: str = MODEL_NAME,
    *,
    port: int = GRPC_PORT,
    host: str = "127.0.0.1",
    workers: int | None = None,
    poll_interval_s: float = 1.0,
    grace_s: float = 30.0,
    announce: Callable[[str], None] = lambda line: None,
) -> None:
    """Serves until SIGTERM or SIGINT, then lets the calls in flight finish. Call it from the main thread.

    Args:
        announce: called with one line of text, without line end, at each event: listening, waiting for a
            version, loading, available, failed, unloaded, stopping. May be called from several threads.
        grace_s: how long calls in flight may take after the signal.
        base_path, model_name, port, host, workers, poll_interval_s: see `Server`.

    Raises:
        BadInputError: as `Server`.
    """
    stop = threading.Event()
    handlers = {number: signal.signal(number, lambda *_: stop.set()) for number in _STOP_SIGNALS}
    try:
        server = Server(
            base_path,
            model_name,
            port=port,
            host=host,
            workers=workers,
            poll_interval_s=poll_interval_s,
            on_change=lambda status: announce(f"model {model_name}: {status}"),
        )
        announce(f"serving model {model_name} from {base_path} at {server.address} (gRPC)")
        if not find_versions(Path(base_path)):
            announce(f"no version in {base_path} yet: waiting for the pipeline to push one")
        stop.wait()
        announce(f"stopping: calls in flight have {grace_s:g} s to finish")
        server.stop(grace_s)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def load_and_warm_up(directory: Path, slots: threading.Semaphore | None = None) -> SessionModel:
    """A version that has answered its warm-up requests.

    Raises:
        Exception: whatever the loader, or the model on a warm-up request, fails with.
    """
    model = SessionModel.load(directory, slots)
    try:
        for _ in warmup.replay(model, directory):
            pass
    except BaseException:
        model.close()
        raise
    return model


def _bind(server: grpc.Server, host: str, port: int) -> int:
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:  # grpcio says no more than "failed to bind", and logs the rest
        bound = 0
    if not bound:
        raise BadInputError(
            f"expected a free port and a local address, but {host}:{port} cannot be listened on: "
            "stop the server that holds it, or choose another port"
        )
    return bound
