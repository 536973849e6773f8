"""Faces of OpenForensics: known boxes, photos found wherever they were put, and every flaw named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import BadInputError
from data.sources import open_source
from data.sources.margins import grow


def _face(number, image=1, label=0, box=(10, 20, 30, 40), **more):
    return {
        "id": number, "image_id": image, "category_id": label, "bbox": list(box), "iscrowd": 0, "area": 1.0,
        "segmentation": [[1, 2, 3, 4, 5, 6]], **more,
    }  # fmt: skip


def _photo(number=1, name="Images/Val/a.jpg", width=100, height=200):
    return {"id": number, "file_name": name, "width": width, "height": height}


def _content(photos=None, faces=None, categories=((0, "Real"), (1, "Fake"))):
    return {
        "images": photos or [_photo()],
        "annotations": faces or [_face(7)],
        "categories": [{"id": number, "name": name, "supercategory": ""} for number, name in categories],
    }


def _write(root, content=None, file="Val_poly.json"):
    root.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(json.dumps(content or _content()))
    return root


def _error(root, **options):
    with pytest.raises(BadInputError) as caught:
        list(open_source(root, "openforensics", **options))
    return str(caught.value)


def test_every_face_is_an_image(touch, tmp_path):
    faces = [_face(7, label=1), _face(3), _face(5, image=2)]
    content = _content([_photo(), _photo(2, "Images/Val/0.jpg")], faces)
    root = touch(_write(tmp_path, content), "Images/Val/a.jpg", "Images/Val/0.jpg", "README.md")
    source = open_source(root)
    images = list(source)
    assert [(i.name, i.label, i.method, i.path) for i in images] == [
        ("Images/Val/0.jpg#5", 0, "none", str(root / "Images/Val/0.jpg")),
        ("Images/Val/a.jpg#3", 0, "none", str(root / "Images/Val/a.jpg")),
        ("Images/Val/a.jpg#7", 1, "openforensics", str(root / "Images/Val/a.jpg")),
    ]
    assert [i.group for i in images[1:]] == ["Val_poly.json/Images/Val/a.jpg"] * 2
    assert {(i.split, i.source, i.member) for i in images} == {("val", "openforensics", None)}
    assert source.skipped == {}
    assert source.left_out() == ["README.md"]
    assert open_source(root).left_out() == ["README.md"]


@pytest.mark.parametrize(
    ("file", "split", "source"),
    [
        ("Train_poly.json", "train", "openforensics"),
        ("Val_poly.json", "val", "openforensics"),
        ("Test-Dev_poly.json", "test", "openforensics"),
        ("Test-Challenge_poly.json", "test", "openforensics-challenge"),
    ],
)
def test_each_list_has_its_split(touch, tmp_path, file, split, source):
    folder = file.removesuffix("_poly.json")
    root = _write(
        touch(tmp_path, f"Images/{folder}/a.jpg"), _content([_photo(name=f"Images/{folder}/a.jpg")]), file
    )
    assert [(i.split, i.source) for i in open_source(root)] == [(split, source)]


@pytest.mark.parametrize(
    ("face", "margin", "box"),
    [
        ((10, 20, 30, 40), 0, (10, 20, 40, 60)),
        ((10, 20, 30, 40), 0.3, (1, 8, 49, 72)),
        ((10.5, 20.2, 30, 40), 0.1, (7, 16, 44, 65)),
        ((40, 50, 0.1 + 0.2, 1), 1, (39, 49, 41, 52)),
        ((20, 20, 10, 10), 0.7, (13, 13, 37, 37)),
        ((8, 20, 50, 10), 0.1, (3, 19, 63, 31)),  # 8 + 50 * 1.1 is 63.00000000000001.
        ((0, 0, 50, 50), 2, (0, 0, 100, 150)),
        ((90, 190, 30, 40), 0.3, (81, 178, 100, 200)),
        ((-5, -5, 10, 10), 0.5, (0, 0, 10, 10)),
    ],
)
def test_margins_have_known_answers(touch, tmp_path, face, margin, box):
    root = _write(touch(tmp_path, "Images/Val/a.jpg"), _content(faces=[_face(1, box=face)]))
    assert [image.box for image in open_source(root, margin=margin)] == [box]


@given(
    st.tuples(st.integers(-50, 150), st.integers(-50, 150), st.integers(1, 99), st.integers(1, 99)),
    st.floats(0, 2),
)
def test_a_box_lies_in_the_photo_and_holds_the_face(face, margin):
    box = grow(face, margin, 100, 120)
    left, top, width, height = face
    if box is None:
        assert left >= 100 or top >= 120 or left + width <= 0 or top + height <= 0
        return
    assert 0 <= box[0] <= max(0, left) < min(100, left + width) <= box[2] <= 100
    assert 0 <= box[1] <= max(0, top) < min(120, top + height) <= box[3] <= 120


@pytest.mark.parametrize(
    "place",
    ["Images/Val/a.jpg", "Val/Val/a.jpg", "data/Images/Val/a.jpg", "Val/a.jpg", "a.jpg", "photos/a.jpg"],
)
def test_photos_are_found_by_the_end_of_their_path(touch, make_zip, tmp_path, place):
    root = _write(touch(tmp_path / "folders", place))
    assert [image.path for image in open_source(root)] == [str(root / place)]
    root = _write(tmp_path / "archives")
    make_zip(root / "Val.zip", {place: b"1"})
    assert [(i.path, i.member, i.name) for i in open_source(root)] == [
        (str(root / "Val.zip"), place, "Images/Val/a.jpg#7")
    ]


def test_all_of_it_may_be_in_one_archive(make_zip, tmp_path):
    path = make_zip(
        tmp_path / "all.zip",
        {"x/Val_poly.json": json.dumps(_content()), "x/Images/Val/a.jpg": b"1", "x/b.jpg": b"2"},
    )
    source = open_source(path)
    assert [(i.path, i.member) for i in source] == [(str(path), "x/Images/Val/a.jpg")]
    assert source.left_out() == ["x/b.jpg"]


def test_the_longest_end_wins_and_the_nearest_among_equals(touch, tmp_path):
    root = touch(
        tmp_path, "a.jpg", "Val/a.jpg", "x/Images/Val/a.jpg", "y/Images/Val/a.jpg", "Images/Train/a.jpg"
    )
    _write(root / "y")
    assert [image.path for image in open_source(root)] == [str(root / "y/Images/Val/a.jpg")]


def test_a_photo_of_another_split_is_not_taken(touch, tmp_path):
    photos = [_photo(1), _photo(2, "Images/Val/b.jpg")]
    root = touch(tmp_path, "Images/Train/a.jpg", "Images/Val/b.jpg")
    _write(root, _content(photos, [_face(1), _face(2, image=2)]))
    assert [image.path for image in open_source(root)] == [
        str(root / "Images/Val/a.jpg"),
        str(root / "Images/Val/b.jpg"),
    ]


def test_two_files_for_a_photo_and_two_photos_for_a_file_are_errors(touch, make_zip, tmp_path):
    root = _write(touch(tmp_path / "one", "Images/Val/a.jpg"))
    make_zip(root / "Val.zip", {"Images/Val/a.jpg": b"1"})
    (root / "x").mkdir()
    (root / "Val_poly.json").rename(root / "x/Val_poly.json")
    assert "Images/Val/a.jpg, Val.zip/Images/Val/a.jpg. Remove all but one" in _error(root)
    root = touch(tmp_path / "two", "a.jpg")
    _write(root)
    _write(root, _content([_photo(name="Images/Train/a.jpg")]), "Train_poly.json")
    assert "fits both Images/Train/a.jpg of Train_poly.json and Images/Val/a.jpg of Val_poly.json" in _error(
        root
    )
    _write(root, file="Train_poly.json")
    assert "Images/Val/a.jpg in Train_poly.json and in Val_poly.json" in _error(root)
    _write(root / "copy")
    assert "Expected one Val_poly.json" in _error(root)


def test_a_missing_photo_is_yielded_and_all_missing_is_an_error(touch, tmp_path):
    content = _content([_photo(), _photo(2, "Images/Val/b.jpg")], [_face(1), _face(2, image=2)])
    root = _write(touch(tmp_path, "x/Images/Val/b.jpg"), content)
    assert [(i.name, i.path) for i in open_source(root)] == [
        ("Images/Val/a.jpg#1", str(root / "Images/Val/a.jpg")),
        ("Images/Val/b.jpg#2", str(root / "x/Images/Val/b.jpg")),
    ]
    (root / "x/Images/Val/b.jpg").unlink()
    message = _error(root)
    assert f"such as Images/Val/a.jpg, in {root}" in message
    assert "removing Val_poly.json" in message


def test_crowds_are_skipped_and_counted(touch, tmp_path):
    content = _content(faces=[_face(1), _face(2, iscrowd=1, bbox=[0, 0, 0, 0]), _face(3, iscrowd=1)])
    source = open_source(_write(touch(tmp_path, "Images/Val/a.jpg"), content))
    assert [image.name for image in source] == ["Images/Val/a.jpg#1"]
    assert source.skipped == {"crowd": 2}
    list(source)
    assert source.skipped == {"crowd": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_content(categories=[(0, "Fake"), (1, "Real")]), "category 0 of Val_poly.json to be named 'real'"),
        (_content(categories=[(1, "face")]), "category 1 of Val_poly.json to be named 'fake'"),
        (
            _content(faces=[_face(7, label=2)]),
            "category_id 0 (real) or 1 (fake) in annotation 7 in Val_poly.json",
        ),
        (_content(faces=[_face(7, label=True)]), "a whole number as category_id of annotation 7"),
        (_content(faces=[_face(7), _face(7)]), "annotation 7 in Val_poly.json again"),
        (_content(faces=[_face("7")]), "a whole number as id of annotation '7'"),
        (_content(faces=[_face(7, image=9)]), "annotation 7 in Val_poly.json, received 9"),
        (
            _content(faces=[_face(7, box=(1, 2, 3))]),
            "four numbers [x, y, width, height] as bbox of annotation 7",
        ),
        (_content(faces=[_face(7, box=(1, 2, 3, float("nan")))]), "four numbers"),
        (_content(faces=[{"id": 7}]), "a whole number as image_id of annotation 7"),
        (_content([_photo(), _photo()]), "image 1 in Val_poly.json again"),
        (_content([_photo(name="../../etc/passwd")]), "a plain relative path as file_name of image 1"),
        (_content([_photo(name=3)]), "text as file_name of image 1"),
        (_content([_photo(width=0)]), "a positive width of image 1"),
        ({"images": [_photo()]}, "under 'annotations' in Val_poly.json"),
        ({"images": []}, "under 'images' in Val_poly.json"),
        ([1], "a JSON object in Val_poly.json"),
    ],
)
def test_flaws_are_named(touch, tmp_path, content, message):
    assert message in _error(_write(touch(tmp_path, "Images/Val/a.jpg"), content))


@pytest.mark.parametrize("text", ["{", "", "\xff\xfe", "[" * 100_000])
def test_malformed_json_is_named(touch, tmp_path, text):
    root = touch(tmp_path, "Images/Val/a.jpg")
    (root / "Val_poly.json").write_text(text, "latin-1")
    assert "Val_poly.json" in _error(root)


def test_no_list_and_a_wild_margin_are_errors(touch, tmp_path):
    touch(tmp_path, "a.jpg")
    assert "Expected one or more of Train_poly.json" in _error(tmp_path)
    for margin in (-0.1, 2.1, float("nan")):
        assert "Expected a margin between 0 and 2" in _error(tmp_path, margin=margin)


@pytest.mark.parametrize("box", [(1, 2, 0, 4), (100, 2, 3, 4)])
def test_a_box_without_an_area_in_the_photo_is_left_to_be_quarantined(touch, tmp_path, box):
    root = touch(_write(tmp_path, _content(faces=[_face(7, box=box), _face(8)])), "Images/Val/a.jpg")
    assert next(image.box for image in open_source(root)) == (0, 0, 0, 0)
