"""The two stacks, and all that differs between them; nothing else in the project asks for versions.

The code is the same on both. What had differed was mended where it stood, by what both understand: Beam's runner by
its full name (`data.options`), TFMA's protos (`components.evaluator.config`), TensorFlow's import without greeting
(`serving.model.tensorflow_runtime`), Keras weights without Keras' description of the network
(`components.trainer.assets`).
"""

import dataclasses
import datetime
import sys


@dataclasses.dataclass(frozen=True)
class Stack:
    """One stack.

    Attributes:
        name: as `STACK=` of the set-up takes it.
        tfx, tensorflow: releases, without the patch number.
        pythons: releases that have wheels of all its packages.
        c_library: the oldest glibc its wheels run on.
        cuda, cudnn: what its TensorFlow was built with, and so looks for on a GPU machine.
    """

    name: str
    tfx: str
    tensorflow: str
    pythons: tuple[str, ...]
    c_library: str
    cuda: str
    cudnn: str

    def __str__(self) -> str:
        pythons = self.pythons[0] if len(self.pythons) == 1 else f"{self.pythons[0]}-{self.pythons[-1]}"
        return f"{self.name}: TFX {self.tfx}, TensorFlow {self.tensorflow}, Python {pythons}"


STACKS = (
    # TFX 1.21 needs a C library of 2023 or later, and has wheels from Python 3.11 on.
    Stack("today", "1.21", "2.21", ("3.11", "3.12", "3.13"), c_library="2.38", cuda="12.5", cudnn="9.3"),
    # TFX 1.16 is the last for older C libraries; of its dependencies, some have wheels for Python 3.10 only.
    Stack("elder", "1.16", "2.16", ("3.10",), c_library="2.17", cuda="12.3", cudnn="8.9"),
)

# Python's own calendar (PEP 619, 664, 693, 719): five years after the release, at the end of the month.
_SUPPORT_ENDS = {
    "3.10": datetime.date(2026, 10, 31),
    "3.11": datetime.date(2027, 10, 31),
    "3.12": datetime.date(2028, 10, 31),
    "3.13": datetime.date(2029, 10, 31),
}


def this_stack(python: tuple[int, int] = sys.version_info[:2]) -> Stack:
    """The stack of a Python, by default of the one that runs.

    Raises:
        LookupError: when no stack has wheels for it.
    """
    release = "{}.{}".format(*python)
    for stack in STACKS:
        if release in stack.pythons:
            return stack
    known = ", ".join(release for stack in reversed(STACKS) for release in stack.pythons)
    raise LookupError(f"Expected one of Python {known}, received {release}. Set up with `make setup`.")


def support_ends(python: tuple[int, int] = sys.version_info[:2]) -> datetime.date:
    """The last day on which a Python of a stack gets security fixes."""
    return _SUPPORT_ENDS["{}.{}".format(*python)]
