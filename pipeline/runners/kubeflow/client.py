"""kfp's own client, with deadlines, and without minutes of retries when the server says no."""

import contextlib
import functools
import io
import os
import warnings
from collections.abc import Callable
from typing import Any

import kfp.client
from kfp.client import ServiceAccountTokenVolumeCredentials

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.access import Access

_TO_CONNECT_S, _TO_ANSWER_S = 10, 120


class Client(kfp.client.Client):
    """As kfp's, which it is in all that is asked.

    Args:
        access: where and as whom.
        send: takes the place of the HTTP transport; called as `RESTClientObject.request`.

    Raises:
        ApiException, HTTPError: the server does not answer a first question, or not with yes.
        ConfigError: the server keeps users apart, and no namespace is given.
    """

    def __init__(self, access: Access, send: Callable[..., Any] | None = None) -> None:
        self._send = send
        self._health = None
        # `namespace` is not handed on: kfp takes it for the place of the server, too. Methods get it one by one.
        with warnings.catch_warnings(), said_aside():
            warnings.simplefilter("ignore", FutureWarning)
            super().__init__(
                host=access.endpoint,
                existing_token=access.token,
                credentials=_credentials(access),
                ssl_ca_cert=str(access.ca_file) if access.ca_file else None,
            )
        health = self.get_kfp_healthz()
        if getattr(health, "multi_user", False) and not (access.namespace or self.get_user_namespace()):
            raise ConfigError(
                f"{access.endpoint} keeps its users apart: say which namespace is yours (--namespace)."
            )

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:
        """Asks once; kfp's own asks five times in 25 seconds, with a traceback each, where a token is missing."""
        if self._health is None:
            rest = self._healthz_api.api_client.rest_client
            # kfp waits for ever for an answer.
            rest.request = self._send or functools.partial(_with_deadline, rest.request)
            # The generated client names its methods anew from 2.6 on.
            ask = (
                getattr(self._healthz_api, "healthz_service_get_healthz", None)
                or self._healthz_api.get_healthz
            )
            self._health = ask()
        return self._health


def said_aside() -> contextlib.AbstractContextManager:
    """Swallows what kfp prints: links, which the answer tells, too."""
    return contextlib.redirect_stdout(io.StringIO())


def run_page(endpoint: str, kind: str, name: str) -> str:
    """Address of the page of a run in kfp's user interface; `kind` is `runs` or `recurringrun`."""
    return f"{os.environ.get('KF_PIPELINES_UI_ENDPOINT', endpoint)}/#/{kind}/details/{name}"


def _with_deadline(request: Callable[..., Any], *args: Any, **options: Any) -> Any:
    options["_request_timeout"] = options.get("_request_timeout") or (_TO_CONNECT_S, _TO_ANSWER_S)
    return request(*args, **options)


def _credentials(access: Access) -> ServiceAccountTokenVolumeCredentials | None:
    if access.token_file:
        return ServiceAccountTokenVolumeCredentials(path=str(access.token_file))
    return ServiceAccountTokenVolumeCredentials() if access.in_cluster else None
