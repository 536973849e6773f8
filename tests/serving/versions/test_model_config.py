"""Lists of models that cannot be served are refused before anything changes."""

import grpc
import pytest
from serving_api import models, one

from serving.status import RequestError
from serving.versions.model_config import checked_models, one_model


def refusal(config, standing=None) -> str:
    with pytest.raises(RequestError) as caught:
        checked_models(config, standing or {})
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    return caught.value.message


def listed(fields: str):
    return models(f"model_config_list {{ config {{ {fields} }} }}")


def test_one_model_has_an_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [model] = one_model("m", "models").model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (
        "m",
        str(tmp_path / "models"),
        "tensorflow",
    )


def test_what_can_be_served_is_handed_back(tmp_path):
    for config in (
        models(one("m", tmp_path)),
        models("model_config_list {}"),
        listed(f'name: "m" base_path: "{tmp_path}" model_type: TENSORFLOW'),
    ):
        assert checked_models(config, {}) is config


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (models(""), "ServerModelConfig type not supported by HandleReloadConfigRequest"),
        (models("custom_model_config {}"), "Only ModelConfigList is currently supported"),
        (listed('base_path: "/" model_platform: "tensorflow"'), "Expected a name for each model"),
        (
            listed('name: "m" base_path: "/"'),
            "Illegal setting neither model_type(deprecated) nor model_platform.",
        ),
        (
            listed('name: "m" base_path: "/" model_type: TENSORFLOW model_platform: "tensorflow"'),
            "Illegal setting both model_type(deprecated) and model_platform.",
        ),
        (
            listed('name: "m" base_path: "/" model_platform: "onnx"'),
            "Expected model_platform tensorflow for model m, received onnx",
        ),
        (listed('name: "m" base_path: "/" model_type: OTHER'), "received other"),
        (models(one("m", "models")), "to have an absolute path or URI; got base_path()=models"),
        (listed('name: "m" model_platform: "tensorflow"'), "got base_path()="),
        (models(one("m", "/gone")), "Could not find base path /gone for servable m"),
        (models(one("m", "/" + "x" * 5000)), "Could not find base path"),
        (models(one("m", "/dev/null")), "Could not find base path /dev/null"),
        (
            models(one("m", "/", "model_version_policy { specific {} }")),
            "model m: model_version_policy: expected",
        ),
    ],
)
def test_what_cannot_be_served(config, words):
    assert words in refusal(config)


def test_a_name_stands_for_one_model(tmp_path):
    twice = models(one("m", tmp_path))
    twice.MergeFrom(models(one("m", tmp_path)))
    assert refusal(twice) == "Illegal to list model m multiple times in config list"


def test_a_folder_that_was_served_already_may_be_gone(tmp_path):
    config = models(one("m", tmp_path / "gone"))
    [standing] = config.model_config_list.config
    assert checked_models(config, {"m": standing}) is config
    assert "Could not find base path" in refusal(config, {"n": standing})
    assert "Could not find base path" in refusal(models(one("m", tmp_path / "other")), {"m": standing})
