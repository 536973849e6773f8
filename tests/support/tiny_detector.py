"""A detector small enough to build in seconds, exported the way the pipeline exports the real one."""

import io
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

THRESHOLD = 0.7
BAND = (0.69, 0.71)
SIZE = 32
SIGNATURES = (
    "classify",
    "decode",
    "explain",
    "regress",
    "score_pixels",
    "serving_bytes",
    "serving_default",
    "transform_features",
)


@dataclass(frozen=True)
class Detector:
    """An exported detector and what Keras itself says about some images.

    Attributes:
        directory: the SavedModel with its warm-up file.
        model: the Keras model.
        images: the bytes of a JPEG, two PNG and two more JPEG files, one of them grey.
        scores: P(fake) of each by the Keras model in memory.
    """

    directory: Path
    model: object = field(repr=False)
    images: list[bytes] = field(repr=False)
    scores: list[float]
    threshold: float = THRESHOLD

    def push(self, base_path: Path, version: int | str) -> Path:
        """Puts a copy under a base path at once, as a rename would."""
        staging = base_path.parent / f"staging-{base_path.name}-{version}"
        shutil.copytree(self.directory, staging)
        return staging.rename(base_path / str(version))


@pytest.fixture(scope="session")
def detector(tmp_path_factory) -> Detector:
    directory = tmp_path_factory.mktemp("export") / "1"
    model = _model()
    _export(model, directory)
    images = _images()
    _write_warmup(directory, images[:2])
    pixels = np.stack([_decode(image).numpy() for image in images])
    logits = np.asarray(model(pixels, training=False))[:, 0]
    return Detector(directory, model, images, (1 / (1 + np.exp(-logits))).tolist())


@pytest.fixture
def base_path(tmp_path) -> Path:
    path = tmp_path / "models"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def server(detector, tmp_path_factory):
    """A server that tests share and must leave as it is: model "m", version 123 in a directory `00000123`."""
    from serving.server import Server

    base_path = tmp_path_factory.mktemp("shared")
    detector.push(base_path, "00000123")
    for name in ("tmp", "200.part", "99999999999999999999", "1_000", "v300"):
        (base_path / name).mkdir()
    with Server(base_path, "m", rest_port=0, metrics_path="/monitoring/prometheus/metrics") as server:
        server.wait_until_available(60)
        yield server


def _images() -> list[bytes]:
    rng = np.random.default_rng(7)
    photo = rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)
    grey = np.tile(np.arange(64, dtype=np.uint8)[:, None], (1, 50))
    kinds = [
        (photo, "JPEG"),
        (photo[:, ::-1], "PNG"),
        (255 - photo // 2, "PNG"),
        (grey, "JPEG"),
        (photo // 4, "JPEG"),
    ]
    return [_encode(pixels, kind) for pixels, kind in kinds]


def _encode(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def _model():
    import keras

    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.layers.Input((SIZE, SIZE, 3)),
            keras.layers.Conv2D(4, 3, strides=2, activation="silu", name="conv"),
            keras.layers.BatchNormalization(),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(stddev=4.0)),
        ]
    )


def _decode(encoded):
    import tensorflow as tf

    from components.image_header import check_header

    pixels = tf.io.decode_image(check_header(encoded, 1), channels=3, expand_animations=False)
    return tf.ensure_shape(tf.image.resize(pixels, (SIZE, SIZE)), (SIZE, SIZE, 3)) / 255.0


def _export(model, directory: Path) -> None:
    import keras
    import tensorflow as tf

    pixels = tf.TensorSpec((None, SIZE, SIZE, 3), tf.float32)
    logits = tf.function(lambda image: model(image, training=False)).get_concrete_function(pixels)

    def decode_all(encoded):
        return tf.map_fn(_decode, encoded, fn_output_signature=tf.TensorSpec(pixels.shape[1:], tf.float32))

    def encoded_of(examples):
        features = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
        return tf.io.parse_example(examples, features)["image/encoded"]

    def judge(encoded):
        score = tf.sigmoid(tf.squeeze(logits(decode_all(encoded)), -1))
        return score, score >= THRESHOLD, tf.fill(tf.shape(score), THRESHOLD)

    def serving_bytes(image_bytes):
        score, fake, threshold = judge(image_bytes)
        low, high = tf.fill(tf.shape(score), BAND[0]), tf.fill(tf.shape(score), BAND[1])
        decision = tf.where(fake, "fake", "real")
        return {
            "score": score,
            "decision": tf.where((score >= low) & (score < high), "uncertain", decision),
            "threshold": threshold,
            "uncertain_low": low,
            "uncertain_high": high,
        }

    def explain(image_bytes):
        # What a map means is the pipeline's affair; this one is the image in grey.
        pixels = decode_all(image_bytes)
        return {"score": judge(image_bytes)[0], "map": tf.reduce_mean(pixels, axis=-1)}

    def serving_default(examples):
        score, fake, threshold = judge(encoded_of(examples))
        return {"score": score, "predicted_label": tf.cast(fake, tf.float32), "threshold": threshold}

    def classify(inputs):
        score = judge(encoded_of(inputs))[0]
        classes = tf.tile([["real", "fake"]], [tf.size(score), 1])
        return {"classes": classes, "scores": tf.stack([1 - score, score], axis=1)}

    def regress(inputs):
        return {"outputs": judge(encoded_of(inputs))[0]}

    def decode(image_bytes):
        return {"pixels": decode_all(image_bytes)}

    def score_pixels(pixels):
        return {"score": tf.sigmoid(tf.squeeze(logits(pixels), -1))}

    def transform_features(examples):
        return {"image": decode_all(encoded_of(examples))}

    archive = keras.export.ExportArchive()
    for endpoint, argument in [
        (serving_bytes, "image_bytes"),
        (explain, "image_bytes"),
        (serving_default, "examples"),
        (transform_features, "examples"),
        (decode, "image_bytes"),
        (classify, "inputs"),
        (regress, "inputs"),
    ]:
        archive.add_endpoint(endpoint.__name__, endpoint, [tf.TensorSpec((None,), tf.string, name=argument)])
    archive.add_endpoint("score_pixels", score_pixels, [pixels])
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    archive.write_out(str(directory), options=options, verbose=False)


def _write_warmup(directory: Path, images: list[bytes]) -> None:
    import tensorflow as tf
    from tensorflow_serving.apis import prediction_log_pb2

    log = prediction_log_pb2.PredictionLog()
    request = log.predict_log.request
    request.model_spec.signature_name = "serving_bytes"
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(images))
    path = directory / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(log.SerializeToString())
