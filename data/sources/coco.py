"""Reading lists of faces in the COCO format, as OpenForensics has them, and checking all that is used."""

import json
import math
from dataclasses import dataclass
from typing import Any

from data.errors import BadInputError
from data.example import LABEL_NAMES
from data.sources.names import what_is_wrong


@dataclass(frozen=True)
class Photo:
    """A photo: its name in the list, and its size in pixels."""

    file_name: str
    width: int
    height: int


@dataclass(frozen=True)
class Face:
    """A face in a photo; ``box`` is left, top, width and height in pixels, as annotated."""

    number: int
    photo: Photo
    label: int
    box: tuple[float, float, float, float]


def parse_faces(encoded: bytes, where: str) -> tuple[list[Photo], list[Face], int]:
    """Reads a list of faces.

    Args:
        encoded: the JSON.
        where: name of the file, for messages.

    Returns:
        All photos; the faces, in the order of photos and numbers; how many crowds were skipped.

    Raises:
        BadInputError: it is no JSON, or something in it is missing, of the wrong kind or contradictory.
    """
    try:
        # The outlines are most of the file and are not used: dropped at once, they never fill the memory.
        content = json.loads(encoded, object_hook=_without_outline)
    except (ValueError, RecursionError) as error:
        raise BadInputError(
            f"Expected JSON in {where}, received something else: {error}. Fetch it anew."
        ) from error
    if not isinstance(content, dict):
        raise BadInputError(f"Expected a JSON object in {where}, received a {type(content).__name__}.")
    _check_categories(content.get("categories", []), where)
    photos = _photos(_list(content, "images", where), where)
    faces, crowds = [], 0
    seen = set()
    for row in _list(content, "annotations", where):
        what = f"annotation {row.get('id')!r} in {where}"
        number = _whole(row, "id", what)
        if number in seen:
            raise BadInputError(f"Expected ids of annotations only once, received {what} again.")
        seen.add(number)
        photo = photos.get(_whole(row, "image_id", what))
        if photo is None:
            raise BadInputError(
                f"Expected the image_id of one of the images in {what}, received {row['image_id']}."
            )
        if row.get("iscrowd", 0):
            crowds += 1
            continue
        label = _whole(row, "category_id", what)
        if label not in LABEL_NAMES:
            raise BadInputError(f"Expected category_id 0 (real) or 1 (fake) in {what}, received {label}.")
        faces.append(Face(number, photo, label, _box(row, what)))
    faces.sort(key=lambda face: (face.photo.file_name, face.number))
    return list(photos.values()), faces, crowds


def _without_outline(row: dict[str, Any]) -> dict[str, Any]:
    row.pop("segmentation", None)
    return row


def _list(content: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    rows = content.get(key)
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise BadInputError(f"Expected a list of objects, not empty, under '{key}' in {where}.")
    return rows


def _photos(rows: list[dict[str, Any]], where: str) -> dict[int, Photo]:
    photos = {}
    for row in rows:
        what = f"image {row.get('id')!r} in {where}"
        number = _whole(row, "id", what)
        if number in photos:
            raise BadInputError(f"Expected ids of images only once, received {what} again.")
        name = row.get("file_name")
        if not isinstance(name, str):
            raise BadInputError(f"Expected text as file_name of {what}, received {name!r}.")
        wrong = what_is_wrong(name)
        if wrong:
            raise BadInputError(
                f"Expected a plain relative path as file_name of {what}, received {name!r}: {wrong}."
            )
        photos[number] = Photo(name, _size(row, "width", what), _size(row, "height", what))
    return photos


def _whole(row: dict[str, Any], key: str, what: str) -> int:
    value = row.get(key)
    if type(value) is not int:  # Not `isinstance`: true and false are no numbers here.
        raise BadInputError(f"Expected a whole number as {key} of {what}, received {value!r}.")
    return value


def _size(row: dict[str, Any], key: str, what: str) -> int:
    value = _whole(row, key, what)
    if value <= 0:
        raise BadInputError(f"Expected a positive {key} of {what}, received {value}.")
    return value


def _box(row: dict[str, Any], what: str) -> tuple[float, float, float, float]:
    box = row.get("bbox")
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(type(value) in (int, float) and math.isfinite(value) for value in box)
    ):
        raise BadInputError(
            f"Expected four numbers [x, y, width, height] as bbox of {what}, received {box!r}."
        )
    return tuple(box)


def _check_categories(categories: object, where: str) -> None:
    """Labels swapped in silence would turn every number measured later on its head."""
    if not isinstance(categories, list):
        raise BadInputError(f"Expected a list under 'categories' in {where}.")
    for row in categories:
        number, name = (row.get("id"), row.get("name")) if isinstance(row, dict) else (None, row)
        expected = LABEL_NAMES.get(number) if type(number) is int else None
        named = {label for label in LABEL_NAMES.values() if isinstance(name, str) and label in name.lower()}
        if expected and named != {expected}:
            raise BadInputError(
                f"Expected category {number} of {where} to be named '{expected}' (0 is real, 1 is fake), "
                f"received {name!r}. If the numbers mean something else there, renumber them."
            )
