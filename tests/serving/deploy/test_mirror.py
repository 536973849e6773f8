"""The script that copies versions out of an object store, with a folder for the store."""

import os
import shutil
import subprocess

import pytest

# The two commands of rclone that the script uses, on a folder; "store:" is $STORE.
_RCLONE = """#!/bin/sh
path() { echo "$1" | sed "s#^store:#$STORE/#"; }
[ -n "${DOWN:-}" ] && exit 1
case "$1" in
  lsf)
    if [ "$2" = --dirs-only ]; then cd "$(path "$3")" && { ls -d */ 2>/dev/null || true; }
    else ls "$(path "$2")"; fi ;;
  copy) cp -r "$(path "$2")" "$3"; [ -z "${BREAK:-}" ] ;;
  *) exit 2 ;;
esac
"""


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "store" / "bucket"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def look(deploy, tmp_path, store):
    """Runs the script once; tells what is served."""
    rclone = tmp_path / "bin" / "rclone"
    rclone.parent.mkdir()
    rclone.write_text(_RCLONE)
    rclone.chmod(0o755)
    models = tmp_path / "models" / "detector"

    def look(**environment):
        script = deploy / "kubernetes" / "overlays" / "object-store" / "mirror.sh"
        subprocess.run(
            ["sh", str(script)],  # noqa: S607
            env={
                "PATH": f"{rclone.parent}{os.pathsep}{os.environ['PATH']}",
                "STORE": str(store.parent),
                "REMOTE": "store:bucket",
                "MODELS": str(models),
                "ONCE": "1",
                **environment,
            },
            timeout=20,
            check=False,
        )
        return {
            path.name: sorted(p.name for p in path.rglob("*") if p.is_file()) for path in models.iterdir()
        }

    return look


def _push(store, version):
    (store / version / "variables").mkdir(parents=True)
    (store / version / "variables" / "variables.index").write_text(version)
    (store / version / "saved_model.pb").write_text(version)


_WHOLE = ["saved_model.pb", "variables.index"]


def test_versions_come_and_go(store, look):
    _push(store, "1")
    _push(store, "2")
    assert look() == {"1": _WHOLE, "2": _WHOLE}

    shutil.rmtree(store / "2")
    _push(store, "00000003")
    assert look() == {"1": _WHOLE, "00000003": _WHOLE}


def test_only_numbers_are_versions(store, look):
    for name in ("1", "tmp", "2.part", "v3", "withdrawn-4"):
        _push(store, name)

    assert look() == {"1": _WHOLE}


def test_a_version_still_being_pushed_waits(store, look):
    _push(store, "1")
    (store / "2").mkdir()
    (store / "2" / "variables").mkdir()
    assert look() == {"1": _WHOLE}

    (store / "2" / "saved_model.pb").touch()
    assert look() == {"1": _WHOLE, "2": ["saved_model.pb"]}


def test_a_copy_that_breaks_off_is_not_served(store, look):
    _push(store, "1")
    look()
    _push(store, "2")

    assert look(BREAK="1") == {"1": _WHOLE}
    assert look() == {"1": _WHOLE, "2": _WHOLE}


def test_a_store_that_is_away_or_empty_changes_nothing(store, look):
    _push(store, "1")
    look()

    assert look(DOWN="1") == {"1": _WHOLE}
    shutil.rmtree(store / "1")
    assert look() == {"1": _WHOLE}


def test_only_the_newest_are_kept(store, look):
    for version in ("9", "10", "11"):
        _push(store, version)

    assert set(look(KEEP="2")) == {"10", "11"}
    _push(store, "12")
    assert set(look(KEEP="2")) == {"11", "12"}
