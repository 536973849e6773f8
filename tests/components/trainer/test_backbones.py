"""What the first convolution of each backbone sees, where weights come from, and weights that cannot be had."""

import contextlib
import functools
import json
import urllib.error
import urllib.request

import keras
import numpy as np
import pytest

from components.errors import WeightsError
from components.settings import ModelSettings
from components.trainer.assets import FACTS_FILE, KERAS_FILE, load_detector
from components.trainer.backbones import build_backbone, copy_weights
from components.trainer.model import Detector, build_detector

SIZE = 32
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
NAMES = ["efficientnet-b0", "efficientnetv2-b0"]
# One for each way in which Keras scales the input, and one more: the others differ from these in depth and width.
BUILT = ["efficientnet-b0", "efficientnet-b1", "efficientnetv2-b0", "efficientnetv2-s"]


@pytest.fixture(scope="module")
def pixels():
    """float32 `[2, 32, 32, 3]`, whole numbers from 0 to 255."""
    values = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype(np.float32)
    values[0, 0, 0], values[0, 0, 1] = 0, 255
    return values


@pytest.fixture(scope="module")
def official_file(tmp_path_factory):
    """A weights file of EfficientNet-B0 like Keras' own: deviations stand where the variances belong."""
    keras.utils.set_random_seed(1)
    model = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    normalization = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    normalization.adapt_mean.assign(MEAN)
    normalization.adapt_variance.assign(DEVIATION**2)
    normalization.finalize_state()
    # Statistics near those of real activations: without them, nothing of an image comes out at the other end.
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.03
        elif isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    random = np.random.default_rng(1)
    colours = random.uniform(0, 255, (32, 1, 1, 3)) + random.normal(0, 30, (32, SIZE, SIZE, 3))
    model(colours.astype(np.float32), training=True)
    normalization.adapt_variance.assign(DEVIATION)
    path = tmp_path_factory.mktemp("weights") / "efficientnetb0_notop.h5"
    model.save(path)
    return path


@contextlib.contextmanager
def downloading(file):
    """In the place of the download; Keras then mends the file in its own way."""
    from keras.src.utils import file_utils

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_utils, "get_file", lambda *args, **kwargs: str(file))
        yield


def model_settings(name, weights) -> ModelSettings:
    return ModelSettings(
        backbone=name,
        weights=str(weights),
        image_size=SIZE,
        any_image_size=True,
        head_units=(),
        head_dropout=(),
    )


@functools.cache
def untrained(name) -> Detector:
    return build_detector(model_settings(name, "none"), seed=0)


@pytest.fixture(scope="module")
def downloaded(official_file) -> Detector:
    """EfficientNet-B0 with weights as Keras downloads them."""
    with downloading(official_file):
        return build_detector(model_settings("efficientnet-b0", "imagenet"), seed=0)


@pytest.fixture(scope="module")
def loaded(official_file) -> Detector:
    """EfficientNet-B0 with the same weights, from the file."""
    return build_detector(model_settings("efficientnet-b0", official_file), seed=0)


class SeenError(Exception):
    """Ends a call where all that was to be seen was seen."""


def seen_by_first_convolution(model, backbone, pixels):
    """What reaches the first convolution when the whole model looks at the pixels."""
    convolution = next(layer for layer in backbone.layers if isinstance(layer, keras.layers.Conv2D))
    seen = []

    def record(inputs, *args, **kwargs):
        seen.append(keras.ops.convert_to_numpy(inputs))
        raise SeenError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "call", record)
        with pytest.raises(SeenError):
            model(pixels, training=False)
    [inputs] = seen
    # EfficientNet (v1) pads with zeros first, below and to the right.
    return inputs[:, :SIZE, :SIZE]


def seen_by_detector(detector, pixels):
    return seen_by_first_convolution(detector.model(), detector.backbone, pixels / np.float32(255))


def normalised(pixels):
    return (pixels / 255 - MEAN) / DEVIATION


