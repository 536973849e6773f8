"""A transport that sends nothing: kfp's client asks it as it would ask the server, and it keeps what was asked."""

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

_HIDDEN = "Bearer <redacted>"


class _Answer:
    status, reason = HTTPStatus.OK.value, HTTPStatus.OK.phrase

    def __init__(self, content: dict[str, Any]) -> None:
        self.data = json.dumps(content).encode()

    def getheaders(self) -> dict[str, str]:
        return {"content-type": "application/json"}

    def getheader(self, name: str, default: str | None = None) -> str | None:
        return self.getheaders().get(name.lower(), default)


class Rehearsal:
    """Answers as a server that has the experiment would.

    Attributes:
        requests: method, url, headers and body of each, in order; no token.
    """

    def __init__(self, experiment: str) -> None:
        self.requests: list[dict[str, Any]] = []
        self._experiment = {"experiment_id": f"<id of experiment '{experiment}'>", "display_name": experiment}

    def request(
        self, method: str, url: str, headers: dict[str, str] | None = None, body: Any = None, **_: Any
    ) -> _Answer:
        """As `kfp_server_api.rest.RESTClientObject.request`."""
        shown = {
            name: _HIDDEN if name.lower() == "authorization" else value
            for name, value in (headers or {}).items()
            if name.lower() != "cookie"
        }
        self.requests.append({"method": method, "url": url, "headers": shown, "body": body})
        path = urlsplit(url).path
        if path.endswith("/experiments"):
            return _Answer({"experiments": [self._experiment]})
        return _Answer({"multi_user": False, "run_id": "<id>", "recurring_run_id": "<id>"})
