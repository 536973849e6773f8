"""How one run of a sequence differs from a run by itself. Cheap to import."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """What is asked of one run, besides its configuration.

    Attributes:
        warm_start: the model to start from: a version that was pushed, or the folder Format-Serving of a trained
            model; None for the weights configured.
        held_against_start: see `pipeline.inputs.Inputs`.
        same_data: a folder of records; the data is compared with that of the newest served version that was trained
            on other records than those below it.
        until_trained: whether to end with the Trainer.
    """

    warm_start: Path | None = None
    held_against_start: bool = False
    same_data: Path | None = None
    until_trained: bool = False


PLAIN_RUN = RunOptions()
"""A run by itself."""
