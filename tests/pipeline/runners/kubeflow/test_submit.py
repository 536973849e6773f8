"""`kubeflow submit`: what reaches the server, field by field, and what is said when it says no."""

import json
import socket
import time

import pytest
import yaml

from pipeline.runners import remote_run

_SECRET = "s3cr3t-t0ken"  # noqa: S105 - of a stand-in


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    """Nothing of this machine's own: no context that kfp keeps at home, no token, and no pause between looks."""
    from kfp.client import Client

    monkeypatch.setattr(Client, "_LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    for name in ("KF_PIPELINES_TOKEN", "KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote_run.time, "sleep", lambda _: None)


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{_SECRET}\n")
    return path


@pytest.fixture
def submit(inspector, compiled, api):
    """``submit(*options)``: `kubeflow submit` of the small pipeline to the stand-in, with a value for `span`."""

    def run(*options):
        return inspector("kubeflow", "submit", compiled, "--endpoint", api.url, "--param", "span=3", *options)

    return run


def test_the_request_holds_all_that_was_asked_for(submit, api, compiled, token_file):
    api.token = _SECRET
    code, out, err = submit(
        *(
            "--token-file",
            token_file,
            "--experiment",
            "nightly",
            "--run-name",
            "first",
            "--namespace",
            "faces-team",
        ),
        *("--param", "rate=0.5", "--param", 'tags=["b", "c"]', "--param", "fast=true", "--param", "note=a=b"),
        *("--pipeline-root", "minio://bucket/runs", "--service-account", "trainer", "--no-caching"),
    )
    assert code == 0, err
    spec, platform = yaml.safe_load_all(compiled.read_text())
    (request,) = api.posted("/runs")
    body = request.body
    sent = body.pop("pipeline_spec")
    assert body == {
        "display_name": "first",
        "experiment_id": "id-of-nightly",
        "service_account": "trainer",
        "runtime_config": {
            "pipeline_root": "minio://bucket/runs",
            "parameters": {"span": 3, "rate": 0.5, "tags": ["b", "c"], "fast": True, "note": "a=b"},
        },
    }
    assert sent["platform_spec"] == platform
    tasks = [*spec["root"]["dag"]["tasks"].values(), spec["components"]["comp-inner"]["dag"]["tasks"]["look"]]
    for task in tasks:
        task["cachingOptions"] = {}
    assert sent["pipeline_spec"] == spec
    assert {each.headers["authorization"] for each in api.asked} == {f"Bearer {_SECRET}"}
    assert api.asked[0].path.endswith("/healthz")
    (created,) = api.posted("/experiments")
    assert created.body == {"display_name": "nightly", "namespace": "faces-team"}
    assert out == f"run-1  {api.url}/#/runs/details/run-1\n"
    assert _SECRET not in out + err


def test_left_out_options_are_left_to_package_and_server(submit, api, compiled):
    api.experiments["deepfake-inspector"] = "7"
    assert submit("--json")[0] == 0
    (request,) = api.posted("/runs")
    assert request.body["experiment_id"] == "7"
    assert not api.posted("/experiments")
    assert request.body["display_name"].startswith("faces 20")
    assert request.body["runtime_config"] == {"parameters": {"span": 3}}
    assert "service_account" not in request.body
    assert "authorization" not in request.headers
    spec = next(iter(yaml.safe_load_all(compiled.read_text())))
    assert request.body["pipeline_spec"]["pipeline_spec"] == spec


def test_caching_is_not_turned_on_for_what_reads_from_outside(submit, api, compiled, tmp_path, inspector):
    documents = list(yaml.safe_load_all(compiled.read_text()))
    tasks = documents[0]["root"]["dag"]["tasks"]
    for task in tasks.values():
        task["cachingOptions"] = {}
    # It takes the candidate, and yet looks at what was pushed.
    tasks["LatestBlessed"] = tasks["learn"] | {"taskInfo": {"name": "LatestBlessed"}}
    uncached = tmp_path / "uncached.yaml"
    uncached.write_text(yaml.safe_dump_all(documents))
    assert (
        inspector(*("kubeflow", "submit", uncached, "--endpoint", api.url, "--param", "span=1", "--caching"))[
            0
        ]
        == 0
    )
    sent = api.posted("/runs")[0].body["pipeline_spec"]["pipeline_spec"]["root"]["dag"]["tasks"]
    assert {name: task["cachingOptions"] for name, task in sent.items()} == {
        "read": {},
        "learn": {"enableCache": True},
        "LatestBlessed": {},
        "inner": {"enableCache": True},
    }


