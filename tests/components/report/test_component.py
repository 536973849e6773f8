"""Report as a step of the DAG: what it makes of real artifacts, of a refused model, and of fewer of them."""

import json
import re

import pytest
from google.protobuf import json_format
from tfx.types import standard_artifacts
from tfx.types.experimental import simple_artifacts

from components.report.component import Report
from data.content_hash import content_hash

FILES = {"metrics.json", "model_card.md", "report.html"}
CONFIGURATION = {"name": "mini", "model": {"backbone": "efficientnet-b0"}}


@pytest.fixture
def write(imported, tmp_path):
    """``write(artifacts, **parameters)``: runs the step and returns the artifact it puts out."""

    def run(artifacts, **parameters):
        report = simple_artifacts.File()
        report.uri = str(tmp_path / "report")
        Report.EXECUTOR_SPEC.executor_class().Do(
            {name: [artifact] for name, artifact in artifacts.items()},
            {"report": [report]},
            {
                "source_hash": "",
                "config_name": "mini",
                "configuration": json.dumps(CONFIGURATION),
                "records": str(imported),
            }
            | parameters,
        )
        return report

    return run


def _read(tmp_path):
    folder = tmp_path / "report"
    assert {file.name for file in folder.iterdir()} == FILES
    texts = [(folder / name).read_text() for name in ("report.html", "model_card.md", "metrics.json")]
    return *texts[:2], json.loads(texts[2])


def test_a_blessed_model_has_its_page_its_card_and_its_numbers(finished_run, write, imported, tmp_path):
    run = finished_run(True)
    report = write(run.artifacts)
    page, card, numbers = _read(tmp_path)
    assert "Pipeline mini" in page
    sections = re.findall(r'<section id="([a-z-]+)"', page)
    assert {"slices", "training", "data", "errors", "lineage"} <= set(sections)
    assert "Not blessed" not in page + card
    assert f"version {run.pushed_to.name}" in card
    assert (numbers["blessed"], numbers["pushed_to"]) == (True, str(run.pushed_to))
    assert numbers["slices"][0]["name"] == "overall"
    assert numbers["phases"][0]["metrics"][0]["auc"] is None
    # All errors have their picture and their map.
    assert len(re.findall("data:image/jpeg", page)) % 2 == 0
    assert "data:image/png" in page
    assert content_hash(imported) in page
    assert "efficientnet-b0" in page
    assert report.get_int_custom_property("blessed") == 1
    assert report.get_float_custom_property("auc") == pytest.approx(numbers["slices"][0]["auc"])


def test_a_refused_model_has_its_report_too(finished_run, write, tmp_path):
    run = finished_run(False)
    assert run.pushed_to is None
    report = write(run.artifacts)
    page, card, numbers = _read(tmp_path)
    assert "**Not blessed.**" in card
    assert "it was not pushed" in card
    assert numbers["reasons"]
    for reason in numbers["reasons"]:
        assert "at least 1 was asked" in reason
        assert reason in page
    assert (numbers["blessed"], numbers["pushed_to"]) == (False, None)
    assert "Pushed to" not in page
    assert report.get_int_custom_property("blessed") == 0


def test_what_is_not_given_is_left_out(finished_run, write, tmp_path):
    artifacts = finished_run(True).artifacts
    write({name: artifacts[name] for name in ("examples", "model", "evaluation")}, records="/gone")
    page, card, numbers = _read(tmp_path)
    assert (numbers["phases"], numbers["pushed_to"]) == ([], None)
    assert "No errors to show" in page
    assert "The records have no dataset card, or none that could be read." in page
    assert "has not been measured" in card
    assert numbers["slices"][0]["auc"] is not None


def test_where_everything_lies_is_told_in_place_of_the_steps(finished_run, write, tmp_path):
    start = standard_artifacts.Model()
    start.uri = "/minio/bucket/models/7"
    run = finished_run(True)
    write(run.artifacts | {"warm_start": start})
    page = re.sub("<wbr>", "", _read(tmp_path)[0])
    assert "told by the service that ran them" in page
    assert "core-hours" not in page
    for artifact in run.artifacts.values():
        assert artifact.uri in page
    # As it is called outside of the step.
    assert "minio://bucket/models/7" in page
    assert "/minio/bucket" not in page


def test_cards_are_read_through_any_file_system_that_tensorflow_knows(
    finished_run, write, imported, tmp_path
):
    import tensorflow as tf

    for file in ("span-1/dataset_card.json", "schema.pbtxt"):
        tf.io.gfile.makedirs("ram://bucket/records/span-1")
        tf.io.gfile.copy(str(imported / file), f"ram://bucket/records/{file}", overwrite=True)
    write(finished_run(True).artifacts, records="ram://bucket/records/")
    page = _read(tmp_path)[0]
    assert "40 images found, 40 kept" in page
    assert content_hash(imported) in page


def test_records_that_cannot_be_reached_cost_the_card_alone(finished_run, write, tmp_path):
    write(finished_run(True).artifacts, records="nowhere://bucket/records")
    assert "none that could be read" in _read(tmp_path)[0]


def test_a_container_of_kubeflow_writes_the_same(finished_run, write, imported, tmp_path):
    """Properties come as JSON there, in which every number is a float, and the types of artifacts as schemas."""
    from tfx.orchestration.kubeflow.v2.compiler_utils import get_artifact_schema, pack_artifact_properties
    from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor as entrypoint

    run = finished_run(True)
    write(run.artifacts)
    expected = _read(tmp_path)

    def described(artifact):
        return {
            "name": "an artifact",
            "uri": artifact.uri,
            "type": {"instanceSchema": _text(get_artifact_schema(type(artifact)))},
            "metadata": json_format.MessageToDict(pack_artifact_properties(artifact)),
        }

    report = simple_artifacts.File()
    report.uri = str(tmp_path / "in-container/report")
    parameters = {"source_hash": "", "config_name": "mini", "records": str(imported)}
    parameters["configuration"] = json.dumps(CONFIGURATION)
    called_with = {
        "inputs": {
            "artifacts": {name: {"artifacts": [described(one)]} for name, one in run.artifacts.items()},
            "parameterValues": parameters,
        },
        "outputs": {
            "artifacts": {"report": {"artifacts": [described(report)]}},
            "outputFile": str(tmp_path / "out/executor_output.json"),
        },
    }
    inputs_spec = {"parameters": {name: {"parameterType": "STRING"} for name in parameters}}
    entrypoint.main(
        entrypoint._parse_flags(
            [
                "entrypoint",
                "--executor_class_path=components.report.component.Report_Executor",
                f"--json_serialized_invocation_args={json.dumps(called_with)}",
                f"--json_serialized_inputs_spec_args={json.dumps(inputs_spec)}",
            ]
        )
    )
    page, card, numbers = _read(tmp_path / "in-container")
    assert (card, numbers) == expected[1:]
    assert page.replace("in-container/<wbr>", "") == expected[0]
    put_out = json.loads((tmp_path / "out/executor_output.json").read_text())
    [written] = put_out["artifacts"]["report"]["artifacts"]
    assert written["metadata"]["blessed"] == 1


def _text(schema):
    return schema.decode() if isinstance(schema, bytes) else schema
