"""An engine's jars: gathered once by Maven, then checked against the checksums kept here before each start."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipeline.beam.local.java import maven
from pipeline.errors import RunError

CHECKSUMS = "SHA256SUMS"
_SECONDS_TO_GATHER = 900


class GatheringError(RunError):
    """Maven could not gather the jars; the message says why."""


def jars(engine: str) -> Path:
    """The folder of an engine's jars; asks Maven for those that are not there yet.

    Args:
        engine: `flink` or `spark`, a folder here with a pom.xml and checksums.

    Raises:
        ConfigError: there is no Maven.
        GatheringError: Maven failed.
        RunError: a jar is not what it must be.
    """
    made_from = Path(__file__).parent / engine
    wanted = read_checksums(made_from / CHECKSUMS)
    # Another pom is another folder: nobody's running engine loses its jars.
    version = hashlib.sha256((made_from / CHECKSUMS).read_bytes()).hexdigest()[:8]
    folder = cache_folder() / f"{engine}-{version}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / f"{engine}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _gather(made_from / "pom.xml", folder, wanted)
    check(folder, wanted)
    return folder


def cache_folder() -> Path:
    """Where jars are kept: `$XDG_CACHE_HOME/deepfake-inspector/jars`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deepfake-inspector" / "jars"


def read_checksums(path: Path) -> dict[str, str]:
    """SHA-256 by file name, of a file as `sha256sum` writes it."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {name: digest for digest, name in lines}


def check(folder: Path, wanted: dict[str, str]) -> None:
    """Compares a folder with the checksums.

    Raises:
        RunError: a jar lacks, is another, or is one too many: each of them could be what a JVM loads.
    """
    found = {path.name: _sha256(path) for path in folder.iterdir()}
    wrong = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if wrong:
        raise RunError(
            f"Expected in {folder} the {len(wanted)} jars of {CHECKSUMS}; {len(wrong)} are missing, others, or too "
            f"many: {', '.join(wrong[:3])}. Remove the folder to gather them anew."
        )


def _gather(pom: Path, folder: Path, wanted: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # Maven writes beside the pom that it reads.
        copied = Path(shutil.copy(pom, scratch))
        gathered = Path(scratch) / "lib"
        command = [
            *(maven(), "--batch-mode", "--quiet", "--file", str(copied)),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={gathered}"),
        ]
        try:
            ended = subprocess.run(  # noqa: S603
                command, capture_output=True, text=True, timeout=_SECONDS_TO_GATHER, check=False
            )
        except subprocess.TimeoutExpired:
            raise RunError(
                f"Maven has not gathered {pom.parent.name} within {_SECONDS_TO_GATHER} s."
            ) from None
        if ended.returncode:
            errors = [line for line in ended.stdout.splitlines() if "ERROR" in line] or [ended.stderr]
            raise GatheringError(f"Maven could not gather {pom.parent.name}: {errors[0].strip()[:400]}")
        check(gathered, wanted)
        gathered.rename(folder)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
