"""The export, through the loader that TensorFlow Serving uses: its signatures, and Keras' own scores."""

import numpy as np
import pytest
import tensorflow as tf

from data import example


@pytest.fixture(scope="module")
def ask(exported):
    """``ask(signature, values)``: the outputs of a signature, through a session of its own."""
    graph = tf.Graph()
    session = tf.compat.v1.Session(graph=graph)
    with graph.as_default():
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(exported.folder))

    def run(signature: str, values: list[bytes]) -> dict[str, np.ndarray]:
        definition = meta.signature_def[signature]
        [given] = definition.inputs.values()
        outputs = {name: tensor.name for name, tensor in definition.outputs.items()}
        return session.run(outputs, {given.name: values})

    yield run
    session.close()


def _unlabelled(image: bytes) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    return tf.train.Example(
        features=tf.train.Features(feature={example.IMAGE_KEY: feature})
    ).SerializeToString()


def test_bytes_get_keras_scores_and_the_decision_at_tau(ask, exported):
    answer = ask("serving_bytes", exported.images)
    np.testing.assert_allclose(answer["score"], exported.scores, rtol=0, atol=1e-5)
    np.testing.assert_allclose(answer["threshold"], exported.calibration.threshold, atol=1e-6)
    expected = [b"fake" if score >= exported.calibration.threshold else b"real" for score in exported.scores]
    assert answer["decision"].tolist() == expected
    assert set(expected) == {b"fake", b"real"}


def test_without_a_band_both_of_its_ends_are_tau(ask, exported):
    answer = ask("serving_bytes", exported.images)
    np.testing.assert_array_equal(answer["uncertain_low"], answer["threshold"])
    np.testing.assert_array_equal(answer["uncertain_high"], answer["threshold"])


def test_scores_in_the_band_are_uncertain(export_small):
    exported = export_small(-40, uncertain=(0.3, 0.8))
    answer = tf.saved_model.load(str(exported.folder)).signatures["serving_bytes"](
        image_bytes=tf.constant(exported.images)
    )
    expected = exported.calibration.decisions(answer["score"].numpy()).tolist()
    assert [one.decode() for one in answer["decision"].numpy()] == expected
    assert set(expected) == {"real", "fake", "uncertain"}
    np.testing.assert_allclose(answer["uncertain_low"], 0.3, atol=1e-6)
    np.testing.assert_allclose(answer["uncertain_high"], 0.8, atol=1e-6)


def test_examples_without_a_label_get_the_same(ask, exported):
    answer = ask("serving_default", [_unlabelled(image) for image in exported.images])
    np.testing.assert_allclose(answer["score"], exported.scores, rtol=0, atol=1e-5)
    decided = (exported.scores >= exported.calibration.threshold).astype(np.float32)
    np.testing.assert_array_equal(answer["predicted_label"], decided)


def test_both_halves_of_serving_bytes_make_the_whole(ask, exported):
    pixels = ask("decode", exported.images)["pixels"]
    assert (pixels.min() >= 0, pixels.max() <= 1) == (True, True)
    whole = ask("serving_bytes", exported.images)["score"]
    np.testing.assert_allclose(ask("score_pixels", pixels)["score"], whole, rtol=0, atol=1e-6)


def test_classify_and_regress_tell_the_score(ask, exported):
    examples = [_unlabelled(image) for image in exported.images]
    score = ask("serving_default", examples)["score"]
    classified = ask("classify", examples)
    assert classified["classes"].tolist() == [[b"real", b"fake"]] * len(examples)
    np.testing.assert_allclose(classified["scores"], np.stack([1 - score, score], axis=1), atol=1e-6)
    np.testing.assert_allclose(ask("regress", examples)["outputs"], score, atol=1e-6)


def test_the_pixels_are_those_a_reader_would_make(ask, exported, expected_pixels):
    image = ask("transform_features", [_unlabelled(exported.images[0])])["image"]
    np.testing.assert_allclose(image[0], expected_pixels(exported.images[0]), atol=1e-6)


@pytest.mark.parametrize("wrong", [b"", b"text", b"\xff\xd8\xff\xe0 cut"])
def test_what_is_no_image_is_refused(ask, wrong):
    with pytest.raises(tf.errors.InvalidArgumentError):
        ask("serving_bytes", [wrong])


def test_a_face_that_is_too_small_is_refused_as_at_import(ask, picture, encode):
    small = encode(picture(0, 1)[:19, :30])
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        ask("serving_bytes", [small])
    expected = "a shorter side of at least 20 pixels, received one of 30 x 19 (width x height)"
    assert expected in str(caught.value)
    assert len(ask("serving_bytes", [encode(picture(0, 1)[:20, :30])])["score"]) == 1


def test_every_weight_is_stored_once(exported):
    stored = tf.train.load_checkpoint(str(exported.folder / "variables" / "variables"))
    types = stored.get_variable_to_dtype_map()
    sizes = [
        int(np.prod(shape))
        for name, shape in stored.get_variable_to_shape_map().items()
        if types[name] == tf.float32
    ]
    assert sum(sizes) == exported.model.count_params()
