"""What the first convolution of each backbone sees, and weights that cannot be had."""

import urllib.error
import urllib.request

import keras
import numpy as np
import pytest

from components.errors import WeightsError
from components.settings import ModelSettings
from components.trainer.backbones import BACKBONES, build_backbone
from components.trainer.model import build_detector

SIZE = 32
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
NAMES = ["efficientnet-b0", "efficientnetv2-b0"]


@pytest.fixture(scope="module")
def pixels():
    """float32 `[2, 32, 32, 3]`, whole numbers from 0 to 255."""
    values = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    values[0, 0, 0], values[0, 0, 1] = 0, 255
    return values


@pytest.fixture(scope="module")
def official_file(tmp_path_factory):
    """A weights file of EfficientNet-B0 like Keras' own: deviations stand where the variances belong."""
    model = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    layer.adapt_mean.assign(MEAN)
    layer.adapt_variance.assign(DEVIATION)
    path = tmp_path_factory.mktemp("weights") / "efficientnetb0_notop.h5"
    model.save(path)
    return path


def seen_by_first_convolution(model, backbone, pixels):
    """What reaches the first convolution while the whole model looks at the pixels."""
    convolution = next(layer for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D))
    seen, call = [], convolution.call

    def record(inputs, *args, **kwargs):
        seen.append(keras.ops.convert_to_numpy(inputs))
        return call(inputs, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "call", record)
        model(pixels, training=False)
    [inputs] = seen
    # EfficientNet (v1) pads with zeros first, below and to the right.
    return inputs[:, :SIZE, :SIZE]


def seen_by_detector(name, weights, pixels):
    settings = ModelSettings(
        backbone=name, weights=str(weights), image_size=SIZE, head_units=(), head_dropout=()
    )
    detector = build_detector(settings, seed=0)
    return seen_by_first_convolution(detector.model(), detector.backbone, pixels / np.float32(255))


def normalised(pixels):
    return (pixels / 255 - MEAN) / DEVIATION


@pytest.mark.parametrize("name", NAMES)
def test_the_detector_fed_0_to_1_sees_what_the_backbone_fed_0_to_255_sees(name, pixels):
    build = {
        "efficientnet-b0": keras.applications.EfficientNetB0,
        "efficientnetv2-b0": keras.applications.EfficientNetV2B0,
    }[name]
    reference = build(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    expected = seen_by_first_convolution(reference, reference, pixels)
    found = seen_by_detector(name, "none", pixels)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    # The whole contrast, not a 255th of it.
    assert np.ptp(found) >= 1


def test_efficientnetv2_sees_normalised_pixels(pixels):
    np.testing.assert_allclose(
        seen_by_detector("efficientnetv2-b0", "none", pixels), normalised(pixels), atol=1e-4
    )


def test_efficientnet_from_a_file_sees_normalised_pixels(official_file, pixels):
    found = seen_by_detector("efficientnet-b0", official_file, pixels)
    np.testing.assert_allclose(found, normalised(pixels), atol=1e-4)


def test_efficientnet_from_a_file_sees_what_it_sees_with_downloaded_weights(
    official_file, pixels, monkeypatch
):
    from keras.src.utils import file_utils

    # In the place of the download; Keras then mends the file in its own way.
    monkeypatch.setattr(file_utils, "get_file", lambda *args, **kwargs: str(official_file))
    keras_model = keras.applications.EfficientNetB0(
        include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3)
    )
    expected = seen_by_first_convolution(keras_model, keras_model, pixels)
    np.testing.assert_allclose(
        seen_by_detector("efficientnet-b0", official_file, pixels), expected, atol=1e-4
    )
    np.testing.assert_allclose(seen_by_detector("efficientnet-b0", "imagenet", pixels), expected, atol=1e-4)
    loaded = build_backbone("efficientnet-b0", str(official_file), SIZE)
    np.testing.assert_allclose(loaded(pixels), keras_model(pixels), atol=1e-4)


def test_a_file_that_holds_the_variance_is_left_as_it_is(pixels, tmp_path):
    model = build_backbone("efficientnet-b0", "none", SIZE)
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    layer.adapt_mean.assign(MEAN)
    layer.adapt_variance.assign(DEVIATION**2)
    model.save_weights(tmp_path / "mine.weights.h5")
    found = seen_by_detector("efficientnet-b0", tmp_path / "mine.weights.h5", pixels)
    np.testing.assert_allclose(found, normalised(pixels), atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_cannot_be_downloaded_are_never_replaced_by_random_ones(name, tmp_path, monkeypatch):
    from keras.src.utils import file_utils

    def unreachable(*args, **kwargs):
        raise urllib.error.URLError("[Errno -2] Name or service not known")

    # Keras' own download meets a network that is down and a cache that is empty.
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(file_utils.config, "keras_home", lambda: str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        build_backbone(name, "imagenet", SIZE)
    said = str(caught.value)
    assert f"The ImageNet weights of {name} could not be downloaded (URL fetch failure on https://" in said
    assert "Name or service not known" in said
    assert "path of a weights file" in said
    assert "none for random weights" in said


def test_a_missing_weights_file_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"expected imagenet, none or the path .* received '.*nowhere.h5'"):
        build_backbone("efficientnet-b0", str(tmp_path / "nowhere.h5"), SIZE)


@pytest.mark.parametrize("content", ["of another backbone", "no weights"])
def test_weights_that_do_not_fit_are_refused(content, official_file, tmp_path):
    path = official_file
    if content == "no weights":
        path = tmp_path / "mine.weights.h5"
        path.write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"does not fit efficientnetv2-b0: .* without its top"):
        build_backbone("efficientnetv2-b0", str(path), SIZE)


def test_every_backbone_takes_the_range_of_eight_bits():
    assert {name: backbone.input_range for name, backbone in BACKBONES.items()} == dict.fromkeys(
        NAMES, (0.0, 255.0)
    )
