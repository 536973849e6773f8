"""The one export: raw images or tf.Examples in; score, decision and threshold out.

The shape of this file follows what TensorFlow Serving's session loader accepts: the network is traced once into a
ConcreteFunction that every signature calls, its variables are saved once, and nothing holds the Keras model itself
(a SavedModel that does loads in Python but not in the model server).
"""

from pathlib import Path

import keras
import tensorflow as tf
import tensorflow_transform as tft

from components import preprocessing
from components.calibration import UNCERTAIN, Calibration
from components.trainer.explanation import evidence_map, features_model, logit_of_features
from components.transform import IMAGE_PNG, pixels_from_png
from data import example

REAL, FAKE = (example.LABEL_NAMES[label] for label in (example.REAL, example.FAKE))


def export_detector(
    model: keras.Model,
    transform_output: tft.TFTransformOutput,
    calibration: Calibration,
    image_size: int,
    smallest_face: int,
    folder: Path,
) -> None:
    """Writes a SavedModel with eight signatures.

    - `serving_bytes`: `image_bytes` string `[N]` (JPEG or PNG) to `score` float32 `[N]` in [0, 1], `decision`
      string `[N]` ("real", "fake" or "uncertain"), `threshold`, `uncertain_low` and `uncertain_high`, float32 `[N]`:
      for clients. A score in [low, high) is uncertain; both are the threshold where there is no band. Images below
      the smallest face are refused (INVALID_ARGUMENT), as the import refused them for training;
    - `explain`: `image_bytes` likewise to the same `score` and to `map`, float32 `[N, S, S]` in [0, 1]: what in the
      image, squeezed to a square, speaks for a fake (see `components.trainer.explanation`);
    - `serving_default`: `examples` string `[N]` (serialized tf.Example) to `score`, `predicted_label` (0.0 real,
      1.0 fake) and `threshold`, all float32 `[N]`: for evaluation;
    - `classify`: `inputs` string `[N]` (serialized tf.Example) to `classes` string `[N, 2]` ("real", "fake") and
      `scores` float32 `[N, 2]` in [0, 1], and `regress`: `inputs` to `outputs` float32 `[N]`, the score: for
      TensorFlow Serving's Classify and Regress;
    - `decode`: `image_bytes` likewise to `pixels` float32 `[N, S, S, 3]` in [0, 1], and `score_pixels`: `pixels` to
      `score`: the two halves of `serving_bytes`, for servers that run the network on another engine;
    - `transform_features`: `examples` to `image` float32 `[N, S, S, 3]` in [0, 1].

    Args:
        model: float32 `[N, S, S, 3]` in [0, 1] to logits `[N, 1]`.
        transform_output: the graph Transform wrote.
        calibration: baked in as constants.
        image_size: S, in pixels.
        smallest_face: least pixels of an image's shorter side.
        folder: where to; must not exist.
    """
    features = features_model(model)
    features_of = tf.function(
        lambda pixels: features(pixels, training=False),
        input_signature=[tf.TensorSpec((None, image_size, image_size, 3), tf.float32)],
        autograph=False,
    ).get_concrete_function()
    logit_of = logit_of_features(model)
    transform_layer = transform_output.transform_features_layer()
    # Pixels come from the image alone; asking for the label or the sizes would refuse unlabelled requests.
    raw_spec = {example.IMAGE_KEY: transform_output.raw_feature_spec()[example.IMAGE_KEY]}
    temperature = tf.constant(calibration.temperature, tf.float32)
    threshold = tf.constant(calibration.threshold, tf.float32)
    low, high = (
        tf.constant(end, tf.float32)
        for end in calibration.uncertain or (calibration.threshold, calibration.threshold)
    )

    def pixels_of(examples: tf.Tensor) -> tf.Tensor:
        transformed = transform_layer(tf.io.parse_example(examples, raw_spec))
        return preprocessing.normalise(pixels_from_png(transformed[IMAGE_PNG], image_size))

    def score_of(logits: tf.Tensor) -> tf.Tensor:
        return tf.squeeze(tf.sigmoid(logits / temperature), axis=-1)

    def decode(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = preprocessing.decode_and_resize(image_bytes, image_size, smallest_face)
        return {"pixels": preprocessing.normalise(pixels)}

    def score_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": score_of(logit_of(features_of(pixels)))}

    def features_of_images(image_bytes: tf.Tensor) -> tf.Tensor:
        return features_of(decode(image_bytes)["pixels"])

    def serving_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        score = score_of(logit_of(features_of_images(image_bytes)))
        decision = tf.where(score >= threshold, FAKE, REAL)
        return {
            "score": score,
            "decision": tf.where((score >= low) & (score < high), UNCERTAIN, decision),
            "threshold": tf.fill(tf.shape(score), threshold),
            "uncertain_low": tf.fill(tf.shape(score), low),
            "uncertain_high": tf.fill(tf.shape(score), high),
        }

    def explain(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        logits, evidence = evidence_map(features_of_images(image_bytes), logit_of, image_size)
        return {"score": score_of(logits), "map": evidence}

    def serving_default(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        score = score_of(logit_of(features_of(pixels_of(examples))))
        return {
            "score": score,
            "predicted_label": tf.cast(score >= threshold, tf.float32),
            "threshold": tf.fill(tf.shape(score), threshold),
        }

    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        score = score_of(logit_of(features_of(pixels_of(inputs))))
        return {
            "classes": tf.tile([[REAL, FAKE]], [tf.size(score), 1]),
            "scores": tf.stack([1.0 - score, score], axis=1),
        }

    def regress(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": score_of(logit_of(features_of(pixels_of(inputs))))}

    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": pixels_of(examples)}

    archive = keras.export.ExportArchive()
    archive.track(transform_layer)
    archive.add_endpoint("serving_default", serving_default, [tf.TensorSpec([None], tf.string, "examples")])
    archive.add_endpoint("serving_bytes", serving_bytes, [tf.TensorSpec([None], tf.string, "image_bytes")])
    archive.add_endpoint("explain", explain, [tf.TensorSpec([None], tf.string, "image_bytes")])
    archive.add_endpoint("decode", decode, [tf.TensorSpec([None], tf.string, "image_bytes")])
    pixels = tf.TensorSpec([None, image_size, image_size, 3], tf.float32, "pixels")
    archive.add_endpoint("score_pixels", score_pixels, [pixels])
    archive.add_endpoint("classify", classify, [tf.TensorSpec([None], tf.string, "inputs")])
    archive.add_endpoint("regress", regress, [tf.TensorSpec([None], tf.string, "inputs")])
    archive.add_endpoint(
        "transform_features", transform_features, [tf.TensorSpec([None], tf.string, "examples")]
    )
    archive.write_out(
        str(folder), options=tf.saved_model.SaveOptions(experimental_custom_gradients=False), verbose=False
    )
