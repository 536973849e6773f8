"""The settings of an import."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from data.defaults import MARGIN, MAX_CUE_AUC, MAX_QUARANTINED_SHARE
from data.errors import BadInputError
from data.images.decode_check import Limits
from data.images.perceptual_hash import DEFAULT_RADIUS, HASH_BITS
from data.partition.splits import DEFAULT_SHARES, check_shares

IN_MEMORY_RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""Beam in this process, by its full name: `DirectRunner` is the same in older Beams, but newer ones try Prism under
that name first, a program that they fetch from the network."""


@dataclass(frozen=True)
class HarmoniseOptions:
    """What every image is brought to; see :mod:`data.images.harmonising`.

    Attributes:
        size: width and height, in pixels; None for what suits the data set.
        quality: JPEG quality, 1 to 100; None for what suits the data set.
    """

    size: int | None = None
    quality: int | None = None


@dataclass(frozen=True)
class ImportOptions:
    """How to import; checked when made.

    Attributes:
        layout: layout of the source, a key of ``data.sources.LAYOUTS`` or ``"auto"``.
        margin: how much of its own size a face's box is widened by on each side, where a source has boxes; 0 to 2.
        shares: share of the images for each split, where the source has none; positive, summing to 1.
        seed: draws the splits and the order of the records.
        official_splits: whether the source's own splits are kept, where it has any.
        drop_leaks: whether images whose near copies are in a later official split are left out.
        max_quarantined_share: the import stops if a larger share of the files is unusable; 0 to 1.
        limits: what is refused.
        group_radius: images whose perceptual hashes differ in at most so many of 256 bits stay together.
        max_cue_auc: the audit warns of a cue that tells the label better than this; 0.5 to 1.
        strict: whether such a warning stops the import.
        harmonise: what every image is brought to; None to store the bytes as they came.
        extend_schema: whether sources and annotated values that a later span brings are added to the schema.
        images_per_shard: most images of one record file.
        beam_args: Beam pipeline arguments, the runner among them. They change where the work is done, not its
            result.

    Raises:
        BadInputError: a value is out of its range.
    """

    layout: str = "auto"
    margin: float = MARGIN
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    seed: int = 0
    official_splits: bool = True
    drop_leaks: bool = False
    max_quarantined_share: float = MAX_QUARANTINED_SHARE
    limits: Limits = field(default_factory=Limits)
    group_radius: int = DEFAULT_RADIUS
    max_cue_auc: float = MAX_CUE_AUC
    strict: bool = False
    harmonise: HarmoniseOptions | None = None
    extend_schema: bool = False
    images_per_shard: int = 1000
    beam_args: tuple[str, ...] = (IN_MEMORY_RUNNER,)

    def __post_init__(self):
        check_shares(self.shares)
        if not 0 <= self.max_quarantined_share <= 1:
            raise BadInputError(
                f"Expected max_quarantined_share between 0 and 1, received {self.max_quarantined_share}."
            )
        if not 0 <= self.group_radius < HASH_BITS // 4:
            raise BadInputError(
                f"Expected a group_radius from 0 to {HASH_BITS // 4 - 1} bits, received {self.group_radius}: "
                "beyond that, different faces count as copies of each other."
            )
        if not 0.5 <= self.max_cue_auc <= 1:
            raise BadInputError(f"Expected max_cue_auc between 0.5 and 1, received {self.max_cue_auc}.")
        quality = self.harmonise and self.harmonise.quality
        if quality is not None and not 1 <= quality <= 100:
            raise BadInputError(f"Expected a JPEG quality from 1 to 100, received {quality}.")
        size = self.harmonise and self.harmonise.size
        smallest = self.limits.smallest_face
        if size is not None and size < smallest:
            raise BadInputError(
                f"Expected a size of at least the smallest face, {smallest} pixels, received {size}: a model would "
                "refuse what it was trained on."
            )
        if self.images_per_shard < 1:
            raise BadInputError(f"Expected images_per_shard of at least 1, received {self.images_per_shard}.")

    def as_dict(self) -> dict:
        """The options that decide the result, as JSON holds them; ``beam_args`` does not."""
        values = asdict(self)
        del values["beam_args"]
        return values
