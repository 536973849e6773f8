"""Who gives what to whom in the DAG."""

import json

import pytest
import tensorflow_data_validation as tfdv
from tfx import v1 as tfx

from data.schema import SCHEMA_PATH
from pipeline import graph, report_node
from pipeline.beam import beam_args
from pipeline.config import PipelineConfig
from pipeline.graph import create_pipeline
from pipeline.inputs import Inputs

_ALL = {
    *("ImportExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "DataGate"),
    *("Transform", "Trainer", "LatestBlessed", "Evaluator", "Scoring", "ServingCheck", "Pusher"),
}


@pytest.fixture
def nodes(tmp_path):
    """``nodes(config={}, until_trained=False, with_report=False, **inputs)``: the nodes by id."""

    def make(config=None, until_trained=False, with_report=False, **inputs):
        pipeline = create_pipeline(
            PipelineConfig.model_validate({"model": {"weights": "none"}} | (config or {})),
            Inputs(records=str(tmp_path), schema_file=str(SCHEMA_PATH), **inputs),
            pipeline_root=str(tmp_path / "root"),
            push_to=str(tmp_path / "models"),
            training_dir=str(tmp_path / "training"),
            metadata=None,
            beam_args=beam_args(),
            until_trained=until_trained,
            with_report=with_report,
        )
        return {node.id: node for node in pipeline.components}

    return make


def _giver(node, key):
    """The id of the node that an input comes from."""
    return node.inputs[key].producer_component_id


def _custom(node):
    return json.loads(node.exec_properties["custom_config"])


def test_without_more_there_is_neither_tuner_nor_warm_start(nodes):
    found = nodes()
    assert set(found) == _ALL
    assert "base_model" not in found["Trainer"].inputs
    assert "hyperparameters" not in found["Trainer"].inputs
    assert _giver(found["Evaluator"], "baseline_model") == "LatestBlessed"


def test_statistics_are_made_of_what_the_records_hold_several_of(nodes):
    def sliced_by(**inputs):
        text = nodes(**inputs)["StatisticsGen"].exec_properties["stats_options_json"]
        config = tfdv.StatsOptions.from_json(text).slicing_config
        return [list(spec.feature_keys) for spec in config.slicing_specs] if config else []

    assert sliced_by() == []
    assert sliced_by(spans=2) == [[], ["span"]]
    assert sliced_by(synthetic=True) == [[], ["synthetic/maker"]]
    assert sliced_by(spans=2, synthetic=True) == [[], ["span"], ["synthetic/maker"]]


def test_a_warm_start_goes_to_the_trainer_and_the_baseline_stays_the_latest_blessed(nodes):
    found = nodes(warm_start="/some/model")
    assert set(found) == {*_ALL, "WarmStart"}
    assert found["WarmStart"].exec_properties["artifact_uri"] == "/some/model"
    assert not found["WarmStart"].exec_properties["reimport"]
    assert _giver(found["Trainer"], "base_model") == "WarmStart"
    assert _giver(found["Evaluator"], "baseline_model") == "LatestBlessed"


def test_a_phase_is_held_against_what_it_started_from(nodes):
    found = nodes(warm_start="/some/model", held_against_start=True)
    assert "LatestBlessed" not in found
    assert _giver(found["Evaluator"], "baseline_model") == "WarmStart"


def test_until_trained_nothing_is_evaluated_or_pushed(nodes):
    found = nodes(until_trained=True)
    assert set(found) == _ALL - {"LatestBlessed", "Evaluator", "Scoring", "ServingCheck", "Pusher"}
    # The same node with the same parameters: what one run has trained, the other finds in cache.
    assert found["Trainer"].exec_properties == nodes()["Trainer"].exec_properties


def test_the_tuner_searches_without_the_test_split_and_the_trainer_gets_what_it_found(nodes, monkeypatch):
    monkeypatch.setattr(graph, "source_hash", lambda *modules: " ".join(modules))
    found = nodes({"tuner": {"trials": 3, "epochs": 2}})
    assert set(found) == {*_ALL, "Tuner"}
    assert _giver(found["Trainer"], "hyperparameters") == "Tuner"
    assert found["Trainer"].inputs["hyperparameters"].type is tfx.types.standard_artifacts.HyperParameters
    assert found["Tuner"].exec_properties["tuner_fn"] == "components.tuner.tuner_fn"
    assert json.loads(found["Tuner"].exec_properties["eval_args"])["splits"] == ["val"]
    theirs, ours = _custom(found["Tuner"]), _custom(found["Trainer"])
    assert (theirs.pop("tuner")["trials"], theirs.pop("source_hash")) == (3, "components.tuner")
    assert ours.pop("source_hash") == "components.trainer.run"
    assert theirs == ours


def test_every_trained_model_is_scored_before_it_may_be_pushed_whether_it_is_blessed_or_not(nodes):
    found = nodes()
    scoring = found["Scoring"]
    assert (_giver(scoring, "examples"), _giver(scoring, "model")) == ("ImportExampleGen", "Trainer")
    assert set(scoring.inputs) == {"examples", "model"}
    assert found["Scoring"] in found["Pusher"].upstream_nodes
    assert scoring.exec_properties["robustness"]
    assert not nodes({"evaluation": {"robustness": False}})["Scoring"].exec_properties["robustness"]
    fewer = nodes({"evaluation": {"attacks": {"images": 8}}})["Scoring"].exec_properties["attacks"]
    assert json.loads(scoring.exec_properties["attacks"]) == json.loads(fewer) | {"images": 256}


def test_the_report_is_the_last_node_where_it_is_asked_for(nodes):
    found = nodes({"name": "tiny"}, with_report=True)
    assert set(found) == {*_ALL, "Report"}
    assert list(found)[-1] == "Report"
    report = found["Report"]
    assert {key: _giver(report, key) for key in report.inputs} == {
        "examples": "ImportExampleGen",
        "model": "Trainer",
        "model_run": "Trainer",
        "evaluation": "Evaluator",
        "scores": "Scoring",
        "pushed_model": "Pusher",
    }
    assert not report.downstream_nodes
    assert report.exec_properties["config_name"] == "tiny"
    assert json.loads(report.exec_properties["configuration"])["model"]["weights"] == "none"
    # The others find in cache what they made without it.
    plain = nodes({"name": "tiny"})
    assert all(found[name].exec_properties == node.exec_properties for name, node in plain.items())


def test_the_report_names_what_the_training_started_from(nodes):
    assert _giver(nodes(with_report=True, warm_start="/some/model")["Report"], "warm_start") == "WarmStart"


def test_where_nothing_is_evaluated_there_is_nothing_to_report(nodes):
    assert "Report" not in nodes(until_trained=True, with_report=True)


def test_an_edited_template_writes_the_report_anew(nodes, monkeypatch):
    given = {}
    monkeypatch.setattr(report_node, "source_hash", lambda module, files: given.update({module: files}) or "")
    nodes(with_report=True)
    assert {"page.html", "page.css", "page.js", "model_card.md", "section_lineage.html"} <= {
        file.name for file in given["components.report.component"]
    }
