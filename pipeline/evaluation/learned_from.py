"""Which images a pushed model has learned from, as far as this machine knows."""

from collections.abc import Iterator
from pathlib import Path

from data.card import is_imported, read_cards
from data.example import SPLITS
from data.image_table import read_table, synthetic_parents, values
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
    """SHA-256 of the training and validation images of imported records, and of what those were made of.

    None of records from elsewhere. Of harmonised images, both as they came and as they are in the records.
    """
    if not is_imported(records):
        return set()
    return {digest for split, digests in _images(records) if split in _LEARNED_FROM for digest in digests}


def images_of(records: Path, splits: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """The images of some splits of imported records; none of records from elsewhere.

    Returns:
        By the SHA-256 of each the digests that it may be known by: its own, as it came and as it is in the records,
        and that of what it was made of.
    """
    if not is_imported(records):
        return {}
    return {digests[0]: frozenset(digests) for split, digests in _images(records) if split in splits}


def _images(records: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for card in read_cards(records):
        table = read_table(span_folder(records, card.span))
        columns = (values(table, name) for name in ("split", "sha256", "source_sha256"))
        for split, stored, came, parent in zip(*columns, synthetic_parents(table), strict=True):
            yield split, (stored, came, parent) if parent else (stored, came)


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
