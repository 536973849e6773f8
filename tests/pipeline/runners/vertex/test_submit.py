"""`vertex submit`: what reaches Vertex, field by field, and what is said when it says no.

Google's own client runs up to its channel, which leads to a stand-in here.
"""

import json
from pathlib import Path

import grpc
import pytest
import yaml
from vertex_api import vertex_api

from pipeline.errors import ConfigError
from pipeline.runners import remote_run
from pipeline.runners.run_parameters import read_parameters
from pipeline.runners.vertex.package import read_job

_HERE = ("--project", "faces-project", "--region", "europe-west4")


@pytest.fixture(scope="module")
def key():
    """Of a service account that nobody has."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


@pytest.fixture
def vertex(key, monkeypatch, tmp_path):
    """The stand-in, with an account to ask it as, and no pause between looks."""
    with vertex_api() as api:
        account = {
            "type": "service_account",
            "project_id": "another-project",
            "private_key_id": "1",
            "private_key": key,
            "client_email": "someone@another-project.example",
            "token_uri": f"{api.url}/token",
        }
        (tmp_path / "account.json").write_text(json.dumps(account))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", api.url)
        monkeypatch.setattr(
            "google.api_core.grpc_helpers.create_channel", lambda *_, **__: grpc.insecure_channel(api.address)
        )
        monkeypatch.setattr(remote_run.time, "sleep", lambda _: None)
        yield api


@pytest.fixture(scope="session")
def job(compiled, tmp_path_factory) -> Path:
    """The small pipeline as a PipelineJob, with a value for `span`, as TFX writes it."""
    spec = next(iter(yaml.safe_load_all(compiled.read_text()))) | {"defaultPipelineRoot": "gs://bucket/root"}
    path = tmp_path_factory.mktemp("job") / "faces.json"
    content = {
        "displayName": "faces",
        "labels": {"tfx_version": "1-16-0"},
        "pipelineSpec": spec,
        "runtimeConfig": {"gcsOutputDirectory": "gs://bucket/root", "parameterValues": {"span": 1}},
    }
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def submit(inspector, job):
    """``submit(*options)``: `vertex submit` of the small pipeline."""
    return lambda *options: inspector("vertex", "submit", job, *_HERE, *options)


_OPTIONS = (
    *("--run-name", "first", "--param", "rate=0.5", "--param", "fast=true", "--no-caching"),
    *("--pipeline-root", "gs://other/runs", "--service-account", "trainer@faces.example"),
    *("--network", "projects/7/global/networks/vpc", "--label", "team=faces"),
)


def _expected(job: Path) -> dict:
    spec = json.loads(job.read_text())["pipelineSpec"]
    inner = spec["components"]["comp-inner"]["dag"]["tasks"]["look"]
    for task in (*spec["root"]["dag"]["tasks"].values(), inner):
        task["cachingOptions"] = {"enableCache": False}
    return {
        "pipelineSpec": spec,
        "labels": {"tfx_version": "1-16-0", "team": "faces"},
        "runtimeConfig": {
            "gcsOutputDirectory": "gs://other/runs",
            "parameterValues": {"span": 1.0, "rate": 0.5, "fast": True},
        },
        "serviceAccount": "trainer@faces.example",
        "network": "projects/7/global/networks/vpc",
    }


def test_the_request_holds_all_that_was_asked_for(submit, vertex, job):
    code, out, err = submit(*_OPTIONS, "--json")
    assert code == 0, err
    ((method, request),) = vertex.asked
    assert method == "CreatePipelineJob"
    assert request["parent"] == "projects/faces-project/locations/europe-west4"
    assert request["pipelineJobId"].startswith("faces-20")
    assert request["pipelineJob"] == _expected(job) | {"displayName": "first"}
    answer = json.loads(out)
    assert answer["id"] == "projects/7/locations/europe-west4/pipelineJobs/faces-1"
    assert "faces-1" in answer["url"]
    assert set(vertex.buckets) == {"other"}


def test_a_schedule_holds_the_same_run(submit, vertex, job):
    code, out, err = submit(*_OPTIONS, "--cron", "TZ=Europe/Berlin 30 2 * * *")
    assert code == 0, err
    ((method, request),) = vertex.asked
    assert method == "CreateSchedule"
    schedule = request["schedule"]
    assert (schedule["displayName"], schedule["cron"]) == ("first", "TZ=Europe/Berlin 30 2 * * *")
    assert schedule["maxConcurrentRunCount"] == "1"
    assert schedule["createPipelineJobRequest"]["pipelineJob"] == _expected(job)
    assert "schedules/9" in out


@pytest.mark.parametrize("when", [(), ("--cron", "30 2 * * *")])
def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(submit, vertex, monkeypatch, when):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    code, out, err = submit(*_OPTIONS, *when, "--dry-run")
    assert code == 0, err
    assert not vertex.asked
    assert not vertex.buckets
    monkeypatch.undo()
    shown = json.loads(out)
    assert shown["rpc"].endswith("CreateSchedule" if when else "CreatePipelineJob")


def test_a_dry_run_is_what_is_then_sent(submit, vertex):
    for when in ((), ("--cron", "30 2 * * *")):
        shown = json.loads(submit(*_OPTIONS, *when, "--dry-run")[1])["request"]
        assert submit(*_OPTIONS, *when)[0] == 0
        _, request = vertex.asked[-1]
        # The id ends with the time.
        assert {**shown, "pipelineJobId": ""} == {**request, "pipelineJobId": ""}


def test_waiting_tells_each_change_of_a_node_and_ends_as_the_run_does(submit, vertex):
    def running(**states):
        tasks = [{"taskName": name, "state": state} for name, state in states.items()]
        return {"state": "PIPELINE_STATE_RUNNING", "jobDetail": {"taskDetails": tasks}}

    vertex.states = [
        {"state": "PIPELINE_STATE_PENDING"},
        running(read="RUNNING"),
        running(read="SUCCEEDED", learn="RUNNING"),
        running(read="SUCCEEDED", learn="SUCCEEDED") | {"state": "PIPELINE_STATE_SUCCEEDED"},
    ]
    code, out, err = submit("--wait", "--json")
    assert code == 0, err
    told = [line.split("  ")[1] for line in err.splitlines() if "  " in line]
    assert told == ["read: running", "read: succeeded", "learn: running", "learn: succeeded"]
    assert json.loads(out)["nodes"] == {"read": "succeeded", "learn": "succeeded"}


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_run_that_fails_or_is_cancelled_fails_the_command(submit, vertex, state):
    tasks = [{"taskName": "learn", "state": "FAILED", "error": {"code": 9, "message": "out of memory"}}]
    vertex.states = [{"state": f"PIPELINE_STATE_{state}", "jobDetail": {"taskDetails": tasks}}]
    code, out, err = submit("--wait")
    assert code == 1
    assert out.splitlines()[-1] == state.lower()
    assert "learn: out of memory" in err


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, 2, "does not allow"),
        (grpc.StatusCode.UNAUTHENTICATED, 2, "does not know who asks"),
        (grpc.StatusCode.INVALID_ARGUMENT, 2, "refuses the request"),
        (grpc.StatusCode.NOT_FOUND, 2, "--region"),
        (grpc.StatusCode.INTERNAL, 1, "fails"),
    ],
)
def test_what_vertex_says_is_passed_on_in_one_line(submit, vertex, status, code, said):
    vertex.refusal = (status, "words of the server")
    ended, out, err = submit()
    assert ended == code
    assert out == ""
    last = err.splitlines()[-1]
    assert "words of the server" in last
    assert said in last
    assert "Traceback" not in err


def test_without_credentials_it_says_how_to_get_them(submit, vertex, monkeypatch, tmp_path):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    code, _, err = submit()
    assert code == 2
    assert "gcloud auth application-default login" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--param", "spam=1"), "expected a parameter of the pipeline"),
        (("--pipeline-root", "s3://bucket"), "expected gs://BUCKET/FOLDER"),
        (("--cron", "0 30 2 * * *"), "expected 5 fields"),
        (("--cron", "30 2 * * *", "--wait"), "no end"),
        (("--label", "team"), "expected KEY=VALUE"),
        (("--run-name", "x" * 200), "Display name"),
        (("--region", "the-moon"), "region"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_sent(submit, vertex, options, said):
    code, _, err = submit(*options)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert not vertex.asked


def test_what_tfx_compiles_is_taken(tmp_path):
    """In the schema 2.0.0 that TFX writes unless asked for 2.1.0: typed values, no default."""
    from pipeline.runners.vertex.submitting import Submission, request_of

    declared = {"parameters": {"folder": {"type": "STRING"}, "steps": {"type": "INT"}}}
    taken = {"parameters": {name: {"componentInputParameter": name} for name in declared["parameters"]}}
    task = {"componentRef": {"name": "read"}, "taskInfo": {"name": "read"}, "inputs": taken}
    container = {"image": "registry/image:1", "command": ["read"]}
    spec = {
        "schemaVersion": "2.0.0",
        "pipelineInfo": {"name": "faces"},
        "root": {"inputDefinitions": declared, "dag": {"tasks": {"read": task}}},
        "components": {"read": {"executorLabel": "read_executor", "inputDefinitions": declared}},
        "deploymentSpec": {"executors": {"read_executor": {"container": container}}},
    }
    runtime = {"gcsOutputDirectory": "gs://bucket/root", "parameters": {"steps": {"intValue": "3"}}}
    path = tmp_path / "faces.json"
    path.write_text(json.dumps({"pipelineSpec": spec, "runtimeConfig": runtime}))
    job = read_job(path)
    with pytest.raises(ConfigError, match="--param folder=VALUE"):
        read_parameters([], job.parameters, job.given)
    values = read_parameters(["folder=gs://in"], job.parameters, job.given)
    shown = request_of(Submission(job, "faces-project", "europe-west4", "first", values))
    assert shown["request"]["pipelineJob"]["runtimeConfig"]["parameters"] == {
        "steps": {"intValue": "3"},
        "folder": {"stringValue": "gs://in"},
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("job.yaml", "a: 1", "`kubeflow submit`"),
        ("job.json", "{", "expected JSON"),
        ("job.json", "{}", "'pipelineSpec'"),
        ("job.json", '{"pipelineSpec": {"schemaVersion": "2.1.0"}}', "'pipelineSpec.pipelineInfo.name'"),
    ],
)
def test_a_package_that_cannot_be_one_is_refused(inspector, tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    code, _, err = inspector("vertex", "submit", tmp_path / name, *_HERE)
    assert code == 2
    assert said in err.splitlines()[-1]
