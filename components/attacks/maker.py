"""The maker of adversarial images: those that a trained detector gets wrong, for the next one to learn from."""

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import keras
import numpy as np

from components import preprocessing
from components.attacks.attacker import Attacker
from components.errors import WeightsError
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, KERAS_FILE, load_detector
from data.errors import BadInputError
from data.example import FAKE, REAL
from data.shards import file_sha256
from data.synthesis.maker import Child, Maker, Parent

Attack = Literal["fgsm", "pgd"]

_PIXELS_AT_ONCE = 16 * 512 * 512
_MOST = 64.0


class AdversarialMaker(Maker):
    """Changes each value of an image by at most epsilon, so that a detector is more wrong about it.

    The attack goes through the resize to the detector's input, and changes the image at the size it has. The label
    stays: a fake is a fake however well it hides. The child is saved as its parent was: where that is a JPEG, the
    compression takes away a part of the attack, the more the lower its quality.
    """

    name = "adversarial"
    parent_labels = (REAL, FAKE)
    label = None

    def __init__(self, model_folder: Path, attack: Attack = "pgd", epsilon: float = 2.0, steps: int = 10):
        """Loads the detector.

        Args:
            model_folder: a pushed version of a model, or the folder Format-Serving of a trained one.
            attack: `fgsm`, one step, or `pgd`, many from a random start.
            epsilon: how far a value may be changed, in grey levels of 8 bits, 1 to 64: 2 is 2/255.
            steps: of pgd, 1 or more.

        Raises:
            BadInputError: an option is out of its range, or the folder holds no detector with gradients.
        """
        if attack not in get_args(Attack):
            raise BadInputError(
                f"Expected an attack of {' and '.join(get_args(Attack))}, received '{attack}'."
            )
        if not 1.0 <= epsilon <= _MOST:
            raise BadInputError(
                f"Expected an epsilon from 1 to {_MOST:g} grey levels, received {epsilon:g}. Less than 1 would be "
                "rounded away, as images have 8 bits."
            )
        if steps < 1:
            raise BadInputError(f"Expected 1 step of the attack or more, received {steps}.")
        facts, detector = _open(model_folder)
        size = facts["input"]["size"]
        self.model = facts["model_name"]
        self.revision = _revision(model_folder)
        self._attack, self._epsilon, self._steps = attack, epsilon, steps
        self._attacker = Attacker(
            lambda pixels: detector(preprocessing.resize_unrounded(pixels, size), training=False)
        )

    def settings(self) -> dict[str, Any]:
        """Attack, epsilon and, of pgd, steps."""
        steps = {"steps": self._steps} if self._attack == "pgd" else {}
        return {"attack": self._attack, "epsilon": self._epsilon, **steps}

    def make(self, parents: Sequence[Parent], seeds: Sequence[int]) -> list[Child]:
        """Attacks each parent; those of one size together."""
        made: dict[int, np.ndarray] = {}
        for batch in _batches(parents):
            images = np.stack([parents[number].pixels for number in batch])
            labels = np.array([parents[number].label for number in batch])
            attacked = self._attacked(images, labels, [seeds[number] for number in batch])
            made |= dict(zip(batch, attacked, strict=True))
        return [Child(made[number], self._epsilon, edit=self._attack) for number in range(len(parents))]

    def _attacked(self, images: np.ndarray, labels: np.ndarray, seeds: Sequence[int]) -> np.ndarray:
        if self._attack == "fgsm":
            return self._attacker.fgsm(images, labels, self._epsilon)
        return self._attacker.pgd(images, labels, self._epsilon, self._steps, seeds)


def _open(folder: Path) -> tuple[dict[str, Any], keras.Model]:
    extra = folder / EXTRA_FOLDER
    try:
        facts = json.loads((extra / FACTS_FILE).read_text(encoding="utf-8"))
        _ = facts["model_name"], facts["input"]["size"], facts["settings"]["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(
            f"Expected a version of a model, with {EXTRA_FOLDER}/{FACTS_FILE} in it, received '{folder}'. Give a "
            "pushed version (models/NAME/VERSION)."
        ) from error
    if not (extra / KERAS_FILE).is_file():
        raise BadInputError(
            f"Expected a model with {EXTRA_FOLDER}/{KERAS_FILE}, whose gradients an attack needs, received "
            f"'{folder}', which has none. Give another version."
        )
    try:
        return facts, load_detector(extra)
    except WeightsError as error:
        raise BadInputError(str(error)) from error


def _revision(folder: Path) -> str:
    """The version's number, where the folder is named by one, and the beginning of the SHA-256 of its weights."""
    digest = file_sha256(folder / EXTRA_FOLDER / KERAS_FILE)[:16]
    version = folder.resolve().name
    return f"{version}-{digest}" if version.isdecimal() else digest


def _batches(parents: Sequence[Parent]) -> list[list[int]]:
    """Positions of parents of one size, no more together than memory takes."""
    of_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, parent in enumerate(parents):
        of_size[parent.pixels.shape].append(number)
    batches = []
    for (height, width, _), numbers in of_size.items():
        most = max(1, _PIXELS_AT_ONCE // (height * width))
        batches += [numbers[first : first + most] for first in range(0, len(numbers), most)]
    return batches
