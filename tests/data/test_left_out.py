"""Nothing of the source left out is learned from, nothing that is tested on is touched, and no group is torn."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from data.card import read_cards
from data.errors import BadInputError
from data.example import SPLITS, decode
from data.image_table import read_table, values
from data.importing import import_images
from data.left_out import LeftOut, count_left_out, write_left_out
from data.options import ImportOptions
from data.part_records import write_part
from data.record_folder import SCHEMA_FILE, record_files, span_folder
from data.subset_records import write_subset


@pytest.fixture(scope="module")
def whole(tmp_path_factory, make_folder):
    """Two spans, each of a source of its own: `first` with 60 images, `second` with 40."""
    base = tmp_path_factory.mktemp("whole")
    out = base / "records"
    import_images(make_folder(base / "first", 30), out, ImportOptions(images_per_shard=15))
    import_images(make_folder(base / "second", 20, first_seed=1000), out, ImportOptions(), span=2)
    return out


@pytest.fixture(scope="module")
def without(whole, tmp_path_factory):
    out = tmp_path_factory.mktemp("without") / "records"
    write_left_out("second", whole, out)
    return out


@pytest.fixture
def altered(whole, tmp_path):
    """``altered(change)``: records of other facts; ``change(columns)`` alters the columns of all images in place."""

    def make(change):
        cards = read_cards(whole)
        tables = [read_table(span_folder(whole, card.span)) for card in cards]
        target = tmp_path / "altered"
        write_part("all", whole, target, cards, tables, [np.arange(len(table)) for table in tables])
        for card in cards:
            folder = span_folder(target, card.span)
            table = read_table(folder)
            columns = {name: values(table, name) for name in ("source", "split", "label", "group")}
            change(columns)
            for name, column in columns.items():
                place = table.schema.get_field_index(name)
                field = table.schema.field(place)
                table = table.set_column(
                    place,
                    field,
                    pa.array(
                        [one.encode() if pa.types.is_binary(field.type) else one for one in column],
                        field.type,
                    ),
                )
            pa.parquet.write_table(table, folder / "images.parquet")
        return target

    return make


def _records(folder, split):
    files = [str(path) for path in record_files(folder, split)]
    return list(tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator())


def _sources(folder, split):
    return Counter(decode(raw).source for raw in _records(folder, split))


def test_the_test_split_is_untouched_and_the_rest_lacks_the_source_alone(whole, without):
    assert _records(without, "test") == _records(whole, "test")
    for split in ("train", "val"):
        expected = [raw for raw in _records(whole, split) if decode(raw).source != "second"]
        assert _records(without, split) == expected
        assert len(expected) < len(_records(whole, split))
    assert set(_sources(without, "test")) == {"first", "second"}
    assert (without / SCHEMA_FILE).read_text() == (whole / SCHEMA_FILE).read_text()


def test_counts_are_those_of_the_records(whole, without):
    told = count_left_out("second", whole)
    assert told.images == {split: _sources(whole, split)["second"] for split in ("train", "val")}
    assert told.kept == {split: len(_records(without, split)) for split in SPLITS}
    assert told.tested == _sources(whole, "test")["second"]
    assert told.related == {}
    cards = read_cards(without)
    assert {card.subset for card in cards} == {"all but second in train and val"}
    for split in SPLITS:
        assert sum(sum(card.splits[split].values()) for card in cards) == told.kept[split]
        shards = [shard["images"] for card in cards for shard in card.shards if shard["split"] == split]
        assert sum(shards) == told.kept[split]


def test_what_is_near_to_a_test_image_of_the_source_is_left_out_as_well(altered):
    torn = {}

    def tear(columns):
        # One group of both sources, as of a data set whose own splits part near copies.
        for number, (source, split) in enumerate(zip(columns["source"], columns["split"], strict=True)):
            if (source, split) in {("first", "train"), ("second", "test")} and source not in torn:
                torn[source] = number
                columns["group"][number] = "torn"

    records = altered(tear)
    assert set(torn) == {"first", "second"}
    assert count_left_out("second", records).related == {"train": 1}


def test_what_cannot_be_left_out_is_told(whole, without, altered, tmp_path):
    with pytest.raises(BadInputError, match="among first, second, received 'third'"):
        write_left_out("third", whole, tmp_path / "out")
    write_part_of_one = tmp_path / "one"
    cards = read_cards(whole)[:1]
    table = read_table(span_folder(whole, 1))
    write_part("one", whole, write_part_of_one, cards, [table], [np.arange(len(table))])
    with pytest.raises(BadInputError, match="records of several sources"):
        write_left_out("first", write_part_of_one, tmp_path / "out")
    # What is left of one span is empty but for its test images, and cannot be trained on.
    with pytest.raises(BadInputError, match=r"both classes in train without .* no real and no fake ones"):
        count_left_out("first", without)
    with pytest.raises(BadInputError, match="Expected an imported data set"):
        write_left_out("first", tmp_path, tmp_path / "out")
    with pytest.raises(BadInputError, match="apart from"):
        write_left_out("second", whole, whole / "out")
    assert not (tmp_path / "out").exists()


def test_a_class_that_only_the_source_has_is_missed(altered):
    def all_fakes_are_of_the_second(columns):
        for number, label in enumerate(columns["label"]):
            columns["source"][number] = "second" if label else "first"

    records = altered(all_fakes_are_of_the_second)
    with pytest.raises(
        BadInputError, match="both classes in train without the source 'second', received no fake"
    ):
        count_left_out("second", records)


def test_a_source_that_is_not_tested_on_is_refused(altered):
    def none_of_the_second_in_test(columns):
        for number, (source, split) in enumerate(zip(columns["source"], columns["split"], strict=True)):
            if source == "second" and split == "test":
                columns["source"][number] = "first"

    with pytest.raises(BadInputError, match="Expected test images of the source 'second'"):
        count_left_out("second", altered(none_of_the_second_in_test))


def test_it_is_a_part_and_no_whole(without, make_folder, tmp_path):
    with pytest.raises(BadInputError, match="received the subset all but second"):
        write_subset("mini", without, tmp_path / "mini")
    assert isinstance(count_left_out("second", without), LeftOut)
