"""Each rule, on a broken copy of the real package."""

import contextlib
import copy
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import ConfigError, RunError
from pipeline.runners.kubeflow.linting import check, lint_documents, lint_file, lint_text

_DIGEST = "sha256:" + "0af1" * 16


def _task(spec, name):
    return spec["root"]["dag"]["tasks"][name]


def _input(spec, name, kind, key):
    return _task(spec, name)["inputs"][kind][key]


def _executor(spec, name):
    return spec["deploymentSpec"]["executors"][f"{name}_executor"]


def _container(spec, name):
    return _executor(spec, name)["container"]


def _on(platform, name):
    return platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"][f"{name}_executor"]


def _argument(spec, name, argument, value):
    arguments = _container(spec, name)["args"]
    arguments[arguments.index(argument) + 1] = value


def _without_argument(spec, name, argument):
    arguments = _container(spec, name)["args"]
    at = arguments.index(argument)
    del arguments[at : at + 2]


_PARAMETERS = "root.inputDefinitions.parameters"
_TASKS, _EXECUTORS = "root.dag.tasks", "deploymentSpec.executors"
_ON = "platforms.kubernetes.deploymentSpec.executors.Trainer_executor"

#: What is done, by which rule it is found, and where.
_BROKEN = {
    "an old schema": (lambda s, p: s.update(schemaVersion="2.0.0"), "schema-version", "schemaVersion"),
    "no schema": (lambda s, p: s.pop("schemaVersion"), "schema-version", "schemaVersion"),
    "an unknown field": (lambda s, p: s.update(pipeline="x"), "schema", "pipelineSpec"),
    "an unknown field of a task": (lambda s, p: _task(s, "Trainer").update(gpu=1), "schema", "pipelineSpec"),
    "an unknown field of a container": (
        lambda s, p: _container(s, "Trainer").update(images=["a"]),
        "schema",
        "deploymentSpec",
    ),
    "a value of another type": (
        lambda s, p: _container(s, "Trainer")["resources"].update(cpuLimit="many"),
        "schema",
        "deploymentSpec",
    ),
    "an unknown field of the platform": (lambda s, p: p.update(platform={}), "schema", "platform"),
    "a wrong name": (
        lambda s, p: s["pipelineInfo"].update(name="My_Demo"),
        "pipeline-name",
        "pipelineInfo.name",
    ),
    "a name that ends oddly": (
        lambda s, p: s["pipelineInfo"].update(name="demo-"),
        "pipeline-name",
        "pipelineInfo.name",
    ),
    "a long name": (
        lambda s, p: s["pipelineInfo"].update(name="a" * 129),
        "pipeline-name",
        "pipelineInfo.name",
    ),
    "no name": (lambda s, p: s["pipelineInfo"].pop("name"), "pipeline-name", "pipelineInfo.name"),
    "no tasks": (lambda s, p: s["root"].pop("dag"), "root", "root"),
    "a component called root": (
        lambda s, p: s["components"].update(root=s["components"]["DataGate"]),
        "root",
        "components.root",
    ),
    "a component of nothing": (
        lambda s, p: s["components"]["DataGate"].pop("executorLabel"),
        "component",
        "components.DataGate",
    ),
    "a component without its executor": (
        lambda s, p: s["deploymentSpec"]["executors"].pop("DataGate_executor"),
        "component",
        "components.DataGate",
    ),
    "a component that nobody uses": (
        lambda s, p: s["components"].update(Other=s["components"]["DataGate"]),
        "component",
        "components.Other",
    ),
    "an executor that nobody uses": (
        lambda s, p: s["deploymentSpec"]["executors"].update(Other=_executor(s, "DataGate")),
        "executor",
        f"{_EXECUTORS}.Other",
    ),
    "an executor of nothing": (
        lambda s, p: _executor(s, "WarmStart").pop("importer"),
        "executor",
        f"{_EXECUTORS}.WarmStart_executor",
    ),
    "a custom job": (
        lambda s, p: (
            _executor(s, "WarmStart").pop("importer"),
            _executor(s, "WarmStart").update(customJob={}),
        ),
        "executor",
        f"{_EXECUTORS}.WarmStart_executor",
    ),
    "an importer of nothing": (
        lambda s, p: _executor(s, "WarmStart")["importer"].pop("artifactUri"),
        "executor",
        f"{_EXECUTORS}.WarmStart_executor",
    ),
    "a resolver": (
        lambda s, p: (
            _executor(s, "WarmStart").pop("importer"),
            _executor(s, "WarmStart").update(resolver={"outputArtifactQueries": {"result": {"filter": "x"}}}),
        ),
        "resolver",
        f"{_EXECUTORS}.WarmStart_executor",
    ),
    "a conditional importer": (
        lambda s, p: _task(s, "WarmStart").update(triggerPolicy={"condition": "true"}),
        "importer",
        f"{_TASKS}.WarmStart",
    ),
    "a loop over artifacts": (
        lambda s, p: _task(s, "Scoring").update(artifactIterator={"itemInput": "model"}),
        "iterator",
        f"{_TASKS}.Scoring",
    ),
    "a task of no component": (
        lambda s, p: _task(s, "Pusher").update(componentRef={}),
        "component-ref",
        f"{_TASKS}.Pusher",
    ),
    "a task of an unknown component": (
        lambda s, p: _task(s, "Pusher").update(componentRef={"name": "Publisher"}),
        "component-ref",
        f"{_TASKS}.Pusher",
    ),
    "a task with a wrong name": (
        lambda s, p: s["root"]["dag"]["tasks"].update({"a task": _task(s, "DataGate")}),
        "task-name",
        f"{_TASKS}.a task",
    ),
    "a task named as a driver": (
        lambda s, p: s["root"]["dag"]["tasks"].update({"DataGate-driver": _task(s, "DataGate")}),
        "task-name",
        f"{_TASKS}.DataGate-driver",
    ),
    "a task that waits for itself": (
        lambda s, p: _task(s, "DataGate")["dependentTasks"].append("DataGate"),
        "cycle",
        _TASKS,
    ),
    "tasks that wait in a circle": (
        lambda s, p: _task(s, "StatisticsGen")["dependentTasks"].append("Pusher"),
        "cycle",
        _TASKS,
    ),
    "data that goes in a circle": (
        lambda s, p: _input(s, "StatisticsGen", "artifacts", "examples").update(
            taskOutputArtifact={"producerTask": "Transform", "outputArtifactKey": "transformed_examples"}
        ),
        "cycle",
        _TASKS,
    ),
    "components that hold one another": (
        lambda s, p: (
            s["components"]["DataGate"].pop("executorLabel"),
            s["components"]["DataGate"].update(
                dag={"tasks": {"again": {"componentRef": {"name": "DataGate"}}}}
            ),
        ),
        "cycle",
        "components",
    ),
    "a wait for a task that is not there": (
        lambda s, p: _task(s, "Pusher")["dependentTasks"].append("Report2"),
        "producer",
        f"{_TASKS}.Pusher.dependentTasks",
    ),
    "an artifact from a task that is not there": (
        lambda s, p: _input(s, "Pusher", "artifacts", "model")["taskOutputArtifact"].update(
            producerTask="Train"
        ),
        "producer",
        f"{_TASKS}.Pusher.inputs.artifacts.model",
    ),
    "an output that is not there": (
        lambda s, p: _input(s, "Pusher", "artifacts", "model")["taskOutputArtifact"].update(
            outputArtifactKey="m"
        ),
        "producer",
        f"{_TASKS}.Pusher.inputs.artifacts.model",
    ),
    "an artifact from outside that is not there": (
        lambda s, p: _task(s, "Pusher")["inputs"]["artifacts"].update(model={"componentInputArtifact": "m"}),
        "producer",
        f"{_TASKS}.Pusher.inputs.artifacts.model",
    ),
    "an artifact from nowhere": (
        lambda s, p: _task(s, "Pusher")["inputs"]["artifacts"].update(model={}),
        "producer",
        f"{_TASKS}.Pusher.inputs.artifacts.model",
    ),
    "a parameter from TFX's X_task": (
        lambda s, p: _task(s, "DataGate")["inputs"]["parameters"].update(
            source_hash={
                "taskOutputParameter": {"producerTask": "Trainer_task", "outputParameterKey": "value"}
            }
        ),
        "producer",
        f"{_TASKS}.DataGate.inputs.parameters.source_hash",
    ),
    "a parameter of the pipeline that is not there": (
        lambda s, p: _task(s, "Pusher")["inputs"]["parameters"].update(
            push_destination={"componentInputParameter": "push"}
        ),
        "producer",
        f"{_TASKS}.Pusher.inputs.parameters.push_destination",
    ),
    "a final status of nothing": (
        lambda s, p: _task(s, "DataGate")["inputs"]["parameters"].update(
            source_hash={"taskFinalStatus": {"producerTask": "tfx-dag"}}
        ),
        "producer",
        f"{_TASKS}.DataGate.inputs.parameters.source_hash",
    ),
    "an artifact of another type": (
        lambda s, p: _input(s, "Scoring", "artifacts", "model")["taskOutputArtifact"].update(
            producerTask="ImportSchemaGen", outputArtifactKey="schema"
        ),
        "type",
        f"{_TASKS}.Scoring.inputs.artifacts.model",
    ),
    "an input that nobody asked for": (
        lambda s, p: _task(s, "Pusher")["inputs"]["artifacts"].update(
            more={"taskOutputArtifact": {"producerTask": "Trainer", "outputArtifactKey": "model"}}
        ),
        "input",
        f"{_TASKS}.Pusher.inputs.artifacts.more",
    ),
    "an artifact that is not given": (
        lambda s, p: _task(s, "Pusher")["inputs"]["artifacts"].pop("model"),
        "input",
        f"{_TASKS}.Pusher.inputs.artifacts.model",
    ),
    "a parameter that is not given": (
        lambda s, p: _task(s, "Scoring")["inputs"]["parameters"].pop("robustness"),
        "input",
        f"{_TASKS}.Scoring.inputs.parameters.robustness",
    ),
    "a parameter without default": (
        lambda s, p: s["root"]["inputDefinitions"]["parameters"]["records"].pop("defaultValue"),
        "parameter",
        f"{_PARAMETERS}.records",
    ),
    "a default of another type": (
        lambda s, p: s["root"]["inputDefinitions"]["parameters"]["records"].update(defaultValue=1),
        "parameter",
        f"{_PARAMETERS}.records",
    ),
    "a parameter of no type": (
        lambda s, p: s["root"]["inputDefinitions"]["parameters"]["records"].pop("parameterType"),
        "parameter",
        f"{_PARAMETERS}.records",
    ),
    "a parameter that nobody takes": (
        lambda s, p: s["root"]["inputDefinitions"]["parameters"].update(
            x={"parameterType": "BOOLEAN", "defaultValue": True}
        ),
        "parameter",
        f"{_PARAMETERS}.x",
    ),
    "a constant of another type": (
        lambda s, p: _input(s, "Scoring", "parameters", "robustness")["runtimeValue"].update(constant="yes"),
        "type",
        f"{_TASKS}.Scoring.inputs.parameters.robustness",
    ),
    "a fraction for a whole number": (
        lambda s, p: _input(s, "Scoring", "parameters", "robustness")["runtimeValue"].update(constant=0.5),
        "type",
        f"{_TASKS}.Scoring.inputs.parameters.robustness",
    ),
    "a file of this machine": (
        lambda s, p: (
            s["components"]["Trainer"]["inputDefinitions"]["parameters"].update(
                module_file={"parameterType": "STRING"}
            ),
            _task(s, "Trainer")["inputs"]["parameters"].update(
                module_file={"runtimeValue": {"constant": "/home/me/trainer.py"}}
            ),
        ),
        "module-file",
        f"{_TASKS}.Trainer.inputs.parameters.module_file",
    ),
    "a folder to write to": (
        lambda s, p: s.update(defaultPipelineRoot="/home/me/runs"),
        "pipeline-root",
        "defaultPipelineRoot",
    ),
    "an image that is not pinned": (
        lambda s, p: _container(s, "Trainer").update(image="example/inspector"),
        "image",
        f"{_EXECUTORS}.Trainer_executor.container.image",
    ),
    "the latest image": (
        lambda s, p: _container(s, "Trainer").update(image="example/inspector:latest"),
        "image",
        f"{_EXECUTORS}.Trainer_executor.container.image",
    ),
    "no image": (
        lambda s, p: _container(s, "Trainer").pop("image"),
        "image",
        f"{_EXECUTORS}.Trainer_executor.container.image",
    ),
    "no command": (
        lambda s, p: _container(s, "Trainer").pop("command"),
        "command",
        f"{_EXECUTORS}.Trainer_executor.container",
    ),
    "TFX's own entrypoint": (
        lambda s, p: _container(s, "Trainer").update(
            command=["python", "-m", "tfx.orchestration.kubeflow.v2.container.kubeflow_v2_run_executor"]
        ),
        "entrypoint",
        f"{_EXECUTORS}.Trainer_executor.container",
    ),
    "no types for the entrypoint": (
        lambda s, p: _without_argument(s, "Trainer", "--json_serialized_inputs_spec_args"),
        "entrypoint",
        f"{_EXECUTORS}.Trainer_executor.container",
    ),
    "not all for the entrypoint": (
        lambda s, p: _argument(s, "Trainer", "--json_serialized_invocation_args", "{{$.inputs}}"),
        "entrypoint",
        f"{_EXECUTORS}.Trainer_executor.container",
    ),
    "a hook": (
        lambda s, p: _container(s, "ImportExampleGen").update(
            lifecycle={"preCacheCheck": {"command": ["x"]}}
        ),
        "lifecycle",
        f"{_EXECUTORS}.ImportExampleGen_executor.container.lifecycle",
    ),
    **{
        f"a cached {node}": (
            lambda s, p, node=node: _task(s, node).update(cachingOptions={"enableCache": True}),
            "cache",
            f"{_TASKS}.{node}.cachingOptions",
        )
        for node in ("ImportExampleGen", "ImportSchemaGen", "LatestBlessed")
    },
    "more reserved than allowed": (
        lambda s, p: _container(s, "Trainer")["resources"].update(memoryRequest=64.0),
        "resources",
        f"{_EXECUTORS}.Trainer_executor.container.resources",
    ),
    "less than nothing": (
        lambda s, p: _container(s, "Trainer")["resources"].update(cpuLimit=-1.0),
        "resources",
        f"{_EXECUTORS}.Trainer_executor.container.resources",
    ),
    "GPUs of no type": (
        lambda s, p: _container(s, "Trainer")["resources"]["accelerator"].pop("type"),
        "resources",
        f"{_EXECUTORS}.Trainer_executor.container.resources",
    ),
    "no GPUs of a type": (
        lambda s, p: _container(s, "Trainer")["resources"]["accelerator"].pop("count"),
        "resources",
        f"{_EXECUTORS}.Trainer_executor.container.resources",
    ),
    "another platform": (lambda s, p: p["platforms"].update(nomad={}), "platform", "platforms.nomad"),
    "settings for no executor": (
        lambda s, p: p["platforms"]["kubernetes"]["deploymentSpec"]["executors"].update(Train_executor={}),
        "platform-executor",
        "platforms.kubernetes.deploymentSpec.executors.Train_executor",
    ),
    "settings for an importer": (
        lambda s, p: p["platforms"]["kubernetes"]["deploymentSpec"]["executors"].update(
            WarmStart_executor={}
        ),
        "platform-executor",
        "platforms.kubernetes.deploymentSpec.executors.WarmStart_executor",
    ),
    "an unknown key": (lambda s, p: _on(p, "Trainer").update(gpus=1), "platform-key", f"{_ON}.gpus"),
    "an unknown key within": (
        lambda s, p: _on(p, "Trainer")["tolerations"][0].update(name="x"),
        "platform-key",
        f"{_ON}.tolerations.0.name",
    ),
    "one for a list": (
        lambda s, p: _on(p, "Trainer").update(pvcMount={"constant": "c", "mountPath": "/c"}),
        "platform-type",
        f"{_ON}.pvcMount",
    ),
    "a list for one": (
        lambda s, p: _on(p, "Trainer").update(nodeSelector=[]),
        "platform-type",
        f"{_ON}.nodeSelector",
    ),
    "a label that is no text": (
        lambda s, p: _on(p, "Trainer")["nodeSelector"]["labels"].update(gpu=True),
        "platform-type",
        f"{_ON}.nodeSelector.labels",
    ),
    "a deadline in words": (
        lambda s, p: _on(p, "Trainer").update(activeDeadlineSeconds="2 days"),
        "platform-type",
        f"{_ON}.activeDeadlineSeconds",
    ),
    "half a second": (
        lambda s, p: _on(p, "Trainer").update(activeDeadlineSeconds=0.5),
        "platform-type",
        f"{_ON}.activeDeadlineSeconds",
    ),
    "a deadline that is over": (
        lambda s, p: _on(p, "Trainer").update(activeDeadlineSeconds=0),
        "platform-value",
        f"{_ON}.activeDeadlineSeconds",
    ),
    "an unknown policy": (
        lambda s, p: _on(p, "Trainer").update(imagePullPolicy="Sometimes"),
        "platform-value",
        f"{_ON}.imagePullPolicy",
    ),
    "an unknown operator": (
        lambda s, p: _on(p, "Trainer")["tolerations"][0].update(operator="Like"),
        "platform-value",
        f"{_ON}.tolerations.0.operator",
    ),
    "an unknown effect": (
        lambda s, p: _on(p, "Trainer")["tolerations"][0].update(effect="None"),
        "platform-value",
        f"{_ON}.tolerations.0.effect",
    ),
    "a mount at no path": (
        lambda s, p: _on(p, "Trainer")["pvcMount"][0].update(mountPath="training"),
        "platform-value",
        f"{_ON}.pvcMount.0.mountPath",
    ),
    "two mounts at one path": (
        lambda s, p: _on(p, "Trainer")["pvcMount"].append({"constant": "other", "mountPath": "/data/"}),
        "platform-value",
        f"{_ON}.pvcMount.1.mountPath",
    ),
    "a secret of no name": (
        lambda s, p: _on(p, "Trainer")["secretAsEnv"][0].pop("secretName"),
        "platform-value",
        f"{_ON}.secretAsEnv.0",
    ),
}


