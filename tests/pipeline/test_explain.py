"""`explain`: a picture an image, none for a bad one, and no two under one name."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.commands.explain import explain
from serving.errors import BadInputError, ServerUnreachableError
from serving.server import Server


@pytest.fixture(scope="module")
def address(bright_model):
    """Of a server with the model `bright`."""
    with Server(bright_model.parent, "bright") as server:
        server.wait_until_available(60)
        yield server.address


@pytest.fixture(scope="module")
def mute_model(bright_model, tmp_path_factory):
    """Version 1 of a model like `bright` from before there was a signature `explain`."""
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("mute") / "1"
    model = tf.saved_model.load(str(bright_model))
    tf.saved_model.save(model, str(folder), signatures={"serving_bytes": model.signatures["serving_bytes"]})
    return folder


def _run(*arguments):
    result = CliRunner().invoke(explain, [*map(str, arguments)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    for name, brightness in (("a/face.png", 200), ("b/face.png", 30)):
        (folder / name).parent.mkdir(parents=True)
        Image.new("RGB", (40, 20), (brightness,) * 3).save(folder / name)
    return folder


def test_each_image_gets_its_picture_and_its_verdict(address, images, tmp_path):
    result = _run(
        images, "--out", tmp_path / "out/new", "--server", address, "--model-name", "bright", "--json"
    )
    first, second = map(json.loads, result.stdout.splitlines())
    assert result.return_value == 0
    assert (first["decision"], second["decision"]) == ("fake", "real")
    assert first["score"] == pytest.approx(200 / 255, abs=1e-6)
    assert first["explained"] == str(tmp_path / "out/new/face.explained.png")
    assert second["explained"] == str(tmp_path / "out/new/face-2.explained.png")
    drawn = np.asarray(Image.open(first["explained"]))
    assert drawn.shape == (20, 80, 3)
    np.testing.assert_array_equal(drawn[:, :40], 200)
    assert sorted(path.name for path in (tmp_path / "out/new").iterdir()) == [
        "face-2.explained.png",
        "face.explained.png",
    ]


def test_a_bad_image_gets_none_and_the_others_theirs(address, images, tmp_path):
    (images / "a/a.png").write_bytes(b"no image")
    result = _run(images, "--out", tmp_path / "out", "--server", address, "--model-name", "bright")
    assert result.return_value == 1
    assert f"{images}/a/a.png: no verdict: " in result.stderr
    assert [line.split("\t")[2] for line in result.stdout.splitlines()] == ["fake", "real"]
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_model_that_explains_nothing_is_said(mute_model, images, tmp_path):
    with Server(mute_model.parent, "mute") as server:
        server.wait_until_available(60)
        with pytest.raises(BadInputError, match="does not explain its verdicts"):
            _run(images, "--out", tmp_path / "out", "--server", server.address, "--model-name", "mute")


def test_without_a_server_it_says_how_to_start_one(images, tmp_path):
    with pytest.raises(ServerUnreachableError, match="deepfake-inspector serve"):
        _run(images, "--out", tmp_path / "out", "--server", "localhost:1", "--timeout", "2")
