"""The view of a run: a table that changes on a terminal, lines that are worth keeping elsewhere."""

import io

import pytest
from rich.console import Console

from pipeline.node_events import NodeEvent, NodeState
from pipeline.terminal.node_view import NodeView

_EVENTS = (
    NodeEvent("Trainer", NodeState.WAITING),
    NodeEvent("Trainer", NodeState.RUNNING),
    NodeEvent("Trainer", NodeState.RUNNING, "epoch 1 of 2: 12 of 24 steps", passing=True),
    NodeEvent("Trainer", NodeState.RUNNING, "epoch 1 of 2: val_auc 0.912"),
    NodeEvent("Trainer", NodeState.RUNNING, "epoch 2 of 2: 7 of 24 steps", passing=True),
)


def test_off_a_terminal_only_what_lasts_is_a_line():
    out = io.StringIO()
    with NodeView(Console(file=out, width=200)) as view:
        for event in _EVENTS:
            view(event)
        view(NodeEvent("Trainer", NodeState.DONE))
    first, second = out.getvalue().splitlines()
    assert first == "Trainer: epoch 1 of 2: val_auc 0.912"
    assert second.startswith("Trainer: done, ")


@pytest.mark.parametrize(
    ("events", "note"),
    [
        (3, "epoch 1 of 2: 12 of 24 steps"),
        (4, "epoch 1 of 2: val_auc 0.912"),
        (5, "epoch 2 of 2: 7 of 24 steps"),
    ],
)
def test_on_a_terminal_the_last_word_stands_beside_its_node(events, note):
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    with NodeView(console) as view:
        for event in _EVENTS[:events]:
            view(event)
        out = Console(file=io.StringIO(), width=200)
        out.print(view)
    (line,) = out.file.getvalue().splitlines()
    assert "Trainer" in line
    assert line.rstrip().endswith(note)


def test_the_terminal_shows_passing_words_while_they_are_true():
    screen = io.StringIO()
    with NodeView(Console(file=screen, width=200, force_terminal=True)) as view:
        for event in _EVENTS[:3]:
            view(event)
        view._live.refresh()
        assert "12 of 24 steps" in screen.getvalue()
        view(NodeEvent("Trainer", NodeState.DONE))
        before = len(screen.getvalue())
        view._live.refresh()
        assert "steps" not in screen.getvalue()[before:]
