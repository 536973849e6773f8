"""What a report is made from: all that a run left, and the less of an older one or after a clean-up."""

import dataclasses
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from components.scoring.table import COLUMNS, SCORES_FILE
from data.card import read_cards
from data.example import decode
from pipeline.errors import RunError
from pipeline.report.facts import gather
from pipeline.run_report import RunReport, TrainingReport

RUN = "2026-11-25T04:14:41.813181"


@pytest.fixture
def split_files(imported):
    """Names and contents of the files of the split `test`, as they lie in an artifact of TFX."""
    files = sorted(imported.glob("span-1/test*.tfrecord.gz"))
    assert files
    return {f"Split-test/{file.name}": file.read_bytes() for file in files}


@pytest.fixture
def all_wrong(imported):
    """A table of scores in which every test image is wrong, by another distance each."""
    files = [str(file) for file in sorted(imported.glob("span-1/test*.tfrecord.gz"))]
    records = [decode(one) for one in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()]
    rows = [
        ("test", one.sha256, one.label, abs(one.label - 0.9 + 0.01 * number), "none", 0.0)
        for number, one in enumerate(records)
    ]
    columns = zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
    return pa.table({name: pa.array(values, kind) for (name, kind), values in columns})


@pytest.fixture
def run(made_up, imported, split_files, all_wrong):
    """Writes the run, with its table of scores unless it is to be from before there was one."""

    def write(scored: bool = True) -> None:
        run = made_up.begin(RUN)
        properties = {"input_base": str(imported)}
        made_up.step(
            run, "ImportExampleGen", properties=properties, outputs={"examples": {}}, files=split_files
        )
        if scored:
            buffer = pa.BufferOutputStream()
            pq.write_table(all_wrong, buffer)
            scores = {SCORES_FILE: buffer.getvalue().to_pybytes()}
            made_up.step(run, "Scoring", outputs={"scores": {}}, files=scores)
        made_up.step(run, "Pusher")

    return write


@pytest.fixture
def report(bright_model, imported, tmp_path):
    """Of a run whose model was not pushed."""
    training = TrainingReport(RUN, [{"stage": {"name": "all"}}], tmp_path)
    return RunReport(training, imported, [], False, ["AUC is 0.4."], bright_model, None)


def test_all_that_a_run_left_is_gathered(run, report, made_up, imported, all_wrong, tmp_path):
    run()
    report.training.plot.write_bytes(b"a picture")
    facts = gather(report, made_up.workspace)
    assert facts.title == f"run {RUN}"
    assert (facts.blessed, facts.reasons) == (False, ("AUC is 0.4.",))
    assert (facts.model_name, facts.objective, facts.calibration.threshold) == ("bright", "best-f1", 0.5)
    assert (facts.pushed_to, facts.model_version) == (None, None)
    assert facts.scores.equals(all_wrong)
    assert facts.cards == tuple(dataclasses.asdict(card) for card in read_cards(imported))
    assert facts.cards[0]["kept"] == 40
    assert [one.name for one in facts.lineage.nodes] == ["ImportExampleGen", "Scoring", "Pusher"]
    assert facts.phases == ({"stage": {"name": "all"}},)
    assert facts.history == b"a picture"
    assert facts.split == "test"


def test_the_worst_errors_are_those_of_the_table_with_their_maps(run, report, made_up, all_wrong):
    run()
    worst = gather(report, made_up.workspace).worst
    assert [one.sha256 for one in worst] == all_wrong["sha256"].to_pylist()[:12]
    assert all(one.thumbnail and one.overlay for one in worst)


def test_of_a_run_from_before_there_were_scores_the_rest_is_told(run, report, made_up):
    run(scored=False)
    facts = gather(report, made_up.workspace)
    assert facts.scores.schema.names == list(COLUMNS)
    assert (facts.scores.num_rows, facts.worst, facts.history) == (0, (), None)
    assert facts.cards


def test_images_that_were_cleared_away_are_no_errors_to_show(run, report, made_up, all_wrong):
    run()
    shutil.rmtree(made_up.workspace.artifacts / "ImportExampleGen")
    facts = gather(report, made_up.workspace)
    assert facts.scores.equals(all_wrong)
    assert facts.worst == ()


def test_records_that_are_gone_have_no_card(run, report, made_up, monkeypatch):
    run()
    monkeypatch.setattr("pipeline.report.facts.records_are_the_same", lambda run: False)
    assert gather(report, made_up.workspace).cards == ()


def test_where_the_trained_model_is_gone_the_pushed_one_tells(run, report, made_up, bright_model, tmp_path):
    run()
    gone = dataclasses.replace(report, model=tmp_path / "gone")
    facts = gather(dataclasses.replace(gone, pushed_to=bright_model), made_up.workspace)
    assert (facts.pushed_to, facts.model_version) == (str(bright_model), "1")
    with pytest.raises(RunError, match=f"Run {RUN} has no report: expected its model at '.*/gone'"):
        gather(gone, made_up.workspace)
