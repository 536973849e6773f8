"""Going on from an earlier detector: all its weights, or a clear refusal."""

import json
import shutil

import numpy as np
import pytest

from components.errors import WeightsError
from components.settings import ModelSettings
from components.trainer.assets import FACTS_FILE, KERAS_FILE
from components.trainer.warm_start import check_fits, load_weights_into

pytestmark = pytest.mark.usefixtures("small_backbone")

SETTINGS = ModelSettings(weights="none", image_size=32, head_units=(8,), head_dropout=(0.0,))


@pytest.fixture
def extra(exported, tmp_path):
    """A copy of the folder, to be changed."""
    return shutil.copytree(exported.folder / "assets.extra", tmp_path / "1" / "assets.extra")


def _change(extra, **changes):
    facts = json.loads((extra / FACTS_FILE).read_text())
    facts["settings"]["model"] |= changes
    (extra / FACTS_FILE).write_text(json.dumps(facts))


def test_every_weight_is_taken_over(exported, extra, small_detector):
    detector = small_detector(seed=9)
    before = [weight.copy() for weight in detector.model().get_weights()]
    load_weights_into(detector, extra, SETTINGS)
    after, expected = detector.model().get_weights(), exported.model.get_weights()
    assert len(after) == len(expected)
    for ours, theirs in zip(after, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert any((ours != old).any() for ours, old in zip(after, before, strict=True))


def test_what_has_no_weights_may_differ(extra):
    _change(extra, weights="/on/another/machine.h5", batch_normalization_momentum=0.5, head_dropout=[0.9])
    check_fits(extra, SETTINGS)


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (
            {"backbone": "efficientnetv2-b0"},
            "backbone efficientnet-b0, as configured, received efficientnetv2-b0",
        ),
        ({"image_size": 64}, "image_size 32, as configured, received 64"),
        # Left out, it is what the backbone was made for.
        ({"image_size": None}, "image_size 32, as configured, received 224"),
        ({"head_units": [9]}, r"head_units \[8\], as configured, received \[9\]"),
    ],
)
def test_another_network_is_refused_before_any_weight_is_read(extra, small_detector, theirs, words):
    _change(extra, **theirs)
    (extra / KERAS_FILE).unlink()
    [key] = theirs
    with pytest.raises(WeightsError, match=words) as caught:
        load_weights_into(small_detector(), extra, SETTINGS)
    assert f"Set model.{key} to " in str(caught.value)


def test_a_folder_that_is_no_model_is_named(tmp_path):
    with pytest.raises(
        WeightsError, match=r"received '.*/some', which holds no assets\.extra/detector\.json"
    ):
        check_fits(tmp_path / "some" / "assets.extra", SETTINGS)


@pytest.mark.parametrize(
    "facts", ["no json", "{}", "[]", '{"settings": {"model": {"of_another_version": 1}}}']
)
def test_a_model_of_another_version_is_refused_in_one_line(extra, facts):
    (extra / FACTS_FILE).write_text(facts)
    with pytest.raises(WeightsError, match="of this version of the project") as caught:
        check_fits(extra, SETTINGS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"no weights")])
def test_weights_that_cannot_be_read_are_named(extra, small_detector, damage):
    damage(extra / KERAS_FILE)
    with pytest.raises(WeightsError, match=r"expected the weights of a detector in '.*detector\.keras'"):
        load_weights_into(small_detector(), extra, SETTINGS)
