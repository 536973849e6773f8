"""The deployment's files, and as much of Kustomize as they use."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[3] / "serving" / "deploy"
_KUSTOMIZATION_KEYS = {
    "apiVersion",
    "kind",
    "namespace",
    "resources",
    "components",
    "patches",
    "configMapGenerator",
}
Manifests = list[dict]


@pytest.fixture(scope="session")
def deploy() -> Path:
    """The folder serving/deploy."""
    return DEPLOY


@pytest.fixture(scope="session")
def overlay(tmp_path_factory) -> Callable[..., Path]:
    """A copy of an overlay (a folder below serving/deploy/kubernetes), with components taken in by their names."""

    def overlay(folder: str, components: tuple[str, ...] = ()) -> Path:
        copied = tmp_path_factory.mktemp("copy") / "deploy"
        shutil.copytree(DEPLOY, copied)
        path = copied / "kubernetes" / folder
        for component in components:
            _take_in(path / "kustomization.yaml", component)
        return path

    return overlay


@pytest.fixture(scope="session")
def variants(overlay) -> dict[str, Manifests]:
    """All that a reader may apply, with every component and with none."""
    everything = ("prometheus-operator", "tls")
    return {
        "pvc": build(overlay("overlays/pvc")),
        "object-store": build(overlay("overlays/object-store")),
        "pvc and all": build(overlay("overlays/pvc", everything)),
        "object-store and all": build(overlay("overlays/object-store", everything)),
        "kserve": build(overlay("kserve")),
    }


@pytest.fixture(scope="session", name="build")
def build_fixture() -> Callable[[Path], Manifests]:
    """`kustomize build`, without the hash that it puts at the end of the names of config maps."""
    return build


def _take_in(kustomization: Path, component: str) -> None:
    """Takes out two `#`, as the README tells its reader to."""
    text = kustomization.read_text().replace("# components:", "components:")
    line = f"  - ../../components/{component}\n"
    if f"# {line}" not in text:
        raise ValueError(f"{kustomization} has no component {component} to take in")
    kustomization.write_text(text.replace(f"# {line}", line))


def build(folder: Path, manifests: Manifests = ()) -> Manifests:
    """What the folder's kustomization makes of its own resources, or, of a component, of those given."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    unknown = set(kustomization) - _KUSTOMIZATION_KEYS
    if unknown:
        raise ValueError(f"{folder}: this test's Kustomize does not know {sorted(unknown)}")
    manifests = copy.deepcopy(list(manifests))
    for resource in kustomization.get("resources", []):
        path = folder / resource
        manifests += build(path) if path.is_dir() else _load(path)
    manifests += [_config_map(folder, entry) for entry in kustomization.get("configMapGenerator", [])]
    for component in kustomization.get("components", []):
        manifests = build(folder / component, manifests)
    for patch in kustomization.get("patches", []):
        target = patch["target"]
        [manifest] = [
            m for m in manifests if (m["kind"], m["metadata"]["name"]) == (target["kind"], target["name"])
        ]
        for operation in yaml.safe_load((folder / patch["path"]).read_text()):
            _apply(manifest, **operation)
    for manifest in manifests:
        if "namespace" in kustomization:
            manifest["metadata"]["namespace"] = kustomization["namespace"]
    return manifests


def _load(path: Path) -> Manifests:
    return list(yaml.safe_load_all(path.read_text()))


def _config_map(folder: Path, entry: dict) -> dict:
    """Without the hash that Kustomize puts at the end of its name."""
    data = {Path(file).name: (folder / file).read_text() for file in entry["files"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": entry["name"]}, "data": data}


def _apply(manifest: dict, op: str, path: str, value: object) -> None:
    """One operation of a JSON patch (RFC 6902)."""
    *parents, last = path.strip("/").split("/")
    place = manifest
    for step in parents:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if isinstance(place, list):
        if op != "add" or last != "-":
            raise ValueError(f"{op} {path}: only `add` at the end of a list is understood")
        place.append(copy.deepcopy(value))
    elif op == "add" or (op == "replace" and last in place):
        place[last] = copy.deepcopy(value)
    else:
        raise ValueError(f"{op} {path}: not understood, or there is nothing to replace")
