"""What a list says of images that were made of others is read, checked, and no column to slice by."""

import json

import pytest

from data.errors import BadInputError
from data.example import Synthetic
from data.sources import open_source
from data.sources.synthetic_columns import SYNTHETIC

PARENT = "0123456789abcdef" * 4
ROW = {
    "path": "a.jpg",
    "label": "real",
    "split": "train",
    "method": "lighting",
    "synthetic_maker": "lighting",
    "synthetic_edit": "left",
    "synthetic_parent": PARENT.upper(),
    "synthetic_seed": 2**63 - 1,
    "synthetic_strength": 0.25,
    "synthetic_prompt": "a lamp, please",
    "synthetic_model": "omni",
    "synthetic_revision": "v1",
}
MADE = Synthetic("lighting", "left", PARENT, 2**63 - 1, 0.25, "a lamp, please", "omni", "v1")


def _json(folder, *rows):
    path = folder / "manifest.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def _csv(folder, *rows):
    path = folder / "list.csv"
    cells = [[f'"{row.get(name, "")}"' for name in rows[0]] for row in rows]
    path.write_text("\n".join(map(",".join, [list(rows[0]), *cells])))
    return path


@pytest.mark.parametrize("write", [_json, _csv])
def test_both_kinds_of_list_say_how_images_were_made(write, tmp_path):
    original = {"path": "b.jpg", "label": "real", "split": "train"}
    short = {
        **original,
        "path": "c.jpg",
        "label": "fake",
        "synthetic_maker": "blend",
        "synthetic_parent": PARENT,
    }
    short |= {"synthetic_seed": 0, "synthetic_strength": 2}
    first, second, third = open_source(write(tmp_path, ROW | {"light": "dim"}, original, short))
    assert (first.synthetic, first.method, first.columns) == (MADE, "lighting", {"light": "dim"})
    assert (second.synthetic, second.method) == (None, "none")
    # The maker is the method, unless the list says otherwise.
    assert (third.synthetic, third.method) == (Synthetic("blend", "", PARENT, 0, 2.0), "blend")
    assert third.columns == {"light": "unknown"}


def test_a_synthetic_real_has_its_maker_as_method(tmp_path):
    [image] = open_source(_json(tmp_path, {name: value for name, value in ROW.items() if name != "method"}))
    assert (image.label, image.method) == (0, "lighting")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"synthetic_maker": ""}, "synthetic_maker beside synthetic_edit, received none"),
        ({"synthetic_parent": None}, "synthetic_parent beside synthetic_maker, received none"),
        ({"synthetic_seed": " "}, "synthetic_seed beside synthetic_maker"),
        ({"synthetic_strength": ""}, "synthetic_strength beside synthetic_maker"),
        (
            {"synthetic_parent": PARENT[1:]},
            f"64 hexadecimal digits, as synthetic_parent, received '{PARENT[1:]}'",
        ),
        ({"synthetic_parent": "g" * 64}, "64 hexadecimal digits"),
        ({"synthetic_seed": 2**63}, "a whole number from 0 to 2**63 - 1 as synthetic_seed, received"),
        ({"synthetic_seed": -1}, "received '-1'"),
        ({"synthetic_seed": 1.5}, "received '1.5'"),
        ({"synthetic_seed": True}, "received 'true'"),
        ({"synthetic_strength": "strong"}, "a number as synthetic_strength, received 'strong'"),
        ({"synthetic_strength": "nan"}, "a number as synthetic_strength"),
        ({"synthetic_strength": "1e39"}, "a number as synthetic_strength"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(changes, message, tmp_path):
    with pytest.raises(BadInputError) as caught:
        list(open_source(_json(tmp_path, ROW, ROW | {"path": "b.jpg"} | changes)))
    assert "in line 2 of manifest.jsonl, " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_each_value_alone_wants_a_maker(name, tmp_path):
    row = {"path": "a.jpg", "label": 0, name: ROW[name]}
    with pytest.raises(BadInputError, match=r"in line 1 of manifest\.jsonl, synthetic_"):
        list(open_source(_json(tmp_path, row)))
