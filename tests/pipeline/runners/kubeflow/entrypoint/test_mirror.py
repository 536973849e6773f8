"""URIs of object storage and the launcher's folders."""

import pytest
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from pipeline.runners.kubeflow.entrypoint.mirror import Mirror, mirror_inputs, unmirror_outputs

# As Kubeflow's launcher does it (LocalPathForURI in launcher_v2.go).
_KNOWN = {
    "minio://mlpipeline/v2/artifacts/x": "/minio/mlpipeline/v2/artifacts/x",
    "s3://bucket/a": "/s3/bucket/a",
    "gs://bucket/a/b": "/gcs/bucket/a/b",
}


@pytest.mark.parametrize(("uri", "path"), _KNOWN.items())
def test_the_launchers_folders(uri, path, tmp_path):
    mirror = Mirror(tmp_path, must_exist=False)
    assert mirror.local(uri) == f"{tmp_path}{path}"
    assert mirror.remote(mirror.local(uri)) == uri


@pytest.mark.parametrize("uri", ["/plain/file", "hdfs://host/a", "", "minio:/a", "text about gs://bucket"])
def test_anything_else_stays_as_it_is(uri, tmp_path):
    mirror = Mirror(tmp_path, must_exist=False)
    assert mirror.local(uri) == mirror.remote(uri) == uri


def test_in_a_container_the_folders_are_at_the_top():
    from pathlib import Path

    mirror = Mirror(Path("/"), must_exist=False)
    assert mirror.local("gs://bucket/a") == "/gcs/bucket/a"
    assert mirror.remote("/gcs/bucket/a") == "gs://bucket/a"


def test_without_its_folder_a_uri_stays_where_it_is(tmp_path):
    (tmp_path / "gcs").mkdir()
    mirror = Mirror(tmp_path)
    assert mirror.local("gs://bucket/a") == f"{tmp_path}/gcs/bucket/a"
    assert mirror.local("s3://bucket/a") == "s3://bucket/a"


def test_artifacts_go_to_the_mirror_and_back_with_the_uris_in_their_metadata(tmp_path):
    mirror = Mirror(tmp_path, must_exist=False)
    blessing = {"uri": "s3://b/blessing", "metadata": {"current_model": "s3://b/model", "blessed": 1.0}}
    told = json_format.ParseDict(
        {
            "inputs": {"artifacts": {"blessing": {"artifacts": [blessing]}}},
            "outputs": {"artifacts": {"model": {"artifacts": [{"uri": "minio://b/out"}]}}},
        },
        pipeline_spec_pb2.ExecutorInput(),
    )
    mirror_inputs(told, mirror)
    [ours] = told.inputs.artifacts["blessing"].artifacts
    assert ours.uri == f"{tmp_path}/s3/b/blessing"
    assert dict(ours.metadata) == {"current_model": f"{tmp_path}/s3/b/model", "blessed": 1.0}
    assert told.outputs.artifacts["model"].artifacts[0].uri == f"{tmp_path}/minio/b/out"

    output = pipeline_spec_pb2.ExecutorOutput()
    output.artifacts["blessing"].artifacts.add().CopyFrom(ours)
    unmirror_outputs(output, mirror)
    assert json_format.MessageToDict(output.artifacts["blessing"].artifacts[0]) == blessing
