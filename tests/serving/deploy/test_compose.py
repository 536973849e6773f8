"""compose.yaml: valid, pinned, confined; and the commands in it do what they are for."""

import http.server
import json
import re
import subprocess
import threading
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipeline.workspace import Workspace
from serving.defaults import MODEL_NAME

_SERVICES = ["tf-serving", "pipeline", "web", "prometheus", "grafana"]


@pytest.fixture(scope="module")
def compose(deploy):
    return yaml.safe_load((deploy / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def with_gpu(deploy):
    return yaml.safe_load((deploy / "compose.gpu.yaml").read_text())


def _run(command: str, **options):
    # Compose writes a dollar as two.
    return subprocess.run(["bash", "-c", command.replace("$$", "$")], timeout=20, **options)  # noqa: S607


def test_it_is_valid(compose, with_gpu):
    schema = json.loads((Path(__file__).parent / "schemas" / "compose.json").read_text())

    jsonschema.validate(compose, schema)
    jsonschema.validate(with_gpu, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose | {"services": {"web": {"imagee": "x"}}}, schema)


def test_the_server_alone_comes_up_unasked(compose):
    assert sorted(compose["services"]) == sorted(_SERVICES)
    assert [name for name, service in compose["services"].items() if "profiles" not in service] == [
        "tf-serving"
    ]


@pytest.mark.parametrize("name", _SERVICES)
def test_services_are_pinned_and_confined(compose, name):
    service = compose["services"][name]

    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"].removeprefix("${RUN_AS:-").removesuffix("}"))
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    # What listens is asked whether it answers; what works to its end is not.
    if "ports" in service:
        assert service["healthcheck"]["test"]
    else:
        assert (service["healthcheck"], service["restart"]) == ({"disable": True}, "no")


@pytest.mark.parametrize("name", sorted({*_SERVICES} - {"pipeline"}))
def test_what_is_mounted_exists_and_cannot_be_written(compose, deploy, name):
    for volume in compose["services"][name].get("volumes", []):
        if volume.startswith("${"):
            assert volume.endswith(":/models/deepfake-inspector:ro")
            continue
        source, _, mode = volume.partition(":")
        if source in compose["volumes"]:
            continue
        assert (deploy / source).exists()
        assert mode.endswith(":ro")


def test_the_pipeline_pushes_to_the_folder_that_is_served(compose):
    [served] = [
        volume.removesuffix(":/models/deepfake-inspector:ro")
        for volume in compose["services"]["tf-serving"]["volumes"]
        if volume.endswith(":/models/deepfake-inspector:ro")
    ]
    mounted = {volume["target"]: volume for volume in compose["services"]["pipeline"]["volumes"]}
    workspace = Workspace(Path("/work/workspace"))

    assert mounted.pop(str(workspace.model_base_path(MODEL_NAME)))["source"] == served
    assert "read_only" not in mounted.pop("/work/workspace")
    assert [volume["read_only"] for volume in mounted.values()] == [True]


def test_the_pipeline_makes_no_folder_that_belongs_to_root(compose):
    for volume in compose["services"]["pipeline"]["volumes"]:
        assert volume["bind"] == {"create_host_path": False}


def test_the_pipeline_keeps_what_it_fetches_in_the_workspace(compose):
    environment = compose["services"]["pipeline"]["environment"]

    assert environment["KERAS_HOME"].startswith("/work/workspace/")
    assert any(
        folder.startswith(f"{environment['HOME']}:") for folder in compose["services"]["pipeline"]["tmpfs"]
    )


def test_with_cards_the_pipeline_runs_the_other_image(compose, with_gpu, deploy):
    [(name, service)] = with_gpu["services"].items()

    assert service["image"] == compose["services"][name]["image"] + "-gpu"
    dockerfile = (deploy.parents[1] / "Dockerfile").read_text()
    for argument in service["build"]["args"]:
        assert f"\nARG {argument}=" in dockerfile


def test_services_that_wait_wait_for_one_that_exists(compose):
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_files_named_in_flags_are_mounted(compose, deploy):
    service = compose["services"]["tf-serving"]
    assert "./config:/config:ro" in service["volumes"]
    for name in re.findall(r"=/config/(\S+)", " ".join(service["command"])):
        assert (deploy / "config" / name).is_file()


@pytest.mark.parametrize("name", ["web", "pipeline"])
def test_our_image_is_of_this_version(compose, deploy, name):
    [version] = re.findall(
        r'^version = "(.*)"$', (deploy.parents[1] / "pyproject.toml").read_text(), re.MULTILINE
    )

    assert compose["services"][name]["image"] == f"deepfake-inspector:{version}"
    assert (deploy / compose["services"][name]["build"]["context"] / "Dockerfile").is_file()


def test_prometheus_gets_the_rules_of_kubernetes(compose, deploy, tmp_path):
    rules = deploy / "kubernetes" / "components" / "prometheus-operator" / "rules.yaml"
    shell, option, command = compose["services"]["prometheus"]["entrypoint"]
    assert (shell, option) == ("sh", "-c")
    cut, _, rest = command.partition(" && ")
    assert rest.startswith("exec prometheus --config.file=/etc/prometheus/prometheus.yml ")

    made = tmp_path / "rules.yaml"
    _run(
        cut.replace("/etc/prometheus/rules.yaml", str(rules)).replace("/tmp/rules.yaml", str(made)),  # noqa: S108
        check=True,
    )

    assert yaml.safe_load(made.read_text()) == yaml.safe_load(rules.read_text())["spec"]
    config = yaml.safe_load((deploy / "prometheus" / "prometheus.yml").read_text())
    assert config["rule_files"] == ["/tmp/rules.yaml"]  # noqa: S108


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (404, False), (None, False)])
def test_the_server_is_healthy_while_a_version_can_answer(compose, status, healthy):
    _, bash, option, command = compose["services"]["tf-serving"]["healthcheck"]["test"]
    assert (bash, option) == ("bash", "-c")
    asked = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        port = server.server_port
        if status is None:
            server.server_close()
        else:
            threading.Thread(target=server.handle_request, daemon=True).start()
        result = _run(command.replace("8501", str(port)), capture_output=True)

    assert (result.returncode == 0) is healthy
    assert asked == ([] if status is None else ["/v1/models/deepfake-inspector/metadata"])
