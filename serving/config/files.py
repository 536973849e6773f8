"""Reads TensorFlow Serving's configuration files, all in protobuf's text format."""

from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.config.messages import BatchingParameters, MonitoringConfig, SSLConfig
from serving.errors import BadInputError
from serving.server_options import Tls

METRICS_PATH = "/monitoring/prometheus/metrics"

_LARGEST_FILE = 1 << 20


def read_models(path: Path) -> model_server_config_pb2.ModelServerConfig:
    """The models of a `model_config_file`.

    Raises:
        BadInputError: it cannot be read, or is no ModelServerConfig.
    """
    return _read(path, model_server_config_pb2.ModelServerConfig(), "ModelServerConfig")


def read_batching(path: Path):
    """The BatchingParameters of a `batching_parameters_file`.

    Raises:
        BadInputError: as `read_models`.
    """
    return _read(path, BatchingParameters(), "BatchingParameters")


def read_metrics_path(path: Path) -> str | None:
    """Where a `monitoring_config_file` wants Prometheus' page; None where it does not.

    Raises:
        BadInputError: as `read_models`.
    """
    config = _read(path, MonitoringConfig(), "MonitoringConfig").prometheus_config
    if not config.enable:
        return None
    if config.path and not config.path.startswith("/"):
        raise BadInputError(
            f"{path}: expected a path that begins with / for Prometheus, received {config.path!r}"
        )
    return config.path or METRICS_PATH


def read_tls(path: Path) -> Tls:
    """Key and certificates of an `ssl_config_file`, which holds PEM contents, not paths.

    Raises:
        BadInputError: as `read_models`, or without a key and a certificate. No message holds any of them.
    """
    config = _read(path, SSLConfig(), "SSLConfig", secret=True)
    for field in ("server_key", "server_cert"):
        if "-----BEGIN " not in getattr(config, field):
            raise BadInputError(
                f"{path}: expected the contents of a PEM file in {field}, received something else"
            )
    if config.client_verify and not config.custom_ca:
        raise BadInputError(
            f"{path}: client_verify needs custom_ca, the certificates that clients' are checked with"
        )
    return Tls(
        private_key=config.server_key.encode(),
        certificate_chain=config.server_cert.encode(),
        client_roots=config.custom_ca.encode() or None,
        require_client=config.client_verify,
    )


def _read(path: Path, message, name: str, secret: bool = False):
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise BadInputError(
                f"{path}: expected a {name} of at most {_LARGEST_FILE:,} bytes, received more"
            )
        text = path.read_text()
    except OSError as error:
        raise BadInputError(f"expected a {name} file, but {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: expected a {name} as text, received something else") from error
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        detail = "" if secret else f": {error}"
        raise BadInputError(f"Invalid protobuf file: '{path}', expected a {name}{detail}") from (
            None if secret else error
        )
