"""Dealing groups of images out to the splits.

scikit-learn's ``StratifiedGroupKFold`` makes folds of equal size only, so shares such as 70/15/15 would need
twenty folds glued together and still miss on small sets; hence the few lines below.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from data.errors import BadInputError
from data.example import LABEL_MAP, LABEL_NAMES, SPLITS

DEFAULT_SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def check_shares(shares: Mapping[str, float]) -> None:
    """Checks that there is a positive share for each split and that they add up to 1.

    Raises:
        BadInputError: they do not.
    """
    if set(shares) != set(SPLITS) or any(share <= 0 for share in shares.values()):
        raise BadInputError(
            f"Expected a positive share for each of {', '.join(SPLITS)}, received {dict(shares)}."
        )
    if not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise BadInputError(
            f"Expected shares that add up to 1, received {dict(shares)}: {sum(shares.values()):g}."
        )


def assign_splits(
    groups: Sequence[str],
    labels: Sequence[int],
    shares: Mapping[str, float] = DEFAULT_SHARES,
    seed: int = 0,
) -> list[str]:
    """Gives each image a split; images of one group get the same.

    Groups are dealt one at a time, the largest first and equally large ones in an order drawn by ``seed``,
    each to the split that still lacks most images of its labels. Each split's count of each label therefore
    misses its share by less than the sizes of two groups (of one image where every group is one image). The
    result depends only on the groups' names, sizes, labels and the seed, not on the order of the images.

    Args:
        groups: group of each image.
        labels: label of each image, 0 (real) or 1 (fake).
        shares: wanted share of each split, summing to 1.
        seed: draws another deal.

    Returns:
        The split of each image: ``"train"``, ``"val"`` or ``"test"``.

    Raises:
        BadInputError: the shares are wrong.
    """
    check_shares(shares)
    members = defaultdict(lambda: np.zeros(len(LABEL_MAP)))
    for group, label in zip(groups, labels, strict=True):
        members[group][label] += 1
    totals = sum(members.values(), np.zeros(len(LABEL_MAP)))
    lacking = np.array([[shares[split]] for split in SPLITS]) * totals  # [splits, labels]
    split_of = {}
    for group in sorted(members, key=lambda name: (-members[name].sum(), _draw(seed, name))):
        chosen = int(np.argmax(lacking @ members[group]))
        lacking[chosen] -= members[group]
        split_of[group] = SPLITS[chosen]
    return [split_of[group] for group in groups]


def check_every_class(splits: Sequence[str], labels: Sequence[int], groups: Sequence[str]) -> None:
    """Checks that each split holds at least one image of each class.

    Raises:
        BadInputError: one does not; says how many images and groups of the class there are.
    """
    held = set(zip(splits, labels, strict=True))
    for label, name in LABEL_NAMES.items():
        empty = [split for split in SPLITS if (split, label) not in held]
        if empty:
            own = [group for group, other in zip(groups, labels, strict=True) if other == label]
            raise BadInputError(
                f"Expected {name} images in each of {', '.join(SPLITS)}, but {' and '.join(empty)} would "
                f"hold none: there are {len(own)} usable {name} images in {len(set(own))} groups of near "
                f"copies, and a group is never split. Add {name} images of other scenes (about 20 are needed), "
                f"or give {' and '.join(empty)} a larger share."
            )


def _draw(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode()).digest()
