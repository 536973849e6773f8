"""Where artifacts are, and what a node sees of them."""

import contextlib
import os
import shutil
from pathlib import Path

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.errors import RunError
from pipeline.runners.kubeflow.entrypoint.mirror import Mirror

_BUCKET = "minio://mlpipeline/v2/artifacts"


class Storage:
    """What a cluster does around a node, for one run: here, artifacts are files that every node sees.

    So it is with Vertex and its mounted buckets.

    Attributes:
        root: takes all runs.
        run: the folder of this one.
        pipeline_root: URI below which this run's artifacts go.
    """

    def __init__(self, root: Path, run: Path, pipeline_root: str):
        """Makes nothing yet."""
        self.root, self.run, self.pipeline_root = root, run, pipeline_root
        self._number = 0

    def mirror(self, task: str) -> Mirror | None:
        """Where a node finds artifacts of object storage; None where they are plain files."""
        return None

    def output_uri(self, task: str, key: str) -> str:
        """Where a node is to write an output artifact."""
        return f"{self.pipeline_root}/{task}/{key}"

    def node_folder(self, task: str) -> Path:
        """The disk of a node's container, as far as it matters."""
        return self.run / "nodes" / task

    def output_file(self, task: str) -> Path:
        """Where a node is to tell what it made."""
        return self.node_folder(task) / "executor_output.json"

    def prepare(self, task: str, executor_input: pipeline_spec_pb2.ExecutorInput) -> None:
        """Makes what a node may expect before it starts."""
        self.node_folder(task).mkdir(parents=True)
        for parameter in executor_input.outputs.parameters.values():
            Path(parameter.output_file).parent.mkdir(parents=True, exist_ok=True)

    def collect(self, task: str, artifact: pipeline_spec_pb2.RuntimeArtifact) -> None:
        """Takes in an artifact that a node made, or that was there before, and names it."""
        self._number += 1
        artifact.name = self._name(self._number)

    def file(self, uri: str) -> str:
        """Where a person finds an artifact on this machine."""
        return uri

    def as_input(self, artifact: pipeline_spec_pb2.RuntimeArtifact) -> pipeline_spec_pb2.RuntimeArtifact:
        """An artifact as the cluster describes it to who reads it."""
        return artifact

    def _name(self, number: int) -> str:
        return f"projects/0/locations/here/metadataStores/default/artifacts/{number}"


class TypelessFiles(Storage):
    """The same, but input artifacts come without a type, as on open-source Kubeflow."""

    def as_input(self, artifact: pipeline_spec_pb2.RuntimeArtifact) -> pipeline_spec_pb2.RuntimeArtifact:
        """Without its type: of a schema that is written out, only the empty place comes back."""
        return _typeless(artifact)

    def _name(self, number: int) -> str:
        return str(number)


class Bucket(TypelessFiles):
    """Object storage, and the launcher of open-source Kubeflow before it.

    A node sees only what it takes as input, downloaded to a disk of its own, and what it writes is uploaded: files,
    as object storage knows no empty folders.
    """

    def mirror(self, task: str) -> Mirror:
        """The mirror of one node."""
        return Mirror(self.node_folder(task), must_exist=False)

    def prepare(self, task: str, executor_input: pipeline_spec_pb2.ExecutorInput) -> None:
        """Downloads the inputs; of outputs, makes only the folder above."""
        super().prepare(task, executor_input)
        store, mirror = self._store, self.mirror(task)
        for listed in executor_input.inputs.artifacts.values():
            for artifact in listed.artifacts:
                there, here = store.local(artifact.uri), mirror.local(artifact.uri)
                # Of what was never written, the launcher finds no object and makes no file; nor does it complain.
                if here == artifact.uri or not Path(there).exists():
                    continue
                _link_files(Path(there), Path(here))
        for listed in executor_input.outputs.artifacts.values():
            for artifact in listed.artifacts:
                Path(mirror.local(artifact.uri)).parent.mkdir(parents=True, exist_ok=True)

    def collect(self, task: str, artifact: pipeline_spec_pb2.RuntimeArtifact) -> None:
        """Uploads it; where nothing was written, as with a model that was only looked up, does nothing."""
        super().collect(task, artifact)
        artifact.metadata.CopyFrom(_stored_metadata(artifact.metadata))
        here, there = self.mirror(task).local(artifact.uri), self._store.local(artifact.uri)
        if here != artifact.uri and Path(here).exists():
            _link_files(Path(here), Path(there))

    def file(self, uri: str) -> str:
        """The file or folder that stands for an object."""
        return self._store.local(uri)

    @property
    def _store(self) -> Mirror:
        return Mirror(self.root / "buckets", must_exist=False)


def bucket(root: Path, run: Path, pipeline: str) -> Bucket:
    """Object storage below `root`."""
    return Bucket(root, run, f"{_BUCKET}/{pipeline}/{run.name}")


def plain_files(root: Path, run: Path, pipeline: str, typed: bool) -> Storage:
    """Plain files below `root`."""
    kind = Storage if typed else TypelessFiles
    return kind(root, run, str(root / "artifacts" / pipeline / run.name))


def _typeless(artifact: pipeline_spec_pb2.RuntimeArtifact) -> pipeline_spec_pb2.RuntimeArtifact:
    result = pipeline_spec_pb2.RuntimeArtifact()
    result.CopyFrom(artifact)
    if artifact.type.WhichOneof("kind") == "instance_schema":
        result.type.instance_schema = ""
    return result


def _stored_metadata(metadata: struct_pb2.Struct) -> struct_pb2.Struct:
    """As it comes back from the metadata store of open-source Kubeflow, which knows neither truth nor nothing."""
    result = struct_pb2.Struct()
    for key, value in metadata.fields.items():
        kind = value.WhichOneof("kind")
        if kind == "null_value":
            raise RunError(f"Metadata '{key}' is null, which Kubeflow's launcher refuses.")
        if kind == "bool_value":
            result.fields[key].number_value = float(value.bool_value)
        elif kind in ("list_value", "struct_value"):
            result.fields[key].struct_value.fields[kind.partition("_")[0]].CopyFrom(value)
        else:
            result.fields[key].CopyFrom(value)
    return result


def _link_files(source: Path, target: Path) -> None:
    if source.is_dir():
        for folder, _, names in os.walk(source):
            for name in names:
                _link(Path(folder, name), target / Path(folder, name).relative_to(source))
    else:
        _link(source, target)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