@pytest.mark.parametrize("name", BUILT)
def test_the_detector_fed_0_to_1_sees_what_the_backbone_fed_0_to_255_sees(name, pixels):
    detector = untrained(name)
    # As Keras' own users feed it.
    expected = seen_by_first_convolution(detector.backbone, detector.backbone, pixels)
    found = seen_by_detector(detector, pixels)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    # The whole contrast, not a 255th of it.
    assert np.ptp(found) >= 1


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        # Without weights, its Normalization does nothing yet.
        ("efficientnet-b0", 0.0, 1.0),
        ("efficientnetv2-b0", (0 - 0.485) / 0.229, (1 - 0.485) / 0.229),
        ("efficientnetv2-s", -1.0, 255 / 128 - 1),
    ],
)
def test_the_range_that_reaches_the_first_convolution(name, lowest, highest):
    detector = untrained(name)
    for value, expected in ((0.0, lowest), (1.0, highest)):
        images = np.full((1, SIZE, SIZE, 3), value, np.float32)
        red = seen_by_first_convolution(detector.model(), detector.backbone, images)[..., 0]
        np.testing.assert_allclose(red, expected, atol=1e-5)


def test_efficientnetv2_sees_normalised_pixels(pixels):
    found = seen_by_detector(untrained("efficientnetv2-b0"), pixels)
    np.testing.assert_allclose(found, normalised(pixels), atol=1e-4)


def test_efficientnet_with_weights_sees_normalised_pixels(downloaded, loaded, pixels):
    for detector in (downloaded, loaded):
        np.testing.assert_allclose(seen_by_detector(detector, pixels), normalised(pixels), atol=1e-4)


def test_downloaded_weights_and_those_of_a_file_compute_what_keras_computes(
    official_file, downloaded, loaded, pixels
):
    with downloading(official_file):
        reference = keras.applications.EfficientNetB0(
            include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3)
        )
    expected = np.asarray(reference(pixels))
    largest = np.abs(expected).max()
    # The range of the input makes a difference.
    assert np.abs(reference(pixels / 2) - expected).max() > 0.1 * largest
    for detector in (downloaded, loaded):
        np.testing.assert_allclose(detector.backbone(pixels), expected, atol=1e-3 * largest)


def test_the_layers_do_not_depend_on_where_the_weights_come_from(downloaded, loaded):
    kinds = [
        [type(layer) for layer in detector.backbone.layers]
        for detector in (untrained("efficientnet-b0"), downloaded, loaded)
    ]
    assert kinds[1] == kinds[2] == kinds[0]


def test_a_detector_from_downloaded_weights_is_built_again_without_a_download(downloaded, pixels, tmp_path):
    trained = downloaded.model()
    trained.save(tmp_path / KERAS_FILE)
    settings = model_settings("efficientnet-b0", "imagenet").model_dump(mode="json")
    (tmp_path / FACTS_FILE).write_text(json.dumps({"settings": {"model": settings}}))
    images = pixels / np.float32(255)
    np.testing.assert_allclose(load_detector(tmp_path)(images), trained(images), atol=1e-5)


def test_a_model_given_the_weights_of_another_computes_what_that_computes(loaded, pixels):
    target = build_detector(model_settings("efficientnet-b0", "none"), seed=0)
    copy_weights(loaded.model(), target.model())
    np.testing.assert_allclose(target.backbone(pixels), loaded.backbone(pixels), atol=1e-5)
    np.testing.assert_allclose(seen_by_detector(target, pixels), normalised(pixels), atol=1e-4)


def test_a_file_that_holds_the_variance_is_left_as_it_is(loaded, pixels, tmp_path):
    loaded.backbone.save_weights(tmp_path / "mine.weights.h5")
    detector = build_detector(model_settings("efficientnet-b0", tmp_path / "mine.weights.h5"), seed=0)
    np.testing.assert_allclose(seen_by_detector(detector, pixels), normalised(pixels), atol=1e-4)


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
