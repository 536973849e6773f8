"""One thing to say against a compiled pipeline."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes:
        rule: its short name, as `image-pinned`.
        where: the place in the file, as `root.dag.tasks.Trainer`.
        text: a sentence: what is wrong, and what to do where that is not plain.
    """

    rule: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text} [{self.rule}]"

    def as_dict(self) -> dict[str, str]:
        """Ready for JSON."""
        return dataclasses.asdict(self)
