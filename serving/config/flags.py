"""`tensorflow_model_server`'s command line, by its own flag names."""

import argparse
import importlib.metadata
import re
from pathlib import Path
from typing import NamedTuple

from tensorflow_serving.config import model_server_config_pb2

from serving.config import files
from serving.cores import usable_cores
from serving.errors import BadInputError
from serving.server_options import ServerOptions
from serving.versions.model_config import one_model

_NO_EFFECT = (
    "per_process_gpu_memory_fraction",
    "flush_filesystem_caches",
    "remove_unused_fields_from_bundle_metagraph",
    "prefer_tflite_model",
    "num_load_threads",
    "num_unload_threads",
    "rest_api_num_threads",
    "enable_model_warmup_batching",
    "enable_per_model_batching_parameters",
    "enable_profiler",
    "enable_serialization_as_tensor_content",
    "enable_signature_method_name_check",
    "mixed_precision",
    "num_request_iterations_for_warmup",
    "num_tflite_interpreters_per_pool",
    "num_tflite_pools",
    "platform_config_file",
    "rest_api_enable_cors_support",
    "skip_initialize_tpu",
    "tensorflow_session_config_file",
    "thread_pool_factory_config_file",
    "xla_cpu_compilation_enabled",
    "xla_gpu_compilation_enabled",
)
"""Flags that are accepted and change nothing here."""


class ServerFlags(NamedTuple):
    """What a command line asks for.

    Attributes:
        models: to serve.
        options: of the server.
        models_file: where the models came from, and every how many seconds to look there again; None for never.
        notes: sentences about flags that have no effect here.
    """

    models: model_server_config_pb2.ModelServerConfig
    options: ServerOptions
    models_file: tuple[Path, float] | None
    notes: list[str]


