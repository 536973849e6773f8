"""Which images a pushed model has learned from, as far as this machine knows."""

from pathlib import Path

from data.card import is_imported, read_cards
from data.example import SPLITS
from data.image_table import read_table, values
from data.record_folder import span_folder
from pipeline.errors import ConfigError
from pipeline.metadata import inputs_of_maker, open_metadata, pushed_destination
from pipeline.pushed_model import PushedModel, version_of_run
from pipeline.workspace import Workspace

_LEARNED_FROM = SPLITS[:-1]


def training_records(model: PushedModel, workspace: Workspace) -> Path | None:
    """The folder of records that the run which pushed a model had read.

    Looks in the given workspace, and in the one that the model lies in.

    Args:
        model: a pushed version, or a trained model.
        workspace: of the evaluation.

    Returns:
        None where neither knows the model, as of one from elsewhere or of a workspace that was moved.
    """
    # WORKSPACE/models/NAME/VERSION, or WORKSPACE/artifacts/Trainer/model/ID/Format-Serving.
    for root in (workspace.root, *model.folder.parents):
        if Workspace(root).metadata.is_file():
            try:
                if found := _records_of_run(model, Workspace(root)):
                    return found
            except ConfigError:
                continue  # Moved, or of another stack. An evaluation can do without.
    return None


def images_learned_from(records: Path) -> set[str]:
    """SHA-256 of the training and validation images of imported records; none of records from elsewhere."""
    if not is_imported(records):
        return set()
    return {digest for split, digest in _images(records) if split in _LEARNED_FROM}


def images_of(records: Path, splits: tuple[str, ...]) -> set[str]:
    """SHA-256 of the images of some splits of imported records; none of records from elsewhere."""
    return (
        {digest for split, digest in _images(records) if split in splits} if is_imported(records) else set()
    )


def _images(records: Path) -> list[tuple[str, str]]:
    tables = [read_table(span_folder(records, card.span)) for card in read_cards(records)]
    return [
        pair for table in tables for pair in zip(values(table, "split"), values(table, "sha256"), strict=True)
    ]


def _records_of_run(model: PushedModel, workspace: Workspace) -> Path | None:
    store = open_metadata(workspace)
    version = version_of_run(model.folder)
    pushed = [one for one in store.get_artifacts_by_type("PushedModel") if pushed_destination(one) == version]
    trained = [
        artifact for one in pushed for artifact in inputs_of_maker(store, one) if artifact.type == "Model"
    ]
    trained += store.get_artifacts_by_uri(str(model.folder.parent))
    if not trained:
        return None
    # The run that trained it, and not one that found it in the cache, which has read the same.
    executions = {event.execution_id for event in store.get_events_by_artifact_ids([trained[0].id])}
    runs = {
        context.id
        for execution in executions
        for context in store.get_contexts_by_execution(execution)
        if context.type == "pipeline_run"
    }
    for run in sorted(runs):
        for execution in store.get_executions_by_context(run):
            if "input_base" in execution.custom_properties:
                return Path(execution.custom_properties["input_base"].string_value)
    return None
