"""How a container reads and writes artifacts: environment variables, as an image, a spec or a cluster sets them."""

import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ConfigError

ARTIFACT_IO = "INSPECTOR_ARTIFACT_IO"
MIRROR_ROOT = "INSPECTOR_MIRROR_ROOT"
BEAM_TEMP = "INSPECTOR_BEAM_TEMP"


class ArtifactIo(enum.Enum):
    """Where artifacts in object storage are read and written.

    AUTO: in the launcher's mirror where there is one, but in object storage by Beam workers that are not in this
    container, which see no mirror of it. MIRROR, REMOTE: always the one.
    """

    AUTO = "auto"
    MIRROR = "mirror"
    REMOTE = "remote"


@dataclasses.dataclass(frozen=True)
class EntrypointSettings:
    """What a container was told by its environment.

    Attributes:
        artifact_io: from INSPECTOR_ARTIFACT_IO.
        mirror_root: from INSPECTOR_MIRROR_ROOT; where the launcher's folders `minio`, `s3` and `gcs` lie.
        beam_temp: from INSPECTOR_BEAM_TEMP; a folder that this container and all Beam workers can write to.
    """

    artifact_io: ArtifactIo = ArtifactIo.AUTO
    mirror_root: Path = Path("/")
    beam_temp: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "EntrypointSettings":
        """Reads the variables; what is not set has its default.

        Raises:
            ConfigError: a value that cannot be used.
        """
        told = environment.get(ARTIFACT_IO) or ArtifactIo.AUTO.value
        try:
            artifact_io = ArtifactIo(told)
        except ValueError:
            known = ", ".join(one.value for one in ArtifactIo)
            raise ConfigError(f"{ARTIFACT_IO}: expected one of {known}, received '{told}'.") from None
        root = Path(environment.get(MIRROR_ROOT) or "/")
        if not root.is_absolute():
            raise ConfigError(f"{MIRROR_ROOT}: expected an absolute path, received '{root}'.")
        return cls(artifact_io, root, environment.get(BEAM_TEMP) or None)
