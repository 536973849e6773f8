"""What the table of scores calls attacked images; cheap to import."""

import re
from typing import NamedTuple

KINDS = {"fgsm": "FGSM", "pgd": "PGD"}
"""The attacks by the first part of a perturbation's name: how people call them."""

UNIT = "grey levels of 255"
"""Of an attack's severity, its epsilon."""

_NAME = re.compile(rf"({'|'.join(KINDS)})-(\d+)")


class AttackName(NamedTuple):
    """An attack and how far it goes.

    Attributes:
        method: a key of `KINDS`.
        epsilon: in grey levels.
    """

    method: str
    epsilon: int

    def __str__(self) -> str:
        """What the table of scores calls it, such as `pgd-4`."""
        return f"{self.method}-{self.epsilon}"


def parse_attack(perturbation: str) -> AttackName | None:
    """Reads the name of a perturbation; None where it is no attack."""
    found = _NAME.fullmatch(perturbation)
    return AttackName(found[1], int(found[2])) if found else None
