"""The life of one version: START, LOADING, AVAILABLE, UNLOADING, END, as GetModelStatus tells it."""

import enum
from dataclasses import dataclass

from serving.status import RequestError


class State(enum.IntEnum):
    """States with their numbers in `tensorflow.serving.ModelVersionStatus.State`."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionStatus:
    """Where a version stands.

    Attributes:
        version: its number.
        state: END is both "unloaded" and "failed to load"; `error` tells them apart.
        error: why loading failed; None for a healthy version.
    """

    version: int
    state: State
    error: RequestError | None = None

    @property
    def failed(self) -> bool:
        """Whether this version was tried and did not load."""
        return self.state is State.END and self.error is not None

    def __str__(self) -> str:
        if self.failed:
            return f"version {self.version} failed to load: {self.error.message}"
        return (
            f"version {self.version} is {'unloaded' if self.state is State.END else self.state.name.lower()}"
        )
