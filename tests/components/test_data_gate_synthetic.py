"""The gate counts classes and compares data among originals, however many images were made of them."""

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_gate.originals import originals, spans_of_originals
from components.data_gate.statistics import feature_statistics, makers, value_counts
from data.example import LABEL_KEY, MAKER_KEY, Synthetic
from data.schema import load_schema

SCHEMA = load_schema()
ORIGINALS, BLENDED, LIGHTED = 100, 800, 7


def _made(maker):
    return {"method": maker, "span": 2, "synthetic": Synthetic(maker, "", "a" * 64, 1, 0.5)}


@pytest.fixture(scope="module")
def train(record, statistics_of):
    """A hundred originals, half of them fake and a third PNG; then a span of 800 fakes and 7 reals made of them."""
    found = [
        record(b"", n % 2, n, **({"format": "png"} if n % 3 else {"format": "jpeg", "jpeg_quality": 90}))
        for n in range(ORIGINALS)
    ]
    found += [
        record(b"", 1, 1000 + n, format="jpeg", jpeg_quality=90, **_made("blend")) for n in range(BLENDED)
    ]
    found += [record(b"", 0, 9000 + n, format="png", **_made("lighting")) for n in range(LIGHTED)]
    return statistics_of(found, SCHEMA, sliced=True)


@pytest.fixture(scope="module")
def val(record, statistics_of):
    found = [
        record(b"", n % 2, n, **({"format": "png"} if n % 3 else {"format": "jpeg", "jpeg_quality": 90}))
        for n in range(40)
    ]
    return statistics_of(found, SCHEMA)


def _without_image_counts(lines):
    """These records have no images, for the sake of time."""
    return [line for line in lines if not line.startswith("image/encoded")]


def _unsliced(datasets):
    return statistics_pb2.DatasetFeatureStatisticsList(
        datasets=[one for one in datasets.datasets if not one.name.startswith(MAKER_KEY)]
    )


def test_categories_are_those_of_originals(train):
    found = originals(train)
    assert found.num_examples == ORIGINALS
    counts = {name: value_counts(feature_statistics(found, name)) for name in (LABEL_KEY, "image/format")}
    assert counts == {LABEL_KEY: {"0": 50, "1": 50}, "image/format": {"png": 66, "jpeg": 34}}
    assert sum(int(one.num_examples) for one in makers(train)) == BLENDED + LIGHTED
    # What it is taken from stays as it is.
    assert value_counts(feature_statistics(train.datasets[0], LABEL_KEY)) == {"0": 57, "1": 850}
    assert list(spans_of_originals(train)) == [1]


def test_many_images_made_of_others_are_neither_drift_nor_a_lack_of_balance(train, val, gate, tmp_path):
    path = tmp_path / "Split-train/FeatureStats.pb"
    path.parent.mkdir()
    path.write_bytes(val.SerializeToString())
    splits = {"train": train, "val": val, "test": val}
    assert _without_image_counts(gate(splits, SCHEMA, served_statistics=str(tmp_path))) == []
    # The served model may have been trained beside them, too.
    path.write_bytes(train.SerializeToString())
    assert _without_image_counts(gate(splits, SCHEMA, served_statistics=str(tmp_path))) == []
    path.write_bytes(val.SerializeToString())
    # The same images, not told apart.
    lines = _without_image_counts(
        gate(splits | {"train": _unsliced(train)}, SCHEMA, served_statistics=str(tmp_path))
    )
    for start in (
        "label, split train: differs from the data of the",
        "label, split train: real is",
        "label, split val",
    ):
        assert any(line.startswith(start) for line in lines)
    # Spans are told apart by what each image says.
    assert not any("span 2" in line for line in lines)


def test_a_split_of_nothing_else_stops_the_run(train, val, gate):
    alone = statistics_pb2.DatasetFeatureStatisticsList(
        datasets=[one for one in train.datasets if one.name == "span_2"]
    )
    alone.datasets[0].name = "All Examples"
    [line] = [line for line in gate({"train": alone}, SCHEMA) if "were made of others" in line]
    assert line.startswith(
        f"split train: all {BLENDED + LIGHTED} images were made of others, and without originals"
    )
    assert "Import them as a further span of the records of their originals." in line


def test_statistics_of_originals_alone_are_as_they_were(val):
    assert originals(val) == val.datasets[0]
    assert spans_of_originals(val) == {}
