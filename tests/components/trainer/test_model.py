"""The parts of a detector, and what a stage freezes."""

import re

import keras
import numpy as np
import pytest

from components.settings import StageSettings
from components.trainer.backbones import build_backbone
from components.trainer.model import set_trainable


def test_equal_seeds_give_equal_weights_and_others_do_not(small_detector):
    first, again, other = (small_detector(seed).head.get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_parts_make_the_whole(small_detector, make_pictures):
    detector = small_detector()
    pixels = make_pictures(4)[0] / np.float32(255)
    embeddings = detector.embedder().predict(pixels, verbose=0)
    by_parts = detector.head_on_embeddings().predict(embeddings, verbose=0)
    np.testing.assert_allclose(by_parts, detector.model().predict(pixels, verbose=0), rtol=1e-5)


def test_the_logit_is_float32_under_mixed_precision(small_detector):
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        assert small_detector().model().output.dtype == "float32"
    finally:
        keras.mixed_precision.set_global_policy("float32")


def _stage(**fields) -> StageSettings:
    return StageSettings(name="stage", epochs=1, **fields)


@pytest.mark.parametrize(
    ("fields", "pretrained", "trained"),
    [
        ({"trainable": "none"}, True, []),
        ({"trainable": "none", "batch_normalization": "trained"}, False, []),
        ({"trainable": "all"}, True, ["conv_1", "conv_2"]),
        ({"trainable": "all"}, False, ["conv_1", "norm_1", "conv_2", "norm_2"]),
        (
            {"trainable": "all", "batch_normalization": "trained"},
            True,
            ["conv_1", "norm_1", "conv_2", "norm_2"],
        ),
        ({"trainable": "all", "batch_normalization": "frozen"}, False, ["conv_1", "conv_2"]),
        # Layers without weights count as well: the last three are conv_2, norm_2 and act_2.
        ({"trainable": 3}, False, ["conv_2", "norm_2"]),
        ({"trainable": 3}, True, ["conv_2"]),
        ({"trainable": 2}, False, ["norm_2"]),
        # From a layer on, and from a block on.
        ({"trainable": "conv_2"}, False, ["conv_2", "norm_2"]),
        ({"trainable": "norm_2"}, False, ["norm_2"]),
        ({"trainable": "norm_1"}, True, ["conv_2"]),
        ({"trainable": "norm"}, False, ["norm_1", "conv_2", "norm_2"]),
        ({"trainable": "act_2"}, False, []),
    ],
)
def test_a_stage_trains_the_layers_it_names(small_detector, fields, pretrained, trained):
    backbone = small_detector().backbone
    assert set_trainable(backbone, _stage(**fields), pretrained) == len(trained)
    assert [layer.name for layer in backbone.layers if layer.trainable_weights] == trained


@pytest.fixture(scope="module")
def efficientnet():
    """EfficientNet-B0 with random weights."""
    return build_backbone("efficientnet-b0", "none", 32)


@pytest.mark.parametrize("asked", ["block6a", "block6a_expand_conv", 75])
def test_a_block_trains_from_its_first_layer_to_the_end(efficientnet, asked):
    """The last 75 of the 237 layers of EfficientNet-B0 are block6a to block6d, block7a and the top."""
    set_trainable(efficientnet, _stage(trainable=asked), pretrained=False)
    expected = [
        layer.name
        for layer in efficientnet.layers
        if layer.weights and layer.name.startswith(("block6", "block7", "top"))
    ]
    assert [layer.name for layer in efficientnet.layers if layer.trainable_weights] == expected
    assert efficientnet.layers[-75].name == "block6a_expand_conv"


def test_a_block_that_is_not_there_is_an_error_with_those_that_are(efficientnet):
    said = (
        "stage 'stage': expected trainable to be none, all, at most 237 (the layers of efficientnetb0), or a layer "
        "or block of it (stem, block1a, block2a-b, block3a-b, block4a-c, block5a-c, block6a-d, block7a, top), "
        "received block8a"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        set_trainable(efficientnet, _stage(trainable="block8a"), True)


def test_the_beginning_of_a_name_is_no_name(efficientnet):
    with pytest.raises(ValueError, match=r"received block6$"):
        set_trainable(efficientnet, _stage(trainable="block6"), True)


def test_more_layers_than_there_are_is_an_error_with_both_numbers(small_detector):
    with pytest.raises(ValueError, match=r"at most 8 .*received 9"):
        set_trainable(small_detector().backbone, _stage(trainable=9), True)
