"""The server's configuration files, and the flags that name them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from google.protobuf import text_encoding, text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.defaults import MODEL_NAME

# Of tensorflow_model_server 2.19.
_FLAGS = set((Path(__file__).parent / "model_server_flags.txt").read_text().split())


def _models(path: Path):
    text = path.read_text()
    [model] = text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config
    return model


@pytest.mark.parametrize("name", ["models.config", "models-canary.config"])
def test_the_model_is_the_one_that_clients_ask_for(deploy, name):
    model = _models(deploy / "config" / name)

    assert model.name == MODEL_NAME
    assert model.base_path == f"/models/{MODEL_NAME}"
    assert model.model_platform == "tensorflow"


def test_two_versions_are_kept(deploy):
    model = _models(deploy / "config" / "models.config")

    assert model.model_version_policy.latest.num_versions == 2
    assert not model.version_labels


def test_labels_of_the_canary_stand_for_versions_that_no_push_unloads(deploy):
    model = _models(deploy / "config" / "models-canary.config")

    assert dict(model.version_labels) == {"stable": 1, "canary": 2}
    assert set(model.version_labels.values()) == set(model.model_version_policy.specific.versions)


def test_metrics_are_where_prometheus_looks(deploy, variants):
    text = (deploy / "config" / "monitoring.config").read_text()
    [path] = re.findall(r'^  path: "(.*)"$', text, re.MULTILINE)
    [scrape] = yaml.safe_load((deploy / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    [monitor] = [m for m in variants["pvc and all"] if m["kind"] == "ServiceMonitor"]

    assert re.search(r"^  enable: true$", text, re.MULTILINE)
    assert path == scrape["metrics_path"] == monitor["spec"]["endpoints"][0]["path"]
    assert scrape["job_name"] == "deepfake-inspector"


def test_batches_have_the_sizes_that_are_allowed(deploy):
    text = (deploy / "config" / "batching.config").read_text()
    [largest] = re.findall(r"^max_batch_size \{ value: (\d+) \}$", text, re.MULTILINE)
    allowed = [int(size) for size in re.findall(r"^allowed_batch_sizes: (\d+)$", text, re.MULTILINE)]

    # As the server demands.
    assert allowed == sorted(allowed)
    assert allowed[-1] == int(largest)


@pytest.mark.parametrize("where", ["pvc", "pvc and all", "object-store and all", "kserve", "compose"])
def test_flags_are_those_of_the_server(deploy, variants, where):
    if where == "compose":
        arguments = yaml.safe_load((deploy / "compose.yaml").read_text())["services"]["tf-serving"]["command"]
    elif where == "kserve":
        [service] = [m for m in variants[where] if m["kind"] == "InferenceService"]
        arguments = service["spec"]["predictor"]["model"]["args"]
    else:
        [deployment] = [m for m in variants[where] if m["kind"] == "Deployment"]
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    names = [re.fullmatch(r"--(\w+)=\S+", argument).group(1) for argument in arguments]

    assert len(set(names)) == len(names)
    assert set(names) <= _FLAGS
    assert "load_retry_interval_micros" in names
    # The server refuses the one without the other.
    assert ("batching_parameters_file" in names) <= ("enable_batching" in names)


def test_flags_in_prose_are_those_of_the_server(deploy):
    texts = [*deploy.glob("*.md"), *(deploy / "config").iterdir()]
    flags = set(re.findall(r"--([a-z]\w*_\w+)", " ".join(path.read_text() for path in texts)))

    assert "batching_parameters_file" in flags
    assert flags <= _FLAGS


def test_the_readme_makes_an_ssl_config(deploy, tmp_path):
    [block] = re.findall(r"```sh\n(\(\n  umask 077.*?\n\)\n)", (deploy / "README.md").read_text(), re.DOTALL)
    pems = {}
    for field, name in [("server_key", "server.key"), ("server_cert", "server.crt"), ("custom_ca", "ca.crt")]:
        pems[field] = f"-----BEGIN {name}-----\nab+/c==\n-----END {name}-----\n"
        (tmp_path / name).write_text(pems[field])

    subprocess.run(["bash", "-c", block], check=True, cwd=tmp_path)  # noqa: S607

    made = tmp_path / "ssl.config"
    fields = dict(re.findall(r'^(\w+): "(.*)"$', made.read_text(), re.MULTILINE))
    assert {name: text_encoding.CUnescape(value).decode() for name, value in fields.items()} == pems
    assert made.read_text().endswith("client_verify: true\n")
    assert made.stat().st_mode & 0o077 == 0
