"""What is known of a run, kept in a file of its folder."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from components.atomic_file import write_text

RUN_FILE = "run.json"


@dataclasses.dataclass
class Execution:
    """A run.

    Attributes:
        folder: takes its logs and its state; its name is the run's.
        mode: the cluster that is played.
        state: `running`, `done`, `failed` or `stopped`.
        nodes: by task, in their order: its state, the seconds it took, its log, and where what it made is.
    """

    folder: Path
    mode: str
    state: str = "running"
    nodes: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def log(self, task: str) -> Path:
        """The file that takes what a task says."""
        return self.folder / "logs" / f"{task}.log"

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "run": self.folder.name,
            "folder": str(self.folder),
            "mode": self.mode,
            "state": self.state,
            "nodes": self.nodes,
        }

    def write(self) -> None:
        """Writes it into its folder."""
        write_text(self.folder / RUN_FILE, json.dumps(self.as_dict(), indent=1))
