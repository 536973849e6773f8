"""What the two passes of an import hand to each other: one small line of JSON an image."""

import json
from dataclasses import asdict, dataclass

from data.decode_check import ImageFacts
from data.sources.base import SourceImage


@dataclass(frozen=True)
class Inspected:
    """A file of the source and what came of looking at it: either ``facts``, or ``reason`` and ``detail``."""

    image: SourceImage
    facts: ImageFacts | None = None
    reason: str | None = None
    detail: str | None = None

    def to_json(self) -> str:
        """One line, without the line break."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Inspected":
        """Reads back what :meth:`to_json` wrote."""
        values = json.loads(line)
        facts = values["facts"]
        return cls(
            image=SourceImage(**values["image"]),
            facts=ImageFacts(**facts) if facts else None,
            reason=values["reason"],
            detail=values["detail"],
        )
