"""What the API of Kubeflow Pipelines, or the way to it, can say no with, in one clear line."""

import contextlib
import json
import re
from collections.abc import Iterator

import kfp_server_api
import urllib3
from google.protobuf import json_format

from pipeline.errors import ConfigError, RunError
from pipeline.runners.kubeflow.access import TOKEN_VARIABLE, Access

_MOST_OF_A_MESSAGE = 2000


@contextlib.contextmanager
def told_plainly(access: Access) -> Iterator[None]:
    """Turns what kfp's client raises into errors of ours.

    Raises:
        ConfigError: what was sent, or as whom, is not accepted.
        RunError: the server cannot be reached, or fails.
    """
    try:
        yield
    except kfp_server_api.ApiException as error:
        raise _told(error, access) from error
    except urllib3.exceptions.HTTPError as error:
        # Without the object at an address of memory that urllib3 begins with.
        reason = re.sub(r"^<[^>]*>: ", "", str(getattr(error, "reason", None) or error))
        raise RunError(
            f"{access.endpoint} does not answer ({reason}). Is the address right, and is there a way "
            "to it (for example: kubectl port-forward -n kubeflow svc/ml-pipeline 8888:8888)?"
        ) from error
    except json_format.ParseError as error:
        raise ConfigError(f"The package is no pipeline specification: {_line(str(error))}") from error
    except OSError as error:
        raise ConfigError(f"The token cannot be read: {error}.") from error


def _told(error: kfp_server_api.ApiException, access: Access) -> Exception:
    said = _message(error)
    where = access.endpoint
    if not error.status:
        return RunError(f"{where}: no secure connection ({said}). --ca-file names the authority to trust.")
    if error.status == 401:
        how = "with the token given" if access.authenticated else "without a token"
        return ConfigError(
            f"{where} does not know who asks, {how} (401): {said} Give a fresh token with --token-file or "
            f"{TOKEN_VARIABLE}, or --in-cluster inside of a pod."
        )
    if error.status == 403:
        return ConfigError(
            f"{where} does not allow this (403): {said} Ask for the rights, or choose a --namespace that is yours."
        )
    if error.status == 404:
        return ConfigError(
            f"{where} has no such thing (404): {said} Does --endpoint need a path, such as /pipeline, and does the "
            "--namespace or run exist?"
        )
    if error.status < 500:
        return ConfigError(f"{where} refuses the request ({error.status}): {said}")
    return RunError(f"{where} fails ({error.status}): {said}")


def _message(error: kfp_server_api.ApiException) -> str:
    """The server's own words; the client's text would also hold all headers."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else error.body
    try:
        answer = json.loads(body)
        said = str(answer.get("message") or answer.get("error") or "")
    except (AttributeError, TypeError, ValueError):
        said = body if isinstance(body, str) and "<html" not in body.lower() else ""
    return _line(said or str(error.reason or "no reason given"))


def _line(text: str) -> str:
    line = " ".join(text.split())[:_MOST_OF_A_MESSAGE]
    return line if line.endswith((".", "!", "?")) else f"{line}."
