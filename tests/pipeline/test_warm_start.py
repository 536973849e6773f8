"""A folder that a user names, found again in ML Metadata, or copied once from elsewhere."""

import json
from pathlib import Path

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.errors import WeightsError
from components.settings import ModelSettings
from pipeline.metadata import open_metadata
from pipeline.warm_start import start_artifact
from pipeline.workspace import Workspace

SETTINGS = ModelSettings(weights="none", image_size=32, head_units=(8,), head_dropout=(0.0,))


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace.create(tmp_path / "workspace")


def _model(folder: Path, weights: bytes = b"weights", **changes) -> Path:
    """What of a model is looked at here."""
    extra = folder / "assets.extra"
    extra.mkdir(parents=True)
    settings = SETTINGS.model_dump(mode="json") | changes
    (extra / "detector.json").write_text(json.dumps({"settings": {"model": settings}}))
    (extra / "detector.keras").write_bytes(weights)
    return folder


@pytest.fixture
def trained(workspace) -> Path:
    """The URI of a Model artifact that was pushed as version 7, by a step that came from cache once."""
    store = open_metadata(workspace)
    kinds = {
        name: store.put_artifact_type(mlmd.ArtifactType(name=name))
        for name in ("Model", "PushedModel", "Other")
    }
    step = store.put_execution_type(mlmd.ExecutionType(name="step"))
    uri = workspace.artifacts / "Trainer/model/3"
    _model(uri / "Format-Serving")
    version = _model(workspace.model_base_path("detector") / "7")
    model, other, pushed = (
        mlmd.Artifact(type_id=kinds[name], uri=str(path))
        for name, path in (
            ("Model", uri),
            ("Other", workspace.artifacts / "Other/1"),
            ("PushedModel", workspace.artifacts / "Pusher/pushed_model/4"),
        )
    )
    pushed.custom_properties["pushed"].int_value = 1
    pushed.custom_properties["pushed_destination"].string_value = str(version)
    for _ in range(2):
        events = [(model, mlmd.Event.INPUT), (other, mlmd.Event.INPUT), (pushed, mlmd.Event.OUTPUT)]
        _, ids, _ = store.put_execution(
            mlmd.Execution(type_id=step), [(one, mlmd.Event(type=kind)) for one, kind in events], []
        )
        model.id, other.id, pushed.id = ids
    return uri


def test_a_pushed_version_is_the_model_it_was_pushed_from(workspace, trained):
    version = workspace.model_base_path("detector") / "7"
    assert start_artifact(version, SETTINGS, workspace) == str(trained)
    assert start_artifact(trained / "Format-Serving", SETTINGS, workspace) == str(trained)
    assert not (workspace.artifacts / "WarmStart").exists()


def test_a_relative_path_is_as_good(workspace, trained, monkeypatch):
    monkeypatch.chdir(workspace.root)
    assert start_artifact(Path("models/detector/7"), SETTINGS, workspace) == str(trained)


def test_a_version_whose_artifact_is_gone_is_copied(workspace, trained):
    trained.rename(trained.with_name("moved"))
    uri = Path(start_artifact(workspace.model_base_path("detector") / "7", SETTINGS, workspace))
    assert uri.parent == workspace.artifacts / "WarmStart"


def test_a_model_from_elsewhere_is_copied_once_and_known_to_ml_metadata(workspace, tmp_path):
    elsewhere = _model(tmp_path / "other" / "1")
    uri = start_artifact(elsewhere, SETTINGS, workspace)
    assert (Path(uri) / "Format-Serving/assets.extra/detector.keras").read_bytes() == b"weights"
    [artifact] = open_metadata(workspace).get_artifacts_by_uri(uri)
    assert artifact.type == "Model"
    # Without a version, TFX would look for it in a folder that it used before.
    assert artifact.custom_properties["tfx_version"].string_value

    assert start_artifact(elsewhere.rename(tmp_path / "2"), SETTINGS, workspace) == uri
    assert len(open_metadata(workspace).get_artifacts_by_uri(uri)) == 1
    assert start_artifact(_model(tmp_path / "3", b"others"), SETTINGS, workspace) != uri


def test_what_does_not_fit_is_refused_before_anything_is_copied(workspace, tmp_path):
    with pytest.raises(WeightsError, match="head_units"):
        start_artifact(_model(tmp_path / "1", head_units=[9]), SETTINGS, workspace)
    with pytest.raises(WeightsError, match=r"holds no assets\.extra/detector\.json"):
        start_artifact(tmp_path, SETTINGS, workspace)
    assert not workspace.artifacts.exists()
