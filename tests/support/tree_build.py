"""Builds a Dockerfile without a container engine: each instruction makes a layer on a Debian tree, as a folder.

    python tree_build.py --dockerfile FILE --context DIR --base TREE --layers DIR [--bare COMMAND]
        [--build-arg K=V]... [--no-downloads] COMMAND...

COMMAND is run in the finished image as its user, in its environment and folder; that of --bare takes out of the
tree what the base image of the Dockerfile has not. As with an engine, a layer is made again only if something that it
comes of has changed: layers that this build does not use are deleted. With --no-downloads it ends with code 77 where
a step with a cache of downloads would have to be carried out.

Runs as root in a mount and process namespace of its own (`unshare --mount --mount-proc --pid --fork`), so that
nothing is left mounted. What it does not understand, it refuses; what changes no file (LABEL, EXPOSE) it skips.
"""

import argparse
import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import dockerfile
from tree_layers import run_inside

# What the user of the tree has fetched need not be fetched again; what is added to it is forgotten.
_CACHE = "home/user/.cache/uv"
_SKIPPED = frozenset({"LABEL", "EXPOSE", "HEALTHCHECK", "CMD", "STOPSIGNAL"})


@dataclasses.dataclass
class Stage:
    """A stage of the build.

    Attributes:
        layers: the folders it is made of, the topmost first.
        key: of all that they come of.
        environment, arguments: of ENV and of ARG, as they stand.
        folder, user: of WORKDIR and USER.
    """

    layers: list[Path]
    key: str = ""
    environment: dict[str, str] = dataclasses.field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    arguments: dict[str, str] = dataclasses.field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"

    def expand(self, text: str) -> str:
        known = self.arguments | self.environment
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda name: known.get(name[1] or name[2], ""), text)

    def inside(self, folder: str) -> str:
        return os.path.join(self.folder, self.expand(folder))


