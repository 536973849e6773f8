"""Builds a Dockerfile without a container engine: its instructions are carried out in overlays of a Debian tree.

Run as root in a mount and process namespace of its own (`unshare --mount --mount-proc --pid --fork`), so that nothing
is left mounted. What it cannot do, it refuses; what has no effect on files (LABEL, EXPOSE) it skips.

    python tree_build.py --dockerfile FILE --context DIR --base TREE --work DIR [--build-arg K=V]... COMMAND...

The last COMMAND is run in the finished image as its user, in its environment and folder.
"""

import argparse
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import dockerfile

_AUTHORITIES = "/run/authorities.crt"
_PASSED_ON = re.compile(r"^(PIP_((EXTRA_)?INDEX_URL|TRUSTED_HOST)|UV_\w*INDEX\w*|(https?|no)_proxy)$", re.IGNORECASE)
# The cache that the user of the tree has filled; what is added to it stays in the overlay.
_CACHE = "home/user/.cache/uv"
_SKIPPED = frozenset({"LABEL", "EXPOSE", "HEALTHCHECK", "CMD", "STOPSIGNAL"})


@dataclasses.dataclass
class Stage:
    """A stage of the build.

    Attributes:
        root: its file system, an overlay.
        layers: the folders it is made of, the topmost first; of a finished stage the next one is made.
        environment, arguments: of ENV and of ARG, as they stand.
        folder, user: of WORKDIR and USER.
    """

    root: Path
    layers: list[Path]
    environment: dict[str, str]
    arguments: dict[str, str] = dataclasses.field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"

    def expand(self, text: str) -> str:
        known = self.arguments | self.environment
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda name: known.get(name[1] or name[2], ""), text)

    def run(self, command: list[str]) -> None:
        """Raises subprocess.CalledProcessError."""
        given = {**_host_settings(), **self.arguments, "HOME": self._home(), **self.environment}
        variables = [f"{name}={value}" for name, value in given.items()]
        inside = ["/usr/bin/env", "-i", f"--chdir={self.folder}", *variables, *command]
        subprocess.run(["chroot", f"--userspec={self.user}", self.root, *inside], check=True)  # noqa: S607

    def _home(self) -> str:
        user = self.user.partition(":")[0]
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, number, _, _, home, _ = line.split(":")
            if user in (name, number):
                return home
        return "/"


class Build:
    """The stages so far, by name and number."""

    def __init__(self, context: Path, base: Path, work: Path, given: dict[str, str]):
        self.context, self.base, self.work, self.given = context, base, work, given
        self.stages: dict[str, Stage] = {}
        self.current: Stage | None = None
        self.outer: dict[str, str] = {}

    def carry_out(self, step: dockerfile.Command) -> None:
        keyword = step.cmd.upper()
        if keyword in _SKIPPED:
            return
        getattr(self, f"_{keyword.lower()}")(step)

    def _arg(self, step: dockerfile.Command) -> None:
        for declared in step.value:
            name, _, default = declared.partition("=")
            value = self.given.get(name, self.outer.get(name, default) if self.current else default)
            (self.current.arguments if self.current else self.outer)[name] = value.strip('"')

    def _from(self, step: dockerfile.Command) -> None:
        parent = self.stages.get(step.value[0])
        name = step.value[2] if len(step.value) == 3 else str(len(self.stages))
        layers = parent.layers if parent else [self.base]
        root, own = _overlay(self.work / name, layers)
        environment = (
            dict(parent.environment) if parent else {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"}
        )
        stage = Stage(root, [own, *layers], environment, folder=parent.folder if parent else "/")
        for kind in ("proc", "dev", "sys"):
            _mount("--rbind", f"/{kind}", root / kind)
        shutil.copy2("/etc/resolv.conf", root / "etc/resolv.conf")
        bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        shutil.copy2(bundle, f"{root}{_AUTHORITIES}")
        self.current = self.stages[name] = stage

    def _run(self, step: dockerfile.Command) -> None:
        mounted = []
        for flag in step.flags:
            options = dict(part.split("=", 1) for part in flag.removeprefix("--mount=").split(","))
            if not flag.startswith("--mount=") or options.pop("type") != "cache":
                raise ValueError(f"RUN {flag}: only cache mounts are understood")
            (self.current.root / _CACHE).mkdir(parents=True, exist_ok=True)
            mounted.append(Path(f"{self.current.root}{options['target']}"))
            mounted[-1].mkdir(parents=True, exist_ok=True)
            _mount("--bind", self.current.root / _CACHE, mounted[-1])
        self.current.run(list(step.value) if step.json else ["/bin/sh", "-c", step.value[0]])
        for target in mounted:
            subprocess.run(["umount", target], check=True)  # noqa: S607

    def _copy(self, step: dockerfile.Command) -> None:
        source_root = self.context
        for flag in step.flags:
            if not flag.startswith("--from="):
                raise ValueError(f"COPY {flag}: only --from is understood")
            source_root = self.stages[flag.removeprefix("--from=")].root
        *sources, target = (self.current.expand(part) for part in step.value)
        to = Path(f"{self.current.root}{os.path.join(self.current.folder, target)}")
        for source in sources:
            there = source_root / source.lstrip("/")
            if there.is_dir() and not to.exists() and step.flags:
                # As good as a copy, and there at once.
                to.mkdir(parents=True)
                _overlay(self.work / f"copy-{len(list(self.work.iterdir()))}", [there], to)
            elif there.is_dir():
                to.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-a", "--no-preserve=ownership", f"{there}/.", to], check=True)  # noqa: S607
            else:
                inside = to / there.name if target.endswith("/") or len(sources) > 1 else to
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(there, inside)

    def _env(self, step: dockerfile.Command) -> None:
        names, values = step.value[0::2], step.value[1::2]
        expanded = [self.current.expand(value.strip('"')) for value in values]
        self.current.environment.update(zip(names, expanded, strict=True))

    def _workdir(self, step: dockerfile.Command) -> None:
        self.current.folder = os.path.join(self.current.folder, self.current.expand(step.value[0]))
        Path(f"{self.current.root}{self.current.folder}").mkdir(parents=True, exist_ok=True)

    def _user(self, step: dockerfile.Command) -> None:
        self.current.user = self.current.expand(step.value[0])


def _overlay(place: Path, layers: list[Path], at: Path | None = None) -> tuple[Path, Path]:
    """Mounts the layers with an empty one on top; returns where, and that one."""
    own, scratch, root = place / "own", place / "scratch", at or place / "root"
    for folder in (own, scratch, root):
        folder.mkdir(parents=True, exist_ok=True)
    lower = ":".join(map(str, layers))
    _mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={own},workdir={scratch}", "overlay", root)
    return root, own


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S607


def _host_settings() -> dict[str, str]:
    """What this machine needs to reach a package index, the build needs, too."""
    passed = {name: value for name, value in os.environ.items() if _PASSED_ON.match(name)}
    return passed | {"SSL_CERT_FILE": _AUTHORITIES, "PIP_CERT": _AUTHORITIES}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("dockerfile", "context", "base", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    given = dict(pair.split("=", 1) for pair in chosen.build_arg)
    build = Build(chosen.context, chosen.base, chosen.work, given)
    for step in dockerfile.parse_file(str(chosen.dockerfile)):
        started = time.monotonic()
        build.carry_out(step)
        sys.stderr.write(f"{time.monotonic() - started:6.1f} s  {' '.join(step.original.split())[:90]}\n")
    build.current.run(chosen.command)


if __name__ == "__main__":
    main()
