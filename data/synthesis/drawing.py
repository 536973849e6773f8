"""What chance decides: which parent a child has, and the seed its maker gets."""

import hashlib
from collections.abc import Iterator

import numpy as np

from data.errors import BadInputError
from data.synthesis.parents import Parents


def child_seed(seed: int, child: int) -> int:
    """The seed of a child, 0 to 2**63 - 1."""
    return int(np.random.SeedSequence([seed, child]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def parents_of_children(parents: Parents, seed: int) -> Iterator[int]:
    """Yields the position of each child's parent, without end: all parents in a drawn order, then in another one.

    The orders depend on the images themselves, and not on where they lie.

    Raises:
        BadInputError: none of the images can be used.
    """
    turn = 0
    while True:
        draws = [(_draw(seed, turn, parents.key(position)), position) for position in range(len(parents))]
        usable = False
        for _, position in sorted(draws):
            if parents.is_usable(position):
                usable = True
                yield position
        if not usable:
            reasons = ", ".join(f"{count} {reason}" for reason, count in parents.refused.items())
            raise BadInputError(
                f"Expected images that can be used in {parents.root}, received only others: {reasons}."
            )
        turn += 1


def _draw(seed: int, turn: int, key: str) -> bytes:
    return hashlib.sha256(f"{seed}:{turn}:{key}".encode(errors="surrogateescape")).digest()
