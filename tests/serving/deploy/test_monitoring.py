"""Alerts and dashboard: PromQL that reads series which exist."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import grpc
import pytest
import yaml

# Every series that may be read, and its labels beside `job` and `instance`. The first five are TensorFlow Serving's;
# of a histogram NAME there are NAME_bucket, NAME_count and NAME_sum.
_SERIES = {
    ":tensorflow:serving:request_count": {"model_name", "status"},
    ":tensorflow:serving:request_latency_bucket": {"model_name", "API", "entrypoint", "le"},
    ":tensorflow:serving:runtime_latency_bucket": {"model_name", "API", "runtime", "le"},
    ":tensorflow:serving:model_warmup_latency_bucket": {"model_path", "status", "le"},
    ":tensorflow:cc:saved_model:load_attempt_count": {"model_path", "status"},
    ":tensorflow:cc:saved_model:load_latency": {"model_path"},
    # Prometheus itself.
    "up": set(),
    # kube-state-metrics.
    "kube_pod_container_status_restarts_total": {"namespace", "pod", "container"},
    "kube_pod_container_resource_limits": {"namespace", "pod", "container", "resource"},
    # cAdvisor.
    "container_cpu_usage_seconds_total": {"namespace", "pod", "container"},
    "container_memory_working_set_bytes": {"namespace", "pod", "container"},
}
_WORDS = {
    "sum",
    "max",
    "rate",
    "increase",
    "absent",
    "histogram_quantile",
    "by",
    "on",
    "unless",
    "or",
    "and",
    "offset",
}
_STATUSES = {code.name for code in grpc.StatusCode}


def _rules(deploy) -> list[dict]:
    path = deploy / "kubernetes" / "components" / "prometheus-operator" / "rules.yaml"
    [group] = yaml.safe_load(path.read_text())["spec"]["groups"]
    return group["rules"]


@pytest.fixture(scope="module")
def dashboard(deploy):
    return json.loads((deploy / "grafana" / "dashboard.json").read_text())


@pytest.fixture(scope="module")
def expressions(deploy, dashboard):
    return [rule["expr"] for rule in _rules(deploy)] + [
        target["expr"] for panel in dashboard["panels"] for target in panel["targets"]
    ]


def test_only_known_series_and_labels_are_read(expressions):
    read = set()
    for expression in expressions:
        bare = re.sub(r'"[^"]*"', '""', expression)
        for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}", bare):
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert labels <= _SERIES[name] | {"job", "instance"}, expression
            read.add(name)
        bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", "", bare)
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", bare))))
        assert grouped <= set().union(*_SERIES.values()) | {"instance"}, expression
        bare = re.sub(r"\b(by|on)\s*\([^)]*\)", r"\1", bare)
        words = set(re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*", bare))
        assert words <= _WORDS | set(_SERIES), expression

    assert read == set(_SERIES)


def test_expressions_are_balanced(expressions):
    pairs = {")": "(", "]": "[", "}": "{"}
    for expression in expressions:
        opened = []
        for character in re.sub(r'"[^"]*"', "", expression):
            if character in pairs.values():
                opened.append(character)
            elif character in pairs:
                assert opened.pop() == pairs[character], expression
        assert not opened, expression


def test_expressions_are_promql(expressions):
    promql_parser = pytest.importorskip(
        "promql_parser", reason="needs a parser of PromQL: pip install promql-parser"
    )
    for expression in expressions:
        promql_parser.parse(expression.replace("$__rate_interval", "5m"))


def test_statuses_are_those_of_grpc(expressions):
    named = re.findall(r'(?<!model_)status[=!]~?"([A-Z_|]+)"', " ".join(expressions))

    assert named
    assert {status for pattern in named for status in pattern.split("|")} <= _STATUSES


def test_faults_of_clients_raise_no_alarm(deploy):
    [rule] = [rule for rule in _rules(deploy) if rule["alert"] == "DeepfakeInspectorErrors"]

    assert not re.search("INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|OK", rule["expr"])


def test_each_alert_says_what_to_do(deploy):
    headings = re.findall(r"^### (\w+)$", (deploy / "README.md").read_text(), re.MULTILINE)
    rules = _rules(deploy)

    assert headings == [rule["alert"] for rule in rules]
    for rule in rules:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"] == f"serving/deploy/README.md#{rule['alert'].lower()}"


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, which comes with Prometheus")
def test_alerts_fire_when_they_should(deploy, tmp_path):
    rules = {"groups": [{"name": "deepfake-inspector", "rules": _rules(deploy)}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    shutil.copy(Path(__file__).parent / "alerts.promtool.yaml", tmp_path)

    command = ["promtool", "test", "rules", "alerts.promtool.yaml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert result.returncode == 0, result.stdout + result.stderr


def test_the_dashboard_shows_its_panels_beside_each_other(dashboard):
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    squares = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in dashboard["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]

    assert len(set(identifiers)) == len(identifiers)
    assert len(set(squares)) == len(squares)
    assert max(x for x, _ in squares) < 24


def test_the_dashboard_knows_its_variables(dashboard):
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", json.dumps(dashboard["panels"])))

    assert used - {"__rate_interval"} == variables


def test_grafana_finds_prometheus_and_the_dashboard(deploy, dashboard):
    provisioning = deploy / "grafana" / "provisioning"
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    [provider] = yaml.safe_load((provisioning / "dashboards" / "files.yaml").read_text())["providers"]
    grafana = yaml.safe_load((deploy / "compose.yaml").read_text())["services"]["grafana"]
    [variable] = [v for v in dashboard["templating"]["list"] if v["type"] == "datasource"]

    assert variable["current"]["value"] == source["uid"]
    [mount] = [volume for volume in grafana["volumes"] if volume.startswith("./grafana/dashboard.json:")]
    assert mount.split(":")[1].startswith(provider["options"]["path"] + "/")
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == mount.split(":")[1]
