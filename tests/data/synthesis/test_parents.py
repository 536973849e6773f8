"""Only originals of the split and the labels asked for are edited."""

import hashlib

import numpy as np
import pytest

from data.errors import BadInputError
from data.image_table import read_table, with_columns, write_table
from data.images.decode_check import decode_rgb
from data.synthesis.opening import open_parents


def _images(encode, picture, labels, split="train", first=0, **options):
    return [
        {"encoded": encode(picture(first + number), **options), "label": label, "split": split}
        for number, label in enumerate(labels)
    ]


def test_records_of_all_spans(write_records, picture, encode, tmp_path):
    first = _images(encode, picture, [0, 1, 0]) + _images(encode, picture, [0], "val", 10)
    second = _images(encode, picture, [1, 0], first=20) + _images(encode, picture, [0], "test", 30)
    parents = open_parents(write_records(tmp_path / "records", first, second), "train", (0,))
    wanted = [first[0], first[2], second[1]]
    assert len(parents) == 3
    with parents.reading([2, 0, 1]) as read:
        for position in (0, 2, 1, 0):
            parent, own = read(position), wanted[position]["encoded"]
            assert parent.encoded == own
            assert parent.sha256 == hashlib.sha256(own).hexdigest() == parents.key(position)
            assert np.array_equal(parent.pixels, decode_rgb(own))
            assert (parent.label, parent.source, parent.method, parent.split) == (0, "own", "none", "train")
            assert parent.group == parent.sha256[:16]
    assert len(open_parents(tmp_path / "records", "train", (0, 1))) == 5
    assert len(open_parents(tmp_path / "records", "test", (0, 1))) == 1


def test_only_what_is_wanted_is_copied(reals):
    parents = open_parents(reals, "train", (0,))
    told = []
    with parents.reading([5, 3], lambda *step: told.append(step)) as read:
        assert read(3).sha256 == parents.key(3)
        with pytest.raises(KeyError):
            read(4)
    assert told == [("read", 1, 2), ("read", 2, 2)]


def test_neither_grey_nor_synthetic_images(write_records, picture, encode, tmp_path):
    images = _images(encode, picture, [0, 0, 0])
    grey = {"encoded": encode(picture(9)[..., 0]), "label": 0, "split": "train"}
    root = write_records(tmp_path / "records", [images[0], grey, *images[1:]])
    assert len(open_parents(root, "train", (0,))) == 3
    folder = root / "span-1"
    made = [None, None, {"maker": "blend"}, None]
    write_table(folder, with_columns(read_table(folder), {"synthetic": made}))
    parents = open_parents(root, "train", (0,))
    keys = {parents.key(position) for position in range(len(parents))}
    assert keys == {hashlib.sha256(images[at]["encoded"]).hexdigest() for at in (0, 2)}


def test_the_fingerprint_is_of_the_images_that_may_be_edited(write_records, picture, encode, tmp_path):
    images = _images(encode, picture, [0, 0, 1])
    other = _images(encode, picture, [0], "val", 40)
    base = open_parents(write_records(tmp_path / "a", images), "train", (0,)).fingerprint
    assert open_parents(write_records(tmp_path / "b", images, other), "train", (0,)).fingerprint == base
    assert open_parents(write_records(tmp_path / "c", images[1:]), "train", (0,)).fingerprint != base
    assert open_parents(tmp_path / "a", "train", (0, 1)).fingerprint != base


def test_records_that_were_changed_are_refused(write_records, picture, encode, tmp_path):
    one = write_records(tmp_path / "a", [_images(encode, picture, [0, 0])[0]])
    two = write_records(tmp_path / "b", _images(encode, picture, [0, 0], first=7))
    file = "span-1/train-00000-of-00001.tfrecord.gz"
    table = "span-1/images.parquet"
    more = open_parents(two, "train", (0,))
    (two / file).write_bytes((one / file).read_bytes())
    with pytest.raises(BadInputError, match="have been changed"), more.reading([0, 1]):
        pass
    (two / table).write_bytes((one / table).read_bytes())
    (one / file).write_bytes((two / file).read_bytes())
    assert len(open_parents(two, "train", (0,))) == 1
    third = write_records(tmp_path / "c", _images(encode, picture, [0], first=70))
    (two / table).write_bytes((third / table).read_bytes())
    with open_parents(two, "train", (0,)).reading([0]) as read, pytest.raises(BadInputError, match="changed"):
        read(0)


def test_nothing_to_edit(reals):
    with pytest.raises(BadInputError, match=r"Expected fake images .* in the test split"):
        open_parents(reals, "test", (1,))


def test_a_folder_without_splits_is_to_be_imported_first(make_folder, tmp_path):
    root = make_folder(tmp_path / "faces", 2)
    with pytest.raises(BadInputError, match=r"data import .*faces --out RECORDS`, then `--from RECORDS`"):
        open_parents(root, "train", (0,))


@pytest.fixture
def with_splits(picture, encode, tmp_path):
    """A data set with splits of its own; one image of two for training is broken."""
    root = tmp_path / "official"
    for number, split in enumerate(("Train", "Validation", "Test")):
        for name in ("Real", "Fake"):
            folder = root / split / name
            folder.mkdir(parents=True)
            for image in range(2):
                seed = 100 * number + 10 * (name == "Real") + image
                (folder / f"{image}.jpg").write_bytes(encode(picture(seed)))
    broken = root / "Train/Real/1.jpg"
    broken.write_bytes(broken.read_bytes()[:300])
    return root


def test_a_folder_with_official_splits(with_splits):
    parents = open_parents(with_splits, "train", (0,))
    assert [parents.key(at) for at in range(len(parents))] == ["Train/Real/0.jpg", "Train/Real/1.jpg"]
    assert [parents.is_usable(at) for at in (0, 1, 1)] == [True, False, False]
    assert parents.refused == {"truncated": 1}
    with parents.reading([0]) as read:
        parent = read(0)
    assert parent.encoded == (with_splits / "Train/Real/0.jpg").read_bytes()
    assert (parent.split, parent.source) == ("train", "deepfake-and-real-images")
    assert parent.group == parent.sha256 == hashlib.sha256(parent.encoded).hexdigest()


def test_a_changed_folder_has_another_fingerprint(with_splits, picture, encode):
    before = open_parents(with_splits, "train", (0,)).fingerprint
    assert open_parents(with_splits, "train", (0,)).fingerprint == before
    assert open_parents(with_splits, "test", (0,)).fingerprint != before
    (with_splits / "Train/Real/2.jpg").write_bytes(encode(picture(50)))
    assert open_parents(with_splits, "train", (0,)).fingerprint != before


def test_apart(with_splits, reals):
    for parents in (open_parents(with_splits, "train", (0,)), open_parents(reals, "train", (0,))):
        assert parents.is_apart_from(parents.root.parent / "elsewhere")
        assert not parents.is_apart_from(parents.root / "inside")
        assert not parents.is_apart_from(parents.root.parent)
