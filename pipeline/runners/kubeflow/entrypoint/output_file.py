"""The file in which a node tells the cluster what it made."""

import os
from pathlib import Path

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2
from tfx.dsl.io import fileio

from components.atomic_file import write_text


def read_output(path: str) -> pipeline_spec_pb2.ExecutorOutput:
    """Reads what a node made, from a file or from object storage."""
    with fileio.open(path, "rb") as file:
        return json_format.Parse(file.read(), pipeline_spec_pb2.ExecutorOutput())


def write_output(path: str, output: pipeline_spec_pb2.ExecutorOutput) -> None:
    """Writes what a node made, whole or not at all, and returns when it is safe."""
    text = json_format.MessageToJson(output)
    if "://" in path:
        # An object comes into being when it is closed.
        with fileio.open(path, "wb") as file:
            file.write(text)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_text(Path(path), text)
