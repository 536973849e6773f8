"""Versions of a model below its base path, as Pusher and TensorFlow Serving have them, on any file system of TFX."""

import hashlib
import json
import os

from tfx.dsl.io import fileio

from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, KERAS_FILE

GRAPH_FILE = "saved_model.pb"
"""Comes last when a model is pushed: what lacks it is no whole version."""

_CHUNK = 1 << 20


def pushed_versions(base: str) -> list[str]:
    """The folders of the whole versions, the newest first; none where nothing was pushed yet.

    Args:
        base: base path of a served model: local, or any that TFX's fileio knows.
    """
    if not fileio.exists(base):
        return []
    # On object stores folders are listed with a slash at the end.
    names = {name.rstrip("/") for name in fileio.listdir(base)}
    folders = [
        os.path.join(base, name) for name in sorted(filter(str.isdecimal, names), key=int, reverse=True)
    ]
    return [folder for folder in folders if fileio.exists(os.path.join(folder, GRAPH_FILE))]


def weights_digest(folder: str) -> str | None:
    """SHA-256 of the Keras model that travels with a SavedModel, which names its training; None without one.

    Two trainings never give the same file: Keras notes the time in it. A copy has the same, and so has what
    `calibrate` makes of a version.
    """
    path = os.path.join(folder, EXTRA_FOLDER, KERAS_FILE)
    if not fileio.exists(path):
        return None
    digest = hashlib.sha256()
    with fileio.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def calibrated_from(folder: str) -> str | None:
    """The name of the version that `calibrate` made this one from; None of one that a run pushed."""
    path = os.path.join(folder, EXTRA_FOLDER, FACTS_FILE)
    if not fileio.exists(path):
        return None
    with fileio.open(path, "r") as file:
        return json.load(file).get("calibrated_from")
