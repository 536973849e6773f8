"""Which images and buckets a pipeline can be compiled with."""

import pytest

from pipeline.runners.kubeflow.references import image_problem, place_problem, root_problem

_DIGEST = "sha256:" + "0af1" * 16
_WITH_PORT = "host.example:5000/a/inspector"


@pytest.mark.parametrize(
    "image",
    [
        "inspector:1.0",
        "a/b/inspector:v1.0_rc-1",
        f"{_WITH_PORT}:1",
        f"a/b@{_DIGEST}",
        f"a/b:1@{_DIGEST}",
    ],
)
def test_a_pinned_image_can_be_used(image):
    assert image_problem(image) is None


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ("inspector", "pinned by a tag or a digest"),
        (_WITH_PORT, "pinned by a tag or a digest"),
        ("inspector:latest", "A tag that moves"),
        ("inspector:", "A tag is"),
        ("inspector:a b", "A tag is"),
        ("inspector@sha256:12", "64 hexadecimal digits"),
        (f"inspector@{_DIGEST[:-1]}G", "64 hexadecimal digits"),
        ("", "REPOSITORY:TAG"),
        (":1", "REPOSITORY:TAG"),
        ("https://host.example/a:1", "REPOSITORY:TAG"),
        ("{{$.inputs.parameters['image']}}", "REPOSITORY:TAG"),
    ],
)
def test_another_cannot(image, told):
    assert told in image_problem(image)


@pytest.mark.parametrize("uri", ["gs://b/x", "s3://b", "minio://mlpipeline/v2/artifacts"])
def test_kubeflow_writes_to_object_stores(uri):
    assert root_problem(uri, for_vertex=False) is None


@pytest.mark.parametrize("uri", ["/tmp/runs", "file:///tmp", "gs://", "gs:///x", "http://b/x", "hdfs://b/x"])  # noqa: S108
def test_and_to_nothing_else(uri):
    assert uri in root_problem(uri, for_vertex=False)


def test_vertex_writes_to_google_alone():
    assert root_problem("gs://b/x", for_vertex=True) is None
    assert "not at 's3://b/x'" in root_problem("s3://b/x", for_vertex=True)


@pytest.mark.parametrize("place", ["gs://b/records", "/data/records"])
def test_nodes_open_what_tfx_knows(place):
    assert place_problem(place, for_vertex=False) is None


@pytest.mark.parametrize("place", ["minio://b/records", "s3://b/records", "records", "http://b/records"])
def test_and_nothing_of_other_object_stores(place):
    assert place in place_problem(place, for_vertex=False)


def test_on_vertex_there_are_no_volumes():
    assert "not '/data'" in place_problem("/data", for_vertex=True)
