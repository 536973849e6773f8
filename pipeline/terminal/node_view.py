"""The live view of a run: which node runs, how long each took, what came from cache."""

import time

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from pipeline.node_events import NodeEvent, NodeState

_MARKS = {
    NodeState.WAITING: Text("·", "dim"),
    NodeState.CACHED: Text("=", "cyan"),
    NodeState.DONE: Text("✓", "green"),
}
_FAILED = Text("✗", "bold red")


class NodeView:
    """A context manager that shows the events it is called with.

    On a terminal it is one table that changes; elsewhere one line for each node that ended, and one for each word
    of progress that is not passing.
    """

    def __init__(self, console: Console):
        """Shows nothing yet.

        Args:
            console: where to.
        """
        self._console = console
        self._live: Live | None = None
        self._states: dict[str, NodeState] = {}
        self._notes: dict[str, str] = {}
        self._started: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._failed: str | None = None
        self._spinner = Spinner("dots", style="yellow")

    @property
    def running(self) -> str | None:
        """The node that runs now, or that ran when the run raised."""
        return next((node for node, state in self._states.items() if state is NodeState.RUNNING), None)

    def __enter__(self) -> "NodeView":
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=8)
            self._live.start()
        return self

    def __exit__(self, kind, error, traceback) -> None:
        if error is not None and (node := self.running):
            self._failed = node
            self._end(node)
            # What is no Exception was asked for: Ctrl-C or SIGTERM.
            ended = "failed" if issubclass(kind, Exception) else "stopped"
            self._line(f"{node}: {ended} after {self._seconds[node]:.1f} s")
        if self._live:
            self._live.stop()

    def __call__(self, event: NodeEvent) -> None:
        """Takes in one event."""
        self._states[event.node] = event.state
        if event.progress:
            self._notes[event.node] = event.progress
            if not event.passing:
                self._line(f"{event.node}: {event.progress}")
        elif event.state is NodeState.RUNNING:
            self._started[event.node] = time.monotonic()
        elif event.state in (NodeState.CACHED, NodeState.DONE):
            self._end(event.node)
            self._notes.pop(event.node, None)
            self._line(f"{event.node}: {event.state.value}, {self._seconds[event.node]:.1f} s")

    def __rich__(self) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column()
        table.add_column(justify="right", min_width=8)
        table.add_column()
        for node, state in self._states.items():
            if state is NodeState.RUNNING:
                mark = _FAILED if node == self._failed else self._spinner
            else:
                mark = _MARKS[state]
            style = "dim" if state is NodeState.WAITING else ""
            note = "from cache" if state is NodeState.CACHED else self._notes.get(node, "")
            table.add_row(mark, Text(node, style), self._time(node), Text(note, "dim"))
        return table

    def _time(self, node: str) -> str:
        if node not in self._started:
            return ""
        seconds = self._seconds.get(node, time.monotonic() - self._started[node])
        return f"{seconds:.1f} s" if seconds < 100 else f"{seconds // 60:.0f}:{seconds % 60:02.0f} min"

    def _end(self, node: str) -> None:
        self._seconds[node] = time.monotonic() - self._started[node]

    def _line(self, text: str) -> None:
        if self._live is None:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
