"""The curated schema passes good records, and what an import makes of it knows the data set."""

import dataclasses

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_transform.tf_metadata.schema_utils import schema_as_feature_spec

from data.errors import BadInputError
from data.example import LABEL_KEY, Record, Synthetic, encode
from data.images.shape import LARGEST_ASPECT_RATIO
from data.record_folder import SCHEMA_FILE
from data.schema import (
    dataset_schema,
    extended_schema,
    load_schema,
    read_schema,
    unknown_to,
    with_synthetic,
    write_schema,
)

MADE = Synthetic("blend", "", "b" * 64, 7, 0.5)


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


def _feature(schema, name):
    return next((feature for feature in schema.feature if feature.name == name), None)


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


def test_every_feature_of_a_record_is_in_the_schema_and_required_of_originals(good_records):
    originals, made = (
        set(tf.train.Example.FromString(encode(one)).features.feature)
        for one in (good_records[0], dataclasses.replace(good_records[0], synthetic=MADE))
    )
    features = {feature.name: feature for feature in load_schema().feature}
    assert set(features) == made > originals
    for name, feature in features.items():
        assert feature.presence.min_fraction == (name in originals)
    # What is not always there comes to Transform as a sparse tensor.
    spec = schema_as_feature_spec(load_schema()).feature_spec
    assert {name for name, one in spec.items() if isinstance(one, tf.io.VarLenFeature)} == made - originals


def test_synthetic_images_pass_beside_originals_and_alone(tmp_path, good_records):
    made = [dataclasses.replace(record, synthetic=MADE) for record in good_records]
    for name, records in (("both", good_records + made), ("alone", made)):
        statistics = _statistics(tmp_path / name, map(encode, records))
        assert not tfdv.validate_statistics(statistics, load_schema()).anomaly_info


def test_a_schema_from_before_learns_of_synthetic_images_and_keeps_the_rest(tmp_path):
    before = dataset_schema(["a"], {"light": ["day"]}, grey_allowed=False)
    _feature(before, "image/width").int_domain.max = 99
    for feature in [one for one in before.feature if one.name.startswith("synthetic/")]:
        before.feature.remove(feature)
    after = with_synthetic(before)
    assert _feature(before, "synthetic/maker") is None
    assert _feature(after, "synthetic/maker") == _feature(load_schema(), "synthetic/maker")
    assert _feature(after, "image/width").int_domain.max == 99
    assert with_synthetic(after) == after == extended_schema(before, ["a"], {"light": ["day"]})


def test_each_fault_is_an_anomaly_of_its_feature(tmp_path, good_records):
    # Below a hundred values the statistics do not venture to say what is an image.
    changes = [
        {"encoded": b"plain text"},
        {"label": 2},
        {"channels": 1},
        {"format": "gif"},
        {"width": 15, "height": 15},
        {"height": 64 * 4},
        {"jpeg_quality": 101},
        {"span": 0},
    ]
    bad = [dataclasses.replace(good_records[0], **change) for change in changes]
    serialized = [*map(encode, good_records * 10 + bad), _without_label(good_records[1])]
    anomalies = tfdv.validate_statistics(
        _statistics(tmp_path / "bad", serialized), load_schema()
    ).anomaly_info
    assert set(anomalies) == {
        *("image/encoded", "label", "image/channels", "image/format", "image/width", "image/height"),
        *("image/aspect_ratio", "image/jpeg_quality", "span"),
    }


def test_the_largest_aspect_ratio_is_that_of_the_importer():
    assert _feature(load_schema(), "image/aspect_ratio").float_domain.max == LARGEST_ASPECT_RATIO


def test_drift_and_skew_are_compared_by_the_same_measure():
    compared = {
        feature.name: feature.drift_comparator
        for feature in load_schema().feature
        if feature.HasField("drift_comparator")
    }
    assert set(compared) == {
        *("label", "source", "image/format", "image/channels"),
        *("image/width", "image/height", "image/jpeg_quality"),
    }
    for name, comparator in compared.items():
        assert _feature(load_schema(), name).skew_comparator == comparator


def test_a_data_set_has_its_sources_and_values_as_domains():
    schema = dataset_schema(["b", "a", "a"], {"generator": ["y", "x"]}, grey_allowed=False)
    assert list(_feature(schema, "source").string_domain.value) == ["a", "b"]
    column = _feature(schema, "slice/generator")
    assert list(column.string_domain.value) == ["x", "y"]
    assert column.presence.min_fraction == 1
    assert [dim.size for dim in column.shape.dim] == [1]
    assert _feature(schema, "image/channels").int_domain.min == 3
    assert not _feature(load_schema(), "source").HasField("string_domain")


