"""Scoring reads the validation and test splits of TFX and leaves the table where the report looks for it."""

import pytest
from tfx.types import artifact_utils, standard_artifacts

from components.scoring.component import Scoring
from components.scoring.perturbations import PERTURBATIONS
from components.scoring.table import UNPERTURBED, read_scores


@pytest.fixture(scope="module")
def run_scoring(exported, held_out, write_records, tmp_path_factory):
    """``run_scoring(robustness, attacks)``: runs the component on 10 validation and 12 test images."""

    def run(robustness, attacks='{"images": 0}'):
        folder = tmp_path_factory.mktemp("run")
        examples, model = standard_artifacts.Examples(), standard_artifacts.Model()
        examples.uri, model.uri = str(folder / "examples"), str(exported.folder.parent)
        parts = {"train": held_out[:5], "val": held_out[5:15], "test": held_out[15:27]}
        examples.split_names = artifact_utils.encode_split_names(list(parts))
        for split, records in parts.items():
            write_records(folder / f"examples/Split-{split}/data_tfrecord-00000-of-00001.gz", records)
        scores = standard_artifacts.InferenceResult()
        scores.uri = str(folder / "scores")
        Scoring.EXECUTOR_SPEC.executor_class().Do(
            {"examples": [examples], "model": [model]},
            {"scores": [scores]},
            {"source_hash": "", "robustness": robustness, "attacks": attacks},
        )
        return read_scores(folder / "scores")

    return run


def test_every_image_of_validation_and_test_is_scored(run_scoring, held_out):
    table = run_scoring(False)
    assert table["split"].to_pylist() == ["val"] * 10 + ["test"] * 12
    assert table["sha256"].to_pylist() == [one.sha256 for one in held_out[5:27]]
    assert table["perturbation"].unique().to_pylist() == [UNPERTURBED]


def test_with_robustness_the_test_split_is_scored_under_every_perturbation(run_scoring):
    table = run_scoring(True)
    counts = {
        (row["split"], row["perturbation"]) for row in table.select(["split", "perturbation"]).to_pylist()
    }
    assert counts == {
        *(("val", UNPERTURBED), ("test", UNPERTURBED)),
        *(("test", one.name) for one in PERTURBATIONS),
    }
    assert len(table) == 10 + 12 * (1 + len(PERTURBATIONS))


def test_with_attacks_a_sample_of_the_test_split_is_attacked(run_scoring, small_backbone):
    table = run_scoring(False, '{"images": 6, "epsilons": [2], "steps": 1}').to_pylist()
    attacked = [row for row in table if row["perturbation"] != UNPERTURBED]
    assert len(table) == 10 + 12 + len(attacked)
    assert {row["split"] for row in attacked} == {"test"}
    assert [row["perturbation"] for row in attacked] == ["fgsm-2"] * 6 + ["pgd-2"] * 6
    assert sum(row["label"] for row in attacked) == 6
