"""A stand-in for the API server of Kubeflow Pipelines: keeps what it is asked, answers as its REST gateway."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_API = "/apis/v2beta1"


@dataclass
class Asked:
    """A request as it came over the wire; names of headers in small letters."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any


@dataclass
class StandIn:
    """The server and what it does; tests change the attributes.

    Attributes:
        url: of the server.
        asked: all requests so far.
        experiments: id by name.
        token: what must stand behind `Bearer`; None to let everyone in.
        multi_user: as told by healthz.
        states: what GET of a run answers, in order; the last one stays.
        refusals: status and answer for a path that ends so; bytes are sent as they are.
    """

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    experiments: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    multi_user: bool = False
    states: list[dict[str, Any]] = field(default_factory=lambda: [{"state": "SUCCEEDED"}])
    refusals: dict[str, tuple[int, Any]] = field(default_factory=dict)

    def posted(self, end: str) -> list[Asked]:
        """What was posted to a path that ends so."""
        return [each for each in self.asked if each.method == "POST" and each.path.endswith(end)]

    def answer(self, asked: Asked) -> tuple[int, Any]:
        """Status and content."""
        if self.token is not None and asked.headers.get("authorization") != f"Bearer {self.token}":
            return 401, {
                "error": "no",
                "code": 16,
                "message": "Request header error: there is no user identity.",
            }
        for end, refusal in self.refusals.items():
            if asked.path.endswith(end):
                return refusal
        if asked.path == f"{_API}/healthz":
            return 200, {"multi_user": self.multi_user}
        if asked.path == f"{_API}/experiments":
            return 200, self._experiments(asked)
        if asked.method == "POST" and asked.path == f"{_API}/runs":
            return 200, asked.body | {"run_id": "run-1", "state": "PENDING"}
        if asked.method == "POST" and asked.path == f"{_API}/recurringruns":
            return 200, asked.body | {"recurring_run_id": "recurring-1"}
        if asked.method == "GET" and re.fullmatch(rf"{_API}/runs/run-1", asked.path):
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return 200, {"run_id": "run-1"} | state
        return 404, {"error": "Not Found", "code": 5, "message": f"No {asked.method} {asked.path}"}

    def _experiments(self, asked: Asked) -> Any:
        if asked.method == "POST":
            name = asked.body["display_name"]
            self.experiments[name] = f"id-of-{name}"
            return asked.body | {"experiment_id": self.experiments[name]}
        (predicate,) = json.loads(asked.query["filter"][0])["predicates"]
        name = predicate["stringValue"]
        known = self.experiments.get(name)
        return {"experiments": [{"experiment_id": known, "display_name": name}]} if known else {}


@contextlib.contextmanager
def kubeflow_api() -> Iterator[StandIn]:
    """Serves on a free port of this machine."""
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
            stand_in.asked.append(asked)
            status, content = stand_in.answer(asked)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header(
                "Content-Type", "text/html" if isinstance(content, bytes) else "application/json"
            )
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _do  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield stand_in
        finally:
            server.shutdown()
