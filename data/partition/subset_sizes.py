"""What the progressive subsets are called, and how large they are. Cheap to import."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subset:
    """Size of a subset.

    Attributes:
        name: what it is called.
        size: number of images; None for all of them.
        real_share: share of real ones, 0 to 1.
    """

    name: str
    size: int | None = None
    real_share: float = 0.5

    def counts(self, size: int) -> tuple[int, int]:
        """Reals and fakes among ``size`` images."""
        real = round(size * self.real_share)
        return real, size - real


#: From the smallest to the largest; sizes and shares are those of the original project.
SUBSETS = (
    Subset("mini", 1068, 0.5),
    Subset("middle", 5517, 0.54),
    Subset("big", 11_000, 0.5),
    Subset("full"),
)
