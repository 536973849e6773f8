"""Builds the backbones of `components.backbone_facts` by Keras Applications, always with the same layers.

Keras' EfficientNet (v1) files store the deviation where its Normalization layer expects the variance. With
`weights="imagenet"` Keras mends that by one more Rescaling layer: a network that cannot be built again without a
download. Here the stored value is mended, and every backbone has the layers that Keras gives it without weights.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np

from components.backbone_facts import BACKBONE_FACTS
from components.errors import WeightsError

_IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def build_backbone(name: str, weights: str, image_size: int) -> keras.Model:
    """Builds a backbone without its ImageNet classifier.

    Args:
        name: a key of `BACKBONE_FACTS`.
        weights: `imagenet`, `none`, or the path of a Keras weights file of this backbone without its top.
        image_size: side of the input, in pixels.

    Returns:
        A model from float32 `[N, image_size, image_size, 3]` in the backbone's `input_range` to feature maps. Its
        layers do not depend on `weights`.

    Raises:
        WeightsError: when the weights cannot be downloaded, found or loaded.
    """

    def build(weights: str | None) -> keras.Model:
        constructor: Callable[..., keras.Model] = getattr(
            keras.applications, BACKBONE_FACTS[name].constructor
        )
        return constructor(include_top=False, weights=weights, input_shape=(image_size, image_size, 3))

    if weights == "imagenet":
        try:
            downloaded = build("imagenet")
        except Exception as error:  # Keras raises a bare Exception when a download fails.
            raise WeightsError(
                f"The ImageNet weights of {name} could not be downloaded ({error}). Connect to the network, or set "
                "model.weights to the path of a weights file, or to none for random weights (much slower to train)."
            ) from error
        backbone = build(None)
        copy_weights(downloaded, backbone)
    elif weights == "none":
        backbone = build(None)
    else:
        path = Path(weights)
        if not path.is_file():
            raise WeightsError(
                f"model.weights: expected imagenet, none or the path of a weights file, received '{path}', which is "
                "no file."
            )
        backbone = build(None)
        _load_file(backbone, name, path)
    for layer in _normalizations(backbone):
        _mend(layer)
    return backbone


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives a model the weights of another one that has the same weights in the same order.

    `set_weights` alone would leave the Normalization layer of EfficientNet (v1) with the constants it was built with.
    A function that was traced before keeps them all the same: copy before the first `predict`.
    """
    target.set_weights(source.get_weights())
    for layer in _normalizations(target):
        layer.finalize_state()


def _load_file(backbone: keras.Model, name: str, path: Path) -> None:
    try:
        backbone.load_weights(path)
    except (ValueError, OSError) as error:
        raise WeightsError(
            f"The weights file '{path}' does not fit {name}: {error}. Expected weights of this backbone saved "
            "without its top (include_top=False)."
        ) from error


def _normalizations(model: keras.Model) -> Iterator[keras.layers.Normalization]:
    """The layers that keep mean and variance as weights, those of nested models included."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _normalizations(layer)
        elif isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            yield layer


def _mend(layer: keras.layers.Normalization) -> None:
    """Turns a stored deviation into the variance, where the file has the fault described above."""
    stored = keras.ops.convert_to_numpy(layer.adapt_variance)
    if np.allclose(stored, _IMAGENET_DEVIATION, atol=1e-6):
        layer.adapt_variance.assign(np.square(stored))
        layer.finalize_state()
