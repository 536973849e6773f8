"""Whether a list of models can be served, before anything is changed for it."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tensorflow_serving.config import model_server_config_pb2

from serving.status import invalid
from serving.versions.policy import policy_of

_PLATFORM = "tensorflow"

ModelConfig = model_server_config_pb2.ModelConfig
ModelServerConfig = model_server_config_pb2.ModelServerConfig


def one_model(name: str, base_path: str | Path) -> ModelServerConfig:
    """The configuration of a server that serves the highest version of one model."""
    config = ModelServerConfig()
    path = str(Path(base_path).absolute())
    config.model_config_list.config.add(name=name, base_path=path, model_platform=_PLATFORM)
    return config


def checked_models(config: ModelServerConfig, standing: Mapping[str, ModelConfig]) -> ModelServerConfig:
    """The configuration, if it can be served.

    Args:
        config: what is asked for.
        standing: what is served already, by name: its base paths need not exist any more.

    Raises:
        RequestError: INVALID_ARGUMENT, in TensorFlow Serving's words where it has some.
    """
    if config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported"
        )
    models = config.model_config_list.config
    for name, count in Counter(one.name for one in models).items():
        if count > 1:
            raise invalid(f"Illegal to list model {name} multiple times in config list")
    for one in models:
        _check(one)
        before = standing.get(one.name)
        if (before is None or before.base_path != one.base_path) and not os.path.isdir(one.base_path):
            raise invalid(
                f"Could not find base path {one.base_path} for servable {one.name}: expected a folder of numbered "
                "versions"
            )
    return config


def _check(one: ModelConfig) -> None:
    if not one.name:
        raise invalid("Expected a name for each model in the config list, received none")
    if one.model_type and one.model_platform:
        raise invalid("Illegal setting both model_type(deprecated) and model_platform.")
    if not one.model_type and not one.model_platform:
        raise invalid("Illegal setting neither model_type(deprecated) nor model_platform.")
    platform = one.model_platform or ("other" if one.model_type > 1 else _PLATFORM)
    if platform != _PLATFORM:
        raise invalid(f"Expected model_platform {_PLATFORM} for model {one.name}, received {platform}")
    if not Path(one.base_path).is_absolute():
        raise invalid(
            f"Expected model {one.name} to have an absolute path or URI; got base_path()={one.base_path}"
        )
    try:
        policy_of(one.model_version_policy)
    except ValueError as error:
        raise invalid(f"model {one.name}: {error}") from error
