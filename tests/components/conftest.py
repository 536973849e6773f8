"""A small problem (fakes are brighter, on the whole), a backbone of a few layers, and one exported detector."""

import dataclasses
import functools
import io
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
from PIL import Image
from scipy.special import expit
from tensorflow_metadata.proto.v0 import statistics_pb2
from tensorflow_transform import beam as tft_beam
from tensorflow_transform.tf_metadata import metadata_io
from tfx.components.evaluator.executor import Executor
from tfx.types import Artifact, artifact_utils, standard_artifacts
from tfx.utils import json_utils, path_utils, proto_utils
from tfx_bsl.public.proto import slicing_spec_pb2

from components.calibration import Calibration
from components.calibration.stored_logits import Scored
from components.data_gate import DataGate
from components.errors import DataAnomalyError
from components.evaluator.config import EXTRACTORS_MODULE, eval_config
from components.settings import ModelSettings
from components.trainer.assets import write_assets
from components.trainer.export import export_detector
from components.trainer.model import Detector, build_detector
from components.transform import preprocessing_fn
from data import example
from data.schema import load_schema, write_schema

SIZE = 32
SMALLEST_FACE = 20


@dataclasses.dataclass(frozen=True)
class Exported:
    """An exported detector and what Keras itself says about some images.

    Attributes:
        folder: the SavedModel with its `assets.extra`, where a model artifact of TFX has it.
        model: the Keras model that was exported.
        calibration: what was baked in.
        images: encoded images, JPEG and PNG.
        scores: P(fake) of each, by Keras.
    """

    folder: Path
    model: keras.Model
    calibration: Calibration
    images: list[bytes]
    scores: np.ndarray


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What the Evaluator left: the folder of its `evaluation` artifact, and whether it blessed the model."""

    folder: Path
    blessed: bool


def _picture(label: int, number: int, height: int = 40, width: int = 48) -> np.ndarray:
    rng = np.random.default_rng([label, number])
    coarse = rng.normal(100 + 50 * label, 30) + rng.uniform(-60, 60, (5, 5, 3))
    image = Image.fromarray(np.clip(coarse, 0, 255).astype(np.uint8))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def _encode(pixels: np.ndarray, image_format: str = "PNG", **settings) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, image_format, **settings)
    return buffer.getvalue()


def _record(encoded: bytes, label: int, number: int = 0, **changes) -> example.Record:
    fields = {
        "encoded": encoded,
        "label": label,
        "width": 48,
        "height": 40,
        "channels": 3,
        "format": "png",
        "sha256": f"{number:064x}",
        "jpeg_quality": 0,
        "group": f"{number:016x}",
        "source": "faces",
        "method": ("none", "brightened")[label],
    }
    return example.Record(**fields | changes)


def _build_small_backbone(include_top: bool, weights: None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Eight layers, in the order of EfficientNet's: rescaling, then convolution, normalisation, activation."""
    pixels = keras.Input(input_shape, name="image")
    features = keras.layers.Rescaling(1 / 255, name="rescaling")(pixels)
    for number, filters in enumerate((8, 16), start=1):
        features = keras.layers.Conv2D(filters, 3, strides=2, use_bias=False, name=f"conv_{number}")(features)
        features = keras.layers.BatchNormalization(name=f"norm_{number}")(features)
        features = keras.layers.Activation("silu", name=f"act_{number}")(features)
    return keras.Model(pixels, features, name="small_backbone")


def _substitute_small_backbone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keras.applications, "EfficientNetB0", _build_small_backbone)


def _small_settings(**changes) -> ModelSettings:
    fields = {"weights": "none", "image_size": SIZE, "head_units": (8,), "head_dropout": (0.0,)}
    return ModelSettings(**fields | changes)


def _small_detector(seed: int = 0, **changes) -> Detector:
    with pytest.MonkeyPatch.context() as patch:
        _substitute_small_backbone(patch)
        return build_detector(_small_settings(**changes), seed)


@pytest.fixture(scope="session")
def build_small_backbone() -> Callable[..., keras.Model]:
    """Takes the place of a constructor in `keras.applications`: a backbone of eight layers."""
    return _build_small_backbone


@pytest.fixture
def small_backbone(monkeypatch) -> None:
    """Whoever asks for EfficientNet-B0 gets a backbone of eight layers."""
    _substitute_small_backbone(monkeypatch)


@pytest.fixture(scope="session")
def picture() -> Callable[..., np.ndarray]:
    """``picture(label, number, height=40, width=48)``: uint8 pixels, brighter on the whole for label 1."""
    return _picture


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """``encode(pixels, image_format="PNG", **settings)``: the bytes of an image file."""
    return _encode


@pytest.fixture(scope="session")
def record() -> Callable[..., example.Record]:
    """``record(encoded, label, number=0, **changes)``: a record that fits the schema, but for the changes."""
    return _record


@pytest.fixture(scope="session")
def small_detector() -> Callable[..., Detector]:
    """``small_detector(seed=0, **model_settings)``: a detector with a backbone of eight layers, 32 pixels wide."""
    return _small_detector


