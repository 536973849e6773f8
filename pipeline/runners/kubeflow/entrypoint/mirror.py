"""The launcher's mirror: it downloads inputs to, and uploads outputs from, folders of the container's own disk.

TFX reads neither `minio://` nor `s3://`; and plain files are what our own components write.
"""

import dataclasses
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

_FOLDERS = {"minio://": "minio", "s3://": "s3", "gs://": "gcs"}


@dataclasses.dataclass(frozen=True)
class Mirror:
    """Maps URIs of object storage to paths in the mirror, and back.

    Attributes:
        root: the folder in which `minio`, `s3` and `gcs` lie; `/` in a container.
        must_exist: whether a URI is left as it is when the folder of its scheme is missing.
    """

    root: Path
    must_exist: bool = True

    def local(self, uri: str) -> str:
        """The path of a URI in the mirror; anything else as it is."""
        for scheme, folder in _FOLDERS.items():
            if uri.startswith(scheme):
                top = self.root / folder
                return uri if self.must_exist and not top.is_dir() else f"{top}/{uri.removeprefix(scheme)}"
        return uri

    def remote(self, path: str) -> str:
        """The URI of a path in the mirror; anything else as it is."""
        for scheme, folder in _FOLDERS.items():
            prefix = f"{self.root / folder}/"
            if path.startswith(prefix):
                return scheme + path.removeprefix(prefix)
        return path


def mirror_inputs(executor_input: pipeline_spec_pb2.ExecutorInput, mirror: Mirror) -> None:
    """Makes every artifact, input or output, one of the mirror."""
    for artifacts in (executor_input.inputs.artifacts, executor_input.outputs.artifacts):
        _map_artifacts(artifacts, mirror.local)


def unmirror_outputs(output: pipeline_spec_pb2.ExecutorOutput, mirror: Mirror) -> None:
    """Makes every output artifact one of object storage again, where the launcher uploads it to."""
    _map_artifacts(output.artifacts, mirror.remote)


def _map_artifacts(artifacts: Any, convert: Any) -> None:
    for listed in artifacts.values():
        for artifact in listed.artifacts:
            artifact.uri = convert(artifact.uri)
            # A blessing names the model it is of: who reads it later must find that model in its own container.
            for value in artifact.metadata.fields.values():
                _map_value(value, convert)


def _map_value(value: struct_pb2.Value, convert: Any) -> None:
    if value.WhichOneof("kind") == "string_value":
        value.string_value = convert(value.string_value)
