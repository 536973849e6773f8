"""Files and archives of a few bytes, made on the spot: no source opens an image."""

import zipfile

import pytest


def _touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    return root


def _make_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture(scope="session")
def touch():
    """``touch(root, *names)``: files of one byte below ``root``; returns ``root``."""
    return _touch


@pytest.fixture(scope="session")
def make_zip():
    """``make_zip(path, {name: content}, compression=ZIP_DEFLATED)``: an archive; returns ``path``."""
    return _make_zip
