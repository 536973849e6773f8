"""The model a run starts from: a folder that the user names, as an artifact of ML Metadata."""

import shutil
from pathlib import Path

from tfx import v1 as tfx
from tfx.orchestration.metadata import Metadata
from tfx.types import artifact_utils, standard_artifacts
from tfx.utils import path_utils

from components.settings import ModelSettings
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, KERAS_FILE
from components.trainer.warm_start import check_fits
from data.atomic_folder import atomic_folder
from pipeline.fingerprints import file_hash
from pipeline.metadata import connection, inputs_of_maker, open_metadata, pushed_destination
from pipeline.workspace import Workspace


def start_artifact(folder: Path, settings: ModelSettings, workspace: Workspace) -> str:
    """The URI of the Model artifact that a folder holds, or was pushed from.

    A model from elsewhere is copied into the workspace, once.

    Args:
        folder: a version that was pushed, or the folder Format-Serving of a trained model.
        settings: of the network that is to start from it.
        workspace: of the run to come.

    Raises:
        WeightsError: it is no model of this project, or does not fit the settings.
        ConfigError: see `pipeline.metadata.open_metadata`.
    """
    folder = folder.expanduser().resolve()
    check_fits(folder / EXTRA_FOLDER, settings)
    return _known(folder, workspace) or _copied(folder, workspace)


def _known(folder: Path, workspace: Workspace) -> str | None:
    """Of a model that a run of this workspace trained: so ML Metadata can tell where the weights came from."""
    store = open_metadata(workspace)
    trained = [one for one in store.get_artifacts_by_uri(str(folder.parent)) if one.type == "Model"]
    for pushed in store.get_artifacts_by_type("PushedModel"):
        if pushed_destination(pushed) == folder:
            trained += [one for one in inputs_of_maker(store, pushed) if one.type == "Model"]
    return next((one.uri for one in trained if Path(path_utils.serving_model_path(one.uri)).is_dir()), None)


def _copied(folder: Path, workspace: Workspace) -> str:
    content = "-".join(file_hash(folder / EXTRA_FOLDER / name) for name in (FACTS_FILE, KERAS_FILE))
    target = workspace.artifacts / "WarmStart" / content
    if not target.is_dir():
        with atomic_folder(target) as copy:
            shutil.copytree(folder, path_utils.serving_model_path(str(copy)))
    with Metadata(connection(workspace)) as metadata:
        if not metadata.get_artifacts_by_uri(str(target)):
            artifact = standard_artifacts.Model()
            artifact.uri = str(target)
            # Without it, TFX takes an artifact for one of years ago, and looks for the model in another folder.
            artifact.set_string_custom_property(
                artifact_utils.ARTIFACT_TFX_VERSION_CUSTOM_PROPERTY_KEY, tfx.__version__
            )
            metadata.publish_artifacts([artifact])
    return str(target)
