"""Scoring: scores every image of the validation and test splits with the model as it is served."""

from pathlib import Path

import tensorflow as tf
from tfx import v1 as tfx
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.scoring.attacked import with_attacked
from components.scoring.perturbations import PERTURBATIONS
from components.scoring.scorer import score_images
from components.scoring.table import write_scores
from components.settings import AttackSettings
from data.example import SPLITS

_, _VALIDATION, _TEST = SPLITS


@tfx.dsl.components.component
def Scoring(  # noqa: N802 - a TFX component is named like a class
    examples: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Examples],
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
    scores: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.InferenceResult],
    # Only there so that the cache of TFX notices an edit of the source.
    source_hash: tfx.dsl.components.Parameter[str],
    # Whether to score perturbed copies of the test split as well.
    robustness: tfx.dsl.components.Parameter[bool],
    # `AttackSettings` as JSON.
    attacks: tfx.dsl.components.Parameter[str],
):
    """Writes the table of scores, `components.scoring.table.SCORES_FILE`; passes no verdict."""
    files = {
        split: sorted(tf.io.gfile.glob(f"{artifact_utils.get_split_uri([examples], split)}/*"))
        for split in (_VALIDATION, _TEST)
    }
    folder = Path(path_utils.serving_model_path(model.uri))
    table = score_images(folder, files, PERTURBATIONS if robustness else (), perturbed_split=_TEST)
    table = with_attacked(table, folder, files[_TEST], _TEST, AttackSettings.model_validate_json(attacks))
    Path(scores.uri).mkdir(parents=True, exist_ok=True)
    write_scores(table, Path(scores.uri))
