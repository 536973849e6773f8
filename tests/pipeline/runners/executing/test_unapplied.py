"""What this machine does not give is told."""

from pipeline.runners.executing.compiled import read_spec
from pipeline.runners.executing.unapplied import unapplied


def test_resources_retries_and_kubernetes_are_told_by_task(maker):
    maker.task("A")
    resources = {
        "cpuLimit": 4.0,
        "memoryLimit": 16.0,
        "accelerator": {"type": "nvidia.com/gpu", "count": "1"},
    }
    maker.task("B", resources=resources)["retryPolicy"] = {"maxRetryCount": 2}
    asked = {"nodeSelector": {"labels": {"pool": "gpu"}}, "pvcMount": [{"mountPath": "/training"}]}
    executors = {"B_executor": asked | {"activeDeadlineSeconds": 60}}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    told = list(unapplied(read_spec(maker.write("spec.yaml", platform))))
    assert told == [
        "B: 4 CPUs, 16 GB of memory, 1 nvidia.com/gpu, 2 retries, nodeSelector, "
        "pvcMount (/training: a folder of this machine)"
    ]
