"""Which of the versions found in a base path to serve."""

from collections.abc import Callable, Collection

from tensorflow_serving.config import file_system_storage_path_source_pb2

VersionPolicy = Callable[[Collection[int]], set[int]]
"""Chooses among the versions found those to serve."""

PolicyProto = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


def latest(count: int = 1) -> VersionPolicy:
    """The policy that serves the `count` highest versions."""
    return lambda versions: set(sorted(versions)[-count:])


def every() -> VersionPolicy:
    """The policy that serves all versions."""
    return set


def specific(wanted: Collection[int]) -> VersionPolicy:
    """The policy that serves these versions, as far as they are there."""
    return lambda versions: set(versions) & set(wanted)


def policy_of(proto: PolicyProto) -> VersionPolicy:
    """The policy that a model's configuration asks for; the highest version where it asks for none.

    Raises:
        ValueError: `latest` of fewer than one version, or `specific` without a version.
    """
    choice = proto.WhichOneof("policy_choice")
    if choice == "all":
        return every()
    if choice == "specific":
        if not proto.specific.versions:
            raise ValueError("model_version_policy: expected at least one version in specific, received none")
        return specific(set(proto.specific.versions))
    if choice == "latest":
        # In the proto, 0 is also what stands there when nothing does: TensorFlow Serving takes it as 1.
        count = proto.latest.num_versions or 1
        return latest(count)
    return latest(1)
