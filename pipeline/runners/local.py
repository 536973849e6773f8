"""Runs the pipeline on this machine: LocalDagRunner, Beam where the configuration says, ML Metadata in sqlite."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tfx import v1 as tfx

from data.record_folder import split_pattern
from data.schema import SCHEMA_FILE, SCHEMA_PATH, read_schema
from pipeline.beam import beam_args
from pipeline.config import PipelineConfig
from pipeline.fingerprints import file_hash
from pipeline.graph import create_pipeline
from pipeline.inputs import Inputs
from pipeline.metadata import connection, open_metadata
from pipeline.node_events import NodeEvent, NodeState, observe_nodes
from pipeline.records import record_facts
from pipeline.run_options import PLAIN_RUN, RunOptions
from pipeline.served_data import served_statistics
from pipeline.slice_bounds import check_slice_bounds
from pipeline.warm_start import start_artifact
from pipeline.workspace import Workspace


def run_local(
    config: PipelineConfig,
    records: Path,
    workspace: Workspace,
    on_event: Callable[[NodeEvent], None],
    options: RunOptions = PLAIN_RUN,
) -> None:
    """Runs all nodes, in order, and returns when the last is done.

    Args:
        config: what to do.
        records: folder of imported records.
        workspace: takes all that the run writes.
        on_event: called for every node at the start, and when one starts, tells how far it is, or ends.
        options: what else is asked of this run.

    Raises:
        BadInputError: the schema beside the records has been broken.
        ConfigError: a bound is on a slice that is not made, or see `pipeline.metadata.open_metadata` and
            `pipeline.beam.beam_args`.
        WeightsError: the model to start from is none, or does not fit the configuration.
        Exception: whatever a node raised; ML Metadata then has it as failed, and nothing after it ran.
    """
    # A node before the Trainer may be the first to use the GPUs, and would take all of their memory.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    open_metadata(workspace)
    pipeline = create_pipeline(
        config,
        _inputs(config, records, workspace, options),
        pipeline_root=str(workspace.artifacts),
        push_to=str(workspace.model_base_path(config.model_name)),
        training_dir=str(workspace.training),
        metadata=connection(workspace),
        beam_args=beam_args(config.beam),
        until_trained=options.until_trained,
    )
    for node in pipeline.components:
        on_event(NodeEvent(node.id, NodeState.WAITING))
    with observe_nodes(on_event):
        tfx.orchestration.LocalDagRunner().run(pipeline)


def _inputs(config: PipelineConfig, records: Path, workspace: Workspace, options: RunOptions) -> Inputs:
    facts = record_facts(records)
    check_slice_bounds(config.evaluation, facts.columns)
    start, served = options.warm_start, None
    if config.data.compare_with_served:
        served = served_statistics(workspace, config.model_name, apart_from=options.same_data)
    return Inputs(
        records=str(records),
        schema_file=str(_schema_named_by_content(_schema_of(records), workspace)),
        split_pattern=split_pattern(records),
        spans=facts.spans,
        synthetic=facts.synthetic,
        smallest_face=facts.smallest_face,
        columns=facts.columns,
        served_statistics=str(served) if served else None,
        warm_start=start_artifact(start, config.model, workspace) if start else None,
        held_against_start=options.held_against_start,
    )


def _schema_of(records: Path) -> Path:
    """The schema that lies beside the records, which may have been edited; otherwise the one of the project."""
    own = records / SCHEMA_FILE
    if not own.exists():
        return SCHEMA_PATH
    read_schema(records)
    return own


def _schema_named_by_content(schema: Path, workspace: Workspace) -> Path:
    path = workspace.artifacts / "schemas" / f"{file_hash(schema)}.pbtxt"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(schema, path)
    return path