@pytest.mark.parametrize(
    ("options", "trigger"),
    [
        (("--every", 3600), {"periodic_schedule": {"interval_second": 3600}}),
        (("--cron", "0 30 2 * * *"), {"cron_schedule": {"cron": "0 30 2 * * *"}}),
    ],
)
def test_a_recurring_run_has_one_trigger_and_the_same_pipeline(submit, api, options, trigger):
    code, out, _ = submit(*options, "--json")
    assert code == 0
    (request,) = api.posted("/recurringruns")
    assert request.body["trigger"] == trigger
    assert request.body["mode"] == "ENABLE"
    assert request.body["max_concurrency"] == 1
    assert request.body["no_catchup"] is True
    assert request.body["runtime_config"]["parameters"] == {"span": 3}
    assert "platform_spec" in request.body["pipeline_spec"]
    assert not api.posted("/runs")
    assert json.loads(out)["id"] == "recurring-1"
    assert json.loads(out)["recurring"] is True


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(submit, api, token_file):
    options = ("--token-file", token_file, "--run-name", "first", "--no-caching", "--namespace", "team")
    code, out, err = submit(*options, "--dry-run")
    assert code == 0, err
    assert not api.asked
    assert _SECRET not in out + err
    shown = json.loads(out)
    assert shown["method"] == "POST"
    assert shown["url"] == f"{api.url}/apis/v2beta1/runs"
    assert shown["headers"]["authorization"] == "Bearer <redacted>"
    assert submit(*options)[0] == 0
    (request,) = api.posted("/runs")
    assert shown["body"] | {"experiment_id": "id-of-deepfake-inspector"} == request.body


def test_waiting_tells_each_change_of_a_node_and_ends_as_the_run_does(submit, api):
    def details(**states):
        tasks = [{"display_name": name, "state": state} for name, state in states.items()]
        return {"task_details": [*tasks, {"display_name": "read-driver", "state": "SUCCEEDED"}]}

    api.states = [
        {"state": "PENDING"},
        {"state": "RUNNING", "run_details": details(read="RUNNING")},
        {"state": "RUNNING", "run_details": details(read="SUCCEEDED", look="RUNNING")},
        {"state": "SUCCEEDED", "run_details": details(read="SUCCEEDED", look="SUCCEEDED")},
    ]
    code, out, err = submit("--wait", "--json")
    assert code == 0, err
    told = [line.split("  ")[1] for line in err.splitlines() if "  " in line]
    assert told == ["read: running", "read: succeeded", "look: running", "look: succeeded"]
    answer = json.loads(out)
    assert (answer["state"], answer["nodes"]) == ("succeeded", {"read": "succeeded", "look": "succeeded"})


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_fails_or_is_canceled_fails_the_command(submit, api, state):
    error = {"code": 9, "message": "out of memory"}
    api.states = [
        {
            "state": state,
            "run_details": {"task_details": [{"display_name": "learn", "state": state, "error": error}]},
        }
    ]
    code, out, err = submit("--wait")
    assert code == 1
    assert out.splitlines()[-1] == state.lower()
    assert "learn: out of memory" in err


def test_waiting_outlasts_a_short_failure_of_the_server_but_not_a_long_one(submit, api):
    answers = iter([(503, {"message": "starting"})] * 4)
    plain = api.answer

    def sometimes(asked):
        return next(answers, plain(asked)) if asked.path.endswith("/runs/run-1") else plain(asked)

    api.answer = sometimes
    assert submit("--wait")[0] == 0
    api.answer = plain
    api.refusals["/runs/run-1"] = (503, {"message": "starting"})
    code, _, err = submit("--wait")
    assert code == 1
    assert "503" in err.splitlines()[-1]


def test_waiting_ends_in_time_and_says_that_the_run_goes_on(submit, api):
    api.states = [{"state": "RUNNING"}]
    code, _, err = submit("--wait", "--timeout", 1)
    assert code == 1
    assert "within 1 s" in err.splitlines()[-1]
    assert "goes on" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("status", "message", "code", "said"),
    [
        (403, "User is not authorized to create run", 2, "--namespace"),
        (404, "experiment not found", 2, "/pipeline"),
        (400, "unknown component in the spec", 2, "refuses"),
        (409, "there is one already", 2, "refuses"),
        (500, "database gone", 1, "fails (500)"),
    ],
)
def test_what_the_server_says_is_passed_on_in_one_line(submit, api, status, message, code, said):
    api.refusals["/runs"] = (status, {"error": message, "code": 3, "message": message})
    ended, out, err = submit()
    assert ended == code
    assert out == ""
    last = err.splitlines()[-1]
    assert message in last
    assert said in last
    assert "Traceback" not in err


