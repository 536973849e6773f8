"""The range that reaches the first convolution, and what a stage freezes."""

import keras
import numpy as np
import pytest

from components.settings import ModelSettings, StageSettings
from components.trainer.backbones import BACKBONES
from components.trainer.model import build_detector, set_trainable


def _reaching_first_convolution(backbone: keras.Model) -> keras.Model:
    first = next(layer for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D))
    # The padding before it moves pixels about, and changes none.
    return keras.Model(backbone.input, first.input)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_the_first_convolution_gets_what_the_backbone_was_trained_with(name, picture):
    pixels = picture(1, 5, 64, 64)[np.newaxis]
    detector = build_detector(ModelSettings(backbone=name, weights="none", image_size=64), seed=0)
    inner = _reaching_first_convolution(detector.backbone)
    received = inner.predict(detector.to_backbone_range(pixels / np.float32(255)), verbose=0)

    # As Keras' own users feed it: 0 to 255.
    expected = _reaching_first_convolution(
        BACKBONES[name].build(include_top=False, weights=None, input_shape=(64, 64, 3))
    )
    np.testing.assert_allclose(received, expected.predict(pixels.astype(np.float32), verbose=0), atol=1e-5)
    # Pixels in [0, 1] as they are would leave 255 times less contrast.
    starved = expected.predict(pixels / np.float32(255), verbose=0)
    over_pixels = (0, 1, 2)
    np.testing.assert_allclose(received.std(over_pixels), 255 * starved.std(over_pixels), rtol=0.01)


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
    ],
)
def test_a_stage_trains_the_layers_it_names(small_detector, fields, pretrained, trained):
    backbone = small_detector().backbone
    assert set_trainable(backbone, _stage(**fields), pretrained) == len(trained)
    assert [layer.name for layer in backbone.layers if layer.trainable_weights] == trained


def test_more_layers_than_there_are_is_an_error_with_both_numbers(small_detector):
    with pytest.raises(ValueError, match=r"at most 8 .*received 9"):
        set_trainable(small_detector().backbone, _stage(trainable=9), True)
