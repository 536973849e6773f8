"""From a list of synthetic images to records: each beside its parent, and originals untouched."""

import io
import json
import shutil
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from PIL import Image
from pyarrow import parquet

from data.card import read_card
from data.card_text import card_text
from data.errors import BadInputError
from data.example import SPLITS, Synthetic, decode
from data.image_table import read_table, synthetic_makers, synthetic_parents, values
from data.importing import import_images
from data.left_out import count_left_out, write_left_out
from data.options import HarmoniseOptions, ImportOptions
from data.partition.subset_sizes import Subset
from data.partition.subsets import TooFewImagesError
from data.record_folder import record_files, span_folder
from data.schema import load_schema, read_schema, write_schema
from data.subset_records import count_subset, write_subset

_NEW = "synthetic/"


def _records(folder, split, span=None):
    files = record_files(folder, split)
    if span:
        files = [file for file in files if file.parent == span_folder(folder, span)]
    dataset = tf.data.TFRecordDataset([str(file) for file in files], compression_type="GZIP")
    return [decode(one) for one in dataset.as_numpy_iterator()]


def _from_before(folder):
    """Makes records what a version left that knew of no synthetic images."""
    schema, file = read_schema(folder), span_folder(folder, 1) / "images.parquet"
    for feature in [one for one in schema.feature if one.name.startswith(_NEW)]:
        schema.feature.remove(feature)
    write_schema(folder, schema)
    parquet.write_table(parquet.read_table(file).drop(["synthetic"]), file)
    card = span_folder(folder, 1) / "dataset_card.json"
    found = json.loads(card.read_text())
    del found["synthetic"]
    card.write_text(json.dumps(found))


