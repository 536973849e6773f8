"""What the gate says about planted faults, from the statistics and anomalies that TFDV itself makes of them."""

from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from tfx.types import artifact_utils, standard_artifacts

from components.data_gate import DataGate, describe
from components.errors import DataAnomalyError
from data.example import LABEL_KEY, encode
from data.schema import SCHEMA_PATH, load_schema

# Below a hundred values the statistics do not venture to say what is an image.
COUNT = 110


@pytest.fixture(scope="module")
def good_records(record, picture, encode):
    images = [encode(picture(label, 1)) for label in (0, 1)]
    return [record(images[number % 2], number % 2, number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def inspect(good_records, tmp_path_factory):
    """``inspect({number: changes})``: statistics and anomalies of the good records with some changed.

    Changes are values of fields; a list of keys instead names features to leave out.
    """

    def run(changes):
        path = tmp_path_factory.mktemp("records") / "records"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number, one in enumerate(good_records):
                change = changes.get(number, {})
                if isinstance(change, dict):
                    writer.write(encode(type(one)(**vars(one) | change)))
                else:
                    message = tf.train.Example.FromString(encode(one))
                    for key in change:
                        del message.features.feature[key]
                    writer.write(message.SerializeToString())
        options = tfdv.StatsOptions(schema=load_schema(), enable_semantic_domain_stats=True)
        statistics = tfdv.generate_statistics_from_tfrecord(str(path), stats_options=options)
        return statistics, tfdv.validate_statistics(statistics, load_schema())

    return run


@pytest.fixture(scope="module")
def good(inspect):
    return inspect({})


@pytest.fixture(scope="module")
def bad_labels(inspect):
    return inspect({0: {"label": 2}, 1: {"label": 2}, 7: {"label": -1}})


@pytest.fixture
def say(inspect):
    """``say(changes)``: what the gate would say."""

    def run(changes):
        statistics, anomalies = inspect(changes)
        return list(describe("train", anomalies, statistics.datasets[0], load_schema()))

    return run


def run_gate(folder, splits):
    """Runs the component on these splits, laid out as StatisticsGen and ExampleValidator lay them out."""
    artifacts = {
        "statistics": standard_artifacts.ExampleStatistics(),
        "anomalies": standard_artifacts.ExampleAnomalies(),
        "schema": standard_artifacts.Schema(),
    }
    for name, artifact in artifacts.items():
        artifact.uri = str(folder / name)
        (folder / name).mkdir()
    for name in ("statistics", "anomalies"):
        artifacts[name].split_names = artifact_utils.encode_split_names(list(splits))
    (folder / "schema" / "schema.pbtxt").write_text(SCHEMA_PATH.read_text())
    for split, (statistics, anomalies) in splits.items():
        for name, file, message in (
            ("statistics", "FeatureStats.pb", statistics),
            ("anomalies", "SchemaDiff.pb", anomalies),
        ):
            path = Path(artifacts[name].uri) / f"Split-{split}" / file
            path.parent.mkdir()
            path.write_bytes(message.SerializeToString())
    inputs = {name: [artifact] for name, artifact in artifacts.items()}
    DataGate.EXECUTOR_SPEC.executor_class().Do(inputs, {}, {"source_hash": ""})


def test_good_records_pass(good, tmp_path):
    statistics, anomalies = good
    assert list(describe("train", anomalies, statistics.datasets[0], load_schema())) == []
    run_gate(tmp_path, {"train": good, "val": good})


def test_unknown_labels_are_named_and_counted(bad_labels):
    statistics, anomalies = bad_labels
    [line] = describe("val", anomalies, statistics.datasets[0], load_schema())
    assert line.startswith(f"label, split val: unexpected values -1, 2 in 3 of {COUNT} images - ")


def test_one_bad_split_stops_the_run(good, bad_labels, tmp_path):
    with pytest.raises(DataAnomalyError) as caught:
        run_gate(tmp_path, {"train": good, "val": bad_labels, "test": good})
    first, fault, advice = str(caught.value).splitlines()
    assert first == "The data does not fit the schema; nothing was trained or pushed."
    assert fault.startswith(f"  - label, split val: unexpected values -1, 2 in 3 of {COUNT} images - ")
    assert "run again" in advice


def test_missing_labels_are_counted(say):
    [line] = say({3: [LABEL_KEY], 4: [LABEL_KEY]})
    assert line.startswith(f"label, split train: missing in 2 of {COUNT} images - ")


def test_a_feature_that_is_missing_everywhere_is_counted(say):
    [line] = say({number: ["image/sha256"] for number in range(COUNT)})
    assert line.startswith(f"image/sha256, split train: missing in {COUNT} of {COUNT} images - ")


def test_each_faulty_feature_gets_a_line(say):
    lines = say(
        {
            0: {"encoded": b"plain text"},
            1: {"format": "gif"},
            2: {"channels": 5},
            3: {"width": 0},
            4: {"jpeg_quality": 101},
        }
    )
    expected = {
        "image/channels": "large value: 5",
        "image/encoded": "images: 0.99",
        "image/format": "gif",
        "image/jpeg_quality": "large value: 101",
        "image/width": "small value: 0",
    }
    assert [line.partition(", split train: ")[0] for line in lines] == list(expected)
    for line, words in zip(lines, expected.values(), strict=True):
        assert words in line
