"""The history of a training as a picture: loss, AUC and learning rate over the epochs, with the stages marked."""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import blended_transform_factory

from components.atomic_file import replacing
from components.trainer.epochs import Epoch

# Of the palette of Okabe and Ito, which the colour-blind can tell apart; print tells them apart by their dashes.
_TRAIN = {"color": "#0072b2", "linestyle": (0, (4, 2)), "linewidth": 1.4}
_VALIDATION = {"color": "#d55e00", "linestyle": "-", "linewidth": 1.8}
_RATE = {"color": "#333333", "linewidth": 1.6}
_BANDS = ("#f1f1f1", "#ffffff")
_MOST_DOTS = 60
_DOTS_PER_INCH = 120
_LABEL_POINTS = 9.0


@dataclasses.dataclass(frozen=True)
class _Stage:
    """The rows of one stage, and the number of its first epoch through all stages."""

    name: str
    first: int
    rows: list[Epoch]

    @property
    def epochs(self) -> list[int]:
        return list(range(self.first, self.first + len(self.rows)))

    @property
    def left(self) -> float:
        return self.first - 0.5

    @property
    def right(self) -> float:
        return self.left + len(self.rows)


def plot_history(rows: Sequence[Epoch], path: Path, title: str) -> None:
    """Writes the picture that `draw_history` draws.

    Args:
        rows: at least one, in the order in which they were trained.
        path: of the PNG file; it is there whole or not at all.
        title: of the picture.

    Raises:
        ValueError: when there are no rows.
    """
    figure = draw_history(rows, title)
    with replacing(path) as partial:
        figure.savefig(partial, dpi=_DOTS_PER_INCH)


def draw_history(rows: Sequence[Epoch], title: str) -> Figure:
    """Draws three panels over one axis of epochs: loss, AUC and learning rate.

    A ring marks the best epoch of each stage on the validation split: the lowest loss, the highest AUC.

    Args:
        rows: at least one, in the order in which they were trained; values that are not finite are left out.
        title: of the picture.

    Raises:
        ValueError: when there are no rows.
    """
    if not rows:
        raise ValueError("expected at least one epoch to draw, received none")
    stages = _stages(rows)
    # No pyplot: its current figure belongs to the whole process.
    figure = Figure(figsize=(8.5, 7.0), dpi=_DOTS_PER_INCH, layout="constrained")
    loss, auc, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 2))
    for panel in (loss, auc, rate):
        _draw_stages(panel, stages)
    _draw_pair(loss, "loss", stages, min)
    _draw_pair(auc, "auc", stages, max)
    _draw_rate(rate, stages)
    loss.set_ylabel("loss (cross-entropy)")
    auc.set_ylabel("AUC")
    rate.set_ylabel("learning rate")
    rate.set_xlabel("epoch, through all stages  (ring: best of its stage on the validation split)")
    rate.set_xlim(stages[0].left, stages[-1].right)
    rate.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True, min_n_ticks=1))
    figure.align_ylabels()
    figure.suptitle(title, x=0.01, ha="left", fontsize="large")
    # Only a figure that was laid out knows how far apart things are.
    figure.draw_without_rendering()
    _label_ends(loss, rows, "loss")
    _label_ends(auc, rows, "auc")
    _name_stages(loss, stages)
    return figure


def _stages(rows: Sequence[Epoch]) -> list[_Stage]:
    stages, first = [], 1
    for name, group in itertools.groupby(rows, key=lambda row: row.stage):
        stages.append(_Stage(name, first, list(group)))
        first += len(stages[-1].rows)
    return stages


def _draw_pair(panel: Axes, value: str, stages: list[_Stage], better: Callable) -> None:
    """One value on the training and on the validation split; the lines break where a stage goes on from the best."""
    dots = sum(len(stage.rows) for stage in stages) <= _MOST_DOTS
    for stage in stages:
        for name, style in ((value, _TRAIN), (f"val_{value}", _VALIDATION)):
            values = [getattr(row, name) for row in stage.rows]
            marker = "o" if dots or len(values) == 1 else None
            panel.plot(stage.epochs, values, marker=marker, markersize=3, **style)
        known = [(epoch, y) for epoch, y in zip(stage.epochs, values, strict=True) if math.isfinite(y)]
        if known:
            best = better(known, key=lambda point: point[1])
            panel.plot(*best, marker="o", markersize=9, fillstyle="none", color=_VALIDATION["color"])
    panel.margins(y=0.12)


def _label_ends(panel: Axes, rows: Sequence[Epoch], value: str) -> None:
    """Writes the names of the two lines to the right of where they end, never on one another."""
    labels = []
    for name, column, style in (("train", value, _TRAIN), ("validation", f"val_{value}", _VALIDATION)):
        if known := [y for row in rows if math.isfinite(y := getattr(row, column))]:
            labels.append(
                panel.annotate(
                    name,
                    (1.0, known[-1]),
                    xycoords=blended_transform_factory(panel.transAxes, panel.transData),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=_LABEL_POINTS,
                    color=style["color"],
                    annotation_clip=False,
                )
            )
    if len(labels) == 2:
        _push_apart(*sorted(labels, key=lambda label: label.xy[1]))


def _push_apart(lower: Text, upper: Text) -> None:
    # One pixel stays between them.
    pixels = lower.get_window_extent().y1 + 1 - upper.get_window_extent().y0
    if pixels > 0:
        points = pixels * 72 / lower.figure.dpi
        lower.set_y(-points / 2)
        upper.set_y(points / 2)


def _draw_rate(panel: Axes, stages: list[_Stage]) -> None:
    """The learning rate each epoch began with, as a step as wide as the epoch."""
    for stage in stages:
        edges = [epoch - 0.5 for epoch in (*stage.epochs, stage.epochs[-1] + 1)]
        panel.stairs([row.learning_rate for row in stage.rows], edges, baseline=None, **_RATE)
    panel.set_yscale("log")
    panel.margins(y=0.15)


def _draw_stages(panel: Axes, stages: list[_Stage]) -> None:
    for number, stage in enumerate(stages):
        panel.axvspan(stage.left, stage.right, color=_BANDS[number % 2], linewidth=0, zorder=0)
    for stage in stages[1:]:
        panel.axvline(stage.left, color="#999999", linewidth=0.8, zorder=1)
    panel.spines[["top", "right"]].set_visible(False)


def _name_stages(panel: Axes, stages: list[_Stage]) -> None:
    """Writes the names over the middle of the stages, and a row higher where they would touch."""
    names = [
        panel.annotate(
            stage.name,
            ((stage.left + stage.right) / 2, 1.0),
            xycoords=blended_transform_factory(panel.transData, panel.transAxes),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=_LABEL_POINTS,
            fontweight="bold",
            annotation_clip=False,
        )
        for stage in stages
    ]
    panel.figure.draw_without_rendering()
    ends: list[float] = []
    for name in names:
        _raise_to_a_free_row(name, ends)


def _raise_to_a_free_row(name: Text, ends: list[float]) -> None:
    """Takes the lowest row of names in which nothing is in the way; `ends` holds where each row ends."""
    extent = name.get_window_extent()
    row = next((number for number, end in enumerate(ends) if end < extent.x0), len(ends))
    # A little more, as words need a space between them.
    ends[row : row + 1] = [extent.x1 + _LABEL_POINTS]
    name.set_y(4 + row * _LABEL_POINTS * 1.3)