def _child(encoded, maker):
    """Shifted (blend) or brighter (lighting); of the parent's size and JPEG tables."""
    image = Image.open(io.BytesIO(encoded))
    pixels = np.asarray(image.convert("RGB"))
    pixels = np.roll(pixels, 2, 1) if maker == "blend" else np.clip(pixels + 12.0, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", qtables=image.quantization, subsampling=0)
    return buffer.getvalue()


def _make(folder, parents):
    """Two children of each parent, a pair of split and record, and the list of them."""
    folder.mkdir()
    rows = []
    for number, (split, parent) in enumerate(parents):
        for maker, label in (("blend", "fake"), ("lighting", "real")):
            name = f"{number:03d}-{maker}.jpg"
            (folder / name).write_bytes(_child(parent.encoded, maker))
            rows.append(
                {"path": name, "label": label, "split": split, "group": parent.group, "source": parent.source}
                | {
                    "method": maker,
                    "synthetic_maker": maker,
                    "synthetic_edit": "",
                    "synthetic_seed": 2**62 + number,
                }
                | {"synthetic_parent": parent.sha256, "synthetic_strength": 0.5, "synthetic_prompt": ""}
                | {"synthetic_model": "", "synthetic_revision": ""}
            )
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder / "manifest.jsonl"


def _reals(folder, split, count=None):
    return [(split, one) for one in _records(folder, split) if one.label == 0][:count]


@pytest.fixture(scope="module")
def originals(faces, tmp_path_factory):
    """Drawn faces of two sources, and a column of light; as a version left them that knew of nothing synthetic."""
    base = tmp_path_factory.mktemp("originals")
    shutil.copytree(faces, base / "faces")
    paths = sorted(path.relative_to(base / "faces") for path in (base / "faces").rglob("*.jpg"))
    rows = [
        {"path": str(path), "label": path.parts[0], "source": ("here", "there")[number % 2]}
        | {"light": ("dim", "bright")[number // 2 % 2]}
        for number, path in enumerate(paths)
    ]
    (base / "faces" / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    import_images(base / "faces" / "list.jsonl", base / "records", ImportOptions(seed=1))
    _from_before(base / "records")
    return base / "records"


@pytest.fixture(scope="module")
def grown(originals, tmp_path_factory):
    """The originals, and as a second span children of the reals of train, of one of val and of one of test."""
    base = tmp_path_factory.mktemp("grown")
    shutil.copytree(originals, base / "records")
    parents = [
        pair
        for split, count in (("train", None), ("val", 1), ("test", 1))
        for pair in _reals(originals, split, count)
    ]
    listed = _make(base / "made", parents)
    card = import_images(listed, base / "records", ImportOptions(max_quarantined_share=0.2), span=2)
    return base / "records", card


def test_children_are_recorded_beside_their_parents(grown):
    folder, _ = grown
    parents = {one.sha256: (split, one) for split in SPLITS for one in _records(folder, split, span=1)}
    made = [(split, one) for split in SPLITS for one in _records(folder, split, span=2)]
    reals = [one for one in _records(folder, "train", span=1) if one.label == 0]
    assert Counter(split for split, _ in made) == {"train": 2 * len(reals), "test": 2}
    for split, child in made:
        at, parent = parents[child.synthetic.parent]
        assert (split, child.group, child.source) == (at, parent.group, parent.source)
        # What the list does not say of it holds of it as it holds of the parent.
        assert child.columns == parent.columns
        assert child.synthetic == Synthetic(child.method, "", parent.sha256, child.synthetic.seed, 0.5)
        assert child.label == (child.method == "blend")
        assert (child.width, child.height, child.format) == (parent.width, parent.height, parent.format)


def test_no_child_of_the_validation_split_is_recorded(grown):
    folder, card = grown
    assert card.splits["val"] == {"real": 0, "fake": 0}
    refused = (span_folder(folder, 2) / "quarantine.jsonl").read_text().splitlines()
    assert [json.loads(line)["reason"] for line in refused] == ["synthetic_in_val"] * 2


def test_the_card_and_the_table_tell_how_many_were_made_of_others(grown):
    folder, card = grown
    count = card.kept // 2
    assert card.synthetic == {"blend": count, "lighting": count}
    assert card.methods == {"real": {"lighting": count}, "fake": {"blend": count}}
    made = ", ".join(f"{count} x {maker}" for maker in card.synthetic)
    assert f"synthetic  {made}, made of other images" in card_text(card)
    # They look like their parents, which is no finding.
    assert (card.near_copies, card.leaks["groups"], card.groups["of_earlier_spans"]) == (0, 0, card.kept)
    assert read_card(folder, 2) == card
    assert read_card(folder, 1).synthetic == {}
    table = read_table(span_folder(folder, 2))
    assert Counter(synthetic_makers(table)) == card.synthetic
    made = [one for split in SPLITS for one in _records(folder, split, span=2)]
    assert synthetic_parents(table) == [one.synthetic.parent for one in made]
    before = read_table(span_folder(folder, 1))
    assert synthetic_makers(before) == []
    assert set(synthetic_parents(before)) == {None}
    assert before.schema.field("synthetic") == table.schema.field("synthetic")


def test_the_schema_beside_the_records_learns_of_them_without_being_asked(grown, originals):
    folder, card = grown
    assert card.unknown == ()
    schema, before = read_schema(folder), read_schema(originals)
    new = [feature for feature in schema.feature if feature.name.startswith(_NEW)]
    assert [one.name for one in new] == [
        one.name for one in load_schema().feature if one.name.startswith(_NEW)
    ]
    assert [one for one in schema.feature if one not in new] == list(before.feature)


def test_a_subset_counts_originals_and_takes_the_children_of_its_groups(grown, tmp_path):
    folder, _ = grown
    wanted = (Subset("small", 12, 0.5),)
    assert count_subset(wanted, folder) == (6, 6)
    with pytest.raises(TooFewImagesError, match=r"Expected 22 real and 22 fake .* received 20 and 20"):
        count_subset((Subset("large", 44, 0.5),), folder)
    write_subset(wanted, folder, tmp_path / "small")
    originals, children = (
        [one for s in SPLITS for one in _records(tmp_path / "small", s, n)] for n in (1, 2)
    )
    assert Counter(one.label for one in originals) == {0: 6, 1: 6}
    groups = {one.group for one in originals}
    expected = {one.sha256 for s in SPLITS for one in _records(folder, s, 2) if one.group in groups}
    assert {one.sha256 for one in children} == expected
    assert read_card(tmp_path / "small", 2).synthetic == Counter(one.method for one in children)
    write_subset("full", folder, tmp_path / "full")
    assert [len(_records(tmp_path / "full", s)) for s in SPLITS] == [len(_records(folder, s)) for s in SPLITS]


def test_nothing_made_of_a_source_that_is_left_out_is_learned_from(grown, tmp_path):
    folder, _ = grown
    write_left_out("there", folder, tmp_path / "without")
    kept = [one for s in ("train", "val") for one in _records(tmp_path / "without", s)]
    assert {one.source for one in kept} == {"here"}
    assert any(one.synthetic for one in kept)
    assert len(_records(tmp_path / "without", "test")) == len(_records(folder, "test"))


def _with(folder, column, change):
    """Changes a column of the second span's table."""
    file = span_folder(folder, 2) / "images.parquet"
    table = parquet.read_table(file)
    place, field = table.schema.get_field_index(column), table.schema.field(column)
    parquet.write_table(
        table.set_column(place, field, pa.array(change(values(table, column)), field.type)), file
    )


def test_a_child_belongs_to_its_parents_source_whatever_its_own_is_called(grown, tmp_path):
    folder = shutil.copytree(grown[0], tmp_path / "records")
    before = count_left_out("there", folder)
    _with(folder, "source", lambda sources: [b"made"] * len(sources))
    assert count_left_out("there", folder) == before


def test_without_a_source_only_originals_count_as_classes(grown, tmp_path):
    folder = shutil.copytree(grown[0], tmp_path / "records")
    file = span_folder(folder, 1) / "images.parquet"
    table = parquet.read_table(file)
    # No fake of train is from here; what was made from here is.
    sources = [
        b"there" if (label, split) == (1, "train") else source.encode()
        for source, label, split in zip(
            *(values(table, name) for name in ("source", "label", "split")), strict=True
        )
    ]
    place, field = table.schema.get_field_index("source"), table.schema.field("source")
    parquet.write_table(table.set_column(place, field, pa.array(sources, field.type)), file)
    with pytest.raises(
        BadInputError, match="both classes in train without the source 'there', received no fake"
    ):
        count_left_out("there", folder)


def test_synthetic_images_alone_can_be_imported_to_be_evaluated(originals, tmp_path):
    listed = _make(tmp_path / "made", [("test", one) for _, one in _reals(originals, "train", 4)])
    card = import_images(listed, tmp_path / "records")
    assert card.splits["test"] == {"real": 4, "fake": 4}
    assert card.kept == 8
    assert card.groups["count"] == 4
    assert read_card(tmp_path / "records") == card


def test_a_child_with_the_bytes_of_its_parent_and_another_label_is_refused_alone(originals, tmp_path):
    shutil.copytree(originals, tmp_path / "records")
    listed = _make(tmp_path / "made", _reals(originals, "train", 3))
    parent = _reals(originals, "train", 1)[0][1]
    (tmp_path / "made" / "000-blend.jpg").write_bytes(parent.encoded)
    (tmp_path / "made" / "parent.jpg").write_bytes(parent.encoded)
    row = {"path": "parent.jpg", "label": "real", "split": "train", "source": parent.source} | parent.columns
    listed.write_text(f"{listed.read_text()}\n{json.dumps(row)}")
    card = import_images(listed, tmp_path / "records", ImportOptions(max_quarantined_share=0.2), span=2)
    assert card.quarantined == {"conflicting_label": 1}
    assert (card.kept, card.exact_copies, card.groups["of_earlier_spans"]) == (6, 0, 6)


@pytest.mark.slow
def test_children_of_harmonised_images_are_harmonised_alike(faces, tmp_path):
    options = ImportOptions(harmonise=HarmoniseOptions(size=64, quality=80), max_quarantined_share=0.2)
    import_images(faces, tmp_path / "records", options)
    parents = _reals(tmp_path / "records", "train", 5)
    listed = _make(tmp_path / "made", parents)
    with pytest.raises(BadInputError, match="with --harmonise"):
        import_images(listed, tmp_path / "records", span=2)
    card = import_images(listed, tmp_path / "records", options, span=2)
    assert (card.harmonised, card.unknown) == ({"size": 64, "quality": 80}, ())
    group_of = {parent.sha256: parent.group for _, parent in parents}
    made = _records(tmp_path / "records", "train", 2)
    assert [one.group for one in made] == [group_of[one.synthetic.parent] for one in made]
    assert {one.jpeg_quality for one in made} == {80}
