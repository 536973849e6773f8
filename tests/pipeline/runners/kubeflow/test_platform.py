"""The second document."""

import pytest

from pipeline.runners.kubeflow.compiling import compile_for_kubeflow
from pipeline.runners.kubeflow.platform import platform_document
from pipeline.runners.kubeflow.target import Target, load_target


@pytest.fixture
def executors(package):
    """By label."""
    return package.platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def test_every_node_in_a_container_has_its_part(executors, tasks):
    assert set(executors) == {f"{node}_executor" for node in tasks if node != "WarmStart"}


def test_the_trainer_gets_its_gpu_node_volume_and_secrets(executors):
    assert executors["Trainer_executor"] == {
        "activeDeadlineSeconds": 172800,
        "imagePullPolicy": "IfNotPresent",
        "nodeSelector": {"labels": {"nvidia.com/gpu.present": "true"}},
        "podMetadata": {"labels": {"app": "deepfake-inspector"}},
        "pvcMount": [{"constant": "deepfake-data", "mountPath": "/data"}],
        "secretAsEnv": [
            {
                "secretName": "mlpipeline-minio-artifact",
                "keyToEnv": [{"secretKey": key, "envVar": variable}],
            }
            for key, variable in (("accesskey", "AWS_ACCESS_KEY_ID"), ("secretkey", "AWS_SECRET_ACCESS_KEY"))
        ],
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }


def test_other_nodes_get_none_of_it(executors):
    assert set(executors["DataGate_executor"]) == {
        *("activeDeadlineSeconds", "imagePullPolicy", "podMetadata", "pvcMount", "secretAsEnv")
    }


def test_all_there_is():
    target = Target.model_validate(
        {
            "defaults": {
                "annotations": {"a.example/b": "c"},
                "image_pull_secrets": ["pull"],
                "tolerations": [{"key": "spot", "value": "yes", "effect": "NoExecute"}],
                "volumes": [{"claim": "data", "mount_path": "/data", "sub_path": "faces"}],
            }
        }
    )
    document = platform_document(target, ["Pusher"])
    assert document["platforms"]["kubernetes"]["deploymentSpec"]["executors"] == {
        "Pusher_executor": {
            "podMetadata": {"annotations": {"a.example/b": "c"}},
            "imagePullSecret": [{"secretName": "pull"}],
            "tolerations": [{"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoExecute"}],
            "pvcMount": [{"constant": "data", "mountPath": "/data", "subPath": "faces"}],
        }
    }


def test_where_nothing_is_asked_there_is_no_second_document(deployment):
    assert platform_document(Target(), ["Trainer"]) == {}
    target = load_target("vertex")
    package = compile_for_kubeflow(deployment(target=target))
    assert package.documents == [package.spec]
