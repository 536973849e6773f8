"""The report as the last node of the DAG, for runners that leave no ML Metadata to write one from."""

import json
from collections.abc import Iterable
from pathlib import Path

from tfx.dsl.components.base.base_node import BaseNode

from components.report import page
from components.report.component import Report
from pipeline.config import PipelineConfig
from pipeline.fingerprints import source_hash
from pipeline.inputs import Inputs

_MODULE = "components.report.component"


def report_node(config: PipelineConfig, inputs: Inputs, nodes: Iterable[BaseNode]) -> BaseNode:
    """A node that writes the report of what the others put out, whether the model was pushed or refused.

    Args:
        config: of the run.
        inputs: what the run reads.
        nodes: of the run, from the reader of the examples to the Pusher.
    """
    by_id = {node.id: node for node in nodes}
    start = by_id.get("WarmStart")
    return Report(
        examples=by_id["ImportExampleGen"].outputs["examples"],
        model=by_id["Trainer"].outputs["model"],
        model_run=by_id["Trainer"].outputs["model_run"],
        evaluation=by_id["Evaluator"].outputs["evaluation"],
        scores=by_id["Scoring"].outputs["scores"],
        pushed_model=by_id["Pusher"].outputs["pushed_model"],
        config_name=config.name,
        configuration=json.dumps(config.model_dump(mode="json", exclude={"phases"})),
        records=inputs.records,
        source_hash=source_hash(_MODULE, files=_templates()),
        # TFX takes no None for an input that may be left out.
        **({"warm_start": start.outputs["result"]} if start else {}),
    )


def _templates() -> list[Path]:
    """What the page and the card are laid out by."""
    folder = Path(page.__file__).parent
    return [path for path in folder.iterdir() if path.is_file() and path.suffix != ".py"]
