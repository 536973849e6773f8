"""The devices a training runs on, and in which precision."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import keras
import tensorflow as tf

from components.hardware_plan import Gpu, HardwarePlan, check_one_machine, plan_hardware
from components.progress import tell
from components.settings import HardwareSettings

_GROWTH_FORCED = "TF_FORCE_GPU_ALLOW_GROWTH"


@dataclasses.dataclass(frozen=True)
class Hardware:
    """What a training runs on.

    Attributes:
        plan: devices, precision and compilation.
        strategy: TensorFlow's default strategy on one device, MirroredStrategy on several.
    """

    plan: HardwarePlan
    strategy: tf.distribute.Strategy

    @property
    def precision(self) -> str:
        """A Keras dtype policy: float32, mixed_float16 or mixed_bfloat16."""
        return self.plan.precision

    @property
    def jit_compile(self) -> bool:
        """Whether XLA compiles the training step."""
        return self.plan.jit_compile

    @property
    def alters_model(self) -> bool:
        """Whether a model built here differs from a plain one: in its precision, or as copies on several devices."""
        return self.precision != "float32" or self.plan.devices > 1

    def __str__(self) -> str:
        return str(self.plan)

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Models that are built, compiled and fitted inside run on this hardware, in its precision."""
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.precision)
        try:
            with self.strategy.scope():
                yield
        finally:
            keras.config.set_dtype_policy(before)


def choose_hardware(settings: HardwareSettings) -> Hardware:
    """Looks at what there is and prepares it. The processor is used with all of its cores, TensorFlow's default.

    Args:
        settings: what was asked for.

    Raises:
        HardwareError: several machines were asked for, or XLA on several devices.
    """
    check_one_machine(os.environ)
    physical = tf.config.list_physical_devices("GPU")
    # Before anything else here: growth can only be set while no device is in use.
    _let_memory_grow(physical)
    plan = plan_hardware(
        settings,
        [_describe(gpu) for gpu in physical],
        cores=len(os.sched_getaffinity(0)),
        logical_processors=len(tf.config.list_logical_devices("CPU")) if settings.devices == "all" else 1,
    )
    return Hardware(plan, _strategy(plan))


def _strategy(plan: HardwarePlan) -> tf.distribute.Strategy:
    if plan.devices == 1:
        return tf.distribute.get_strategy()
    if plan.gpus:
        return tf.distribute.MirroredStrategy([f"GPU:{number}" for number in range(plan.devices)])
    # One memory: there is nothing for the collective operations of the default to send.
    return tf.distribute.MirroredStrategy(
        [f"CPU:{number}" for number in range(plan.devices)], tf.distribute.ReductionToOneDevice()
    )


def _describe(gpu: tf.config.PhysicalDevice) -> Gpu:
    details = tf.config.experimental.get_device_details(gpu)
    return Gpu(details.get("device_name", gpu.name), details.get("compute_capability"))


def _let_memory_grow(gpus: list[tf.config.PhysicalDevice]) -> None:
    """Keeps TensorFlow from taking all memory of every GPU at once, which a second process could then not use."""
    try:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError:
        if os.environ.get(_GROWTH_FORCED) != "true":
            tell(
                "The GPUs were in use before the training began: TensorFlow has taken all of their memory. "
                f"{_GROWTH_FORCED}=true in the environment lets it take what it needs."
            )
