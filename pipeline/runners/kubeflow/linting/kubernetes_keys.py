"""The keys of an executor of the platform document, as kfp-kubernetes 2.17 has them: `KubernetesExecutorConfig`.

A test holds this against that release. Written here, as kfp-kubernetes has no release for both stacks.
"""

from typing import Any

TEXT, NUMBER, YES_OR_NO = str, int, bool

LABELS = "labels"
"""A mapping of text to text."""

PARAMETER = "parameter"
"""A `TaskInputsSpec.InputParameterSpec`, or the like: where the value comes from when the pipeline runs."""

_REQUIREMENTS = [{"key": TEXT, "operator": TEXT, "values": [TEXT]}]
_POD_METADATA = {"labels": LABELS, "annotations": LABELS}

KEYS: dict[str, Any] = {
    "secretAsVolume": [
        {"secretName": TEXT, "mountPath": TEXT, "optional": YES_OR_NO, "secretNameParameter": PARAMETER}
    ],
    "secretAsEnv": [
        {
            "secretName": TEXT,
            "keyToEnv": [{"secretKey": TEXT, "envVar": TEXT}],
            "optional": YES_OR_NO,
            "secretNameParameter": PARAMETER,
        }
    ],
    "pvcMount": [
        {
            "taskOutputParameter": PARAMETER,
            "constant": TEXT,
            "componentInputParameter": TEXT,
            "mountPath": TEXT,
            "pvcNameParameter": PARAMETER,
            "subPath": TEXT,
        }
    ],
    "nodeSelector": {"labels": LABELS, "nodeSelectorJson": PARAMETER},
    "podMetadata": _POD_METADATA,
    "imagePullSecret": [{"secretName": TEXT, "secretNameParameter": PARAMETER}],
    "imagePullPolicy": TEXT,
    "configMapAsVolume": [
        {"configMapName": TEXT, "mountPath": TEXT, "optional": YES_OR_NO, "configMapNameParameter": PARAMETER}
    ],
    "configMapAsEnv": [
        {
            "configMapName": TEXT,
            "keyToEnv": [{"configMapKey": TEXT, "envVar": TEXT}],
            "configMapNameParameter": PARAMETER,
            "optional": YES_OR_NO,
        }
    ],
    "activeDeadlineSeconds": NUMBER,
    "fieldPathAsEnv": [{"name": TEXT, "fieldPath": TEXT}],
    "tolerations": [
        {
            "key": TEXT,
            "operator": TEXT,
            "value": TEXT,
            "effect": TEXT,
            "tolerationSeconds": NUMBER,
            "tolerationJson": PARAMETER,
        }
    ],
    "genericEphemeralVolume": [
        {
            "volumeName": TEXT,
            "mountPath": TEXT,
            "accessModes": [TEXT],
            "size": TEXT,
            "defaultStorageClass": YES_OR_NO,
            "storageClassName": TEXT,
            "metadata": _POD_METADATA,
        }
    ],
    "nodeAffinity": [
        {
            "matchExpressions": _REQUIREMENTS,
            "matchFields": _REQUIREMENTS,
            "weight": NUMBER,
            "nodeAffinityJson": PARAMETER,
        }
    ],
    "podAffinity": [
        {
            "matchPodExpressions": _REQUIREMENTS,
            "matchPodLabels": LABELS,
            "topologyKey": TEXT,
            "namespaces": [TEXT],
            "matchNamespaceExpressions": _REQUIREMENTS,
            "matchNamespaceLabels": LABELS,
            "weight": NUMBER,
            "anti": YES_OR_NO,
        }
    ],
    "enabledSharedMemory": {"volumeName": TEXT, "size": TEXT},
    "emptyDirMounts": [{"volumeName": TEXT, "mountPath": TEXT, "medium": TEXT, "sizeLimit": TEXT}],
    "securityContext": {"runAsUser": NUMBER, "runAsGroup": NUMBER, "runAsNonRoot": YES_OR_NO},
}
