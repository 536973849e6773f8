"""Only the jars whose checksums are kept here are started."""

import hashlib
from pathlib import Path

import pytest

from pipeline.beam.local import jars as jars_module
from pipeline.beam.local.jars import GatheringError, check, jars, read_checksums
from pipeline.errors import RunError

_HERE = Path(jars_module.__file__).parent


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jar", "b.jar"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


WANTED = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("a.jar", "b.jar")}


def test_the_right_jars_pass(folder):
    check(folder, WANTED)


@pytest.mark.parametrize("spoil", ["changed", "missing", "one more"])
def test_any_other_is_refused(folder, spoil):
    if spoil == "changed":
        (folder / "b.jar").write_bytes(b"other")
    elif spoil == "missing":
        (folder / "b.jar").unlink()
    else:
        (folder / "c.jar").write_bytes(b"c")
    with pytest.raises(
        RunError, match=rf"1 are missing, others, or too many: {'c' if 'more' in spoil else 'b'}\.jar"
    ):
        check(folder, WANTED)


@pytest.mark.parametrize(
    ("engine", "runner"), [("flink", "beam-runners-flink-1.19"), ("spark", "beam-runners-spark-3")]
)
def test_a_checksum_is_kept_of_each(engine, runner):
    kept = read_checksums(_HERE / engine / "SHA256SUMS")
    assert f"{runner}-2.62.0.jar" in kept
    assert all(len(digest) == 64 and name.endswith(".jar") for name, digest in kept.items())


def test_what_maven_cannot_gather_leaves_nothing(tmp_path, monkeypatch):
    maven = tmp_path / "bin/mvn"
    maven.parent.mkdir()
    maven.write_text('#!/bin/sh\necho "[ERROR] no route to anywhere"\nexit 1\n')
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(GatheringError, match=r"Maven could not gather .*: \[ERROR\] no route to anywhere"):
        jars("flink")
    assert [path.name for path in (tmp_path / "cache/deepfake-inspector/jars").iterdir()] == ["flink.lock"]


def test_other_jars_than_ours_are_not_kept(tmp_path, monkeypatch):
    maven = tmp_path / "bin/mvn"
    maven.parent.mkdir()
    maven.write_text(
        '#!/bin/sh\nfor one in "$@"; do case "$one" in -DoutputDirectory=*) lib="${one#*=}";; esac; done\n'
        'mkdir "$lib"; echo other > "$lib/other.jar"\n'
    )
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(RunError, match="163 are missing, others, or too many"):
        jars("flink")
    assert [path.name for path in (tmp_path / "cache/deepfake-inspector/jars").iterdir()] == ["flink.lock"]
