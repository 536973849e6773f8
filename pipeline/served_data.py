"""What the model that is served now was trained on: the statistics of its data, found through ML Metadata."""

from pathlib import Path

import ml_metadata

from pipeline.metadata import open_metadata, pushed_destination, run_outputs
from pipeline.pushed_model import version_of_run
from pipeline.workspace import Workspace


def served_statistics(workspace: Workspace, model_name: str, apart_from: Path | None = None) -> Path | None:
    """The folder of the ExampleStatistics of the run that pushed the served version; its newest run, if several did.

    Args:
        workspace: of the run to come.
        model_name: the name the model is served under.
        apart_from: a folder of records; versions that were trained on records below it are passed over, and the
            version before them counts.

    Returns:
        None when nothing is served, when the version came from elsewhere, or when the statistics are gone.

    Raises:
        ConfigError: see `pipeline.metadata.open_metadata`.
    """
    if not (versions := _versions(workspace.model_base_path(model_name))):
        return None
    store = open_metadata(workspace)
    runs = sorted(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id, reverse=True)
    pushed_by: dict[Path, int] = {}
    for run in runs:
        for artifact in run_outputs(store, run.id):
            if destination := pushed_destination(artifact):
                pushed_by.setdefault(destination, run.id)
    # What `calibrate` made of a version was trained on the same.
    for version in map(version_of_run, versions):
        if version not in pushed_by:
            return None
        if apart_from is None or not _read_below(store, pushed_by[version], apart_from):
            return _statistics(store, pushed_by[version])
    return None


def _versions(base: Path) -> list[Path]:
    """The newest first: TensorFlow Serving serves the version of the highest number."""
    if not base.is_dir():
        return []
    found = [path for path in base.iterdir() if path.name.isdecimal() and path.is_dir()]
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def _read_below(store: ml_metadata.MetadataStore, run: int, folder: Path) -> bool:
    """Whether a run read records below a folder."""
    read = (execution.custom_properties for execution in store.get_executions_by_context(run))
    return any(
        Path(properties["input_base"].string_value).is_relative_to(folder)
        for properties in read
        if "input_base" in properties
    )


def _statistics(store: ml_metadata.MetadataStore, run: int) -> Path | None:
    found = [Path(one.uri) for one in run_outputs(store, run) if one.type == "ExampleStatistics"]
    return next((folder for folder in found if any(folder.glob("Split-*/FeatureStats.pb"))), None)
