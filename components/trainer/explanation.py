"""Where a detector looks: Grad-CAM of its own logit, in TensorFlow's operations alone, so that it can be exported.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

POOLING, HEAD = "pooling", "head"
"""Names of the layers behind the last feature map."""


def features_model(model: keras.Model) -> keras.Model:
    """The part of a detector up to its last feature map.

    Args:
        model: float32 `[N, S, S, 3]` in [0, 1] to logits `[N, 1]`: a chain of layers.

    Returns:
        The same pixels to features `[N, H, W, C]`; it shares the layers of `model`.
    """
    # Not by the tensors between the layers: a layer that other models share has several of them.
    names = [layer.name for layer in model.layers]
    return keras.Sequential(
        [keras.Input(model.input_shape[1:]), *model.layers[1 : names.index(POOLING)]], name="features"
    )


def logit_of_features(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """The rest of a detector: features `[N, H, W, C]` to logits `[N, 1]`, as in inference."""
    pooling, head = model.get_layer(POOLING), model.get_layer(HEAD)
    return lambda features: head(pooling(features), training=False)


def evidence_map(
    features: tf.Tensor, logit_of: Callable[[tf.Tensor], tf.Tensor], size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Grad-CAM of the logit of *fake*: bright is what speaks for a fake, whatever the verdict.

    The gradient goes from the logit back to the last feature map and no farther: through pooling and head, which need
    none of the custom gradients that a SavedModel would not keep.

    Args:
        features: float32 `[N, H, W, C]`, the last feature map.
        logit_of: features to logits `[N, 1]`.
        size: S, the side of the map.

    Returns:
        Logits, float32 `[N, 1]`, and the map, float32 `[N, S, S]` in [0, 1]: the highest value of each map is 1, or
        all of it is 0 where nothing speaks for a fake.
    """
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = logit_of(features)
    weights = tf.reduce_mean(tape.gradient(logits, features), axis=(1, 2), keepdims=True)
    evidence = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1, keepdims=True))
    evidence = tf.squeeze(tf.image.resize(evidence, (size, size)), axis=-1)
    # No NaN where there is no evidence at all.
    return logits, tf.math.divide_no_nan(evidence, tf.reduce_max(evidence, axis=(1, 2), keepdims=True))
