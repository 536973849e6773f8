"""What a training runs on, decided from what a machine has. Loads neither TensorFlow nor Keras."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from components.errors import HardwareError
from components.settings import HardwareSettings

MIXED_PRECISION_FROM = (7, 0)
"""Compute capability of the first GPUs with Tensor Cores; older ones gain little or nothing from float16."""


class Gpu(NamedTuple):
    """One GPU.

    Attributes:
        name: as its maker calls it.
        capability: its CUDA compute capability, for example (8, 0); None where the driver does not tell.
    """

    name: str
    capability: tuple[int, int] | None

    def __str__(self) -> str:
        if self.capability is None:
            return f"{self.name}, compute capability unknown"
        return "{}, compute capability {}.{}".format(self.name, *self.capability)


@dataclasses.dataclass(frozen=True)
class HardwarePlan:
    """What a training runs on, and how.

    Attributes:
        gpus: those it uses; without any it runs on the processor.
        processors: logical processors it uses; more than one only where somebody has divided the processor.
        cores: of the processor.
        precision: a Keras dtype policy: float32, mixed_float16 or mixed_bfloat16.
        jit_compile: whether XLA compiles the step.
    """

    gpus: tuple[Gpu, ...]
    processors: int
    cores: int
    precision: str
    jit_compile: bool

    @property
    def devices(self) -> int:
        """How many devices share each batch."""
        return len(self.gpus) or self.processors

    def __str__(self) -> str:
        return ", ".join(
            (
                self._where,
                *(["MirroredStrategy"] if self.devices > 1 else []),
                self.precision,
                *(["XLA"] if self.jit_compile else []),
            )
        )

    @property
    def _where(self) -> str:
        if self.gpus:
            kinds = "; ".join(str(gpu) for gpu in dict.fromkeys(self.gpus))
            return f"{len(self.gpus)} GPU{'s' if len(self.gpus) > 1 else ''} ({kinds})"
        cores = f"{self.cores} core{'s' if self.cores > 1 else ''}"
        if self.processors > 1:
            return f"{self.processors} logical processors, {cores}"
        return f"processor, {cores}"


def plan_hardware(
    settings: HardwareSettings, gpus: Sequence[Gpu], cores: int, logical_processors: int = 1
) -> HardwarePlan:
    """Chooses devices, precision and compilation.

    Args:
        settings: what was asked for.
        gpus: all that the machine has.
        cores: of the processor.
        logical_processors: into how many devices somebody has divided the processor.

    Raises:
        HardwareError: XLA was asked for on several devices.
    """
    used = tuple(gpus[:1] if settings.devices == "one" else gpus)
    processors = logical_processors if settings.devices == "all" and not used else 1
    several = len(used) > 1 or processors > 1
    if settings.jit_compile is True and several:
        raise HardwareError(
            f"hardware.jit_compile: expected auto or false on {len(used) or processors} devices, received true: "
            "Keras hands the step of all devices to XLA as one program, and XLA compiles for one device "
            "(keras#19005). Set hardware.devices to one, or leave jit_compile at auto."
        )
    gains = bool(used) and all(gpu.capability and gpu.capability >= MIXED_PRECISION_FROM for gpu in used)
    automatic = "mixed_float16" if gains else "float32"
    return HardwarePlan(
        gpus=used,
        processors=processors,
        cores=cores,
        precision=automatic if settings.precision == "auto" else settings.precision,
        # On a processor XLA trains several times slower.
        jit_compile=bool(used) and not several if settings.jit_compile == "auto" else settings.jit_compile,
    )


def check_one_machine(environment: Mapping[str, str]) -> None:
    """Refuses to be one of several machines that train together.

    Args:
        environment: the variables of the process; `TF_CONFIG` is how a cluster tells TensorFlow of the others.

    Raises:
        HardwareError: `TF_CONFIG` names more than one task, or cannot be read.
    """
    if not (told := environment.get("TF_CONFIG")):
        return
    try:
        cluster = json.loads(told).get("cluster", {})
        tasks = {role: len(addresses) for role, addresses in cluster.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise HardwareError(
            f"TF_CONFIG: expected JSON with the addresses of each role under 'cluster', received {told!r} "
            f"({error}). Unset it, or mend it."
        ) from error
    if sum(tasks.values()) > 1:
        named = ", ".join(f"{count} {role}" for role, count in tasks.items())
        raise HardwareError(
            f"TF_CONFIG: expected one machine, received {named}. Training runs on one machine, on all of its "
            "GPUs; on several it does not, as Keras 3 cannot fit under MultiWorkerMirroredStrategy (keras#20585). "
            "Unset TF_CONFIG, or ask the cluster for one worker with several GPUs."
        )


def shared_batch_size(images: int, wanted: int, devices: int) -> int:
    """The largest batch size, at most `wanted`, by which several devices can share an epoch.

    TensorFlow cuts a batch of n images into parts of n / `devices`, rounded up. Where that leaves a device without
    any, training ends with an error, or goes on with statistics that are no numbers. Of the first batch, Keras
    expects parts of the same size.

    Args:
        images: in an epoch.
        wanted: images a batch.
        devices: how many share a batch.

    Raises:
        HardwareError: there is no such batch size.
    """

    def reaches_all(batch: int) -> bool:
        return -(-batch // devices) * (devices - 1) < batch

    for size in range(wanted, 0, -1):
        first, last = min(size, images), images % size
        if first % devices == 0 and (not last or reaches_all(last)):
            return size
    raise HardwareError(
        f"training.batch_size: expected one by which {devices} devices can share {images} images, received {wanted}: "
        "no size up to that gives each of them images of every batch. Set a larger batch size, or hardware.devices "
        "to one."
    )
