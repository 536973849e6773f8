"""What goes into the table comes out of it: through JSON, through the columns, and through the file."""

import os

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import BadInputError
from data.image_table import (
    fact_values,
    make_table,
    numbers,
    read_table,
    row_of,
    source_image,
    table_rows,
    values,
    with_columns,
    write_table,
)
from data.images.cues import PixelCues
from data.images.decode_check import ImageFacts
from data.listing import read_rows, write_listing, write_rows
from data.record_folder import TABLE_FILE
from data.sources.base import SourceImage

#: Names of files: any bytes but a null.
names = st.binary(max_size=12).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"x")))
column_names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
images = st.builds(
    SourceImage,
    path=names,
    name=names,
    label=st.sampled_from([0, 1]),
    source=names,
    method=names,
    group=st.none() | names,
    split=st.sampled_from([None, "train", "val", "test"]),
    member=st.none() | names,
    box=st.none() | st.tuples(*[st.integers(-100, 9000)] * 4),
    columns=st.dictionaries(column_names, names, max_size=3),
)
cues = st.builds(PixelCues, **{name: st.floats(0, 255) for name in PixelCues.__annotations__})
hex_digits = st.text("0123456789abcdef", min_size=64, max_size=64)
facts = st.builds(
    ImageFacts,
    sha256=hex_digits,
    format=st.sampled_from(["jpeg", "png"]),
    width=st.integers(1, 60000),
    height=st.integers(1, 60000),
    channels=st.integers(1, 4),
    bytes=st.integers(1, 2**40),
    jpeg_quality=st.integers(0, 100),
    quantisation=st.floats(0, 255),
    perceptual_hash=hex_digits,
    cropped_hashes=hex_digits.map(lambda one: one * 2),
    cues=cues,
)
rows = st.one_of(
    st.builds(row_of, images, facts),
    st.builds(row_of, images, reason=st.sampled_from(["empty", "leak"]), detail=st.text(max_size=9)),
)


def _complete(row):
    """A row as the table holds it: with every column."""
    empty = dict.fromkeys(fact_values(_facts()))
    return empty | row


def _facts(**changes):
    known = {
        "sha256": "a" * 64,
        "format": "jpeg",
        "width": 70,
        "height": 80,
        "channels": 3,
        "bytes": 900,
        "jpeg_quality": 90,
        "quantisation": 7.125,
        "perceptual_hash": "b" * 64,
        "cropped_hashes": "c" * 128,
        "cues": PixelCues(1.5, 0.25, 3.0, 0.125),
    }
    return ImageFacts(**known | changes)


def _image(number=0, **changes):
    known = {"path": f"/x/{number}", "name": f"{number}", "label": number % 2, "source": "s", "method": "m"}
    return SourceImage(**known | changes)


@settings(deadline=None, max_examples=60)
@given(st.lists(rows, max_size=6))
def test_rows_come_back_from_the_table(some):
    table = make_table(some)
    back = list(table_rows(table))
    assert len(table) == len(some)
    for row, again in zip(some, back, strict=True):
        assert source_image(again) == source_image(row)
        box = again["box"] and tuple(again["box"])
        assert {**again, "box": box} == _complete(row)
        assert list(again["columns"]) == sorted(row["columns"])


@settings(deadline=None, max_examples=40)
@given(st.lists(rows, max_size=4))
def test_rows_come_back_from_a_file_of_json(tmp_path_factory, some):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_rows(path, some)
    back = list(read_rows(path))
    assert [source_image(row) for row in back] == [source_image(row) for row in some]
    assert list(table_rows(make_table(back))) == list(table_rows(make_table(some)))


@given(images)
def test_the_image_comes_back_from_its_row(image):
    assert source_image(row_of(image)) == image


