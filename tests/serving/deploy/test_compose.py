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

_SERVICES = ["tf-serving", "web", "prometheus", "grafana"]


@pytest.fixture(scope="module")
def compose(deploy):
    return yaml.safe_load((deploy / "compose.yaml").read_text())


def _run(command: str, **options):
    # Compose writes a dollar as two.
    return subprocess.run(["bash", "-c", command.replace("$$", "$")], timeout=20, **options)  # noqa: S607


def test_it_is_valid(compose):
    schema = json.loads((Path(__file__).parent / "schemas" / "compose.json").read_text())

    jsonschema.validate(compose, schema)
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
    assert not service["user"].startswith("0")
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.parametrize("name", _SERVICES)
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


def test_services_that_wait_wait_for_one_that_exists(compose):
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_files_named_in_flags_are_mounted(compose, deploy):
    service = compose["services"]["tf-serving"]
    assert "./config:/config:ro" in service["volumes"]
    for name in re.findall(r"=/config/(\S+)", " ".join(service["command"])):
        assert (deploy / "config" / name).is_file()


def test_the_image_of_the_page_is_of_this_version(compose, deploy):
    [version] = re.findall(
        r'^version = "(.*)"$', (deploy.parents[1] / "pyproject.toml").read_text(), re.MULTILINE
    )

    assert compose["services"]["web"]["image"] == f"deepfake-inspector:{version}"
    assert (deploy / compose["services"]["web"]["build"]["context"] / "Dockerfile").is_file()


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
