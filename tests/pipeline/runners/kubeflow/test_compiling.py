"""What the real pipeline is compiled into."""

import json

import pytest
import yaml

from data.example import SPLITS
from pipeline.config import load_config
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.compiling import ENTRYPOINT, compile_for_kubeflow
from pipeline.runners.kubeflow.linting import lint_text
from pipeline.runners.kubeflow.target import NODES, load_target

_IN_ANY_CASE = set(NODES) - {"WarmStart", "Tuner", "Report"}


def _constant(task, name):
    return task["inputs"]["parameters"][name]["runtimeValue"]["constant"]


def test_the_graph_of_the_local_runner_is_what_is_compiled(tasks):
    assert set(tasks) - {"Report"} == _IN_ANY_CASE | {"WarmStart"}
    assert (
        tasks["Trainer"]["inputs"]["artifacts"]["base_model"]["taskOutputArtifact"]["producerTask"]
        == "WarmStart"
    )
    assert {"DataGate", "ImportExampleGen"} <= set(tasks["Transform"]["dependentTasks"])


def test_a_tuner_is_compiled_too(deployment):
    spec = compile_for_kubeflow(
        deployment(config=load_config("demo", ["model.weights=none", "tuner.trials=2"]))
    ).spec
    tasks = spec["root"]["dag"]["tasks"]
    assert set(tasks) - {"Report"} == _IN_ANY_CASE | {"Tuner"}
    assert lint_text(yaml.safe_dump(spec), ".yaml") == []


def test_records_and_destination_are_parameters_with_defaults(package, tasks):
    assert package.spec["root"]["inputDefinitions"]["parameters"] == {
        "records": {"parameterType": "STRING", "defaultValue": "/data/records"},
        "push_to": {"parameterType": "STRING", "defaultValue": "/data/models/detector"},
    }
    takes = {
        (node, name): source["componentInputParameter"]
        for node, task in tasks.items()
        for name, source in task["inputs"].get("parameters", {}).items()
        if "componentInputParameter" in source
    }
    assert takes == {
        ("ImportExampleGen", "input_base"): "records",
        ("ImportSchemaGen", "schema_file"): "records",
        ("LatestBlessed", "push_to"): "push_to",
        ("Pusher", "push_destination"): "push_to",
    }
    assert package.spec["defaultPipelineRoot"] == "minio://data/runs"


def test_every_container_calls_our_entrypoint_with_the_types_of_its_inputs(package):
    for executor in package.spec["deploymentSpec"]["executors"].values():
        if container := executor.get("container"):
            assert tuple(container["command"]) == ENTRYPOINT
            arguments = container["args"]
            assert arguments[arguments.index("--json_serialized_invocation_args") + 1] == "{{$}}"
            assert json.loads(arguments[arguments.index("--json_serialized_inputs_spec_args") + 1])


def test_the_code_is_in_the_image(text, tasks, tmp_path, monkeypatch):
    assert "_wheels" not in text
    assert _constant(tasks["Trainer"], "run_fn") == "components.trainer.run.run_fn"
    assert _constant(tasks["Transform"], "preprocessing_fn") == "components.transform.preprocessing_fn"
    # Nor is a path of this machine anywhere.
    assert str(tmp_path.parent.parent) not in text
    assert "/site-packages/" not in text


def test_nothing_is_written_where_the_runs_will_write(deployment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compile_for_kubeflow(deployment())
    assert list(tmp_path.iterdir()) == []


def test_the_same_is_compiled_into_the_same(deployment, package):
    assert compile_for_kubeflow(deployment(warm_start="minio://data/runs/model")) == package


def test_a_model_to_start_from_is_taken_for_one_of_this_tfx(package):
    importer = package.spec["deploymentSpec"]["executors"]["WarmStart_executor"]["importer"]
    assert importer["artifactUri"] == {"constant": "minio://data/runs/model"}
    assert importer["metadata"]["tfx_version"]


def test_what_the_records_hold_comes_from_a_copy_of_them(deployment, imported, tasks):
    spec = compile_for_kubeflow(deployment(local_records=imported)).spec
    splits = json.loads(_constant(spec["root"]["dag"]["tasks"]["ImportExampleGen"], "input_config"))["splits"]
    assert {one["name"]: one["pattern"] for one in splits} == {
        split: f"span-*/{split}-*.tfrecord.gz" for split in SPLITS
    }
    # The usual, without a copy, is an import as well.
    assert json.loads(_constant(tasks["ImportExampleGen"], "input_config"))["splits"] == splits


def test_records_from_elsewhere_lie_flat(deployment, tmp_path):
    (tmp_path / "train-00000-of-00001.tfrecord.gz").touch()
    spec = compile_for_kubeflow(deployment(local_records=tmp_path)).spec
    config = _constant(spec["root"]["dag"]["tasks"]["ImportExampleGen"], "input_config")
    assert json.loads(config)["splits"][0]["pattern"] == "train-*.tfrecord.gz"


def test_training_goes_on_where_the_target_says(deployment, tasks):
    custom = json.loads(_constant(tasks["Trainer"], "custom_config"))
    assert custom["training_dir"] == "/data/training"
    other = compile_for_kubeflow(deployment(target=load_target())).spec["root"]["dag"]["tasks"]
    assert json.loads(_constant(other["Trainer"], "custom_config"))["training_dir"] is None


def test_beam_gets_the_arguments_of_the_target(deployment):
    target = load_target("default", ["beam_args=[--direct_num_workers=4]"])
    spec = compile_for_kubeflow(deployment(target=target)).spec
    arguments = spec["deploymentSpec"]["executors"]["Transform_executor"]["container"]["args"]
    assert arguments[-1] == "--direct_num_workers=4"
    assert any(one.startswith("--runner=") for one in arguments)


_BOUND = "evaluation.bounds=[{metric: recall_fake, slice: age=old, at_least: 0.5}]"


@pytest.mark.parametrize(
    ("config", "target", "changes", "told"),
    [
        (["progressive"], [], {}, "expected a configuration without phases"),
        (["demo"], [], {"image": "example/inspector"}, "--image: An image is pinned"),
        (["demo"], [], {"pipeline_root": "runs"}, "--pipeline-root: The server keeps artifacts at"),
        (
            ["demo"],
            [],
            {"records": "minio://b/records"},
            "--records: The nodes can open gs://BUCKET/… and /PATH",
        ),
        (["demo"], [], {"push_to": "models"}, "--push-to: The nodes can open"),
        (["demo"], [], {"warm_start": "/data/model"}, "--warm-start: The server keeps artifacts at"),
        (["demo", "tuner.trials=2"], [], {"warm_start": "gs://b/m"}, "--warm-start: expected no Tuner"),
        (["demo"], ["beam=dask"], {}, "Target: beam: Expected a Beam profile of"),
        (["demo", _BOUND], [], {}, "expected a slice by"),
    ],
)
def test_what_cannot_run_there_is_told(deployment, config, target, changes, told):
    name, *overrides = config
    with pytest.raises(ConfigError) as error:
        compile_for_kubeflow(
            deployment(
                config=load_config(name, ["model.weights=none", *overrides]),
                target=load_target("default", target),
                **changes,
            )
        )
    assert told in str(error.value)
