"""The folder that is made: what may lie in it, and what was asked for."""

import json
from pathlib import Path

from data.errors import BadInputError
from data.synthesis.journal import IMAGES_FOLDER, JOURNAL_FILE

ASKED_FILE = "synthesis.json"
MANIFEST_FILE = "manifest.jsonl"
AUDIT_FILE = "audit.json"
GALLERY_FILE = "gallery.html"

_OURS = {ASKED_FILE, MANIFEST_FILE, AUDIT_FILE, GALLERY_FILE, JOURNAL_FILE, IMAGES_FOLDER}
_IN_WORDS = {
    "maker": "another maker",
    "settings": "other settings of the maker",
    "model": "another model",
    "revision": "another revision of the model",
    "seed": "another seed",
    "split": "another split",
    "parents": "other images to edit",
    "version": "another version of the folder",
}


def open_output(folder: Path, asked: dict) -> None:
    """Makes the folder, or goes on with one of which the same was asked.

    Args:
        folder: new, empty, or made by an earlier call.
        asked: all that decides the result but the number of images.

    Raises:
        BadInputError: it holds something else, or something else was asked for.
    """
    if folder.exists() and not folder.is_dir():
        raise BadInputError(f"Expected a new folder or an earlier output at {folder}, found a file.")
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in there if name.removeprefix(".").removesuffix(".partial") not in _OURS]
    # That file is there before anything else is.
    is_begun = ASKED_FILE in there or there in ([], [f".{ASKED_FILE}.partial"])
    if foreign or not is_begun:
        raise BadInputError(
            f"Expected a new or empty folder, or one of an earlier `data synthesize`, at {folder}; "
            f"found {', '.join((foreign or there)[:5])}. Choose another output folder."
        )
    path = folder / ASKED_FILE
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(path, asked)
        except OSError as error:
            raise BadInputError(
                f"Expected a place where a folder can be made, received {folder}: {error.strerror}. Choose another."
            ) from error
        return
    try:
        before = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise BadInputError(f"Expected JSON in {path}, received something else ({error}).") from error
    other = [words for key, words in _IN_WORDS.items() if before.get(key) != asked.get(key)]
    if other:
        raise BadInputError(
            f"Expected what {folder} was begun with, received {', '.join(other)} "
            f"({_differences(before, asked)}). Only the number of images may grow: choose another folder."
        )


def write_json(path: Path, value: object) -> None:
    """Writes a file of JSON whole or not at all."""
    write_whole(path, json.dumps(value, indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _differences(before: dict, asked: dict) -> str:
    """Names the values that differ, those of settings one by one: a whole that differs somewhere says little."""
    flat_before, flat_asked = _flat(before), _flat(asked)
    return "; ".join(
        f"{key} {_short(flat_before.get(key))} before, {_short(flat_asked.get(key))} now"
        for key in dict.fromkeys((*flat_before, *flat_asked))
        if flat_before.get(key) != flat_asked.get(key)
    )


def _flat(asked: dict) -> dict:
    settings = asked.get("settings")
    own = {key: asked.get(key) for key in _IN_WORDS if key != "settings"}
    return own | (settings if isinstance(settings, dict) else {"settings": settings})


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
