"""A list of images brings splits, groups and columns of its own."""

import shutil
from collections import Counter, defaultdict

import pytest
import tensorflow as tf
from importing_checks import lines, near_copy, records_of

from data.card_text import card_text
from data.example import SPLITS
from data.image_table import read_table, values
from data.importing import import_images
from data.options import ImportOptions
from data.record_folder import record_files
from data.schema import read_schema


@pytest.fixture(scope="module")
def listed(tmp_path_factory, make_folder, picture, encode):
    """A list of 60 strangers and 3 copies: a near and an exact one across the splits, and one within; by its path."""
    root = make_folder(tmp_path_factory.mktemp("listed") / "set", 30)
    rows = ["path,label,split,group,generator,note"]
    for number in range(60):
        name = f"{('real', 'fake')[number % 2]}/{number // 2:03d}.jpg"
        split = ("train", "validation", "test", "train", "train")[number // 2 % 5]
        group = "photo" if number in (20, 22) else ""
        rows.append(
            f"{name},{number % 2},{split},{group},{('none', 'gan', '', 'swap')[number % 4]},é{number % 2}"
        )
    for near, name in (("near", "000"), ("within", "004")):
        content = (root / "real" / f"{name}.jpg").read_bytes()
        (root / "real" / f"{near}.jpg").write_bytes(near_copy(content, encode))  # 000 is in train.
    shutil.copy(root / "fake" / "001.jpg", root / "fake" / "exact.jpg")  # In val.
    rows += ["real/near.jpg,0,test,,x,é0", "fake/exact.jpg,1,test,,x,é1", "real/within.jpg,0,train,,x,é0"]
    (root / "list.csv").write_text("\n".join(rows) + "\n")
    return root / "list.csv"


#: Groups that the list's splits tear apart: a path and its split each.
_LEAKS = [
    {("real/000.jpg", "train"), ("real/near.jpg", "test")},
    {("fake/001.jpg", "val"), ("fake/exact.jpg", "test")},
    {("real/010.jpg", "train"), ("real/011.jpg", "val")},
]


def _leaks_of(out):
    groups = defaultdict(set)
    for row in lines(out / "span-1" / "leaks.jsonl"):
        assert row["label"] == row["path"][:4]
        groups[row["group"]].add((row["path"], row["split"]))
    return list(groups.values())


@pytest.fixture(scope="module")
def imported_list(listed):
    out = listed.parent.with_name("out")
    return out, import_images(listed, out)


def test_an_official_split_is_kept_and_its_leaks_are_listed(imported_list):
    out, card = imported_list
    assert card.kept == card.found == 63
    assert card.splits == {
        "train": {"real": 19, "fake": 18},
        "val": {"real": 6, "fake": 6},
        "test": {"real": 7, "fake": 7},
    }
    leaks = _leaks_of(out)
    assert len(leaks) == len(_LEAKS)
    assert all(leak in leaks for leak in _LEAKS)
    assert card.leaks == {"groups": 3, "images": 6, "dropped": 0}
    assert "LEAK" in card_text(card)
    assert "--drop-leaks" in card_text(card)


def test_leaks_can_be_dropped_from_the_earlier_splits(listed, imported_list, tmp_path):
    out = tmp_path / "out"
    card = import_images(listed, out, ImportOptions(drop_leaks=True))
    assert _leaks_of(out) == _leaks_of(imported_list[0])
    assert card.leaks == {"groups": 3, "images": 6, "dropped": 1}
    assert card.quarantined == {"leak": 3}
    rows = lines(out / "span-1" / "quarantine.jsonl")
    assert {row["path"] for row in rows} == {"real/000.jpg", "fake/001.jpg", "real/010.jpg"}
    names = values(read_table(out / "span-1"), "name")
    assert len(names) == len(records_of(out)) == card.kept == 60
    assert {"real/near.jpg", "fake/exact.jpg", "real/011.jpg"} <= set(names)
    assert len({(r.group, s) for s in SPLITS for r in records_of(out, s)}) == card.groups["count"] == 59
    assert "were left out" in card_text(card)


def test_official_splits_can_be_set_aside(listed, tmp_path):
    card = import_images(listed, tmp_path / "out", ImportOptions(official_splits=False))
    assert card.leaks["groups"] == 0
    assert card.splits["train"] != {"real": 19, "fake": 18}


def test_a_lists_columns_travel_into_records_and_schema(imported_list):
    out, card = imported_list
    of_values = Counter(record.columns["generator"] for record in records_of(out))
    assert of_values == {"none": 15, "gan": 15, "unknown": 15, "swap": 15, "x": 3}
    assert {record.columns["note"] for record in records_of(out)} == {"é0", "é1"}
    assert all(record.columns["note"] == f"é{record.label}" for record in records_of(out))
    assert card.columns == {"generator": dict(of_values), "note": {"é0": 32, "é1": 31}}
    features = {feature.name: feature for feature in read_schema(out).feature}
    assert list(features["slice/generator"].string_domain.value) == sorted(of_values)
    assert list(features["slice/note"].string_domain.value) == ["é0", "é1"]
    assert list(features["source"].string_domain.value) == ["list"]
    keys = tf.train.Example.FromString(
        next(iter(tf.data.TFRecordDataset(str(record_files(out, "val")[0]), "GZIP"))).numpy()
    ).features.feature
    assert set(keys) == {name for name in features if not name.startswith("synthetic/")}
