"""What Vertex, or the way to it, can say no with, in one clear line."""

import contextlib
from collections.abc import Iterator

from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

from pipeline.errors import ConfigError, RunError

_NOT_ACCEPTED = (
    exceptions.InvalidArgument,
    exceptions.AlreadyExists,
    exceptions.FailedPrecondition,
    exceptions.OutOfRange,
)


@contextlib.contextmanager
def told_plainly(project: str, region: str) -> Iterator[None]:
    """Turns what Google's client raises into errors of ours.

    Raises:
        ConfigError: what was sent, or as whom, is not accepted.
        RunError: Vertex cannot be reached, or fails.
    """
    where = f"Vertex ({project}, {region})"
    try:
        yield
    except DefaultCredentialsError as error:
        raise ConfigError(
            f"{where}: no credentials of Google Cloud here. Log in with `gcloud auth application-default login`, or "
            "name the file of a service account in GOOGLE_APPLICATION_CREDENTIALS."
        ) from error
    except (exceptions.Unauthenticated, GoogleAuthError) as error:
        raise ConfigError(f"{where} does not know who asks: {_said(error)} Log in anew.") from error
    except exceptions.PermissionDenied as error:
        raise ConfigError(
            f"{where} does not allow this: {_said(error)} It takes the role Vertex AI User, and Service Account User "
            "on --service-account."
        ) from error
    except exceptions.NotFound as error:
        raise ConfigError(
            f"{where} has no such thing: {_said(error)} Are --project and --region right, and is the API on?"
        ) from error
    except _NOT_ACCEPTED as error:
        raise ConfigError(f"{where} refuses the request: {_said(error)}") from error
    except (exceptions.GoogleAPICallError, exceptions.RetryError) as error:
        raise RunError(f"{where} does not answer, or fails: {_said(error)}") from error
    except (ValueError, TypeError) as error:
        # Google's client checks names, labels, the region and the specification before it sends anything.
        raise ConfigError(f"Vertex: {_said(error)}") from error


def _said(error: Exception) -> str:
    line = " ".join(str(getattr(error, "message", "") or error).split())
    return line if line.endswith((".", "!", "?")) else f"{line}."