def parse(arguments: list[str], **options) -> ServerFlags:
    """Reads the flags; `--flag=value` and `--flag value` are the same, a bool may stand without a value.

    Args:
        arguments: without the program's name.
        options: of `ServerOptions`, that no flag says.

    Raises:
        BadInputError: a value or a file is wrong, or no model is named.
        SystemExit: an unknown flag (2), --help or --version (0).
    """
    flags = _parser().parse_args(arguments)
    if flags.use_alts_credentials:
        # Not to be passed over: whoever sets it counts on encryption.
        raise BadInputError(
            "--use_alts_credentials: this server has no ALTS; encrypt with --ssl_config_file instead"
        )
    if bool(flags.model_base_path) == bool(flags.model_config_file):
        raise BadInputError(
            "expected either --model_base_path or --model_config_file, received "
            + ("both" if flags.model_base_path else "neither")
        )
    if flags.model_config_file:
        models = files.read_models(flags.model_config_file)
    else:
        models = one_model(flags.model_name, flags.model_base_path)
    poll_s = flags.model_config_file_poll_wait_seconds
    notes = [
        f"--{name} has no effect on this server" for name in _NO_EFFECT if getattr(flags, name) is not None
    ]
    if flags.batching_parameters_file:
        files.read_batching(flags.batching_parameters_file)
    if flags.enable_batching:
        notes.append(
            "--enable_batching: requests are not merged here; on a processor that gains nothing, and a request may "
            "hold many images"
        )
    workers = flags.tensorflow_session_parallelism or usable_cores()
    return ServerFlags(
        models,
        ServerOptions(
            host="0.0.0.0",  # noqa: S104 - as tensorflow_model_server does
            port=flags.port,
            socket_path=flags.grpc_socket_path,
            # In its own words 0 is off; here any free port.
            rest_port=flags.rest_api_port or None,
            tls=files.read_tls(flags.ssl_config_file) if flags.ssl_config_file else None,
            workers=workers,
            queue=max(0, (flags.grpc_max_threads or 4 * usable_cores()) - workers),
            rest_timeout_s=flags.rest_api_timeout_in_ms / 1000,
            intra_op_threads=flags.tensorflow_intra_op_parallelism or 1,
            inter_op_threads=flags.tensorflow_inter_op_parallelism,
            tags=tuple(flags.saved_model_tags.split(",")),
            warm_up=flags.enable_model_warmup,
            poll_interval_s=flags.file_system_poll_wait_seconds,
            load_retries=flags.max_num_load_retries,
            retry_interval_s=flags.load_retry_interval_micros / 1e6,
            labels_ahead=flags.allow_version_labels_for_unavailable_models,
            metrics_path=files.read_metrics_path(flags.monitoring_config_file)
            if flags.monitoring_config_file
            else None,
            health=flags.enable_grpc_healthcheck_service,
            channel_arguments=_channel_arguments(flags.grpc_channel_arguments),
            **options,
        ),
        (flags.model_config_file, poll_s) if flags.model_config_file and poll_s > 0 else None,
        notes,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving.model_server",
        description="The embedded server under tensorflow_model_server's own flags.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--port", type=int, default=8500, help="gRPC port (8500)")
    add("--grpc_socket_path", type=_path, help="Unix socket to listen on, too")
    add("--rest_api_port", type=int, default=0, help="REST port; 0: no REST (0)")
    add("--rest_api_timeout_in_ms", type=int, default=30000, help="time a REST request may take (30000)")
    add("--model_name", default="default", help="name of the one model (default)")
    add("--model_base_path", type=_path, help="folder of numbered versions of the one model")
    add("--model_config_file", type=_path, help="ModelServerConfig: several models, policies, labels")
    add(
        "--model_config_file_poll_wait_seconds",
        type=float,
        default=0,
        help="how often to look for changes of that file; 0: never (0)",
    )
    add(
        "--file_system_poll_wait_seconds",
        type=float,
        default=1,
        help="how often to look for versions; 0: once; below 0: never (1)",
    )
    add("--saved_model_tags", default="serve", help="tags of the SavedModel, with commas (serve)")
    add("--max_num_load_retries", type=int, default=5, help="how often a failed version is tried again (5)")
    add("--load_retry_interval_micros", type=int, default=60_000_000, help="between two tries (60000000)")
    add("--ssl_config_file", type=_path, help="SSLConfig: encrypts gRPC")
    add("--monitoring_config_file", type=_path, help="MonitoringConfig: Prometheus on the REST port")
    add("--batching_parameters_file", type=_path, help="BatchingParameters: checked, without effect")
    add(
        "--tensorflow_session_parallelism",
        type=int,
        default=0,
        help="requests that run at once (a core each)",
    )
    add("--tensorflow_intra_op_parallelism", type=int, default=0, help="threads of an operation (1)")
    add("--tensorflow_inter_op_parallelism", type=int, default=0, help="operations at once (a core each)")
    add("--grpc_channel_arguments", default="", help="k=v,k=v")
    add("--grpc_max_threads", type=int, default=0, help="requests that run or wait (4 a core)")
    for name, default in (
        ("enable_model_warmup", True),
        ("enable_batching", False),
        ("allow_version_labels_for_unavailable_models", False),
        ("enable_grpc_healthcheck_service", False),
        ("use_alts_credentials", False),
    ):
        add(f"--{name}", type=_bool, nargs="?", const=True, default=default, help=f"({str(default).lower()})")
    for name in _NO_EFFECT:
        add(f"--{name}", nargs="?", const="true", help="accepted, without effect")
    add("--version", action="version", version=_version())
    return parser


def _version() -> str:
    try:
        return importlib.metadata.version("deepfake-inspector")
    except importlib.metadata.PackageNotFoundError:  # run from a folder of its files
        return "unknown"


def _path(text: str) -> Path | None:
    """A flag that is set to nothing, as scripts do, is not set."""
    return Path(text) if text else None


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise argparse.ArgumentTypeError(f"expected true or false, received {text!r}")
    return text.lower() in ("true", "1")


def _channel_arguments(text: str) -> tuple[tuple[str, str | int], ...]:
    found = []
    for one in filter(None, text.split(",")):
        name, separator, value = one.partition("=")
        if not (name and separator):
            raise BadInputError(f"--grpc_channel_arguments: expected k=v,k=v, received {one!r}")
        found.append((name, int(value) if re.fullmatch("-?[0-9]+", value) else value))
    return tuple(found)
