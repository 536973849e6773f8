"""Places that would lie on the disk of a pod, and so be gone with it: no volume is mounted there."""

from collections.abc import Iterator

from components.latest_pushed import NODE_ID as BASELINE
from pipeline.runners.kubeflow.compiling import PUSH_TO, RECORDS, Deployment
from pipeline.runners.kubeflow.normalising import EXAMPLE_GEN

_OPENED_BY = {
    RECORDS: (EXAMPLE_GEN, "ImportSchemaGen"),
    PUSH_TO: (BASELINE, "Pusher"),
    "training_dir": ("Trainer",),
}


def places_on_pod_disks(deployment: Deployment) -> Iterator[str]:
    """Says in a sentence each which place which nodes would look for in vain, or write to in vain."""
    places = {
        RECORDS: deployment.records,
        PUSH_TO: deployment.push_to,
        "training_dir": deployment.target.training_dir,
    }
    for name, place in places.items():
        if not place or not place.startswith("/"):
            continue
        without = [node for node in _OPENED_BY[name] if not _mounted(deployment, node, place)]
        if without:
            yield (
                f"{name} is {place}, where {' and '.join(without)} mount no volume (`volumes` of the target): what "
                "is there is on the disk of a pod, and gone with it."
            )


def _mounted(deployment: Deployment, node: str, place: str) -> bool:
    mounts = (one.mount_path.rstrip("/") for one in deployment.target.of_node(node).volumes)
    return any(f"{place}/".startswith(f"{mount}/") for mount in mounts)
