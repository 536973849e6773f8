"""Report: the page, the model card and the numbers of a run, from what its other steps put out and nothing else.

On a cluster there is no ML Metadata to look a run up in. What only that could tell, how long each step took, is left
to the service that runs the steps; in its place stands where the artifacts lie.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfx import v1 as tfx
from tfx.types.experimental import simple_artifacts
from tfx.utils import path_utils

from components.atomic_file import write_text
from components.calibration import Calibration
from components.evaluator.blessing import read_blessing
from components.evaluator.results import read_metrics
from components.library_versions import library_versions
from components.report.cards import read_records_facts
from components.report.facts import Lineage
from components.report.file_names import CARD_FILE, METRICS_FILE, PAGE_FILE
from components.report.gathering import RunFolders, gather, model_facts, read_phases, read_table
from components.report.model_card import model_card
from components.report.page import write_page
from components.report.result import RunResult
from components.report.versions import versions_told
from components.scoring.robustness import RobustnessRow, attack_table

_artifacts = tfx.types.standard_artifacts

_MIRRORS = {"/gcs/": "gs://", "/minio/": "minio://", "/s3/": "s3://"}
"""Where Kubeflow's and Vertex' launchers put what an executor reads, and what of; a reader cannot open the former."""


@tfx.dsl.components.component
def Report(  # noqa: N802 - a TFX component is named like a class
    examples: tfx.dsl.components.InputArtifact[_artifacts.Examples],
    model: tfx.dsl.components.InputArtifact[_artifacts.Model],
    evaluation: tfx.dsl.components.InputArtifact[_artifacts.ModelEvaluation],
    # A type of TFX' own: Kubeflow knows no others.
    report: tfx.dsl.components.OutputArtifact[simple_artifacts.File],
    # Only there so that the cache of TFX notices an edit of the source or of a template.
    source_hash: tfx.dsl.components.Parameter[str],
    config_name: tfx.dsl.components.Parameter[str],
    # All settings, as JSON.
    configuration: tfx.dsl.components.Parameter[str],
    # Folder of the records: their dataset cards are read there, if it can be reached.
    records: tfx.dsl.components.Parameter[str],
    model_run: tfx.dsl.components.InputArtifact[_artifacts.ModelRun] = None,
    scores: tfx.dsl.components.InputArtifact[_artifacts.InferenceResult] = None,
    # Of a model that was refused as well: it says so.
    pushed_model: tfx.dsl.components.InputArtifact[_artifacts.PushedModel] = None,
    # The model that the training started from.
    warm_start: tfx.dsl.components.InputArtifact[_artifacts.Model] = None,
):
    """Writes `file_names.PAGE_FILE`, `CARD_FILE` and `METRICS_FILE`; passes no verdict."""
    given = {
        "examples": examples,
        "model": model,
        "evaluation": evaluation,
        "training": model_run,
        "scores": scores,
        "pushed_model": pushed_model,
        "report": report,
    }
    folder = Path(path_utils.serving_model_path(model.uri))
    facts = model_facts(folder)
    attacks = attack_table(read_table(_folder(scores)), Calibration.from_facts(facts).threshold)
    result = _result(evaluation, model_run, pushed_model, attacks)
    cards, data = read_records_facts(records)
    told = gather(
        title=f"pipeline {config_name}",
        result=result,
        folders=RunFolders(
            model=folder, examples=Path(examples.uri), scores=_folder(scores), model_run=_folder(model_run)
        ),
        facts=facts,
        cards=cards,
        lineage=Lineage(
            nodes=(),
            cores=None,
            records=records,
            configuration=json.loads(configuration),
            versions=versions_told(library_versions(), facts, data),
            warm_start=_shown(warm_start.uri) if warm_start else None,
            artifacts={key: _shown(artifact.uri) for key, artifact in given.items() if artifact},
        ),
    )
    out = Path(report.uri)
    out.mkdir(parents=True, exist_ok=True)
    write_page(told, out / PAGE_FILE)
    write_text(out / CARD_FILE, model_card(told))
    numbers = {"pipeline": config_name, "records": records, "model": _shown(model.uri), **result.as_dict()}
    write_text(out / METRICS_FILE, json.dumps(numbers, indent=2) + "\n")
    # What Kubeflow's page shows of an artifact without opening it.
    report.set_int_custom_property("blessed", int(result.blessed))
    if result.slices[0].auc is not None:
        report.set_float_custom_property("auc", result.slices[0].auc)


def _result(
    evaluation: Any, model_run: Any | None, pushed_model: Any | None, attacks: Sequence[RobustnessRow]
) -> RunResult:
    measured = Path(evaluation.uri)
    blessing = read_blessing(measured)
    return RunResult(
        blessed=blessing.blessed,
        reasons=blessing.reasons,
        pushed_to=_destination(pushed_model),
        phases=tuple(read_phases(Path(model_run.uri))) if model_run else (),
        slices=tuple(read_metrics(measured)),
        attacks=tuple(attacks),
    )


def _destination(pushed_model: Any | None) -> str | None:
    """The version directory; None where the Pusher found no blessing."""
    if pushed_model is None or pushed_model.get_int_custom_property("pushed") != 1:
        return None
    return pushed_model.get_string_custom_property("pushed_destination")


def _folder(artifact: Any | None) -> Path | None:
    return Path(artifact.uri) if artifact else None


def _shown(uri: str) -> str:
    """A URI as a reader can open it."""
    for mirror, scheme in _MIRRORS.items():
        if uri.startswith(mirror):
            return scheme + uri.removeprefix(mirror)
    return uri
