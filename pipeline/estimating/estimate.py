"""From a configuration and a number of images to hours, disk, memory and node sizes."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from data.partition.subset_sizes import SUBSETS
from pipeline.config import PipelineConfig
from pipeline.errors import ConfigError
from pipeline.estimating import figures
from pipeline.estimating.training_time import Speeds, stage_seconds

MEASURED, EXTRAPOLATED, GIVEN, UNKNOWN = "measured", "extrapolated", "given", "unknown"
_USUAL = {"demo": 1000, "full": 180_000} | {each.name: each.size for each in SUBSETS if each.size}
_SPARE = 1.5


@dataclasses.dataclass(frozen=True)
class Line:
    """One number of the answer.

    Attributes:
        what: it is of.
        value: in the unit of its list; None where it is unknown.
        basis: `measured` with so many images or more and this network; `extrapolated` from what was; `given`: from
            the speed that the user gave; `unknown`.
    """

    what: str
    value: float | None
    basis: str


@dataclasses.dataclass(frozen=True)
class NodeSize:
    """What a machine or pod should have.

    Attributes:
        steps: that it runs.
        cores: of the processor.
        memory_gb: half as much again as is needed.
        disk_gb: that it reads and writes, half as much again.
    """

    steps: str
    cores: int
    memory_gb: int
    disk_gb: int


@dataclasses.dataclass(frozen=True)
class Estimate:
    """The answer.

    Attributes:
        images: of all splits, that the import keeps.
        seconds: of each step on two cores, one after the other; of a training, if no stage stops early.
        device_seconds: all stages of the training on the user's device.
        disk_gb: that each part leaves in the workspace.
        memory_gb: of each step.
        nodes: sizes of machines or pods.
    """

    images: int
    seconds: tuple[Line, ...]
    device_seconds: Line
    disk_gb: tuple[Line, ...]
    memory_gb: tuple[Line, ...]
    nodes: tuple[NodeSize, ...]

    @property
    def hours(self) -> float:
        """All steps, on two cores."""
        return _sum(self.seconds) / 3600

    @property
    def disk(self) -> float:
        """Gigabytes in all."""
        return _sum(self.disk_gb)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self) | {
            "cores": figures.CORES,
            "hours": self.hours,
            "disk_gb_in_all": self.disk,
        }


def usual_images(config: PipelineConfig) -> int:
    """How many images a configuration that comes with the project is meant for.

    Raises:
        ConfigError: it is one of the user's own.
    """
    name = "full" if config.phases else config.name
    if name not in _USUAL:
        raise ConfigError(
            f"--images: expected a number, as the configuration '{config.name}' does not tell one."
        )
    return _USUAL[name]


def estimate(config: PipelineConfig, images: int, images_per_second: float | None = None) -> Estimate:
    """Reckons an import and a run, or the runs of all phases that there are images for.

    Args:
        config: what to do.
        images: of all splits, that the import keeps.
        images_per_second: that the user's device trains with all layers of this network.
    """
    runs = list(_runs(config, images))
    seconds = [Line("import", images * figures.IMPORT.value / 1e3, _basis(images, figures.IMPORT.images))]
    disk = [
        Line("records", images * figures.RECORD_KILOBYTES.value / 1e6, _basis(images, figures.NODES_IMAGES))
    ]
    device: list[float] = []
    for run, size, name in runs:
        speeds = Speeds(run.model)
        seconds += [
            dataclasses.replace(line, what=name + line.what) for line in _run_seconds(run, size, speeds)
        ]
        disk += [dataclasses.replace(line, what=name + line.what) for line in _run_disk(run, size)]
        if images_per_second:
            given = Speeds(run.model, images_per_second)
            device += [stage_seconds(stage, run, size, given) for stage in run.training.stages]
    memory = tuple(_memory(runs[-1][0], images))
    return Estimate(
        images,
        tuple(seconds),
        Line("training", sum(device) if device else None, GIVEN if device else UNKNOWN),
        tuple(disk),
        memory,
        tuple(_nodes(memory, _sum(disk))),
    )


def _runs(config: PipelineConfig, images: int) -> Iterator[tuple[PipelineConfig, int, str]]:
    """Configuration, images and name of each run; a phase without images of its own is left out, as it will be.

    Raises:
        ConfigError: there are too few images for the first phase.
    """
    if not config.phases:
        yield config, images, ""
        return
    before = 0
    for phase in config.phases:
        size = phase.size.size or images
        if before < size <= images:
            yield config.of_phase(phase), size, f"{phase.size.name}: "
            before = size
    if not before:
        raise ConfigError(
            f"--images: expected {config.phases[0].size.size:,} or more, for the first phase, received {images:,}."
        )


def _run_seconds(config: PipelineConfig, images: int, speeds: Speeds) -> Iterator[Line]:
    node_basis = _basis(images, figures.NODES_IMAGES)
    copies = figures.COPIES if config.evaluation.robustness else 0
    share = {
        "image": 1.0,
        "test image": config.data.test_share,
        "pass": config.data.validation_share + config.data.test_share * (1 + copies),
    }
    # Scoring was measured with the reference network.
    slower = speeds.forward() * figures.FORWARD.value
    for name, cost in figures.NODES.items():
        units, basis = images * share[cost.unit], node_basis
        if cost.unit != "image":
            units, basis = units * slower, node_basis if speeds.measured else EXTRAPOLATED
        elif name in figures.SCALE_WITH_PIXELS:
            units *= (config.model.input_size / figures.SIDE) ** 2
        yield Line(name, cost.fixed_s + units * cost.unit_ms / 1e3, basis)
    if config.evaluation.attacks.images:
        steps = _attack_steps(config, images * config.data.test_share)
        seconds = figures.ATTACK_FIXED.value + steps * slower * figures.ATTACK_STEP.value / 1e3
        yield Line("Scoring, attacks", seconds, node_basis if speeds.measured else EXTRAPOLATED)
    for stage in config.training.stages:
        known = speeds.measured and stage.trainable in ("none", "all", figures.LAST_LAYERS_COUNT)
        basis = _basis(images, figures.FORWARD.images) if known else EXTRAPOLATED
        yield Line(f"Trainer, stage {stage.name}", stage_seconds(stage, config, images, speeds), basis)
    yield Line(
        "Trainer, the rest", figures.TRAINER_FIXED.value, MEASURED if speeds.measured else EXTRAPOLATED
    )
    if config.tuner.trials:
        yield Line("Tuner", None, UNKNOWN)


def _attack_steps(config: PipelineConfig, test_images: float) -> float:
    """Of all images and attacks: FGSM takes one, at each epsilon."""
    attacks = config.evaluation.attacks
    return min(attacks.images, test_images) * len(attacks.epsilons) * (1 + attacks.steps)


def _run_disk(config: PipelineConfig, images: int) -> Iterator[Line]:
    basis = _basis(images, figures.NODES_IMAGES)
    pixels = (config.model.input_size / figures.SIDE) ** 2
    for name, cost in figures.NODES.items():
        if cost.kilobytes:
            scale = pixels if name in figures.SCALE_WITH_PIXELS else 1.0
            yield Line(name, images * cost.kilobytes * scale / 1e6, basis)
    yield Line(
        "models", figures.MODELS_MEGABYTES.value / 1e3, MEASURED if _reference(config) else EXTRAPOLATED
    )


def _memory(config: PipelineConfig, images: int) -> Iterator[Line]:
    yield Line("import", figures.IMPORT_MEMORY.value, _basis(images, figures.IMPORT_MEMORY.images))
    # The Beam runner in the process may hold what a node reads and writes all at once.
    held = images * (figures.RECORD_KILOBYTES.value + figures.NODES["Transform"].kilobytes) / 1e6
    before = _basis(images, figures.NODES_IMAGES)
    yield Line("StatisticsGen, Transform", figures.BEAM_MEMORY.value + held, before)
    train = images * (1 - config.data.validation_share - config.data.test_share)
    decoded = min(config.training.hardware.cache_gb, train * 3 * config.model.input_size**2 / 1e9)
    known = before if _reference(config) else EXTRAPOLATED
    yield Line("Trainer", figures.TRAINER_MEMORY.value + decoded, known)
    yield Line("Evaluator, Scoring", figures.EVALUATOR_MEMORY.value, known)


def _nodes(memory: tuple[Line, ...], disk: float) -> Iterator[NodeSize]:
    for line in memory:
        yield NodeSize(line.what, figures.CORES, _roomy(line.value or 0.0), _roomy(disk))
    yield NodeSize(
        "all on one machine", figures.CORES, _roomy(max(line.value or 0.0 for line in memory)), _roomy(disk)
    )


def _reference(config: PipelineConfig) -> bool:
    return config.model.backbone == figures.BACKBONE and config.model.input_size == figures.SIDE


def _basis(images: int, measured_with: int) -> str:
    return MEASURED if images <= measured_with else EXTRAPOLATED


def _roomy(gigabytes: float) -> int:
    return math.ceil(_SPARE * gigabytes)


def _sum(lines: tuple[Line, ...] | list[Line]) -> float:
    return sum(line.value or 0.0 for line in lines)
