"""Drawn faces, the records of them, and a model that needs no training."""

import json
from pathlib import Path

import numpy as np
import pytest

from data.demo.faces import draw_demo_set
from data.importing import import_images


@pytest.fixture(scope="session")
def faces(tmp_path_factory) -> Path:
    """Forty drawn faces, half of them fake."""
    folder = tmp_path_factory.mktemp("drawn") / "faces"
    draw_demo_set(folder, 40, size=64)
    return folder


@pytest.fixture(scope="session")
def imported(faces, tmp_path_factory) -> Path:
    """The faces as records; tests share them and must leave them as they are."""
    folder = tmp_path_factory.mktemp("imported") / "records"
    import_images(faces, folder)
    return folder


@pytest.fixture(scope="session")
def bright_model(tmp_path_factory) -> Path:
    """Version 1 of a model whose score is how bright an image is; tests share it and must leave it as it is.

    It calls fake what is brighter than half, refuses images of less than 16 pixels, and its map is the image in grey.
    """
    import tensorflow as tf

    class Brightness(tf.Module):
        def __call__(self, encoded):
            def score(one):
                pixels = tf.io.decode_image(one, channels=1, expand_animations=False)
                with tf.control_dependencies([tf.debugging.assert_greater_equal(tf.shape(pixels)[0], 16)]):
                    return tf.reduce_mean(tf.cast(pixels, tf.float32)) / 255

            return tf.map_fn(score, encoded, fn_output_signature=tf.float32)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
        def serving_bytes(self, image_bytes):
            scores = self(image_bytes)
            decisions = tf.where(scores >= 0.5, "fake", "real")
            return {"score": scores, "decision": decisions, "threshold": tf.fill(tf.shape(scores), 0.5)}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image_bytes")])
        def explain(self, image_bytes):
            def grey(one):
                pixels = tf.io.decode_image(one, channels=1, expand_animations=False)
                return tf.image.resize(pixels, (8, 8))[..., 0] / 255

            maps = tf.map_fn(grey, image_bytes, fn_output_signature=tf.TensorSpec([8, 8], tf.float32))
            return {"score": self(image_bytes), "map": maps}

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "examples")])
        def serving_default(self, examples):
            spec = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
            scores = self(tf.io.parse_example(examples, spec)["image/encoded"])
            return {"score": scores, "predicted_label": tf.cast(scores >= 0.5, tf.float32)}

    folder = tmp_path_factory.mktemp("models") / "1"
    module = Brightness()
    signatures = {name: getattr(module, name) for name in ("serving_bytes", "serving_default", "explain")}
    tf.saved_model.save(module, str(folder), signatures=signatures)
    facts = {
        "model_name": "bright",
        "input": {"size": 64, "smallest_face": 16},
        "temperature": 1.0,
        "threshold": 0.5,
        "settings": {"calibration": {"objective": "best-f1"}},
        "source_hash": "0" * 16,
        "versions": {"tensorflow": tf.__version__},
    }
    extra = folder / "assets.extra"
    extra.mkdir()
    (extra / "detector.json").write_text(json.dumps(facts))
    logits = np.random.default_rng(0).normal(np.repeat([-1.0, 1.0], 100), 0.3)
    rows = (f"test,{int(number >= 100)},{logit}" for number, logit in enumerate(logits))
    (extra / "scores.csv").write_text("\n".join(["split,label,logit", *rows]))
    return folder