@pytest.mark.parametrize(("count", "files"), [(0, 0), (1, 1), (64, 1), (65, 2), (200, 4)])
def test_a_listing_holds_all_images_in_their_order(tmp_path, count, files):
    some = [_image(number) for number in range(count)]
    listings, counted = write_listing(iter(some), tmp_path)
    assert (len(listings), counted) == (files, count)
    assert sorted(listings) == listings
    assert [source_image(row) for path in listings for row in read_rows(path)] == some


def test_the_group_and_split_of_the_source_leave_room_for_those_of_the_import():
    row = row_of(_image(group="photo 7", split="val"), _facts())
    assert (row["known_group"], row["official_split"]) == ("photo 7", "val")
    assert {"group", "split"}.isdisjoint(row)
    table = with_columns(make_table([row]), {"group": ["g"], "split": ["train"]})
    [again] = table_rows(table)
    assert (again["group"], again["split"], again["known_group"]) == ("g", "train", "photo 7")
    assert source_image(again).group == "photo 7"


def test_columns_are_read_as_text_and_numbers():
    name = os.fsdecode(b"caf\xe9/\xff.jpg")
    table = make_table([row_of(_image(name=name), _facts()), row_of(_image(1), _facts(width=99))])
    assert values(table, "name") == [name, "1"]
    assert values(table, "known_group") == [None, None]
    assert values(table, "sha256") == ["a" * 64] * 2
    np.testing.assert_array_equal(numbers(table, "width"), [70, 99])
    np.testing.assert_array_equal(numbers(table, "brightness"), [1.5, 1.5])


def test_columns_are_replaced_in_place_with_their_type_or_added():
    table = make_table([row_of(_image(number), _facts()) for number in range(3)])
    changed = with_columns(table, {"width": [1, 2, 3], "group": ["x", "y", "z"]})
    assert changed.column_names == [*table.column_names, "group"]
    assert changed.schema.field("width").type == pa.int32()
    assert values(changed, "width") == [1, 2, 3]
    assert values(table, "width") == [70] * 3


def test_many_rows_make_one_table():
    table = make_table(row_of(_image(number), _facts(width=number + 1)) for number in range(9000))
    np.testing.assert_array_equal(numbers(table, "width"), np.arange(9000) + 1)
    assert [row["width"] for row in table_rows(table)] == list(range(1, 9001))


def test_the_file_holds_all_that_another_machine_can_use(tmp_path):
    name = os.fsdecode(b"\xff\xfe.jpg")
    image = _image(
        name=name,
        group=os.fsdecode(b"\xe9"),
        split="test",
        member="m",
        box=(-1, 2, 3, 4),
        columns={"b": "größe", "a": name},
    )
    table = with_columns(make_table([row_of(image, _facts())]), {"group": ["g"], "split": ["val"]})
    write_table(tmp_path, table)
    back = read_table(tmp_path)
    assert set(table.column_names) - set(back.column_names) == {"path", "member", "box", "reason", "detail"}
    assert back == table.select(back.column_names)
    assert values(back, "name") == [name]
    [row] = table_rows(back)
    assert row["columns"] == {"a": name, "b": "größe"}


def test_equal_tables_give_equal_bytes(tmp_path):
    written = []
    for number, order in enumerate((["a", "b"], ["b", "a"])):
        columns = {key: key * 3 for key in order}
        folder = tmp_path / str(number)
        folder.mkdir()
        write_table(folder, make_table(row_of(_image(n, columns=columns), _facts()) for n in range(5000)))
        written.append((folder / TABLE_FILE).read_bytes())
    assert written[0] == written[1]
    write_table(tmp_path / "0", make_table(row_of(_image(n), _facts()) for n in range(5000)))
    assert (tmp_path / "0" / TABLE_FILE).read_bytes() != written[1]


@pytest.mark.parametrize("content", [None, b"", b"PAR1 but no table", b"text"])
def test_a_table_that_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / TABLE_FILE).write_bytes(content)
    with pytest.raises(
        BadInputError, match=rf"Expected the table of an import at .*{TABLE_FILE}.*Import again"
    ):
        read_table(tmp_path)