def test_there_is_nothing_to_say_against_the_real_package(text):
    assert lint_text(text, ".yaml") == []


@pytest.mark.parametrize("broken", _BROKEN)
def test_what_is_broken_is_found_where_it_is(findings, broken):
    change, rule, where = _BROKEN[broken]
    found = findings(change)
    assert (rule, where) in {(one.rule, one.where) for one in found}
    assert all(one.text[0].isupper() and one.text.endswith(".") for one in found)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, p: _container(s, "Trainer").update(image=f"example/inspector@{_DIGEST}"),
        lambda s, p: s.pop("defaultPipelineRoot"),
        lambda s, p: s["root"]["inputDefinitions"]["parameters"]["records"].update(isOptional=True),
        lambda s, p: s["components"]["Scoring"]["inputDefinitions"]["parameters"].update(
            more={"parameterType": "STRING", "defaultValue": "x"}
        ),
        lambda s, p: _on(p, "Trainer").update(
            nodeAffinity=[
                {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}], "weight": 1}
            ]
        ),
        lambda s, p: _on(p, "Trainer").update(enabledSharedMemory={"volumeName": "shm", "size": "4Gi"}),
        lambda s, p: p["platforms"]["kubernetes"]["deploymentSpec"]["executors"].pop("Trainer_executor"),
    ],
)
def test_what_kubeflow_can_do_is_not_held_against_it(findings, change):
    assert findings(change) == []


