"""`evaluate`: any labelled images, no training, the metrics of a run; not what the model has learned from."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from ml_metadata.proto import metadata_store_pb2 as mlmd
from sklearn.metrics import roc_auc_score

from components.scoring.table import read_scores
from data.errors import BadInputError
from data.image_table import read_table, values
from data.record_folder import span_folder
from pipeline.commands.evaluate import evaluate
from pipeline.errors import ConfigError
from pipeline.evaluation import novelty
from pipeline.evaluation.learned_from import images_learned_from, images_of, training_records
from pipeline.metadata import open_metadata
from pipeline.pushed_model import open_model
from pipeline.workspace import Workspace


def _run(*arguments):
    """The answer as JSON, and what was told on the way."""
    result = CliRunner().invoke(evaluate, [*map(str, arguments), "--json"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def _splits(records):
    table = read_table(span_folder(records, 1))
    return {
        split: {
            digest
            for own, digest in zip(values(table, "split"), values(table, "sha256"), strict=True)
            if own == split
        }
        for split in ("train", "val", "test")
    }


def test_a_folder_of_images_is_imported_and_measured(bright_model, faces, tmp_path):
    report = _run(
        bright_model, "--data", faces, "--workspace", tmp_path / "ws", "--out", tmp_path / "page.html"
    )
    assert (report["images"], report["splits"], report["learned_from"]) == (
        40,
        ["train", "val", "test"],
        None,
    )
    assert (report["model_version"], report["threshold"]) == (1, 0.5)
    scores = read_scores(tmp_path / "ws/reports" / report["folder"].rpartition("/")[2])
    labels, found = scores["label"].to_numpy(), scores["score"].to_numpy()
    assert set(scores["split"].to_pylist()) == {"train, val and test"}
    overall, *slices = report["slices"]
    assert overall["auc"] == pytest.approx(roc_auc_score(labels, found), abs=1e-9)
    assert overall["at_tau"]["accuracy"] == np.mean((found >= 0.5) == labels)
    assert f"source={faces.name}" in {one["name"] for one in slices}
    page = (tmp_path / "page.html").read_text()
    assert report["page"] == str(tmp_path / "page.html")
    assert page.startswith("<!")
    assert "bright" in page
    assert json.loads((tmp_path / "ws/reports" / report["folder"] / "metrics.json").read_text()) == report


def test_one_split_alone(bright_model, imported, tmp_path):
    report = _run(bright_model, "--data", imported, "--workspace", tmp_path, "--split", "test")
    scores = read_scores(tmp_path / "reports" / report["folder"])
    assert set(scores["sha256"].to_pylist()) == _splits(imported)["test"]
    assert report["images"] == len(_splits(imported)["test"])
    # Perturbed copies are asked for.
    assert set(scores["perturbation"].to_pylist()) == {"none"}


def test_of_the_records_it_was_trained_on_only_the_test_split_is_measured(
    bright_model, imported, faces, tmp_path, monkeypatch
):
    monkeypatch.setattr(novelty, "training_records", lambda *_: imported)
    with pytest.raises(BadInputError, match=r"--split: expected 'test', .* these very records"):
        _run(bright_model, "--data", imported, "--workspace", tmp_path)
    # The same images from elsewhere, dealt into other splits: some of them it knows.
    with pytest.raises(BadInputError, match=r"received 40, \d+ of which it was trained on"):
        _run(bright_model, "--data", faces, "--workspace", tmp_path)
    report = _run(bright_model, "--data", imported, "--workspace", tmp_path, "--split", "test")
    assert report["learned_from"] == 0


def test_images_learned_from_are_those_of_train_and_val(imported, tmp_path):
    splits = _splits(imported)
    assert images_learned_from(imported) == splits["train"] | splits["val"]
    assert set(images_of(imported, ("test",))) == splits["test"]
    assert not images_learned_from(tmp_path)
    assert not images_of(tmp_path, ("test",))


def test_a_page_that_has_no_folder_is_told_at_once(bright_model, faces, tmp_path):
    with pytest.raises(ConfigError, match="--out: expected a file in a folder that exists"):
        _run(
            bright_model, "--data", faces, "--workspace", tmp_path / "ws", "--out", tmp_path / "no/page.html"
        )
    assert not (tmp_path / "ws").exists()


def test_a_person_sees_metrics_over_their_intervals(bright_model, imported, tmp_path):
    result = CliRunner().invoke(
        evaluate, [str(bright_model), "--data", str(imported), "--workspace", str(tmp_path)]
    )
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line.strip()]
    assert any("40 images of train, val and test, by slice" in line for line in lines)
    place = next(number for number, line in enumerate(lines) if line.startswith("overall"))
    assert lines[place].split()[:3] == ["overall", "20", "20"]
    assert "-" in lines[place + 1]
    assert lines[-1].startswith("Report: ")


@pytest.fixture
def pushed(tmp_path):
    """A workspace whose run read records, trained model 3 and pushed it as version 7; and that version."""
    workspace = Workspace.create(tmp_path / "trained-in")
    store = open_metadata(workspace)
    version = workspace.model_base_path("detector") / "7"
    trained = workspace.artifacts / "Trainer/model/3"
    for folder in (version, trained / "Format-Serving"):
        (folder / "assets.extra").mkdir(parents=True)
        facts = {"model_name": "detector", "input": {"smallest_face": 16}, "temperature": 1, "threshold": 0.5}
        (folder / "assets.extra/detector.json").write_text(json.dumps(facts))
    kinds = {name: store.put_artifact_type(mlmd.ArtifactType(name=name)) for name in ("Model", "PushedModel")}
    model = mlmd.Artifact(type_id=kinds["Model"], uri=str(trained))
    push = mlmd.Artifact(type_id=kinds["PushedModel"], uri=str(workspace.artifacts / "Pusher/pushed_model/4"))
    push.custom_properties["pushed"].int_value = 1
    push.custom_properties["pushed_destination"].string_value = str(version)
    step = store.put_execution_type(mlmd.ExecutionType(name="step"))
    run = mlmd.Context(
        type_id=store.put_context_type(mlmd.ContextType(name="pipeline_run")), name="2026-01-01"
    )
    read = mlmd.Execution(type_id=step)
    read.custom_properties["input_base"].string_value = str(tmp_path / "records")
    _, _, [run.id] = store.put_execution(read, [], [run])
    output, input_ = (mlmd.Event(type=kind) for kind in (mlmd.Event.OUTPUT, mlmd.Event.INPUT))
    _, [model.id], _ = store.put_execution(mlmd.Execution(type_id=step), [(model, output)], [run])
    store.put_execution(mlmd.Execution(type_id=step), [(model, input_), (push, output)], [run])
    return workspace, version, trained / "Format-Serving"


def test_the_records_of_a_model_are_found_from_wherever_it_is_evaluated(pushed, tmp_path):
    workspace, *folders = pushed
    elsewhere = Workspace.create(tmp_path / "elsewhere")
    for folder in folders:
        for asked_in in (workspace, elsewhere):
            assert training_records(open_model(folder), asked_in) == tmp_path / "records"
    strange = folders[0].rename(folders[0].with_name("8"))
    assert training_records(open_model(strange), workspace) is None


def test_a_version_that_was_calibrated_has_learned_from_what_its_origin_has(pushed, tmp_path):
    workspace, version, _ = pushed
    calibrated = shutil.copytree(version, version.with_name("9"))
    facts = calibrated / "assets.extra/detector.json"
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"calibrated_from": "7"}))
    assert training_records(open_model(calibrated), workspace) == tmp_path / "records"


def test_a_workspace_that_was_moved_tells_nothing(pushed, tmp_path):
    workspace, version, _ = pushed
    moved = workspace.root.rename(tmp_path / "moved")
    model = open_model(moved / version.relative_to(workspace.root))
    assert training_records(model, Workspace.create(tmp_path / "elsewhere")) is None
