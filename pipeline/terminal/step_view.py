"""Progress of the steps of an import or a drawing: a bar on a terminal, a line a step elsewhere."""

import contextlib
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from data.progress import Progress as Callback

_DESCRIPTIONS = {
    "draw": "drawing faces",
    "inspect": "checking images",
    "group": "grouping near copies",
    "write": "writing records",
    "copy": "copying records",
    "read": "reading images to edit",
    "make": "making images",
    "audit": "auditing pairs",
}


@contextlib.contextmanager
def step_view(console: Console) -> Iterator[Callback]:
    """Yields the callback `(step, done, total)` that `data` calls; shows what it tells.

    Args:
        console: where to.
    """
    if not console.is_terminal:
        told: set[str] = set()

        def tell(step: str, done: int, total: int) -> None:
            if done >= total and step not in told:
                told.add(step)
                console.print(f"{_DESCRIPTIONS.get(step, step)}: {total}", highlight=False)

        yield tell
        return
    columns = (
        *(TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn()),
        *(TimeElapsedColumn(), TextColumn("[progress.remaining]left"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(_DESCRIPTIONS.get(step, step), total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show