def test_without_or_with_a_wrong_token_it_ends_at_once(submit, api, monkeypatch):
    api.token = "another"  # noqa: S105 - of a stand-in
    began = time.monotonic()
    code, _, err = submit()
    assert code == 2
    assert "without a token (401)" in err
    assert "Traceback" not in err
    monkeypatch.setenv("KF_PIPELINES_TOKEN", _SECRET)
    code, out, err = submit()
    assert code == 2
    assert "with the token given (401)" in err
    assert _SECRET not in out + err
    # Not after the 25 seconds of retries that kfp's own client takes.
    assert time.monotonic() - began < 10


def test_a_token_comes_from_the_environment_too(submit, api, monkeypatch):
    api.token = _SECRET
    monkeypatch.setenv("KF_PIPELINES_TOKEN", _SECRET)
    assert submit()[0] == 0


def test_in_a_pod_the_projected_token_is_sent(submit, api, monkeypatch, token_file):
    api.token = _SECRET
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(token_file))
    assert submit("--in-cluster")[0] == 0


def test_nobody_there(inspector, compiled):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code, _, err = inspector(
        *("kubeflow", "submit", compiled, "--endpoint", f"http://127.0.0.1:{port}", "--param", "span=1")
    )
    assert code == 1
    assert f"127.0.0.1:{port} does not answer" in err.splitlines()[-1]
    assert "port-forward" in err.splitlines()[-1]


def test_a_page_to_log_in_at_is_no_api(submit, api):
    api.refusals = {"/experiments": (200, b"<html>log in</html>"), "/healthz": (200, b"<html>log in</html>")}
    code, _, err = submit()
    assert code == 2
    assert "not as the API of Kubeflow Pipelines" in err.splitlines()[-1]


def test_a_server_of_several_users_wants_a_namespace(submit, api):
    api.multi_user = True
    code, _, err = submit()
    assert code == 2
    assert "--namespace" in err.splitlines()[-1]
    assert submit("--namespace", "team")[0] == 0


def test_a_token_over_plain_http_to_elsewhere_is_warned_of(inspector, compiled, token_file):
    code, _, err = inspector(
        *("kubeflow", "submit", compiled, "--endpoint", "http://kubeflow.example", "--param", "span=1"),
        *("--token-file", token_file, "--dry-run"),
    )
    assert code == 0
    assert "unencrypted" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--param", "spam=1"), "expected a parameter of the pipeline (fast, note, rate, span, tags)"),
        (("--param", "span=1"), "received two"),
        (("--param", "rate=high"), "expected a number, received 'high'"),
        (("--param", 'tags={"a": 1}'), "expected a list in JSON"),
        (("--param", "fast=1"), "expected true or false"),
        (("--param", "rate"), "expected KEY=VALUE"),
        (("--cron", "30 2 * * *"), "expected 6 fields"),
        (("--cron", "0 30 2 * * *", "--every", "60"), "one of --every and --cron"),
        (("--every", "60", "--wait"), "no end"),
        (("--timeout", "60"), "--wait"),
        (("--dry-run", "--wait"), "one of --dry-run and --wait"),
        (("--endpoint", "kubeflow:80"), "received 'kubeflow:80'"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_sent(submit, api, options, said):
    code, _, err = submit(*options)
    assert code == 2
    assert said in err.splitlines()[-1]
    assert not api.asked


def test_a_password_in_the_address_is_refused_and_not_repeated(submit, api):
    code, out, err = submit("--endpoint", "https://me:hunter2@kubeflow.example")
    assert code == 2
    assert "hunter2" not in out + err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("2.1.0", "2.0.0"), "expected schemaVersion 2.1.0"),
        (lambda text: "a: [1", "expected YAML"),
        (lambda text: text + "\n---\nmore: 1\n", "received 3"),
        (lambda text: text.replace("platforms:", "platform:"), "the one key 'platforms'"),
        (lambda text: text.replace("  name: faces", "  nom: faces"), "expected 'pipelineInfo.name'"),
        (lambda text: text.replace("componentRef", "componentRf"), "componentRf"),
    ],
)
def test_a_package_that_cannot_be_one_is_refused(inspector, compiled, api, tmp_path, change, said):
    broken = tmp_path / "broken.yaml"
    broken.write_text(change(compiled.read_text()))
    code, _, err = inspector("kubeflow", "submit", broken, "--endpoint", api.url, "--param", "span=1")
    assert code == 2
    assert said in err
    assert not api.posted("/runs")


def test_the_package_of_vertex_is_sent_to_vertex(inspector, api, tmp_path):
    job = tmp_path / "job.json"
    job.write_text("{}")
    code, _, err = inspector("kubeflow", "submit", job, "--endpoint", api.url)
    assert code == 2
    assert "`vertex submit`" in err
