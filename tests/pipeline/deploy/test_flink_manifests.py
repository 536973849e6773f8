"""The manifests of a Flink on Kubernetes: valid, of one piece, pinned and confined."""

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from pipeline.beam.settings import BeamSettings

_FLINK = Path(__file__).parents[3] / "pipeline/deploy/flink"
_SCHEMA = json.loads((Path(__file__).parent / "schemas/flinkdeployment.json").read_text())
# The oldest that has all we use, and one of today.
_KUBERNETES = ["1.29", "1.34"]
_JOB_SERVER = ("Deployment", "deepfake-inspector-beam")


@pytest.fixture(scope="module")
def manifests():
    """By kind and name."""
    listed = yaml.safe_load((_FLINK / "kustomization.yaml").read_text())["resources"]
    found = [one for file in listed for one in yaml.safe_load_all((_FLINK / file).read_text())]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


@pytest.fixture
def cluster(manifests):
    return copy.deepcopy(manifests["FlinkDeployment", "deepfake-inspector-flink"])


@pytest.fixture
def task_manager(cluster):
    return cluster["spec"]["taskManager"]["podTemplate"]["spec"]


@pytest.fixture
def pool(task_manager):
    [pool] = [one for one in task_manager["containers"] if one["name"] == "worker-pool"]
    return pool


def test_all_files_are_listed():
    listed = yaml.safe_load((_FLINK / "kustomization.yaml").read_text())["resources"]
    assert {*listed, "kustomization.yaml"} == {path.name for path in _FLINK.iterdir()}


@pytest.mark.parametrize("version", _KUBERNETES)
def test_what_kubernetes_knows_is_valid(manifests, version):
    for (kind, _), manifest in manifests.items():
        if kind != "FlinkDeployment":
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", _KUBERNETES)
def test_the_pod_template_is_valid(cluster, task_manager, version):
    # The operator fills in what Flink's own container runs.
    for container in task_manager["containers"]:
        container.setdefault("image", cluster["spec"]["image"])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "task-manager"}, "spec": task_manager}
    kubernetes_validate.validate(pod, version, strict=True)


def test_the_operators_kind_is_valid(cluster):
    jsonschema.validate(cluster, _SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"taskManagers": {}},
        {"flinkVersion": "v1.19"},
        {"flinkConfiguration": {"taskmanager.numberOfTaskSlots": 2}},
        {"jobManager": {"resource": {"cpus": 1}}},
    ],
)
def test_a_mistake_is_refused(cluster, change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(cluster | {"spec": cluster["spec"] | change}, _SCHEMA)


def test_the_runner_is_made_for_this_flink(cluster, manifests):
    [server] = manifests[_JOB_SERVER]["spec"]["template"]["spec"]["containers"]
    version = cluster["spec"]["flinkVersion"].removeprefix("v").replace("_", ".")
    assert cluster["spec"]["image"].startswith(f"flink:{version}.")
    assert server["image"].startswith(f"apache/beam_flink{version}_job_server:")
    # The same that `beam start` runs.
    pom = (_FLINK.parents[1] / "beam/local/flink/pom.xml").read_text()
    assert f"beam-runners-flink-{version}<" in pom
    assert f"<version>{server['image'].rpartition(':')[2]}<" in pom


def test_the_job_server_hands_its_jobs_to_this_cluster(cluster, manifests):
    [server] = manifests[_JOB_SERVER]["spec"]["template"]["spec"]["containers"]
    # The operator names the service of the REST API after the deployment.
    assert f"--flink-master={cluster['metadata']['name']}-rest:8081" in server["args"]


def test_the_service_finds_the_job_server(manifests):
    service = manifests["Service", "deepfake-inspector-beam"]["spec"]
    template = manifests[_JOB_SERVER]["spec"]["template"]
    [server] = template["spec"]["containers"]
    named = {port["name"]: port["containerPort"] for port in server["ports"]}
    flags = dict(one.removeprefix("--").split("=", 1) for one in server["args"])
    assert named == {"jobs": int(flags["job-port"]), "artifacts": int(flags["artifact-port"])}
    assert {port["targetPort"] for port in service["ports"]} == set(named)
    labels = template["metadata"]["labels"].items()
    assert service["selector"].items() <= labels
    assert manifests[_JOB_SERVER]["spec"]["selector"]["matchLabels"].items() <= labels
    policy = manifests["NetworkPolicy", "deepfake-inspector-beam"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels
    assert {port["port"] for port in policy["ingress"][0]["ports"]} == set(named)


def test_each_task_manager_has_a_pool_of_its_own_at_the_address_that_the_readme_gives(pool):
    flags = dict(one.removeprefix("--").split("=", 1) for one in pool["args"])
    assert pool["command"] == ["python", "-m", "pipeline.beam.worker_pool"]
    readme = (_FLINK.parents[1] / "README.md").read_text()
    assert f"beam.worker_pool={flags['host']}:{flags['port']}" in readme
    BeamSettings(profile="flink", job_endpoint="x:1", worker_pool=f"{flags['host']}:{flags['port']}")
    assert flags["port"] in pool["livenessProbe"]["exec"]["command"][-1]


def test_a_worker_for_each_slot_is_what_the_readme_gives(cluster):
    slots = cluster["spec"]["flinkConfiguration"]["taskmanager.numberOfTaskSlots"]
    readme = (_FLINK.parents[1] / "README.md").read_text()
    assert f"--sdk_worker_parallelism={slots}" in readme


def test_all_see_the_same_folder(manifests, task_manager):
    [data] = [one for one in task_manager["volumes"] if one["name"] == "data"]
    claim = manifests["PersistentVolumeClaim", data["persistentVolumeClaim"]["claimName"]]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for container in task_manager["containers"]:
        assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]


def test_flink_may_start_its_pods(cluster, manifests):
    account = cluster["spec"]["serviceAccount"]
    binding = manifests["RoleBinding", account]
    assert ("ServiceAccount", account) in manifests
    assert ("Role", binding["roleRef"]["name"]) in manifests
    assert {"kind": "ServiceAccount", "name": account} in binding["subjects"]


def test_our_containers_are_confined(manifests, pool):
    [server] = manifests[_JOB_SERVER]["spec"]["template"]["spec"]["containers"]
    for container in (pool, server):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert (
            set(container["resources"]["limits"])
            == {"cpu", "memory"}
            == set(container["resources"]["requests"])
        )


def test_images_are_pinned(cluster, manifests, pool):
    [server] = manifests[_JOB_SERVER]["spec"]["template"]["spec"]["containers"]
    for image in (cluster["spec"]["image"], server["image"], pool["image"]):
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+(-[\w.-]+)?", image)


@pytest.mark.skipif(not shutil.which("kubectl"), reason="compares with kubectl's Kustomize")
def test_kustomize_builds_it(manifests):
    command = ["kubectl", "kustomize", str(_FLINK)]
    built = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert {(one["kind"], one["metadata"]["name"]) for one in yaml.safe_load_all(built)} == set(manifests)
