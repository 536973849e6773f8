"""How far `predict` has come: a bar on a terminal, and lines that do not run into it."""

import contextlib
import sys
from collections.abc import Iterator

import click


class PredictView:
    """Prints lines; on a terminal, above a bar."""

    def __init__(self, bars=None, task=None):
        """Without arguments there is no bar."""
        self._bars, self._task = bars, task

    def advance(self) -> None:
        """One more file is done."""
        if self._bars:
            self._bars.update(self._task, advance=1, note="")

    def note(self, text: str) -> None:
        """What is going on within a file."""
        if self._bars:
            self._bars.update(self._task, note=text)

    def answer(self, line: str) -> None:
        """A line for standard output."""
        if self._bars and sys.stdout.isatty():
            self._above(line)
        else:
            # As bytes, since the name of a file may be no text; other programs get it as it is.
            click.echo(line.encode("utf-8", "surrogateescape"))

    def remark(self, line: str) -> None:
        """A line for standard error."""
        if self._bars:
            self._above(line)
        else:
            click.echo(_printable(line), err=True)

    def _above(self, line: str) -> None:
        self._bars.console.print(_printable(line), markup=False, highlight=False, emoji=False, soft_wrap=True)


@contextlib.contextmanager
def predict_view(total: int, shown: bool) -> Iterator[PredictView]:
    """Gives the view.

    Args:
        total: number of files.
        shown: whether there is a bar, if standard error is a terminal.
    """
    if not (shown and sys.stderr.isatty()):
        yield PredictView()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("asking"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    # Standard output stays what it is: it may be a file.
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:
        yield PredictView(bars, bars.add_task("", total=total, note=""))


def _printable(line: str) -> str:
    return line.encode("utf-8", "backslashreplace").decode()
