"""A subset's records are those of the whole, to the byte of each record, and its card counts them."""

from collections import Counter

import pytest
import tensorflow as tf

from data.card import read_cards
from data.errors import BadInputError
from data.example import SPLITS, decode
from data.importing import import_images
from data.options import ImportOptions
from data.partition import subsets
from data.partition.subsets import Subset
from data.record_folder import record_files
from data.subset_records import write_subset

SMALL = (Subset("mini", 20, 0.5), Subset("middle", 50, 0.54), Subset("big", 70, 0.5), Subset("full"))


@pytest.fixture(scope="module", autouse=True)
def _small():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsets, "SUBSETS", SMALL)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory, make_folder):
    """Two spans of 60 and 40 images."""
    base = tmp_path_factory.mktemp("whole")
    out = base / "records"
    import_images(make_folder(base / "first", 30), out, ImportOptions(images_per_shard=15))
    import_images(make_folder(base / "second", 20, first_seed=1000), out, ImportOptions(), span=2)
    return out


@pytest.fixture(scope="module")
def subset(whole, tmp_path_factory):
    base = tmp_path_factory.mktemp("subsets")
    for one in SMALL:
        write_subset(one.name, whole, base / one.name)
    return base


def _records(folder, split):
    files = [str(path) for path in record_files(folder, split)]
    return list(tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator())


def test_nested_and_unchanged(whole, subset):
    larger = {split: _records(whole, split) for split in SPLITS}
    for one in reversed(SMALL):
        own = {split: _records(subset / one.name, split) for split in SPLITS}
        for split in SPLITS:
            assert not Counter(own[split]) - Counter(larger[split])
        larger = own
    assert sum(map(len, larger.values())) == 20


def test_sizes_and_cards(subset):
    for one in SMALL:
        cards = read_cards(subset / one.name)
        records = [decode(raw) for split in SPLITS for raw in _records(subset / one.name, split)]
        assert sum(card.kept for card in cards) == len(records) == (one.size or 100)
        assert {card.subset for card in cards} == {one.name}
        for card in cards:
            labels = Counter(record.label for record in records if record.span == card.span)
            assert sum(counts["real"] for counts in card.splits.values()) == labels[0]
            assert card.found == card.kept == sum(shard["images"] for shard in card.shards)
        assert (subset / one.name / "schema.pbtxt").is_file()


def test_the_smaller_ones_need_the_first_span_only(subset):
    assert [len(read_cards(subset / one.name)) for one in SMALL] == [1, 1, 2, 2]


def test_what_cannot_be_a_subset(whole, subset, tmp_path):
    with pytest.raises(BadInputError, match="received the subset mini"):
        write_subset("mini", subset / "mini", tmp_path / "out")
    with pytest.raises(BadInputError, match="Expected the subset apart"):
        write_subset("mini", whole, whole / "mini")
    with pytest.raises(BadInputError, match="Expected an imported data set"):
        write_subset("mini", tmp_path, tmp_path / "out")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "thesis.txt").touch()
    with pytest.raises(BadInputError, match=r"found thesis\.txt"):
        write_subset("mini", whole, tmp_path / "kept")
    assert not (tmp_path / "out").exists()


def test_several_spans_are_not_replaced_and_nothing_is_added_to_a_subset(
    whole, subset, make_folder, tmp_path
):
    before = sorted(path.name for path in whole.iterdir())
    with pytest.raises(BadInputError, match="holds 2 spans, which would be lost"):
        write_subset("mini", whole, subset / "big")
    with pytest.raises(BadInputError, match="received the subset mini"):
        import_images(make_folder(tmp_path / "more", 5), subset / "mini", ImportOptions(), span=2)
    assert sorted(path.name for path in whole.iterdir()) == before


def test_records_that_were_changed_are_noticed(whole, tmp_path):
    import shutil

    shutil.copytree(whole, tmp_path / "changed")
    first, second = record_files(tmp_path / "changed", "train")[:2]
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    with pytest.raises(BadInputError, match="is missing or has been changed"):
        write_subset("full", tmp_path / "changed", tmp_path / "out")
    assert not (tmp_path / "out").exists()
