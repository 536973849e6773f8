"""The demo set is balanced, repeats, and gives its labels away only to who looks at the faces."""

import hashlib
import io
import os

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from data.demo.faces import draw_demo_set, draw_image
from data.errors import BadInputError
from data.images.perceptual_hash import CROPS, DEFAULT_RADIUS, packed_hashes, perceptual_hashes
from data.partition.groups import group_images

COUNT = 300


@pytest.fixture(scope="module")
def drawn():
    """``COUNT`` encoded images, real and fake in turn."""
    return [draw_image(number % 2, number // 2, 0, 96) for number in range(COUNT)]


@pytest.fixture(scope="module")
def pixels(drawn):
    return [np.asarray(Image.open(io.BytesIO(encoded))) for encoded in drawn]


def _sharpness(image):
    return ndimage.laplace(image.mean(axis=-1)).var()


def _saturation(image):
    return np.asarray(Image.fromarray(image).convert("HSV"))[..., 1].mean()


SHORTCUTS = {"brightness": np.mean, "contrast": np.std, "saturation": _saturation, "sharpness": _sharpness}


@pytest.mark.parametrize("cue", SHORTCUTS)
def test_no_simple_cue_tells_the_classes_apart(pixels, cue):
    values = [SHORTCUTS[cue](image) for image in pixels]
    area = roc_auc_score([number % 2 for number in range(COUNT)], values)
    assert max(area, 1 - area) <= 0.75  # 0.69 at most on 1,000 images; the rest is chance on 300.


def test_the_size_of_the_file_does_not_tell_the_classes_apart(drawn):
    area = roc_auc_score([number % 2 for number in range(COUNT)], [len(encoded) for encoded in drawn])
    assert max(area, 1 - area) <= 0.7


def test_no_two_faces_belong_together(pixels):
    digests = [hashlib.sha256(image.tobytes()).hexdigest() for image in pixels]
    whole, crops = zip(*map(perceptual_hashes, pixels), strict=True)
    crops = packed_hashes(crops).reshape(COUNT, len(CROPS), -1)
    grouped = group_images(digests, packed_hashes(whole), crops, [], DEFAULT_RADIUS)
    assert len(set(grouped.names)) == COUNT


def test_the_set_is_balanced_repeats_and_follows_its_seed(tmp_path):
    told = []
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        draw_demo_set(tmp_path / name, count=6, seed=seed, size=64, progress=lambda *step: told.append(step))
    assert told[:6] == [("draw", done, 6) for done in range(1, 7)]
    files = [os.path.join(label, f"000{n}.jpg") for label in ("real", "fake") for n in range(3)]
    assert sorted(str(p.relative_to(tmp_path / "one")) for p in (tmp_path / "one").rglob("*.jpg")) == sorted(
        files
    )
    for file in files:
        content = (tmp_path / "one" / file).read_bytes()
        assert content == (tmp_path / "two" / file).read_bytes()
        assert content != (tmp_path / "other" / file).read_bytes()
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.size) == ("JPEG", (64, 64))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"count": 7}, "even number"), ({"count": 0}, "even number"), ({"size": 20}, "64 pixels")],
)
def test_wrong_arguments_are_named(tmp_path, wrong, message):
    with pytest.raises(BadInputError, match=message):
        draw_demo_set(tmp_path / "out", **{"count": 4, **wrong})
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_not_drawn_into(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(BadInputError, match="found files"):
        draw_demo_set(tmp_path, count=2)
