"""The environment variables of a container."""

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.settings import ArtifactIo, EntrypointSettings


def test_an_empty_environment_gives_the_defaults():
    assert EntrypointSettings.from_environment({}) == EntrypointSettings(ArtifactIo.AUTO, Path("/"), None)
    # As a manifest sets a variable to nothing.
    assert EntrypointSettings.from_environment({"INSPECTOR_ARTIFACT_IO": ""}).artifact_io is ArtifactIo.AUTO


def test_variables_are_read():
    told = {
        "INSPECTOR_ARTIFACT_IO": "remote",
        "INSPECTOR_MIRROR_ROOT": "/mnt",
        "INSPECTOR_BEAM_TEMP": "gs://b/tmp",
    }
    assert EntrypointSettings.from_environment(told) == EntrypointSettings(
        ArtifactIo.REMOTE, Path("/mnt"), "gs://b/tmp"
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("INSPECTOR_ARTIFACT_IO", "Mirror", "one of auto, mirror, remote"),
        ("INSPECTOR_MIRROR_ROOT", "mnt", "an absolute path"),
    ],
)
def test_a_wrong_value_is_named(name, value, expected):
    with pytest.raises(ConfigError, match=f"{name}: expected {expected}, received '{value}'"):
        EntrypointSettings.from_environment({name: value})
