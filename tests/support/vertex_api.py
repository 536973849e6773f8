"""A stand-in for Vertex AI: gRPC for its pipeline and schedule services, HTTP for the token and the bucket."""

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.cloud.aiplatform_v1 import types
from google.protobuf import json_format

_NAME = "projects/7/locations/europe-west4"


@dataclass
class StandIn:
    """What it was asked, and what it does; tests change the attributes.

    Attributes:
        address: of the gRPC server.
        url: of the HTTP server.
        asked: method and message, in JSON, of each call.
        states: what GetPipelineJob answers, in order, in JSON; the last one stays.
        refusal: code and text that every call ends with.
        buckets: names that were looked for.
    """

    address: str = ""
    url: str = ""
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=lambda: [{"state": "PIPELINE_STATE_SUCCEEDED"}])
    refusal: tuple[grpc.StatusCode, str] | None = None
    buckets: list[str] = field(default_factory=list)

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        """A message of the type that the method returns."""
        content = json_format.MessageToDict(type(request).pb(request))
        self.asked.append((method, content))
        if self.refusal:
            context.abort(*self.refusal)
        if method == "CreateSchedule":
            return types.Schedule(name=f"{_NAME}/schedules/9", display_name=request.schedule.display_name)
        name = f"{_NAME}/pipelineJobs/faces-1"
        if method == "CreatePipelineJob":
            return types.PipelineJob(name=name, state="PIPELINE_STATE_PENDING")
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return types.PipelineJob(json_format.ParseDict({"name": name} | state, types.PipelineJob.pb()()))


def _handler(stand_in: StandIn) -> grpc.GenericRpcHandler:
    methods = {
        "google.cloud.aiplatform.v1.PipelineService": {
            "CreatePipelineJob": (types.CreatePipelineJobRequest, types.PipelineJob),
            "GetPipelineJob": (types.GetPipelineJobRequest, types.PipelineJob),
        },
        "google.cloud.aiplatform.v1.ScheduleService": {
            "CreateSchedule": (types.CreateScheduleRequest, types.Schedule),
        },
    }

    class Handler(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
            _, service, method = details.method.split("/")
            if method not in methods.get(service, {}):
                return None
            request, response = methods[service][method]
            return grpc.unary_unary_rpc_method_handler(
                lambda message, context: stand_in.answer(method, message, context),
                request_deserializer=request.deserialize,
                response_serializer=response.serialize,
            )

    return Handler()


@contextlib.contextmanager
def vertex_api() -> Iterator[StandIn]:
    """Serves on free ports of this machine."""
    stand_in = StandIn()

    class Http(BaseHTTPRequestHandler):
        def _do(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if "/b/" in self.path:
                stand_in.buckets.append(self.path.split("/b/")[1].partition("?")[0])
            data = json.dumps(
                {"access_token": "t", "expires_in": 3600, "token_type": "Bearer", "name": "bucket"}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _do  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    grpc_server = grpc.server(futures.ThreadPoolExecutor(2), handlers=(_handler(stand_in),))
    stand_in.address = f"127.0.0.1:{grpc_server.add_insecure_port('127.0.0.1:0')}"
    with ThreadingHTTPServer(("127.0.0.1", 0), Http) as http_server:
        stand_in.url = f"http://127.0.0.1:{http_server.server_port}"
        threading.Thread(target=http_server.serve_forever, args=(0.01,), daemon=True).start()
        grpc_server.start()
        try:
            yield stand_in
        finally:
            grpc_server.stop(None)
            http_server.shutdown()
