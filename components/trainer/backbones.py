"""The backbones, with the facts that a model cannot be used without: above all its input range."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from components.errors import WeightsError


@dataclasses.dataclass(frozen=True)
class Backbone:
    """One entry of the table below.

    Attributes:
        build: the Keras Applications constructor.
        input_range: range of pixel values its input takes; the network carries its own normalisation behind it.
        image_size: the side, in pixels, that the ImageNet weights were trained with.
    """

    build: Callable[..., keras.Model]
    input_range: tuple[float, float]
    image_size: int


BACKBONES = {
    "efficientnet-b0": Backbone(keras.applications.EfficientNetB0, (0.0, 255.0), 224),
    "efficientnetv2-b0": Backbone(keras.applications.EfficientNetV2B0, (0.0, 255.0), 224),
}

# Keras' EfficientNet (v1) files store the deviation where its Normalization layer expects the variance. With
# weights="imagenet" Keras mends that by one more Rescaling layer; with a file it does not.
_IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def build_backbone(name: str, weights: str, image_size: int) -> keras.Model:
    """Builds a backbone without its ImageNet classifier.

    Args:
        name: a key of `BACKBONES`.
        weights: `imagenet`, `none`, or the path of a Keras weights file of this backbone without its top.
        image_size: side of the input, in pixels.

    Returns:
        A model from float32 `[N, image_size, image_size, 3]` in the backbone's `input_range` to feature maps.

    Raises:
        WeightsError: when the weights cannot be downloaded, found or loaded.
    """
    facts = BACKBONES[name]
    shape = (image_size, image_size, 3)
    if weights == "none":
        return facts.build(include_top=False, weights=None, input_shape=shape)
    if weights == "imagenet":
        return _with_downloaded_weights(name, facts, shape)
    return _with_weights_file(name, facts, shape, Path(weights))


def _with_downloaded_weights(name: str, facts: Backbone, shape: tuple[int, int, int]) -> keras.Model:
    try:
        return facts.build(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        raise WeightsError(
            f"The ImageNet weights of {name} could not be downloaded ({error}). Connect to the network, or set "
            "model.weights to the path of a weights file, or to none for random weights (much slower to train)."
        ) from error


def _with_weights_file(name: str, facts: Backbone, shape: tuple[int, int, int], path: Path) -> keras.Model:
    if not path.is_file():
        raise WeightsError(
            f"model.weights: expected imagenet, none or the path of a weights file, received '{path}', which is "
            "no file."
        )
    backbone = facts.build(include_top=False, weights=None, input_shape=shape)
    try:
        backbone.load_weights(path)
    except (ValueError, OSError) as error:
        raise WeightsError(
            f"The weights file '{path}' does not fit {name}: {error}. Expected weights of this backbone saved "
            "without its top (include_top=False)."
        ) from error
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            _square_stored_deviation(layer)
    return backbone


def _square_stored_deviation(layer: keras.layers.Normalization) -> None:
    """Turns a stored deviation into the variance, where the file has the fault described above."""
    stored = keras.ops.convert_to_numpy(layer.adapt_variance)
    if np.allclose(stored, _IMAGENET_DEVIATION, atol=1e-6):
        layer.adapt_variance.assign(np.square(stored))
        layer.finalize_state()
