"""The curated schema passes good records and points at the label of bad ones."""

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv

from data.example import LABEL_KEY, Record, encode
from data.schema import load_schema


@pytest.fixture(scope="module")
def good_records(picture, encode):
    return [_make(encode(picture(seed)), seed % 2, seed) for seed in range(10)]


def _make(encoded, label, number):
    return Record(
        encoded=encoded,
        label=label,
        width=64,
        height=64,
        channels=3,
        format="jpeg",
        sha256=f"{number:064x}",
        jpeg_quality=75,
        group=f"{number:016x}",
        source="faces",
        method=("none", "unknown")[label],
    )


def _statistics(path, serialized):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in serialized:
            writer.write(record)
    options = tfdv.StatsOptions(schema=load_schema(), enable_semantic_domain_stats=True)
    return tfdv.generate_statistics_from_tfrecord(str(path), stats_options=options)


def _anomalies(path, serialized):
    return dict(tfdv.validate_statistics(_statistics(path, serialized), load_schema()).anomaly_info)


def _without_label(record):
    message = tf.train.Example.FromString(encode(record))
    del message.features.feature[LABEL_KEY]
    return message.SerializeToString(deterministic=True)


def test_good_records_pass_and_are_counted(tmp_path, good_records):
    statistics = _statistics(tmp_path / "good", map(encode, good_records))
    assert not tfdv.validate_statistics(statistics, load_schema()).anomaly_info
    label = next(f for f in statistics.datasets[0].features if f.path.step == [LABEL_KEY])
    counts = {bucket.label: bucket.sample_count for bucket in label.string_stats.rank_histogram.buckets}
    assert counts == {"0": 5, "1": 5}
    assert label.string_stats.common_stats.num_missing == 0


def test_an_unknown_label_is_an_anomaly(tmp_path, good_records):
    bad = _make(good_records[0].encoded, 0, 99)
    serialized = [*map(encode, good_records), encode(Record(**{**vars(bad), "label": 2}))]
    assert set(_anomalies(tmp_path / "bad", serialized)) == {LABEL_KEY}


def test_one_missing_label_is_an_anomaly(tmp_path, good_records):
    serialized = [*map(encode, good_records[1:]), _without_label(good_records[0])]
    statistics = _statistics(tmp_path / "bad", serialized)
    assert set(tfdv.validate_statistics(statistics, load_schema()).anomaly_info) == {LABEL_KEY}
    label = next(f for f in statistics.datasets[0].features if f.path.step == [LABEL_KEY])
    assert label.string_stats.common_stats.num_missing == 1


def test_labels_missing_everywhere_are_an_anomaly(tmp_path, good_records):
    assert set(_anomalies(tmp_path / "bad", map(_without_label, good_records))) == {LABEL_KEY}


def test_bytes_that_are_no_image_are_an_anomaly(tmp_path, good_records):
    # Below a hundred values the statistics do not venture to say what is an image.
    serialized = [*map(encode, good_records * 10), encode(_make(b"plain text", 1, 99))]
    assert set(_anomalies(tmp_path / "bad", serialized)) == {"image/encoded"}