class Build:
    """The stages so far, by name or number.

    Args:
        context, base, kept: the folders of --context, --base and --layers.
        bare: the command of --bare.
        given: build arguments.
        no_downloads: as --no-downloads.
    """

    def __init__(
        self, context: Path, base: Path, kept: Path, bare: str, given: dict[str, str], no_downloads: bool
    ):
        self.context, self.base, self.kept, self.bare, self.given = context, base, kept, bare, given
        self.no_downloads = no_downloads
        self.stages: dict[str, Stage] = {}
        self.stage: Stage | None = None
        self.outer: dict[str, str] = {}
        self.used: set[Path] = set()

    def carry_out(self, step: dockerfile.Command) -> None:
        keyword = step.cmd.upper()
        if keyword not in _SKIPPED:
            getattr(self, f"_{keyword.lower()}")(step)

    def _arg(self, step: dockerfile.Command) -> None:
        for declared in step.value:
            name, _, default = declared.partition("=")
            value = self.given.get(name, default)
            (self.stage.arguments if self.stage else self.outer)[name] = value.strip('"')

    def _from(self, step: dockerfile.Command) -> None:
        source, *name = step.value
        parent = self.stages.get(source)
        if parent:
            layers, environment = list(parent.layers), dict(parent.environment)
            self.stage = dataclasses.replace(parent, layers=layers, environment=environment, arguments={})
        else:
            self.stage = Stage([self.base], key=source)
            if self.bare:
                self._layer(lambda layer: self._execute(layer, ["/bin/sh", "-c", self.bare]), self.bare)
        self.stages[name[1] if name else str(len(self.stages))] = self.stage

    def _run(self, step: dockerfile.Command) -> None:
        command = list(step.value) if step.json else ["/bin/sh", "-c", step.value[0]]
        caches = []
        for flag in step.flags:
            options = dict(part.split("=", 1) for part in flag.removeprefix("--mount=").split(","))
            if options.get("type") != "cache":
                raise ValueError(f"RUN {flag}: only cache mounts are understood")
            caches.append(options["target"])
        if caches and self.no_downloads and not self._kept(*command).exists():
            sys.exit(77)
        self._layer(lambda layer: self._execute(layer, command, caches), *command)

    def _copy(self, step: dockerfile.Command) -> None:
        *sources, target = step.value
        to = self.stage.inside(target).lstrip("/")
        from_stage = [flag.removeprefix("--from=") for flag in step.flags if flag.startswith("--from=")]
        if len(from_stage) != len(step.flags):
            raise ValueError(f"COPY {step.flags}: only --from is understood")
        places = [self._place(source, *from_stage) for source in sources]

        def copy(layer: Path) -> None:
            for place in places:
                kept_name = place.is_file() and (target.endswith("/") or len(places) > 1)
                at = layer / to / place.name if kept_name else layer / to
                (at if place.is_dir() else at.parent).mkdir(parents=True, exist_ok=True)
                # Layers do not change, so that a link is as good as a copy. Of the context, root becomes the owner.
                how = "-al" if from_stage else "-rp"
                subprocess.run(["cp", how, f"{place}/." if place.is_dir() else place, at], check=True)  # noqa: S607
                if not from_stage:
                    subprocess.run(["chown", "-R", "0:0", at], check=True)  # noqa: S607

        origin = [self.stages[name].key for name in from_stage] or [_digest_of_files(places)]
        self._layer(copy, *step.value, *origin)

    def _place(self, source: str, from_stage: str = "") -> Path:
        if not from_stage:
            return self.context / source
        there = [layer / source.lstrip("/") for layer in self.stages[from_stage].layers]
        [only] = [place for place in there if place.exists()]
        return only

    def _env(self, step: dockerfile.Command) -> None:
        values = [self.stage.expand(value.strip('"')) for value in step.value[1::2]]
        self.stage.environment.update(zip(step.value[0::2], values, strict=True))

    def _workdir(self, step: dockerfile.Command) -> None:
        self.stage.folder = self.stage.inside(step.value[0])
        if not any(Path(f"{layer}{self.stage.folder}").is_dir() for layer in self.stage.layers):
            self._layer(
                lambda layer: Path(f"{layer}{self.stage.folder}").mkdir(parents=True), self.stage.folder
            )

    def _user(self, step: dockerfile.Command) -> None:
        self.stage.user = self.stage.expand(step.value[0])

    def _layer(self, make: Callable[[Path], None], *comes_of: str) -> None:
        """Adds the layer that `make` fills, or the one that was made of the same before."""
        layer = self._kept(*comes_of)
        self.used.add(layer)
        if not layer.exists():
            part = layer.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(layer)
        self.stage.key = layer.name
        self.stage.layers.insert(0, layer)

    def _kept(self, *comes_of: str) -> Path:
        """Where the layer is kept that this makes of the stage."""
        stage = self.stage
        state = (stage.key, stage.environment, stage.arguments, stage.folder, stage.user, comes_of)
        return self.kept / hashlib.sha256(repr(state).encode()).hexdigest()[:16]

    def finish(self, command: list[str]) -> None:
        """Runs the command in the finished image, and deletes what no stage uses."""
        with tempfile.TemporaryDirectory(dir=self.kept) as place:
            # Temporary folders are their maker's alone; the user of the image must get through this one.
            forgotten = Path(place, "layer")
            forgotten.mkdir()
            self._execute(forgotten, command)
        for folder in set(self.kept.iterdir()) - self.used:
            shutil.rmtree(folder)

    def _execute(self, layer: Path, command: list[str], caches: Sequence[str] = ()) -> None:
        stage = self.stage
        run_inside(
            [layer, *stage.layers],
            command,
            user=stage.user,
            folder=stage.folder,
            variables=stage.arguments | stage.environment,
            caches=dict.fromkeys(caches, self.base / _CACHE),
        )


def _digest_of_files(places: list[Path]) -> str:
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(place.parent)} {file.stat().st_mode} {content}\n".encode())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("dockerfile", "context", "base", "layers"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--bare", default="")
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--no-downloads", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    chosen.layers.mkdir(exist_ok=True)
    given = dict(pair.split("=", 1) for pair in chosen.build_arg)
    build = Build(
        chosen.context, chosen.base, chosen.layers.resolve(), chosen.bare, given, chosen.no_downloads
    )
    for step in dockerfile.parse_file(str(chosen.dockerfile)):
        started = time.monotonic()
        build.carry_out(step)
        sys.stderr.write(f"{time.monotonic() - started:6.1f} s  {' '.join(step.original.split())[:90]}\n")
    build.finish(chosen.command)


if __name__ == "__main__":
    main()
