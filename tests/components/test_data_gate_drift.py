"""What the gate says about splits, spans and served data that differ; and that random splits do not.

The statistics are made by TFDV, all in one pass: each data set is a slice of it.
"""

import random
import zlib
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.distances import chance, moved_share
from components.data_gate.statistics import ALL_IMAGES
from data.schema import load_schema

SCHEMA = load_schema()
TRAIN, SMALL = 112, 24
"""Of 160 images."""

DRAWS = {f"draw {number}": {} for number in range(3)}
# Faces come cropped to one size, more often than not; a few that are not are no drift.
ONE_SIZE = {"one size": 0, "one size but for one": 1, "one size but for three": 3, "another size": 24}
SHIFTED = {
    "png": {"format": "png", "jpeg_quality": 0},
    "quality": {"format": "jpeg", "jpeg_quality": 50},
    "fakes": {"label": 1},
    "large": {"width": 1900, "height": 1900},
    "alpha": {"channels": 4},
    "elsewhere": {"source": "elsewhere"},
}


def _ordinary(record, draw, name, number):
    """A record of a collection as they are: three sources, two formats, all sizes and qualities."""
    width = int(draw.lognormvariate(5.8, 0.5)) + 64
    is_jpeg = draw.random() < 0.6
    return record(
        b"",
        draw.randrange(2),
        number,
        # Slices are made by span: a span a data set makes one pass of it.
        span=1 + zlib.crc32(name.encode()) % 2**31,
        width=width,
        height=int(width * draw.uniform(0.8, 1.4)),
        channels=3,
        format="jpeg" if is_jpeg else "png",
        jpeg_quality=draw.choice([75, 75, 90, 95, *range(60, 100)]) if is_jpeg else 0,
        source=draw.choice("abc"),
    )


@pytest.fixture(scope="module")
def data(record, statistics_of):
    """Statistics by name: of three random splits of 160 images, drawn thrice, and of images that were shifted."""
    sizes = {"old": TRAIN, **{f"{name} {split}": size for name in DRAWS for split, size in _SIZES.items()}}
    sizes |= dict.fromkeys([*SHIFTED, *ONE_SIZE], SMALL)
    records, draw = [], random.Random(5)  # noqa: S311 - not a secret
    for name, size in sizes.items():
        for number in range(size):
            one = _ordinary(record, draw, name, len(records))
            changes = SHIFTED.get(name, {})
            if name in ONE_SIZE:
                side = 300 if number < ONE_SIZE[name] else 256
                changes = {"width": side, "height": side}
            records.append(type(one)(**vars(one) | changes))
    slices = {one.name: one for one in statistics_of(records, SCHEMA, sliced=True).datasets}
    return {name: slices[f"span_{1 + zlib.crc32(name.encode()) % 2**31}"] for name in sizes}


_SIZES = {"train": TRAIN, "val": SMALL, "test": SMALL}


def _named(**datasets):
    """The data sets as one file of statistics; `overall` is the name of that which is no slice."""
    result = statistics_pb2.DatasetFeatureStatisticsList()
    for name, dataset in datasets.items():
        result.datasets.add().CopyFrom(dataset)
        result.datasets[-1].name = ALL_IMAGES if name == "overall" else name
    return result


def _served(folder, dataset):
    path = Path(folder) / "Split-train/FeatureStats.pb"
    path.parent.mkdir(parents=True)
    path.write_bytes(_named(overall=dataset).SerializeToString())
    return str(folder)


def _without_image_counts(lines):
    """These records have no images, for the sake of time; the checks of single values are tested elsewhere."""
    return [line for line in lines if not line.startswith("image/encoded") and "min_class_share" not in line]


@pytest.mark.parametrize("draw", DRAWS)
def test_random_splits_of_160_images_pass(draw, data, gate, tmp_path):
    splits = {split: _named(overall=data[f"{draw} {split}"]) for split in _SIZES}
    splits["train"] = _named(
        overall=data[f"{draw} train"], span_1=data[f"{draw} val"], span_2=data[f"{draw} test"]
    )
    served = _served(tmp_path, data["old"])
    assert _without_image_counts(gate(splits, SCHEMA, served_statistics=served)) == []


@pytest.mark.parametrize(
    ("shifted", "features"),
    [
        ("png", ["image/format"]),
        ("quality", ["image/jpeg_quality"]),
        ("fakes", ["label"]),
        ("large", ["image/height", "image/width"]),
        ("alpha", ["image/channels"]),
        ("elsewhere", ["source"]),
    ],
)
def test_a_split_that_differs_from_train_is_named_by_feature(shifted, features, data, gate):
    splits = {"train": _named(overall=data["old"]), "test": _named(overall=data[shifted])}
    lines = _without_image_counts(gate(splits, SCHEMA))
    found = {line.partition(", split test: differs from split train by ")[0] for line in lines}
    assert found >= set(features)
    assert found <= {*features, "image/jpeg_quality"}