def test_grey_may_be_allowed():
    schema = dataset_schema(["a"], {}, grey_allowed=True)
    assert _feature(schema, "image/channels").int_domain.min == 1
    assert _feature(schema, "image/channels").int_domain.max == 4


@pytest.mark.parametrize(
    ("values", "has_domain"),
    [
        ([str(number) for number in range(100)], True),
        ([str(number) for number in range(101)], False),
        (["caf\udce9"], False),
    ],
)
def test_free_text_and_what_is_no_utf_8_has_no_domain(values, has_domain):
    schema = dataset_schema(["a"], {"comment": values}, grey_allowed=False)
    assert _feature(schema, "slice/comment").HasField("string_domain") == has_domain


def test_it_is_read_as_it_was_written_and_may_be_edited(tmp_path):
    schema = dataset_schema(["größe"], {"generator": ["x"]}, grey_allowed=True)
    write_schema(tmp_path, schema)
    assert read_schema(tmp_path) == schema
    text = (tmp_path / SCHEMA_FILE).read_text()
    assert text.startswith("#")
    assert "edited by hand" in text
    (tmp_path / SCHEMA_FILE).write_text(text.replace('value: "größe"', 'value: "größe"\n    value: "new"'))
    assert list(_feature(read_schema(tmp_path), "source").string_domain.value) == ["größe", "new"]


@pytest.mark.parametrize("content", [b"feature { nonsense: 1 }", b"\xff\xfe", None])
def test_a_broken_schema_names_the_file_and_the_line(content, tmp_path):
    if content is not None:
        (tmp_path / SCHEMA_FILE).write_bytes(content)
    with pytest.raises(BadInputError, match=f"{SCHEMA_FILE}: expected a schema of TensorFlow") as caught:
        read_schema(tmp_path)
    assert "\n" not in str(caught.value)
    if content == b"feature { nonsense: 1 }":
        assert "1:11" in str(caught.value)


def test_a_further_span_adds_to_the_domains_and_keeps_edits():
    schema = dataset_schema(["b"], {"generator": ["x"]}, grey_allowed=False)
    _feature(schema, "image/width").int_domain.max = 99
    before = text_format.MessageToString(schema)
    extended = extended_schema(schema, ["a", "b"], {"generator": ["w", "x"], "age": ["old"]})
    assert list(_feature(extended, "source").string_domain.value) == ["b", "a"]
    assert list(_feature(extended, "slice/generator").string_domain.value) == ["x", "w"]
    assert list(_feature(extended, "slice/age").string_domain.value) == ["old"]
    assert not _feature(extended, "slice/age").presence.HasField("min_fraction")
    # Transform refuses a fixed shape for what may be missing.
    assert isinstance(schema_as_feature_spec(extended).feature_spec["slice/age"], tf.io.VarLenFeature)
    assert _feature(extended, "image/width").int_domain.max == 99
    without = extended_schema(extended, ["a"], {"age": ["old"]})
    assert not _feature(without, "slice/generator").presence.HasField("min_fraction")
    assert text_format.MessageToString(schema) == before


def test_a_domain_that_was_taken_off_or_grows_too_long_stays_off():
    schema = dataset_schema(["a"], {"generator": map(str, range(100))}, grey_allowed=False)
    _feature(schema, "source").ClearField("string_domain")
    extended = extended_schema(schema, ["b"], {"generator": ["one more"]})
    assert not _feature(extended, "source").HasField("string_domain")
    assert not _feature(extended, "slice/generator").HasField("string_domain")


def test_what_a_further_span_brings_and_lacks_is_named():
    schema = dataset_schema(["a"], {"age": ["old"], "light": ["day"]}, grey_allowed=False)
    assert unknown_to(schema, ["a"], {"age": ["old"], "light": ["day"]}) == []
    found = unknown_to(schema, ["a", "b"], {"age": ["young"], "place": ["home"]})
    assert found == ["source b", "age young", "column place", "no column light"]
    extended = extended_schema(schema, ["b"], {"age": ["young"], "place": ["home"]})
    assert unknown_to(extended, ["a", "b"], {"age": ["young"], "place": ["home"]}) == []