def test_an_optional_parameter_needs_no_default(findings):
    def change(spec, platform):
        records = spec["root"]["inputDefinitions"]["parameters"]["records"]
        del records["defaultValue"]
        records["isOptional"] = True

    assert findings(change) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "This is no YAML"),
        ("", "something else"),
        ("- a", "something else"),
        ("pipelineSpec: {}", "takes the bare PipelineSpec"),
        ("schemaVersion: 2.1.0\n---\nplatforms: {}\n---\nplatforms: {}", "this has 3"),
        ("schemaVersion: 2.1.0\n---\nplatform: {}", "has the key 'platforms'"),
        ("components: []", "It is no PipelineSpec"),
        ("deploymentSpec: {executors: []}", "It is no PipelineDeploymentConfig"),
    ],
)
def test_what_is_no_package_is_told(text, told):
    found = lint_text(text, ".yaml")
    assert any(told in one.text for one in found)


def test_a_second_document_may_be_missing(package):
    assert lint_text(yaml.safe_dump(package.spec), ".yaml") == []


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"Expected a \.yaml package .* or a \.json job"):
        lint_text("", ".txt")
    (tmp_path / "a.yaml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="expected a compiled pipeline"):
        lint_file(tmp_path / "a.yaml")


def test_a_finding_says_what_and_where(findings):
    [found] = findings(lambda s, p: _task(s, "Pusher")["dependentTasks"].append("Other"))
    assert (
        str(found) == "root.dag.tasks.Pusher.dependentTasks: There is no task 'Other' to wait for. [producer]"
    )
    assert json.loads(json.dumps(found.as_dict()))["rule"] == "producer"


def test_what_is_written_was_checked(text):
    check(text, ".yaml")
    with pytest.raises(RunError, match="nothing was written") as error:
        check(text.replace("schemaVersion: 2.1.0", "schemaVersion: 2.0.0"), ".yaml")
    assert "[schema-version]" in str(error.value)


def _paths(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from _paths(one, (*path, key))


@pytest.fixture(scope="module")
def places(package):
    """All places of the package."""
    return list(_paths(package.documents))


_ANYTHING = st.sampled_from(
    [None, 0, -1, 0.5, float("nan"), 10**30, "", "x", "{{$}}", True, [], {}, [None], {"": ""}]
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.randoms(use_true_random=False), st.none() | _ANYTHING), min_size=1, max_size=3))
def test_whatever_is_broken_the_linter_itself_is_not(package, places, breaks):
    documents = copy.deepcopy(package.documents)
    for choice, value in breaks:
        *parents, last = choice.choice(places)
        # An earlier change may have taken the place away.
        with contextlib.suppress(KeyError, IndexError, TypeError):
            inside = documents
            for key in parents:
                inside = inside[key]
            if value is None:
                del inside[last]
            else:
                inside[last] = copy.deepcopy(value)
    for found in lint_documents(documents, for_vertex=False):
        assert found.where
        assert found.text
