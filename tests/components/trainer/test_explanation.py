"""Grad-CAM as it is exported: against gradients taken in Keras, and against what it must not be.

The sanity tests are those of Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.trainer.explanation import evidence_map, features_model, logit_of_features

SIZE = 32


@pytest.fixture(scope="module")
def asked(exported):
    """Score and map of the images of the exported detector."""
    explain = tf.saved_model.load(str(exported.folder)).signatures["explain"]
    return {name: value.numpy() for name, value in explain(tf.constant(exported.images)).items()}


@pytest.fixture(scope="module")
def pixels(exported, expected_pixels):
    return np.stack([expected_pixels(image) for image in exported.images])


def by_keras(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """Grad-CAM written out anew, image by image, in NumPy but for the gradient."""
    maps = []
    for image in pixels:
        features = keras.Model(model.input, model.get_layer("pooling").input)(image[None], training=False)
        with tf.GradientTape() as tape:
            tape.watch(features)
            logit = model.get_layer("head")(tf.reduce_mean(features, (1, 2)), training=False)[0, 0]
        gradient = tape.gradient(logit, features).numpy()[0]
        evidence = np.maximum((features.numpy()[0] * gradient.mean((0, 1))).sum(-1), 0)
        evidence = tf.image.resize(evidence[..., None], (SIZE, SIZE)).numpy()[..., 0]
        maps.append(evidence / evidence.max() if evidence.max() > 0 else evidence)
    return np.stack(maps)


def test_the_score_is_that_of_serving_bytes(asked, exported):
    np.testing.assert_allclose(asked["score"], exported.scores, rtol=0, atol=1e-5)


def test_the_map_is_that_of_keras(asked, exported, pixels):
    expected = by_keras(exported.model, pixels)
    assert asked["map"].shape == (len(pixels), SIZE, SIZE)
    np.testing.assert_allclose(asked["map"], expected, rtol=0, atol=1e-4)
    # Not all alike, or the comparison would show little.
    assert len({one.tobytes() for one in asked["map"]}) == len(pixels)


def test_every_map_is_a_share_of_its_highest_value(asked):
    highest = asked["map"].max((1, 2))
    assert asked["map"].min() >= 0
    assert set(np.round(highest, 6)) <= {0.0, 1.0}
    assert 1.0 in np.round(highest, 6)


@pytest.mark.parametrize("part", ["head", "backbone"])
def test_other_weights_give_another_map(part, exported, pixels, asked):
    model = keras.models.clone_model(exported.model)
    model.set_weights(exported.model.get_weights())
    rng = np.random.default_rng(0)
    layer = model.get_layer("head") if part == "head" else model.get_layer("small_backbone")
    layer.set_weights([rng.permutation(one.ravel()).reshape(one.shape) for one in layer.get_weights()])
    changed = evidence(model, pixels)
    assert np.abs(changed - asked["map"]).mean() > 0.05


def test_what_decides_lights_up():
    # A detector that is told by one bright patch, and looks nowhere else.
    image = keras.Input((SIZE, SIZE, 3))
    features = keras.layers.Conv2D(1, 4, strides=4, kernel_initializer="ones", bias_initializer="zeros")(
        image
    )
    pooled = keras.layers.GlobalAveragePooling2D(name="pooling")(features)
    head = keras.Sequential([keras.layers.Dense(1, kernel_initializer="ones")], name="head")
    pixels = np.zeros((1, SIZE, SIZE, 3), np.float32)
    pixels[0, 20:28, 4:12] = 1.0
    found = evidence(keras.Model(image, head(pooled)), pixels)[0]
    rows, columns = np.nonzero(found > 0.5)
    assert rows.min() >= 18
    assert rows.max() <= 29
    assert columns.min() >= 2
    assert columns.max() <= 13


def test_no_evidence_is_an_empty_map_and_no_nan():
    image = keras.Input((SIZE, SIZE, 3))
    features = keras.layers.Conv2D(1, 4, strides=4, kernel_initializer="ones")(image)
    head = keras.Sequential(
        [keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant(-1.0))], name="head"
    )
    model = keras.Model(image, head(keras.layers.GlobalAveragePooling2D(name="pooling")(features)))
    np.testing.assert_array_equal(evidence(model, np.ones((2, SIZE, SIZE, 3), np.float32)), 0.0)


def evidence(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    features = features_model(model)(pixels, training=False)
    return evidence_map(features, logit_of_features(model), SIZE)[1].numpy()
