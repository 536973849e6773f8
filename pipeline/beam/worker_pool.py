"""The worker pool beside each worker of the engine: `python -m pipeline.beam.worker_pool --port 50000`.

Beam's own pool (`apache_beam.runners.worker.worker_pool_main`) starts a new Python for each worker, which then
imports TFX, about 15 s on each start. This one imports TFX once, and forks each worker from there. It answers the
same protocol; a pool must serve one TaskManager only, as worker ids are unique within one.
"""

import argparse
import logging
import multiprocessing
import signal
import sys
import threading
from concurrent import futures

import grpc
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

PRELOADED = (
    "apache_beam.runners.worker.sdk_worker",
    "tensorflow_data_validation",
    "tensorflow_transform.beam",
    "tensorflow_model_analysis",
    "tfx.components.transform.executor",
    "tfx.components.util.tfxio_utils",
    "data.beam_passes",
    "components.transform",
    "components.evaluator.extractors",
    "components.evaluator.metrics",
)
"""What workers are forked with: all that the nodes unpickle."""

_STATE_CACHE_BYTES = 100 << 20
_SECONDS_TO_STOP = 5
# Without a limit Beam sends what a worker made when a bundle ends, or the buffer is full.
_NO_TIME_LIMIT = -1

_log = logging.getLogger(__name__)


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts and stops workers as the engine asks."""

    def __init__(self):
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload(list(PRELOADED))
        self._workers: dict[str, multiprocessing.Process] = {}
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Returns when workers can be forked: starts the first process, which waits for the imports."""
        first = self._forks.Process(target=_do_nothing)
        first.start()
        first.join()

    def StartWorker(self, request, context):  # noqa: N802 - the protocol's name
        """Forks a worker that reports to the engine's control endpoint."""
        worker = self._forks.Process(
            target=_work, args=(request.control_endpoint.url, request.worker_id), daemon=True
        )
        try:
            worker.start()
        except Exception as error:
            _log.exception("worker %s did not start", request.worker_id)
            return beam_fn_api_pb2.StartWorkerResponse(error=str(error))
        with self._lock:
            self._workers[request.worker_id] = worker
        _log.info("worker %s is process %d", request.worker_id, worker.pid)
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request, context):  # noqa: N802 - the protocol's name
        """Ends a worker."""
        with self._lock:
            worker = self._workers.pop(request.worker_id, None)
        if worker is not None:
            worker.terminate()
            worker.join(_SECONDS_TO_STOP)
            if worker.is_alive():
                worker.kill()
                worker.join()
            _log.info("worker %s has ended with %s", request.worker_id, worker.exitcode)
        return beam_fn_api_pb2.StopWorkerResponse()


def _do_nothing() -> None:
    pass


def _work(control_endpoint: str, worker_id: str) -> None:
    from apache_beam.runners.worker.sdk_worker import SdkHarness

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    logging.basicConfig(level=logging.WARNING)
    SdkHarness(
        control_endpoint,
        worker_id=worker_id,
        state_cache_size=_STATE_CACHE_BYTES,
        data_buffer_time_limit_ms=_NO_TIME_LIMIT,
    ).run()


def serve(host: str, port: int) -> tuple[grpc.Server, int]:
    """Starts a pool's server, once its workers can be forked.

    Args:
        host: the address to listen at.
        port: 0 for a free one.

    Returns:
        The server, and its port.

    Raises:
        RuntimeError: the port is taken.
    """
    pool = WorkerPool()
    pool.warm_up()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=16),
        # One port, one pool: the kernel would deal the calls out to two.
        options=[("grpc.so_reuseport", 0), ("grpc.http2.max_ping_strikes", 0)],
    )
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    bound = server.add_insecure_port(f"{host}:{port}")
    if not bound:
        raise RuntimeError(f"Expected a free port, and {host}:{port} is taken.")
    server.start()
    return server, bound


def main() -> None:
    """Serves until it is stopped; says so on standard error when workers can be started."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.beam.worker_pool", description=__doc__)
    parser.add_argument("--host", default="localhost", help="the address to listen at")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    server, port = serve(arguments.host, arguments.port)
    _log.info("ready at %s:%d", arguments.host, port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
