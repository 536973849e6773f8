"""The manifests of Kubernetes: valid, of one piece, pinned and confined."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

_SCHEMAS = Path(__file__).parent / "schemas"
_CUSTOM = {"ServiceMonitor", "PrometheusRule", "InferenceService"}
# The oldest that has all we use, and one of today.
_KUBERNETES = ["1.29", "1.34"]
# Made by hand, as serving/deploy/README.md says.
_SECRETS_MADE_BY_HAND = {"deepfake-inspector-object-store", "deepfake-inspector-tls"}
_DEPLOYMENTS = ["pvc", "object-store", "pvc and all", "object-store and all"]


@pytest.fixture(params=_DEPLOYMENTS)
def manifests(request, variants):
    return variants[request.param]


@pytest.fixture(params=[*_DEPLOYMENTS, "kserve"])
def everything(request, variants):
    return variants[request.param]


def _of(manifests, kind):
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def _deployment(manifests):
    [deployment] = _of(manifests, "Deployment")
    return deployment


def _pod(manifests):
    return _deployment(manifests)["spec"]["template"]["spec"]


def _containers(manifests):
    pod = _pod(manifests)
    return pod.get("initContainers", []) + pod["containers"]


def _server(manifests):
    [server] = [container for container in _containers(manifests) if container["name"] == "tf-serving"]
    return server


@pytest.mark.parametrize("version", _KUBERNETES)
def test_what_kubernetes_knows_is_valid(everything, version):
    known = [manifest for manifest in everything if manifest["kind"] not in _CUSTOM]

    assert known
    for manifest in known:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_the_operators_kinds_are_valid(everything):
    for manifest in everything:
        if manifest["kind"] in _CUSTOM:
            schema = json.loads((_SCHEMAS / f"{manifest['kind'].lower()}.json").read_text())
            jsonschema.validate(manifest, schema)


def test_a_misspelt_field_is_refused(variants):
    [monitor] = _of(variants["pvc and all"], "ServiceMonitor")
    schema = json.loads((_SCHEMAS / "servicemonitor.json").read_text())

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(monitor | {"spec": monitor["spec"] | {"sampleLimits": 1}}, schema)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="compares with kubectl's Kustomize")
@pytest.mark.parametrize(
    ("folder", "components"),
    [
        ("overlays/pvc", ()),
        ("overlays/object-store", ()),
        ("overlays/object-store", ("prometheus-operator", "tls")),
        ("kserve", ()),
    ],
)
def test_kustomize_builds_the_same(overlay, build, folder, components):
    path = overlay(folder, components)
    command = ["kubectl", "kustomize", str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # The names of config maps end in a hash of their content.
    text = re.sub(r"(deepfake-inspector-(?:server|mirror))-\w{10}\b", r"\1", text)

    def sort(manifests):
        return sorted(manifests, key=lambda m: (m["kind"], m["metadata"]["name"]))

    assert sort(yaml.safe_load_all(text)) == sort(build(path))


def test_every_variant_holds_each_object_once(everything):
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in everything]

    assert len(set(names)) == len(names)
    assert {manifest["metadata"]["namespace"] for manifest in everything} == {"deepfake-inspector"}


def test_what_the_pods_mention_exists(manifests):
    pod = _pod(manifests)
    volumes = {volume["name"] for volume in pod["volumes"]}
    wanted = {("ServiceAccount", pod["serviceAccountName"])}
    secrets = set()
    for volume in pod["volumes"]:
        for source in volume.get("projected", {}).get("sources", [volume]):
            if "configMap" in source:
                wanted.add(("ConfigMap", source["configMap"]["name"]))
        if "persistentVolumeClaim" in volume:
            wanted.add(("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]))
        if "secret" in volume:
            secrets.add(volume["secret"]["secretName"])
    for container in _containers(manifests):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        secrets |= {source["secretRef"]["name"] for source in container.get("envFrom", [])}

    assert wanted <= {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    assert secrets <= _SECRETS_MADE_BY_HAND


def test_files_named_in_flags_are_mounted(manifests):
    given = set(re.findall(r"=/config/(\S+)", " ".join(_server(manifests)["args"])))
    mounted = {
        name
        for manifest in _of(manifests, "ConfigMap")
        if manifest["metadata"]["name"] in ("deepfake-inspector-models", "deepfake-inspector-server")
        for name in manifest["data"]
    }

    assert given == {"models.config", "monitoring.config"}
    assert given <= mounted


def test_selectors_find_the_pods(manifests):
    labels = _deployment(manifests)["spec"]["template"]["metadata"]["labels"].items()
    spread = [constraint["labelSelector"] for constraint in _pod(manifests)["topologySpreadConstraints"]]
    selectors = [
        _deployment(manifests)["spec"]["selector"]["matchLabels"],
        *(service["spec"]["selector"] for service in _of(manifests, "Service")),
        *(budget["spec"]["selector"]["matchLabels"] for budget in _of(manifests, "PodDisruptionBudget")),
        *(policy["spec"]["podSelector"]["matchLabels"] for policy in _of(manifests, "NetworkPolicy")),
        *(selector["matchLabels"] for selector in spread),
    ]

    assert len(selectors) == 7
    for selector in selectors:
        assert selector.items() <= labels


def test_the_autoscaler_finds_the_deployment(manifests):
    deployment = _deployment(manifests)
    [autoscaler] = _of(manifests, "HorizontalPodAutoscaler")
    target = autoscaler["spec"]["scaleTargetRef"]

    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


def test_the_monitor_finds_one_service_and_its_port(variants):
    manifests = variants["pvc and all"]
    [monitor] = _of(manifests, "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    [service] = [s for s in _of(manifests, "Service") if wanted <= s["metadata"]["labels"].items()]

    # The job of every series is the Service's name.
    assert service["metadata"]["name"] == "deepfake-inspector"
    assert {e["port"] for e in monitor["spec"]["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}


def test_ports_exist(manifests):
    server = _server(manifests)
    named = {port["name"]: port["containerPort"] for port in server["ports"]}
    flags = dict(argument.removeprefix("--").split("=", 1) for argument in server["args"])
    assert named == {"grpc": int(flags["port"]), "rest": int(flags["rest_api_port"])}

    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        [port] = [action["port"] for key, action in server[probe].items() if key in ("grpc", "httpGet")]
        assert port in named or port in named.values()
    for service in _of(manifests, "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(named)
    [policy] = _of(manifests, "NetworkPolicy")
    assert [port["port"] for port in policy["spec"]["ingress"][0]["ports"]] == list(named.values())


def test_grpc_is_probed_only_without_tls(manifests):
    server = _server(manifests)
    tls = any(argument.startswith("--ssl_config_file=") for argument in server["args"])

    assert ("grpc" in server["startupProbe"]) == ("grpc" in server["livenessProbe"]) == (not tls)


def test_a_pod_goes_when_its_clients_have_gone(manifests):
    server = _server(manifests)
    [age] = re.findall(r"max_connection_age_ms=(\d+)", " ".join(server["args"]))
    sleep = int(server["lifecycle"]["preStop"]["exec"]["command"][1])

    # gRPC lets a connection live up to a tenth longer.
    assert int(age) / 1000 * 1.1 < sleep < _pod(manifests)["terminationGracePeriodSeconds"]


def test_the_models_cannot_be_written_by_the_server(manifests):
    assert all(
        mount.get("readOnly") for mount in _server(manifests)["volumeMounts"] if mount["name"] != "tmp"
    )


def test_containers_are_confined(manifests):
    pod = _pod(manifests)
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in _containers(manifests):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} == set(container["resources"]["limits"])
        assert {"cpu", "memory"} == set(container["resources"]["requests"])


def test_images_are_pinned(manifests):
    images = [container["image"] for container in _containers(manifests)]

    assert all(re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+", image) for image in images), images
    assert "tensorflow/serving:2.19.1" in images


def test_kserve_serves_the_same_model_with_the_same_server(variants):
    manifests = variants["kserve"]
    [service] = _of(manifests, "InferenceService")
    model = service["spec"]["predictor"]["model"]
    [claim] = _of(manifests, "PersistentVolumeClaim")

    assert service["metadata"]["name"] == "deepfake-inspector"
    assert model["runtimeVersion"] == "2.19.1"
    assert model["storageUri"] == f"pvc://{claim['metadata']['name']}/deepfake-inspector"
    assert model["securityContext"]["allowPrivilegeEscalation"] is False
