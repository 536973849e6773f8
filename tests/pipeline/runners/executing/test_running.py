"""Whole runs of small nodes: what each is told, and what comes of it."""

import json
from pathlib import Path

import pytest

from pipeline.errors import ConfigError, RunError
from pipeline.node_events import NodeState
from pipeline.runners.executing.compiled import read_spec
from pipeline.runners.executing.running import ExecuteOptions, Mode, execute

_TYPE = "title: tfx.Model\ntype: object\n"
_OSS = ExecuteOptions(Mode.OSS)
_VERTEX = ExecuteOptions(Mode.VERTEX)


@pytest.fixture
def run(maker, tmp_path):
    """``run(options)``: executes the spec; the events are in ``run.events``."""

    def start(options=_OSS):
        start.events = []
        return execute(maker.compiled(), tmp_path / "root", options, start.events.append)

    return start


def _text(execution, task):
    return (Path(execution.nodes[task]["artifacts"]["made"]) / "text").read_text()


def _state(tmp_path):
    [path] = (tmp_path / "root/runs").glob("*/run.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("options", [_OSS, _VERTEX, ExecuteOptions(Mode.OSS, object_storage=False)])
def test_artifacts_go_from_node_to_node(maker, run, options, tmp_path):
    maker.task("A")
    maker.task("B", inputs=("A",))
    maker.task("C", inputs=("A", "B"))
    execution = run(options)
    assert [_text(execution, task) for task in "ABC"] == ["A", "A+B", "A+A+B+C"]
    ended = [event.node for event in run.events if event.state is NodeState.DONE]
    assert ended == ["A", "B", "C"]
    assert execution.state == "done"
    assert _state(tmp_path) == execution.as_dict()
    assert not list((execution.folder / "nodes").iterdir()), "disks of containers are gone with them"


def _told(maker, run, options):
    """What the second of two nodes was told."""
    maker.task("A")
    maker.task("B", ["python", "-c", "import sys; print(sys.argv[1])", "{{$}}"], inputs=("A",), parameters={})
    execution = run(options)
    return json.loads(Path(execution.nodes["B"]["log"]).read_text())


def test_open_source_kubeflow_tells_no_types_and_object_storage(maker, run):
    told = _told(maker, run, _OSS)
    [artifact] = told["inputs"]["artifacts"]["A"]["artifacts"]
    assert artifact["type"] == {"instanceSchema": ""}
    assert artifact["uri"].startswith("minio://mlpipeline/v2/artifacts/small/")
    assert artifact["name"] == "1"
    # Its metadata store knows no truth value, and wraps what is not flat.
    assert artifact["metadata"]["fine"] == 1.0
    assert set(artifact["metadata"]["told"]) == {"struct"}
    [output] = told["outputs"]["artifacts"]["made"]["artifacts"]
    assert output["type"] == {"instanceSchema": _TYPE}


def test_vertex_tells_types(maker, run):
    told = _told(maker, run, _VERTEX)
    [artifact] = told["inputs"]["artifacts"]["A"]["artifacts"]
    assert artifact["type"] == {"instanceSchema": _TYPE}
    assert artifact["metadata"]["fine"] is True
    assert artifact["name"].endswith("/artifacts/1")


def test_a_node_sees_only_what_it_takes(maker, run):
    code = "import os, pathlib; print(*pathlib.Path(os.environ['INSPECTOR_MIRROR_ROOT']).rglob('text'))"
    maker.task("A")
    maker.task("B", inputs=("A",))["dependentTasks"] = ["A"]
    maker.task("C", ["python", "-c", code], inputs=("B",))
    [seen] = Path(run().nodes["C"]["log"]).read_text().split()
    assert seen.endswith("/B/made/text")


def test_empty_folders_are_lost_in_object_storage(maker, run):
    maker.task("A")
    assert not (Path(run().nodes["A"]["artifacts"]["made"]) / "empty").exists()
    assert (Path(run(_VERTEX).nodes["A"]["artifacts"]["made"]) / "empty").exists()


def test_only_vertex_calls_the_hook_and_its_findings_reach_the_node(maker, run, writing):
    finds = (
        "import json, sys; told = json.loads(sys.argv[1]); made = told['outputs']['artifacts']['made']\n"
        "made['artifacts'][0]['metadata'] = {'span': 5}; made['artifacts'][0].pop('type')\n"
        "open(told['outputs']['outputFile'], 'w').write(json.dumps({'artifacts': {'made': made}}))"
    )
    hook = {"preCacheCheck": {"command": ["python", "-c", finds], "args": ["{{$}}"]}}
    maker.task("A", lifecycle=hook)
    maker.task("B", ["python", "-c", "import sys; print(sys.argv[1])", "{{$}}"], inputs=("A",))

    def span(execution):
        told = json.loads(Path(execution.nodes["B"]["log"]).read_text())
        asked = told["inputs"]["artifacts"]["A"]["artifacts"][0]["metadata"]["told"]
        asked = asked.get("struct", asked)
        return asked["outputs"]["artifacts"]["made"]["artifacts"][0].get("metadata", {}).get("span")

    assert span(run(_VERTEX)) == 5
    assert span(run(_OSS)) is None


def test_parameters_come_from_the_pipeline_and_from_other_nodes(maker, run):
    tells = (
        "import json, sys; told = json.loads(sys.argv[1])\n"
        "open(told['outputs']['outputFile'], 'w').write(json.dumps({'parameterValues': {'best': 0.5}}))"
    )
    maker.parameter("records", "STRING", defaultValue="/none")
    maker.task("A", ["python", "-c", tells, "{{$}}"])
    maker.task(
        "B",
        ["python", "-c", "import sys; print(*sys.argv[1:])"]
        + [f"{{{{$.inputs.parameters['{one}']}}}}" for one in ("records", "best", "fixed")],
        parameters={
            "records": {"componentInputParameter": "records"},
            "best": {"taskOutputParameter": {"producerTask": "A", "outputParameterKey": "best"}},
            "fixed": {"runtimeValue": {"constant": "in {{$.pipeline_task_name}}"}},
        },
    )
    execution = run(ExecuteOptions(parameters={"records": "/given"}))
    assert Path(execution.nodes["B"]["log"]).read_text() == "/given 0.5 in B\n"


def test_an_importer_describes_what_is_there(maker, run, tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old/text").write_text("old")
    maker.parameter("start", "STRING")
    maker.task(
        "A",
        importer={
            "artifactUri": {"runtimeParameter": "artifact_uri"},
            "typeSchema": {"instanceSchema": _TYPE},
            "metadata": {"tfx_version": "1"},
        },
        parameters={"artifact_uri": {"componentInputParameter": "start"}},
    )
    maker.task("B", inputs=("A",))
    for options in (_OSS, _VERTEX):
        given = ExecuteOptions(options.mode, {"start": str(tmp_path / "old")})
        execution = run(given)
        assert _text(execution, "B") == "old+B"
        assert execution.nodes["A"]["artifacts"]["made"] == str(tmp_path / "old")


def test_a_failure_stops_the_run_and_shows_the_end_of_the_log(maker, run, tmp_path):
    maker.task("A", ["python", "-c", "print('\\n'.join(map(str, range(100)))); raise SystemExit(3)"])
    maker.task("B", inputs=("A",))
    with pytest.raises(RunError) as raised:
        run()
    lines = str(raised.value).splitlines()
    assert lines[0] == "A failed with exit code 3. The last lines of its log:"
    assert lines[-2] == "  99"
    assert len(lines) == 17
    assert lines[-1] == f"The whole log: {_state(tmp_path)['nodes']['A']['log']}"
    assert _state(tmp_path)["state"] == "failed"
    assert {task: node["state"] for task, node in _state(tmp_path)["nodes"].items()} == {
        "A": "failed",
        "B": "waiting",
    }


def test_a_late_node_fails_the_run(maker, run):
    maker.task("A", ["python", "-c", "import time; time.sleep(600)"])
    with pytest.raises(RunError, match="A took longer than 1 s and was killed"):
        run(ExecuteOptions(node_timeout_s=1))


def test_the_deadline_of_kubernetes_counts(maker):
    def run(seconds, **options):
        executors = {"A_executor": {"activeDeadlineSeconds": seconds}}
        platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
        path = maker.write("spec.yaml", platform)
        return execute(read_spec(path), path.parent / "root", ExecuteOptions(**options), lambda event: None)

    maker.task("A", ["python", "-c", "import time; time.sleep(3)"])
    with pytest.raises(RunError, match="A took longer than 1 s and was killed"):
        run(1)
    assert run(1, node_timeout_s=60).state == "done"


def test_what_kubeflows_launcher_refuses_is_refused(maker, run):
    code = (
        "import json, sys; told = json.loads(sys.argv[1])\n"
        "made = {'artifacts': [{'metadata': {'nothing': None}}]}\n"
        "open(told['outputs']['outputFile'], 'w').write(json.dumps(OUTPUT))"
    )
    for output, expected in (
        ("{'artifacts': {'made': made}}", "Metadata 'nothing' is null"),
        ("{'unknown': 1}", "its output file .* cannot be read"),
    ):
        maker.task("A", ["python", "-c", code.replace("OUTPUT", output), "{{$}}"])
        with pytest.raises(RunError, match=expected):
            run()


def test_a_command_that_is_not_there_fails_the_run(maker, run):
    maker.task("A", ["no-such-program"])
    with pytest.raises(RunError, match=r"A could not be started: .*no-such-program"):
        run()


def test_an_input_that_was_not_made_is_named(maker, run):
    maker.task("A")
    task = maker.task("B", inputs=("A",))
    task["inputs"]["artifacts"]["A"]["taskOutputArtifact"]["outputArtifactKey"] = "other"
    with pytest.raises(ConfigError, match="its input 'A' is wired to output 'other' of 'A'"):
        run()


def test_runs_of_one_second_have_folders_of_their_own(maker, run, tmp_path):
    maker.task("A")
    folders = {run().folder for _ in range(3)}
    assert len(folders) == 3


def test_a_root_that_cannot_be_made_is_refused(maker, tmp_path):
    maker.task("A")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="--root: expected a folder that can be made"):
        execute(maker.compiled(), tmp_path / "file", _OSS, lambda event: None)
