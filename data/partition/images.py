"""What placing images needs to know of them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from data.images.perceptual_hash import CROPS, HASH_BITS


@dataclass(frozen=True)
class Images:
    """What placing needs to know of images, one item an image in each.

    Attributes:
        sha256: hexadecimal digests of the bytes as they came.
        hashes: uint8 array [n, 32]; perceptual hashes.
        crops: uint8 array [n, c, 32]; perceptual hashes of crops.
        known_groups: the source's own group, or None.
        labels: 0 (real) or 1 (fake).
        splits: the source's own split, or None; of an earlier span, the split that was given.
        groups: of an earlier span, the group that was given; otherwise empty.
        stored: of an earlier span, digests of the bytes in the records; otherwise empty.
        parents: digest of what each was made of, as it came or as it is in the records; None for originals. Empty
            where all are originals.
    """

    sha256: Sequence[str]
    hashes: np.ndarray
    crops: np.ndarray
    known_groups: Sequence[Hashable | None]
    labels: Sequence[int]
    splits: Sequence[str | None]
    groups: Sequence[str] = ()
    stored: Sequence[str] = ()
    parents: Sequence[str | None] = ()


NO_IMAGES = Images(
    (),
    np.zeros((0, HASH_BITS // 8), np.uint8),
    np.zeros((0, len(CROPS), HASH_BITS // 8), np.uint8),
    (),
    (),
    (),
)
