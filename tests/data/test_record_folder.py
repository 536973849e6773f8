"""Spans are found in their order, flat records too, and nothing foreign is taken for ours."""

import pytest

from data.errors import BadInputError
from data.record_folder import (
    CARD_FILE,
    SCHEMA_FILE,
    check_next_span,
    check_replaceable,
    holds_records,
    record_files,
    span_folder,
    spans,
    split_pattern,
)


def _fill(folder, *splits, card=True):
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits:
        for number in (1, 0):
            (folder / f"{split}-{number:05d}-of-00002.tfrecord.gz").touch()
    if card:
        (folder / CARD_FILE).touch()


def test_spans_are_ordered_by_number(tmp_path):
    for number in (10, 2, 1):
        _fill(span_folder(tmp_path, number), "train")
    assert spans(tmp_path) == spans(str(tmp_path)) == [1, 2, 10]
    files = record_files(tmp_path, "train")
    assert [path.parent.name for path in files] == ["span-1"] * 2 + ["span-2"] * 2 + ["span-10"] * 2
    assert [path.name[6:11] for path in files] == ["00000", "00001"] * 3
    assert record_files(tmp_path, "val") == []


@pytest.mark.parametrize("name", ["span-0", "span-01", "span-", "span-x", "span-1b", "SPAN-1", "old-span-1"])
def test_other_names_are_no_spans(tmp_path, name):
    _fill(tmp_path / name, "train")
    assert spans(tmp_path) == []
    assert record_files(tmp_path, "train") == []
    with pytest.raises(BadInputError, match=rf"found {name}\."):
        check_replaceable(tmp_path)


def test_a_file_is_no_span(tmp_path):
    (tmp_path / "span-1").touch()
    assert spans(tmp_path) == []
    assert spans(tmp_path / "span-1") == spans(tmp_path / "absent") == []


def test_records_may_lie_flat(tmp_path):
    assert not holds_records(tmp_path)
    _fill(tmp_path, "test", card=False)
    assert holds_records(tmp_path)
    assert [path.name for path in record_files(tmp_path, "test")] == [
        "test-00000-of-00002.tfrecord.gz",
        "test-00001-of-00002.tfrecord.gz",
    ]
    assert split_pattern(tmp_path) == "{split}-*.tfrecord.gz"


def test_the_pattern_matches_what_is_listed(tmp_path):
    for number in (1, 2):
        _fill(span_folder(tmp_path, number), "train", "val", "test")
    for split in ("train", "val", "test"):
        assert sorted(tmp_path.glob(split_pattern(tmp_path).format(split=split))) == record_files(
            tmp_path, split
        )


def test_what_would_be_lost_is_named(tmp_path):
    check_replaceable(tmp_path)
    check_replaceable(tmp_path / "absent")
    _fill(span_folder(tmp_path, 1), "train")
    (tmp_path / SCHEMA_FILE).touch()
    check_replaceable(tmp_path)
    (tmp_path / "thesis.txt").touch()
    (tmp_path / ".hidden").mkdir()
    _fill(span_folder(tmp_path, 2), "train", card=False)
    with pytest.raises(BadInputError, match=r"found \.hidden, span-2, thesis\.txt\. Choose another"):
        check_replaceable(tmp_path)
    for number in range(4):
        (tmp_path / f"x{number}").touch()
    with pytest.raises(BadInputError, match=r"found \.hidden, span-2, thesis\.txt, x0, x1 and 2 more\."):
        check_replaceable(tmp_path)
    with pytest.raises(BadInputError, match=r"thesis\.txt, found a file"):
        check_replaceable(tmp_path / "thesis.txt")


def test_what_a_killed_import_of_a_span_left_is_ours(tmp_path):
    # It is swept away by the next import, which must not be refused for it.
    _fill(span_folder(tmp_path, 1), "train")
    (tmp_path / ".span-2.partial-abc").mkdir()
    check_replaceable(tmp_path)
    (tmp_path / ".span-x.partial-abc").mkdir()
    with pytest.raises(BadInputError, match=r"found \.span-x\.partial-abc\."):
        check_replaceable(tmp_path)


@pytest.mark.parametrize(
    ("there", "fine", "wrong"), [([], [1], [0, 2, -1]), ([1], [1, 2], [0, 3]), ([1, 2, 3], [3, 4], [1, 2, 5])]
)
def test_the_next_span_or_the_last_may_be_imported(tmp_path, there, fine, wrong):
    for number in there:
        _fill(span_folder(tmp_path, number), "train")
    for number in fine:
        check_next_span(tmp_path, number)
    held = f"holds spans 1 to {there[-1]}" if there else "holds no span"
    for number in wrong:
        with pytest.raises(BadInputError, match=f"received {number}: .* {held}"):
            check_next_span(tmp_path, number)
