"""The one folder that holds all state of a user: records, metadata, artifacts, models, reports, logs."""

import dataclasses
import tempfile
from pathlib import Path

from pipeline.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Workspace:
    """Names the places below a workspace folder; `create` makes it."""

    root: Path

    @classmethod
    def create(cls, root: Path) -> "Workspace":
        """Makes the folder if needed; paths become absolute, as ML Metadata stores them.

        Raises:
            ConfigError: when it cannot be made or written to.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root):
                pass
        except OSError as error:
            raise ConfigError(
                f"--workspace: expected a folder that can be made and written to, received '{root}': "
                f"{error.strerror}."
            ) from error
        return cls(root.resolve())

    @property
    def records(self) -> Path:
        """Imported sources, a folder each, and the subsets that phases train on."""
        return self.root / "records"

    @property
    def metadata(self) -> Path:
        """The sqlite store of ML Metadata."""
        return self.root / "metadata.sqlite"

    @property
    def artifacts(self) -> Path:
        """What the nodes of the pipeline write."""
        return self.root / "artifacts"

    @property
    def training(self) -> Path:
        """What lets a killed training go on."""
        return self.root / "training"

    @property
    def reports(self) -> Path:
        """A folder a run: metrics and phase table; with the last of several, what they came to together."""
        return self.root / "reports"

    @property
    def logs(self) -> Path:
        """A file a run."""
        return self.root / "logs"

    def model_base_path(self, model_name: str) -> Path:
        """Where versions of a model are pushed: the base path TensorFlow Serving watches."""
        return self.root / "models" / model_name
