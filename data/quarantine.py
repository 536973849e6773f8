"""Why an image is refused, and when too many are.

Bad input is never replaced, skipped in silence or trained on. It is listed with its reason, and when there is too
much of it the import stops.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data.errors import BadInputError

#: Stable identifiers of the reasons, and what each means.
REASONS = {
    "empty": "the file has no bytes",
    "truncated": "the file ends in the middle of the image",
    "corrupt": "the file is complete but cannot be decoded",
    "not_an_image": "the content is no image, whatever the name says",
    "unsupported_format": "an image, but neither JPEG nor PNG",
    "too_large": "more pixels or bytes than allowed",
    "zero_pixels": "an image without width or height",
    "unreadable": "the file cannot be read",
    "broken_link": "a link that leads nowhere",
    "too_small": "too few pixels to show a face",
    "extreme_aspect": "far longer than wide, or wider than long",
    "grey": "no colours, where colours are expected",
    "four_colours": "CMYK, as for print; RGB is expected",
    "animated": "several pictures in one file",
    "conflicting_label": "the same bytes stand under real and under fake",
    "ties_splits": "its near copies of an earlier span are in several splits",
    "synthetic_in_val": "made of another image, which has no place in validation",
    "leak": "left out on request: a near copy is in a later split",
}


class RejectedImageError(Exception):
    """An image that must go to quarantine.

    Attributes:
        reason: a key of ``REASONS``.
        detail: what was found, in a few words.
    """

    def __init__(self, reason: str, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Quarantined:
    """One refused image: its name in the source, its label (0 or 1), the reason and a detail."""

    path: str
    label: int
    reason: str
    detail: str


def check_share(refused: Sequence[Quarantined], found: int, max_share: float) -> None:
    """Stops an import that would lose too much.

    Args:
        refused: the files in quarantine.
        found: number of files found, kept or not; positive.
        max_share: largest tolerated ``len(refused) / found``, in [0, 1].

    Raises:
        BadInputError: the share is larger, or nothing at all was kept. The message names the reasons, most
            frequent first, with counts and examples.
    """
    share = len(refused) / found
    if len(refused) < found and share <= max_share:
        return
    counts = Counter(item.reason for item in refused)
    lines = []
    for reason, count in counts.most_common():
        examples = [f"{item.path} ({item.detail})" for item in refused if item.reason == reason][:3]
        lines.append(f"  {count} x {reason} ({REASONS[reason]}), such as {', '.join(examples)}")
    if len(refused) == found:
        advice = "Not one usable image was found. Is this the right folder?"
    else:
        advice = (
            "Repair or remove these files. To import the rest all the same, raise max_quarantined_share "
            f"to {-(-share * 100 // 1) / 100:.2f}."
        )
    raise BadInputError(
        f"Expected at most {max_share:.1%} unusable files, "
        f"received {len(refused)} of {found} ({share:.1%}):\n" + "\n".join(lines) + f"\n{advice}"
    )
