"""Runs a command in a tree made of layers; what it writes is in the topmost.

For root, in a mount namespace of its own.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_AUTHORITIES = "/run/authorities.crt"
_PASSED_ON = re.compile(
    r"^(PIP_((EXTRA_)?INDEX_URL|TRUSTED_HOST)|UV_\w*INDEX\w*|(https?|no)_proxy)$", re.IGNORECASE
)


def run_inside(
    layers: Sequence[Path],
    command: Sequence[str],
    *,
    user: str,
    folder: str,
    variables: Mapping[str, str],
    caches: Mapping[str, Path],
) -> None:
    """Runs a command where these layers lie over each other.

    Args:
        layers: the topmost first; that one alone is written to, the last is a whole tree.
        command: what to run.
        user: its numbers, `uid:gid`.
        folder: where it starts.
        variables: its environment, beside what this machine needs to reach a package index.
        caches: what is in these folders, is there at these places; what is added is forgotten.

    Raises:
        subprocess.CalledProcessError: the command failed, or overlays cannot be mounted here.
    """
    beside = layers[0].parent
    with contextlib.ExitStack() as mounts:
        root = mounts.enter_context(_mounted(layers, beside))
        for kind in ("proc", "dev", "sys"):
            _mount("--rbind", f"/{kind}", root / kind)
        _mount("-t", "tmpfs", "tmpfs", root / "run")
        bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        shutil.copy(bundle, f"{root}{_AUTHORITIES}")
        for target, filled in caches.items():
            own = mounts.enter_context(tempfile.TemporaryDirectory(dir=beside))
            empty = mounts.enter_context(tempfile.TemporaryDirectory(dir=beside))
            lower = filled if filled.is_dir() else Path(empty)
            cache = mounts.enter_context(_mounted([Path(own), lower], beside))
            Path(f"{root}{target}").mkdir(parents=True, exist_ok=True)
            _mount("--bind", cache, f"{root}{target}")
            mounts.callback(_unmount, f"{root}{target}")
        passed = {name: value for name, value in os.environ.items() if _PASSED_ON.match(name)}
        authorities = {"SSL_CERT_FILE": _AUTHORITIES, "PIP_CERT": _AUTHORITIES}
        given = passed | authorities | {"HOME": _home(root, user)} | variables
        settings = [f"{name}={value}" for name, value in given.items()]
        inside = ["/usr/bin/env", "-i", f"--chdir={folder}", *settings, *command]
        subprocess.run(["chroot", f"--userspec={user}", root, *inside], check=True)  # noqa: S607


@contextlib.contextmanager
def _mounted(layers: Sequence[Path], beside: Path) -> Iterator[Path]:
    own, *lower = layers
    place = Path(tempfile.mkdtemp(dir=beside))
    root, scratch = place / "root", place / "scratch"
    root.mkdir()
    scratch.mkdir()
    options = f"lowerdir={':'.join(map(str, lower))},upperdir={own},workdir={scratch}"
    _mount("-t", "overlay", "-o", options, "overlay", root)
    try:
        yield root
    finally:
        _unmount(root)
        # Fails if anything is still mounted there, before something of this machine could be deleted through it.
        root.rmdir()
        shutil.rmtree(place)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S607


def _unmount(place: str | Path) -> None:
    # Lazily, so that a process that a failed step has left behind does not hide the failure.
    subprocess.run(["umount", "--recursive", "--lazy", place], check=True)  # noqa: S607


def _home(root: Path, user: str) -> str:
    for line in (root / "etc/passwd").read_text().splitlines():
        _, _, number, _, _, home, _ = line.split(":")
        if number == user.partition(":")[0]:
            return home
    return "/"