def test_the_message_tells_how_far_where_how_many_and_what_to_do(data, gate):
    splits = {"train": _named(overall=data["old"]), "val": _named(overall=data["elsewhere"])}
    [line] = _without_image_counts(gate(splits, SCHEMA))
    assert line == (
        "source, split val: differs from split train by 1.00 (l infty), expected at most 0.45 of so few images (0.3 "
        "of more): 'elsewhere' is 24 of 24 images against 0 of 112. Correct the given splits, or split anew, or, if "
        "that is meant, raise the threshold of drift_comparator of 'source' in schema.pbtxt beside the records."
    )


def test_numbers_tell_their_means(data, gate):
    splits = {"train": _named(overall=data["old"]), "val": _named(overall=data["large"])}
    lines = _without_image_counts(gate(splits, SCHEMA))
    [line] = [line for line in lines if line.startswith("image/width, ")]
    assert "by 1.00 (jensen shannon divergence), expected at most 0.35 of so few images (0.3 of more)" in line
    assert f": its mean is 1900 against {_mean(data['old'], 'image/width'):.4g}. " in line


def _mean(dataset, name):
    [found] = [one for one in dataset.features if list(one.path.step) == [name]]
    return found.num_stats.mean


def test_the_newest_span_is_compared_with_the_one_before_it(data, gate):
    spans = {"span_2": data["old"], "span_9": data["draw 0 train"], "span_10": data["elsewhere"]}
    [line] = _without_image_counts(gate({"train": _named(overall=data["old"], **spans)}, SCHEMA))
    assert line.startswith("source, split train, span 10: differs from span 9 by 1.00 (l infty)")
    assert (
        "'elsewhere' is 24 of 24 images against 0 of 112. Look at what came with span 10 and import it anew"
        in line
    )
    assert "raise the threshold of drift_comparator of 'source' in schema.pbtxt beside the records" in line


def test_skew_against_the_data_of_the_served_model(data, gate, tmp_path):
    served = _served(tmp_path, data["elsewhere"])
    train = {"train": _named(overall=data["old"])}
    [line] = _without_image_counts(gate(train, SCHEMA, served_statistics=served))
    assert line.startswith("source, split train: differs from the data of the served model by 1.00 (l infty)")
    assert "raise the threshold of skew_comparator of 'source' in schema.pbtxt beside the records" in line
    assert _without_image_counts(gate(train, SCHEMA)) == []


def test_a_threshold_of_the_schema_is_what_counts(data, gate):
    loose = type(SCHEMA)()
    loose.CopyFrom(SCHEMA)
    [source] = [feature for feature in loose.feature if feature.name == "source"]
    source.drift_comparator.infinity_norm.threshold = 1
    splits = {"train": _named(overall=data["old"]), "val": _named(overall=data["elsewhere"])}
    assert _without_image_counts(gate(splits, loose)) == []


def test_a_feature_that_was_no_category_before_is_not_compared(data, gate, tmp_path):
    elder = type(data["old"])()
    elder.CopyFrom(data["old"])
    [channels] = [one for one in elder.features if list(one.path.step) == ["image/channels"]]
    common = type(channels.string_stats.common_stats)()
    common.CopyFrom(channels.string_stats.common_stats)
    channels.num_stats.common_stats.CopyFrom(common)
    served = _served(tmp_path, elder)
    lines = gate({"train": _named(overall=data["old"])}, SCHEMA, served_statistics=served)
    assert _without_image_counts(lines) == []


@pytest.mark.parametrize("here", ["one size but for one", "one size but for three", "one size"])
@pytest.mark.parametrize("there", ["one size", "one size but for one"])
def test_a_few_images_of_another_size_are_no_drift(here, there, data, gate):
    splits = {"train": _named(overall=data[there]), "val": _named(overall=data[here])}
    assert _without_image_counts(gate(splits, SCHEMA)) == []


def test_all_images_of_another_size_are_drift(data, gate):
    splits = {"train": _named(overall=data["one size"]), "val": _named(overall=data["another size"])}
    lines = _without_image_counts(gate(splits, SCHEMA))
    assert [line.partition(",")[0] for line in lines] == ["image/height", "image/width"]
    assert all("its mean is 300 against 256" in line for line in lines)


@pytest.mark.parametrize(
    ("here", "there", "least", "most"),
    [
        ("one size", "one size", 0, 0),
        ("one size", "one size but for one", 0.04, 0.15),
        ("one size", "another size", 1 - 1e-9, 1),
        ("large", "old", 0.95, 1),
        ("draw 0 train", "draw 0 train", 0, 0),
    ],
)
def test_the_share_that_moved(here, there, least, most, data):
    def widths(name):
        return next(one.num_stats for one in data[name].features if list(one.path.step) == ["image/width"])

    assert least <= moved_share(widths(here), widths(there)) <= most
    assert moved_share(widths(there), widths(here)) == moved_share(widths(here), widths(there))


def test_of_large_samples_the_threshold_alone_counts():
    from tensorflow_metadata.proto.v0.anomalies_pb2 import DriftSkewInfo

    kind = DriftSkewInfo.Measurement
    for one in (kind.L_INFTY, kind.JENSEN_SHANNON_DIVERGENCE):
        assert chance(one, 90, 90) < 0.3
        assert chance(one, 24, 112) > 0.3