@pytest.fixture(scope="session")
def transform_graph(tmp_path_factory) -> tft.TFTransformOutput:
    """What Transform writes for images of 32 pixels, by Transform's own library."""
    folder = tmp_path_factory.mktemp("transform_graph")
    one = tf.train.Example.FromString(example.encode(_record(_encode(_picture(0, 0)), 0)))
    row = {
        key: np.array(
            (value.bytes_list.value or value.int64_list.value or value.float_list.value)[:],
            np.float32 if value.float_list.value else None,
        )
        for key, value in one.features.feature.items()
    }
    metadata = tft.DatasetMetadata(load_schema())
    with tft_beam.Context(str(tmp_path_factory.mktemp("beam"))), beam.Pipeline() as pipeline:
        rows = pipeline | beam.Create([row])
        preprocess = functools.partial(preprocessing_fn, custom_config={"image_size": SIZE})
        _, transform_fn = (rows, metadata) | tft_beam.AnalyzeAndTransformDataset(preprocess)
        transform_fn | tft_beam.WriteTransformFn(str(folder))
    metadata_io.write_metadata(metadata, str(folder / tft.TFTransformOutput.RAW_METADATA_DIR))
    return tft.TFTransformOutput(str(folder))


@pytest.fixture(scope="session")
def export_small(transform_graph, tmp_path_factory) -> Callable[..., Exported]:
    """``export_small(gain, uncertain=None)``: the higher the gain, the surer the model; below 0 it tells right."""

    def export(gain: float, uncertain: tuple[float, float] | None = None) -> Exported:
        detector = _small_detector(seed=3)
        logit, model = detector.head.get_layer("logit"), detector.model()
        logit.kernel.assign(logit.kernel * gain)
        pixels = np.stack([_expected_pixels(image) for image in _example_images()])
        logit.bias.assign([-np.median(model.predict(pixels, verbose=0))])
        calibration = Calibration(temperature=1.7, threshold=0.45, uncertain=uncertain)
        return _export(model, calibration, transform_graph, tmp_path_factory.mktemp("exported"))

    return export


@pytest.fixture(scope="session")
def export_trained(transform_graph, tmp_path_factory) -> Callable[[np.ndarray], Exported]:
    """``export_trained(labels)``: trained on as many new pictures, true ones in turn real and fake, told `labels`."""

    def export(labels: np.ndarray) -> Exported:
        pixels = [
            _expected_pixels(_encode(_picture(number % 2, 1_000 + number))) for number in range(len(labels))
        ]
        # Its statistics follow the few steps there are.
        model = _small_detector(seed=3, batch_normalization_momentum=0.5).model()
        model.compile(keras.optimizers.Adam(3e-3), keras.losses.BinaryCrossentropy(from_logits=True))
        model.fit(np.stack(pixels), labels.astype(np.float32), epochs=15, shuffle=False, verbose=0)
        return _export(model, Calibration(1.0, 0.5), transform_graph, tmp_path_factory.mktemp("trained"))

    return export


def _example_images() -> list[bytes]:
    return [
        _encode(_picture(label, number), image_format)
        for number in range(4)
        for label, image_format in ((0, "PNG"), (1, "JPEG"))
    ]


def _export(
    model: keras.Model, calibration: Calibration, transform_graph: tft.TFTransformOutput, home: Path
) -> Exported:
    images = _example_images()
    pixels = np.stack([_expected_pixels(image) for image in images])
    logits = model.predict(pixels, verbose=0)[:, 0].astype(np.float64)
    folder = Path(path_utils.serving_model_path(str(home)))
    export_detector(model, transform_graph, calibration, SIZE, SMALLEST_FACE, folder)
    facts = {
        "input": {"size": SIZE, "smallest_face": SMALLEST_FACE},
        "settings": {"model": _small_settings().model_dump(mode="json")},
        **dataclasses.asdict(calibration),
    }
    write_assets(
        folder,
        model,
        facts=facts,
        model_name="small",
        images=images[:4],
        logits={"val": Scored(logits, np.array([0, 1] * 4))},
        transform_graph=Path(transform_graph.transform_savedmodel_dir).parent,
    )
    return Exported(folder, model, calibration, images, expit(logits / calibration.temperature))


@pytest.fixture(scope="session")
def exported(export_small) -> Exported:
    """A detector that tells most fakes; tests share it and must leave it as it is."""
    return export_small(-40)


@pytest.fixture(scope="session")
def held_out(record, picture, encode) -> list[example.Record]:
    """Sixty records of two sources; those of one source are of both classes."""
    return [
        record(encode(picture(number % 2, number)), number % 2, number, source="ab"[number % 3 == 0])
        for number in range(60)
    ]


