"""The settings of an import."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from data.decode_check import Limits
from data.errors import BadInputError
from data.perceptual_hash import DEFAULT_RADIUS, HASH_BITS
from data.splits import DEFAULT_SHARES, check_shares

IN_MEMORY_RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
"""Beam in this process, by its full name: `DirectRunner` is the same in older Beams, but newer ones try Prism under
that name first, a program that they fetch from the network."""


@dataclass(frozen=True)
class ImportOptions:
    """How to import; checked when made.

    Attributes:
        layout: layout of the source, a key of ``data.sources.LAYOUTS`` or ``"auto"``.
        shares: share of the images for each split; positive, summing to 1.
        seed: draws the splits and the order of the records.
        max_quarantined_share: the import stops if a larger share of the files is unusable; 0 to 1.
        limits: largest image and file accepted.
        group_radius: images whose perceptual hashes differ in at most so many of 256 bits stay together.
        images_per_shard: most images of one record file, and so what a worker holds in its hands.
        beam_args: Beam pipeline arguments, the runner among them. They change where the work is done, not its
            result.

    Raises:
        BadInputError: a value is out of its range.
    """

    layout: str = "auto"
    shares: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    seed: int = 0
    max_quarantined_share: float = 0.05
    limits: Limits = field(default_factory=Limits)
    group_radius: int = DEFAULT_RADIUS
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
        if self.images_per_shard < 1:
            raise BadInputError(f"Expected images_per_shard of at least 1, received {self.images_per_shard}.")

    def as_dict(self) -> dict:
        """The options that decide the result, as JSON holds them; ``beam_args`` does not."""
        values = asdict(self)
        del values["beam_args"]
        return values
