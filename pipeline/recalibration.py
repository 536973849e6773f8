"""Pushes a version of a model with another operating point next to the one it was made from."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from components.errors import ObjectiveError, ServingCheckError
from components.settings import CalibrationSettings
from pipeline.errors import ConfigError, RunError

if TYPE_CHECKING:
    # What it imports would load TensorFlow.
    from components.recalibration import Recalibration

# Names that `components.trainer.assets` has, whose import takes seconds; a mistake is told at once.
_EXTRA, _FACTS = "assets.extra", "detector.json"
_NEEDED = ("scores.csv", "transform_graph/transform_fn/graph.pb", "detector.keras")


@dataclasses.dataclass(frozen=True)
class NewVersion:
    """What came of it.

    Attributes:
        source: the version it was made from.
        folder: the new one, whose name is its number.
        previous: the version that was the newest before; None when there was none.
        recalibration: the operating point before and after.
    """

    source: Path
    folder: Path
    previous: int | None
    recalibration: Recalibration

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        done = self.recalibration
        return {
            "source": str(self.source),
            "pushed_to": str(self.folder),
            "version": int(self.folder.name),
            "previous_version": self.previous,
            "settings": {
                "before": done.settings_before.model_dump(mode="json"),
                "after": done.settings.model_dump(mode="json"),
            },
            "calibration": {
                "before": dataclasses.asdict(done.before),
                "after": dataclasses.asdict(done.after),
            },
            "splits": {
                name: {"before": before.as_dict(), "after": after.as_dict()}
                for name, (before, after) in done.outcomes().items()
            },
        }


def push_recalibrated(
    model: Path,
    objective: str,
    max_error: float | None,
    base_path: Path | None,
    tell: Callable[[str], None],
) -> NewVersion:
    """Chooses another operating point for a pushed model and pushes it as a new version.

    The version is built in a hidden folder of the base path, loaded and asked as TensorFlow Serving does it, and
    then renamed: a server sees it whole or not at all.

    Args:
        model: the version folder to start from; stays as it is.
        objective: see `components.settings.objective`.
        max_error: of the uncertain band; None for real and fake only.
        base_path: where versions are pushed; None for the folder that `model` is in.
        tell: is given a line on what is being done.

    Raises:
        ConfigError: the model cannot be recalibrated, or the objective cannot be read or reached.
        WeightsError: the network is of another version of this project.
        RunError: the new version does not serve.
    """
    model = model.resolve()
    facts = _facts(model)
    settings = _settings(facts, objective, max_error)
    base = _base_path(model, base_path)

    from components.recalibration import recalibrate
    from components.serving_check import check

    with _hidden_folder(base) as hidden:
        new = hidden / "version"
        tell("choosing the operating point on validation and exporting the model with it")
        try:
            done = recalibrate(model, settings, new)
        except ObjectiveError as error:
            raise ConfigError(str(error)) from error
        except ValueError as error:
            raise ConfigError(f"MODEL_DIR: {error}") from error
        tell("loading it as TensorFlow Serving does")
        try:
            check(new)
        except ServingCheckError as error:
            raise RunError(str(error)) from error
        _flush(new)
        versions = _versions(base)
        folder = base / str(max([int(time.time()), *(number + 1 for number in versions)]))
        try:
            new.rename(folder)
        except OSError as error:
            raise RunError(f"The new version could not become '{folder}': {error.strerror}.") from error
    return NewVersion(model, folder, max(versions, default=None), done)


def _facts(model: Path) -> dict[str, Any]:
    path = model / _EXTRA / _FACTS
    if not path.is_file():
        inside = (
            f" There are versions in it: give '{model / str(max(found))}'."
            if (found := _versions(model))
            else ""
        )
        raise ConfigError(
            f"MODEL_DIR: expected a version of a model that this project exported, found no {_EXTRA}/{_FACTS} in "
            f"'{model}'.{inside}"
        )
    if missing := [name for name in _NEEDED if not (model / _EXTRA / name).exists()]:
        raise ConfigError(
            f"MODEL_DIR: expected {', '.join(_NEEDED)} in '{model / _EXTRA}', found no {' and no '.join(missing)}. "
            "Exports before they held these cannot be calibrated anew: run the pipeline again with "
            "--set calibration.objective=..."
        )
    return json.loads(path.read_text(encoding="utf-8"))


def _settings(facts: dict[str, Any], objective: str, max_error: float | None) -> CalibrationSettings:
    """What is asked for; whether there is a temperature stays as it was."""
    own = facts["settings"].get("calibration", {})
    uncertain = None if max_error is None else {"max_error": max_error}
    try:
        return CalibrationSettings.model_validate(own | {"objective": objective, "uncertain": uncertain})
    except ValidationError as error:
        first = error.errors()[0]
        option = "--objective" if first["loc"][0] == "objective" else "--uncertain-max-error"
        raise ConfigError(f"{option}: {first['msg'].removeprefix('Value error, ')}.") from error


def _base_path(model: Path, given: Path | None) -> Path:
    if given is None and not model.name.isdecimal():
        raise ConfigError(
            f"MODEL_DIR: expected a version folder, whose name is a number, received '{model}'. To push a version of "
            "it elsewhere, give --out BASE_PATH."
        )
    return model.parent if given is None else given.resolve()


def _versions(base: Path) -> dict[int, Path]:
    return {int(path.name): path for path in base.iterdir() if path.name.isdecimal() and path.is_dir()}


@contextlib.contextmanager
def _hidden_folder(base: Path) -> Iterator[Path]:
    """A folder in the base path that servers pass over, as its name is no number; gone at the end."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=".calibrate-", dir=base))
    except OSError as error:
        raise ConfigError(
            f"Expected a folder that can be written to, received '{base}': {error.strerror}."
        ) from error
    try:
        yield hidden
    finally:
        shutil.rmtree(hidden)


def _flush(folder: Path) -> None:
    """To disk, so that the version is whole after a power cut, too."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