@pytest.fixture(scope="session")
def evaluate(tmp_path_factory) -> Callable[..., Evaluation]:
    """``evaluate(settings, records, candidate, baseline=None, columns=())``: what TFX's Evaluator makes of a model.

    The candidate is model 2 of the pipeline, the baseline model 1.
    """

    def run(settings, records, candidate, baseline=None, columns=()) -> Evaluation:
        examples = _artifact(standard_artifacts.Examples, tmp_path_factory.mktemp("examples"))
        examples.split_names = artifact_utils.encode_split_names(["test"])
        split = Path(examples.uri) / "Split-test"
        split.mkdir()
        with tf.io.TFRecordWriter(str(split / "test-00000-of-00001.tfrecord.gz"), "GZIP") as writer:
            for one in records:
                writer.write(example.encode(one))
        inputs = {"examples": [examples], "model": [_model_artifact(candidate, 2)]}
        if baseline:
            inputs["baseline_model"] = [_model_artifact(baseline, 1)]
        evaluation = _artifact(standard_artifacts.ModelEvaluation, tmp_path_factory.mktemp("evaluation"))
        blessing = _artifact(standard_artifacts.ModelBlessing, tmp_path_factory.mktemp("blessing"))
        Executor().Do(
            inputs,
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": proto_utils.proto_to_json(eval_config(settings, columns)),
                "module_path": EXTRACTORS_MODULE,
                "example_splits": json_utils.dumps(["test"]),
            },
        )
        return Evaluation(Path(evaluation.uri), blessing.get_int_custom_property("blessed") == 1)

    return run


@pytest.fixture(scope="session")
def statistics_of(tmp_path_factory) -> Callable[..., statistics_pb2.DatasetFeatureStatisticsList]:
    """``statistics_of(records, schema, left_out={}, sliced=False)``: by TFDV, as StatisticsGen makes them.

    ``left_out`` names features that the record of a number lacks; ``sliced`` also counts each span and maker.
    """

    def make(records, schema, left_out=None, sliced=False) -> statistics_pb2.DatasetFeatureStatisticsList:
        path = tmp_path_factory.mktemp("records") / "records"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number, one in enumerate(records):
                message = tf.train.Example.FromString(example.encode(one))
                for key in (left_out or {}).get(number, []):
                    del message.features.feature[key]
                writer.write(message.SerializeToString())
        options = tfdv.StatsOptions(schema=schema, enable_semantic_domain_stats=True)
        if sliced:
            options.slicing_config = slicing_spec_pb2.SlicingConfig(
                slicing_specs=[
                    {},
                    {"feature_keys": [example.SPAN_KEY]},
                    {"feature_keys": [example.MAKER_KEY]},
                ]
            )
        return tfdv.generate_statistics_from_tfrecord(str(path), stats_options=options)

    return make


@pytest.fixture(scope="session")
def run_gate(tmp_path_factory) -> Callable[..., None]:
    """``run_gate(splits, schema, **parameters)``: runs DataGate on the statistics of each split.

    They are laid out as StatisticsGen lays them out, and with them anomalies as ExampleValidator finds them.
    """

    def run(splits, schema, **parameters) -> None:
        kinds = {
            "statistics": standard_artifacts.ExampleStatistics,
            "anomalies": standard_artifacts.ExampleAnomalies,
            "schema": standard_artifacts.Schema,
        }
        artifacts = {name: _artifact(kind, tmp_path_factory.mktemp(name)) for name, kind in kinds.items()}
        write_schema(Path(artifacts["schema"].uri), schema)
        for split, statistics in splits.items():
            for name, file, message in (
                ("statistics", "FeatureStats.pb", statistics),
                ("anomalies", "SchemaDiff.pb", tfdv.validate_statistics(statistics, schema)),
            ):
                artifacts[name].split_names = artifact_utils.encode_split_names(list(splits))
                path = Path(artifacts[name].uri) / f"Split-{split}" / file
                path.parent.mkdir()
                path.write_bytes(message.SerializeToString())
        inputs = {name: [artifact] for name, artifact in artifacts.items()}
        DataGate.EXECUTOR_SPEC.executor_class().Do(inputs, {}, {"source_hash": "", **parameters})

    return run


@pytest.fixture(scope="session")
def gate(run_gate) -> Callable[..., list[str]]:
    """``gate(splits, schema, **parameters)``: the faults that the gate names; none when it lets the data pass."""

    def run(splits, schema, **parameters) -> list[str]:
        try:
            run_gate(splits, schema, **parameters)
        except DataAnomalyError as error:
            if not str(error).startswith("The data does not fit"):
                raise
            return [line.removeprefix("  - ") for line in str(error).splitlines()[1:-1]]
        return []

    return run


def _artifact(kind: type[Artifact], folder: Path, number: int = 0) -> Artifact:
    artifact = kind()
    artifact.uri, artifact.id = str(folder), number
    return artifact


def _model_artifact(exported: Exported, number: int) -> Artifact:
    return _artifact(standard_artifacts.Model, exported.folder.parent, number)


@pytest.fixture(scope="session")
def expected_pixels() -> Callable[[bytes], np.ndarray]:
    """``expected_pixels(encoded)``: float32 `[32, 32, 3]` in [0, 1], as the detector should see an image."""
    return _expected_pixels


def _expected_pixels(encoded: bytes) -> np.ndarray:
    # Written out anew, not imported: this is what a reader of the facts in `assets.extra` would do.
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    resized = tf.image.resize(image, (SIZE, SIZE), method="bilinear", antialias=True)
    return tf.clip_by_value(tf.round(resized), 0, 255).numpy() / np.float32(255)
