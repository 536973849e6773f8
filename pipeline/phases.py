"""Which phases of a progressive training can be run on some records, and the records of each."""

import dataclasses
import hashlib
import json
from pathlib import Path

from data.card import is_imported
from data.content_hash import content_hash
from data.partition.subset_sizes import Subset
from data.partition.subsets import TooFewImagesError
from data.progress import Progress
from data.subset_records import count_subset, write_subset
from pipeline.config import PipelineConfig
from pipeline.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class Phase:
    """A phase that can be run.

    Attributes:
        name: of its subset.
        config: of its run.
        chain: the subsets of the phases before it, and its own: each holds those before it.
        real, fake: images of its subset.
    """

    name: str
    config: PipelineConfig
    chain: tuple[Subset, ...]
    real: int
    fake: int

    @property
    def images(self) -> int:
        """All of them."""
        return self.real + self.fake


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A phase that there are too few images for; `reason` is a clause."""

    name: str
    reason: str


def plan_phases(config: PipelineConfig, records: Path) -> list[Phase | LeftOut]:
    """Looks what the phases of a configuration come to on some records; reads no image.

    Args:
        config: with phases.
        records: an imported data set.

    Raises:
        BadInputError: `records` is no import, or a subset itself.
    """
    planned: list[Phase | LeftOut] = []
    before: Phase | None = None
    for settings in config.phases:
        name, chain = settings.size.name, (*(before.chain if before else ()), settings.size)
        try:
            real, fake = count_subset(chain, records, config.data.seed)
        except TooFewImagesError as error:
            planned.append(LeftOut(name, _too_few(settings.size, error)))
            continue
        # Each holds the one before, so as many images are the same images.
        if before and real + fake == before.images:
            planned.append(
                LeftOut(name, f"it holds the same {before.images:,} images as phase {before.name}")
            )
            continue
        before = Phase(name, config.of_phase(settings), chain, real, fake)
        planned.append(before)
    return planned


def phases_folder(records: Path, workspace: Workspace) -> Path:
    """The folder for the subsets of these very records; other content has another folder."""
    return workspace.records / f"{records.name}-phases-{content_hash(records)}"


def phase_records(phase: Phase, records: Path, workspace: Workspace, progress: Progress) -> Path:
    """The records of a phase, written if they are not there yet.

    Args:
        phase: of `plan_phases` on the same records.
        records: the whole.
        workspace: takes the subset.
        progress: called as ``progress("copy", done, total)``.
    """
    seed = phase.config.data.seed
    decides = json.dumps([seed, *map(dataclasses.astuple, phase.chain)]).encode()
    folder = phases_folder(records, workspace) / f"{phase.name}-{hashlib.sha256(decides).hexdigest()[:8]}"
    if is_imported(folder):
        return folder
    if phase.chain[-1].size is None:
        # All of them need no copy. The name below the folder of the others says that they belong together.
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.unlink(missing_ok=True)
        folder.symlink_to(records, target_is_directory=True)
    else:
        write_subset(phase.chain, records, folder, seed, progress)
    return folder


def _too_few(wanted: Subset, error: TooFewImagesError) -> str:
    real, fake = wanted.counts(wanted.size)
    if error.real < real or error.fake < fake:
        return f"it takes {real:,} real and {fake:,} fake images, and there are {error.real:,} and {error.fake:,}"
    return (
        f"no choice of whole groups that holds the phase before it has {real:,} real and {fake:,} fake images"
    )
