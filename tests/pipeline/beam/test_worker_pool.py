"""The worker pool does work that an engine asks for, in processes that it forks and ends."""

import os
import time

import apache_beam as beam
import grpc
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc, endpoints_pb2
from embedded_beam import EMBEDDED, needs_embedded_workers
from slow_work import who_works

from pipeline.beam import worker_pool


@pytest.fixture(scope="module")
def pool():
    """The address of a pool that has imported only what its workers need here."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(worker_pool, "PRELOADED", ("apache_beam.runners.worker.sdk_worker",))
        server, port = worker_pool.serve("localhost", 0)
    yield f"localhost:{port}"
    server.stop(0).wait()


def _exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@needs_embedded_workers
def test_work_is_done_in_a_process_of_the_pool_that_ends_with_the_job(pool, tmp_path):
    arguments = [
        *EMBEDDED,
        "--environment_type=EXTERNAL",
        f"--environment_config={pool}",
        "--deadline_s=60",
    ]
    with beam.Pipeline(options=PipelineOptions(arguments)) as pipeline:
        _ = (
            pipeline
            | beam.Create([str(tmp_path)])
            | beam.Map(who_works).with_output_types(str)
            | beam.io.WriteToText(str(tmp_path / "done"))
        )
    [done] = tmp_path.glob("done-*")
    worker = int(done.read_text())
    assert worker != os.getpid()
    until = time.monotonic() + 20
    while _exists(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not _exists(worker)


def test_a_worker_that_nobody_knows_is_stopped_without_an_error(pool):
    with grpc.insecure_channel(pool) as channel:
        stub = beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel)
        answer = stub.StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id="9-9"), timeout=10)
    assert not answer.error


def test_a_worker_whose_engine_is_gone_is_stopped(pool):
    request = beam_fn_api_pb2.StartWorkerRequest(
        worker_id="1-1", control_endpoint=endpoints_pb2.ApiServiceDescriptor(url="localhost:1")
    )
    with grpc.insecure_channel(pool) as channel:
        stub = beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel)
        assert not stub.StartWorker(request, timeout=20).error
        assert not stub.StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id="1-1"), timeout=20).error


def test_a_port_serves_one_pool_only(pool, monkeypatch):
    monkeypatch.setattr(worker_pool, "PRELOADED", ())
    with pytest.raises(RuntimeError, match=r"taken|bind"):
        worker_pool.serve("localhost", int(pool.rpartition(":")[2]))
