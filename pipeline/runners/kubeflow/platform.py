"""The second document of a package: what Kubernetes is to give the pod of each node.

Keys are those of `kubernetes_executor_config.proto` of kfp-kubernetes. Where that has an old and a new way to name a
Secret or a claim, the old one is written: servers of every version read it, and an old server stops at the new one.
"""

from collections.abc import Iterable
from typing import Any

from pipeline.runners.kubeflow.target import NodeSettings, Target

EXECUTOR_LABEL = "{}_executor"
"""Of a node's executor, as TFX names it."""


def platform_document(target: Target, nodes: Iterable[str]) -> dict[str, Any]:
    """The document, for the nodes of a compiled pipeline that run in a container.

    Args:
        target: what each node gets.
        nodes: ids of those nodes.

    Returns:
        With JSON's names, for YAML; empty when no node asks for anything.
    """
    executors = {
        EXECUTOR_LABEL.format(node): _executor_config(target.of_node(node)) for node in sorted(nodes)
    }
    asked = {label: config for label, config in executors.items() if config}
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": asked}}}} if asked else {}


def _executor_config(settings: NodeSettings) -> dict[str, Any]:
    config: dict[str, Any] = {
        "activeDeadlineSeconds": settings.timeout_s,
        "imagePullPolicy": settings.image_pull_policy,
        "imagePullSecret": [{"secretName": name} for name in settings.image_pull_secrets],
        "nodeSelector": {"labels": dict(settings.node_selector)} if settings.node_selector else None,
        "podMetadata": _present({"labels": dict(settings.labels), "annotations": dict(settings.annotations)}),
        "pvcMount": [
            _present({"constant": one.claim, "mountPath": one.mount_path, "subPath": one.sub_path})
            for one in settings.volumes
        ],
        "secretAsEnv": [
            {"secretName": one.secret, "keyToEnv": [{"secretKey": one.key, "envVar": one.variable}]}
            for one in settings.secrets
        ],
        "tolerations": [_present(one.model_dump()) for one in settings.tolerations],
    }
    return _present(config)


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
