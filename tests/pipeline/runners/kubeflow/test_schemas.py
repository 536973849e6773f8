"""The package as the schemas of other releases read it: that of kfp 2.5, and the newest.

Two of them do not fit into one process, so each is asked in a process of its own, in which no other package is to be
seen. uv fetches them.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.runners.kubeflow.linting import kubernetes_keys as keys
from pipeline.runners.kubeflow.writing import job_text
from pipeline.runners.vertex.compiling import compile_for_vertex

_REPOSITORY = Path(__file__).parents[4]
_NEWEST = (
    *("kfp-pipeline-spec==2.17.3", "kfp-kubernetes==2.17.3"),
    *("protobuf==6.33.6", "googleapis-common-protos==1.70.0"),
)
# The first release of kfp-kubernetes that knows deadlines, tolerations and the like.
_OF_KFP_2_5 = (
    *("kfp-pipeline-spec==0.2.2", "kfp-kubernetes==1.2.0"),
    *("protobuf==3.20.3", "googleapis-common-protos==1.63.0"),
)

# -S: without site-packages; the folder with what was fetched takes their place.
_LOAD = """
import importlib.util, json, sys
sys.path.insert(0, sys.argv[1])
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pipeline
# Not by its package, which would want all of kfp.
path = sys.argv[1] + "/kfp/kubernetes/kubernetes_executor_config_pb2.py"
spec = importlib.util.spec_from_file_location("kubernetes_executor_config_pb2", path)
kubernetes = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kubernetes)
"""
_PARSE = f"""{_LOAD}
given = json.load(sys.stdin)
spec, platform = given["spec"], given["platform"]
json_format.ParseDict(spec, pipeline.PipelineSpec())
deployment = json_format.ParseDict(spec["deploymentSpec"], pipeline.PipelineDeploymentConfig())
json_format.ParseDict(platform, pipeline.PlatformSpec())
for executor in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
    json_format.ParseDict(executor, kubernetes.KubernetesExecutorConfig())
json_format.ParseDict(given["job"], pipeline.PipelineJob())
trainer = deployment.executors["Trainer_executor"].container
print(json.dumps([len(deployment.executors), trainer.resources.memory_limit, trainer.resources.accelerator.count]))
"""
_DESCRIBE = f"""{_LOAD}
def described(message):
    found = {{}}
    for field in message.fields:
        inner, many = field.message_type, field.label == field.LABEL_REPEATED
        if inner is None:
            kind = {{field.TYPE_STRING: "text", field.TYPE_BOOL: "yes or no"}}.get(field.type, "number")
        elif inner.GetOptions().map_entry:
            kind, many = "labels", False
        elif inner.file.name.startswith("kubernetes"):
            kind = described(inner)
        else:
            kind = "parameter"
        found[field.json_name] = [kind] if many else kind
    return found
print(json.dumps(described(kubernetes.KubernetesExecutorConfig.DESCRIPTOR)))
"""


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """``ask(packages, code, given)``: what code prints, as JSON, in a process with these packages alone."""
    uv = shutil.which("uv") or str(_REPOSITORY / ".uv/bin/uv")
    if not Path(uv).is_file():
        pytest.skip("needs uv to fetch other releases of kfp's schemas; `make setup` brings it")

    def run(packages, code, given=None):
        folder = tmp_path_factory.getbasetemp() / "-".join(packages).replace("=", "")
        if not folder.is_dir():
            into = ("--no-deps", "--python", sys.executable, "--target", folder)
            fetched = subprocess.run(
                [uv, "pip", "install", "--quiet", *into, *packages],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if fetched.returncode:
                pytest.skip(f"cannot fetch {' '.join(packages)}: {fetched.stderr.strip().splitlines()[-1]}")
        finished = subprocess.run(
            [sys.executable, "-I", "-S", "-W", "ignore", "-c", code, folder],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return run


@pytest.fixture(scope="module")
def compiled(package, deployment):
    """What is compiled, as JSON."""
    from pipeline.runners.kubeflow.target import load_target

    on_google = {name: f"gs://data/{name}" for name in ("records", "push_to", "pipeline_root")}
    job = compile_for_vertex(deployment(target=load_target("vertex"), **on_google))
    return {"spec": package.spec, "platform": package.platform, "job": json.loads(job_text(job))}


@pytest.mark.parametrize("packages", [_OF_KFP_2_5, _NEWEST], ids=["kfp 2.5", "newest"])
def test_every_release_reads_it_without_an_unknown_field(ask, compiled, packages):
    executors = len(compiled["spec"]["deploymentSpec"]["executors"])
    assert ask(packages, _PARSE, compiled) == [executors, 32.0, 1]


@pytest.mark.parametrize("packages", [_OF_KFP_2_5, _NEWEST], ids=["kfp 2.5", "newest"])
def test_what_is_unknown_would_be_seen(ask, compiled, packages):
    broken = json.loads(json.dumps(compiled))
    broken["platform"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["Trainer_executor"][
        "gpus"
    ] = 1
    with pytest.raises(AssertionError, match="gpus"):
        ask(packages, _PARSE, broken)


def test_the_keys_of_the_linter_are_those_of_the_newest_release(ask):
    names = {keys.TEXT: "text", keys.NUMBER: "number", keys.YES_OR_NO: "yes or no"}

    def named(wanted):
        if isinstance(wanted, dict):
            return {key: named(one) for key, one in wanted.items()}
        return [named(wanted[0])] if isinstance(wanted, list) else names.get(wanted, wanted)

    assert named(keys.KEYS) == ask(_NEWEST, _DESCRIBE)
