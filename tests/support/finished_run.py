"""What the steps of a run leave, by the real steps but for the training: a model that needs none stands in."""

import copy
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

BLESSED, REFUSED = {"metric": "accuracy", "at_least": 0.0}, {"metric": "accuracy", "at_least": 1.0}
"""Bounds that every model reaches, and that the bright model does not."""

PHASES = [
    {
        "stage": {
            "name": "all",
            "trainable": "all",
            "backbone_layers_trained": 3,
            "epochs": 2,
            "best": 0.8,
            "seconds": 4.5,
        },
        "calibration": {"temperature": 1.0, "threshold": 0.5},
        "metrics": [
            {
                "split": split,
                "support": 6,
                # Of a split of one class there is none, and the Trainer writes NaN.
                "auc": float("nan") if split == "val" else 0.75,
                "accuracy": 0.5,
                "precision_real": 0.5,
                "precision_fake": 0.5,
                "recall_real": 0.5,
                "recall_fake": 0.5,
            }
            for split in ("val", "test")
        ],
    }
]


@dataclasses.dataclass(frozen=True)
class FinishedRun:
    """Artifacts of TFX by the name of the report's input, below a folder, and where the model was pushed to."""

    folder: Path
    artifacts: dict[str, object]
    pushed_to: Path | None

    def copied_to(self, folder: Path) -> "FinishedRun":
        """The same run in a new folder, to do with as one likes."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        artifacts = copy.deepcopy(self.artifacts)
        for artifact in artifacts.values():
            artifact.uri = str(folder / Path(artifact.uri).relative_to(self.folder))
        pushed_to = self.pushed_to and folder / self.pushed_to.relative_to(self.folder)
        if pushed_to:
            artifacts["pushed_model"].set_string_custom_property("pushed_destination", str(pushed_to))
        return FinishedRun(folder, artifacts, pushed_to)


@pytest.fixture(scope="session")
def finished_run(bright_model, imported, tmp_path_factory) -> Callable[[bool], FinishedRun]:
    """``finished_run(blessed)``: artifacts of a run; tests share them and must leave them as they are."""
    made: dict[bool, FinishedRun] = {}

    def run(blessed: bool) -> FinishedRun:
        if blessed not in made:
            made[blessed] = _make(blessed, bright_model, imported, tmp_path_factory.mktemp("finished"))
        return made[blessed]

    return run


def _make(blessed: bool, model: Path, records: Path, root: Path) -> FinishedRun:
    from tfx.components.evaluator.executor import Executor as Evaluator
    from tfx.components.pusher.executor import Executor as Pusher
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.utils import json_utils, proto_utils

    from components.evaluator.config import EXTRACTORS_MODULE, eval_config
    from components.scoring.component import Scoring
    from components.settings import EvaluatorSettings
    from data.example import SPLITS
    from data.record_folder import record_files

    def artifact(kind, name):
        made = kind()
        made.uri = str(root / name)
        return made

    examples = artifact(standard_artifacts.Examples, "examples")
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    for split in SPLITS:
        folder = root / f"examples/Split-{split}"
        folder.mkdir(parents=True)
        for file in record_files(records, split):
            shutil.copy(file, folder)
    trained = artifact(standard_artifacts.Model, "model")
    shutil.copytree(model, root / "model/Format-Serving")
    model_run = artifact(standard_artifacts.ModelRun, "model_run")
    (root / "model_run").mkdir()
    (root / "model_run/phase_table.json").write_text(json.dumps(PHASES))
    (root / "model_run/history.png").write_bytes(b"a picture")

    evaluation = artifact(standard_artifacts.ModelEvaluation, "evaluation")
    blessing = artifact(standard_artifacts.ModelBlessing, "blessing")
    settings = EvaluatorSettings.model_validate({"bounds": [BLESSED if blessed else REFUSED]})
    Evaluator().Do(
        {"examples": [examples], "model": [trained]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": proto_utils.proto_to_json(eval_config(settings)),
            "module_path": EXTRACTORS_MODULE,
            "example_splits": json_utils.dumps(["test"]),
        },
    )
    scores = artifact(standard_artifacts.InferenceResult, "scores")
    Scoring.EXECUTOR_SPEC.executor_class().Do(
        {"examples": [examples], "model": [trained]},
        {"scores": [scores]},
        {"source_hash": "", "robustness": False, "attacks": '{"images": 0}'},
    )
    pushed = artifact(standard_artifacts.PushedModel, "pushed_model")
    Pusher().Do(
        {"model": [trained], "model_blessing": [blessing]},
        {"pushed_model": [pushed]},
        {"push_destination": json.dumps({"filesystem": {"base_directory": str(root / "served/bright")}})},
    )
    destination = pushed.get_string_custom_property("pushed_destination")
    return FinishedRun(
        root,
        {
            "examples": examples,
            "model": trained,
            "model_run": model_run,
            "evaluation": evaluation,
            "scores": scores,
            "pushed_model": pushed,
        },
        Path(destination) if destination else None,
    )
