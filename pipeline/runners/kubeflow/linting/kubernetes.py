"""The second document of a package: what Kubernetes is to give each pod."""

from collections.abc import Iterator
from typing import Any

from pipeline.runners.kubeflow.linting.finding import Finding
from pipeline.runners.kubeflow.linting.kubernetes_keys import (
    KEYS,
    LABELS,
    NUMBER,
    PARAMETER,
    TEXT,
    YES_OR_NO,
)
from pipeline.runners.kubeflow.linting.reading import Compiled

_PLATFORM = "kubernetes"
_PLACE = f"platforms.{_PLATFORM}.deploymentSpec.executors"
_ONE_OF = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "operator": ("Equal", "Exists"),
    "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
}
_MOUNTS = ("secretAsVolume", "pvcMount", "configMapAsVolume", "genericEphemeralVolume", "emptyDirMounts")
_NAMES: dict[Any, str] = {
    TEXT: "text",
    NUMBER: "a whole number",
    YES_OR_NO: "true or false",
    LABELS: "a mapping of text to text",
    PARAMETER: "a mapping that says where the value comes from",
}


def platform(compiled: Compiled) -> Iterator[Finding]:
    """Each executor of the document is one of the pipeline's, and each key one of Kubeflow's."""
    if compiled.platform is None:
        return
    if compiled.for_vertex:
        yield Finding("platform", "platforms", "Vertex knows no platform document.")
        return
    platforms = compiled.platform.get("platforms", {})
    for name in sorted(platforms.keys() - {_PLATFORM}):
        yield Finding(
            "platform", f"platforms.{name}", "Kubeflow Pipelines knows the platform 'kubernetes' alone."
        )
    executors = platforms.get(_PLATFORM, {}).get("deploymentSpec", {}).get("executors", {})
    in_container = dict(compiled.containers())
    for label, config in sorted(executors.items()):
        where = f"{_PLACE}.{label}"
        if label not in compiled.executors:
            yield Finding(
                "platform-executor", where, "The pipeline has no such executor: it would be passed over."
            )
        elif label not in in_container:
            yield Finding(
                "platform-executor", where, "It runs in no container, so this would be passed over."
            )
        yield from _checked(where, config, KEYS)
        yield from _meaning(where, config)


def _checked(where: str, value: Any, wanted: Any) -> Iterator[Finding]:
    """What is wrong with a value, by keys and types."""
    if isinstance(wanted, dict):
        if not isinstance(value, dict):
            yield Finding("platform-type", where, f"It is to be keys and values, and is {value!r}.")
            return
        for key, one in value.items():
            if key not in wanted:
                known = ", ".join(wanted)
                yield Finding("platform-key", f"{where}.{key}", f"There is no such key; there are {known}.")
            else:
                yield from _checked(f"{where}.{key}", one, wanted[key])
    elif isinstance(wanted, list):
        if not isinstance(value, list):
            yield Finding("platform-type", where, f"It is to be a list, and is {value!r}.")
            return
        for number, one in enumerate(value):
            yield from _checked(f"{where}.{number}", one, wanted[0])
    elif not _is(value, wanted):
        yield Finding("platform-type", where, f"It is to be {_NAMES[wanted]}, and is {value!r}.")
    else:
        key = where.rpartition(".")[2]
        # Of affinities, operators are others.
        if (
            key in _ONE_OF
            and "Expressions" not in where
            and "Fields" not in where
            and value not in _ONE_OF[key]
        ):
            yield Finding(
                "platform-value", where, f"It is one of {', '.join(_ONE_OF[key])}, and not '{value}'."
            )


def _is(value: Any, wanted: Any) -> bool:
    if wanted == LABELS:
        return isinstance(value, dict) and all(isinstance(one, str) for one in (*value, *value.values()))
    if wanted == PARAMETER:
        return isinstance(value, dict)
    if wanted is NUMBER:
        # A whole number that went through a protocol buffer is a float, and one of 64 bits may be text.
        if isinstance(value, str):
            return value.lstrip("-").isdecimal()
        return isinstance(value, (int, float)) and not isinstance(value, bool) and float(value).is_integer()
    return isinstance(value, wanted)


def _meaning(where: str, config: Any) -> Iterator[Finding]:
    """What is well-formed and yet cannot be."""
    if not isinstance(config, dict):
        return
    deadline = config.get("activeDeadlineSeconds")
    if isinstance(deadline, (int, float)) and deadline <= 0:
        yield Finding("platform-value", f"{where}.activeDeadlineSeconds", "A deadline is above 0 seconds.")
    paths: list[str] = []
    for kind in _MOUNTS:
        mounts = config.get(kind)
        for number, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            path = mount.get("mountPath") if isinstance(mount, dict) else None
            place = f"{where}.{kind}.{number}.mountPath"
            if not isinstance(path, str) or not path.startswith("/"):
                yield Finding(
                    "platform-value", place, f"A path to mount at begins with '/'; this is {path!r}."
                )
            elif path.rstrip("/") in paths:
                yield Finding("platform-value", place, f"Something else is mounted at '{path}' already.")
            else:
                paths.append(path.rstrip("/"))
    secrets = config.get("secretAsEnv")
    for number, secret in enumerate(secrets if isinstance(secrets, list) else ()):
        if isinstance(secret, dict) and not (secret.get("secretName") or secret.get("secretNameParameter")):
            yield Finding(
                "platform-value", f"{where}.secretAsEnv.{number}", "It does not say of which Secret."
            )
