"""The picture of a history shows what it should, where it should, and nothing lies on anything else."""

import dataclasses
import itertools
import math
import sys

import numpy as np
import pytest
from PIL import Image

from components.trainer.epochs import Epoch
from components.trainer.history_plot import draw_history, plot_history


def _rows(**stages: int) -> list[Epoch]:
    """Stages of so many epochs; the validation is best after three quarters of each."""
    rows, learning_rate = [], 1e-3
    for stage, epochs in stages.items():
        for epoch in range(1, epochs + 1):
            done = len(rows)
            away = abs(epoch - math.ceil(0.75 * epochs)) / 20
            rows.append(
                Epoch(
                    stage.replace("_", "-"),
                    epoch,
                    loss=0.7 * 0.98**done,
                    auc=1 - 0.4 * 0.98**done,
                    val_loss=0.8 * 0.985**done + away,
                    val_auc=1 - 0.45 * 0.985**done - away / 3,
                    learning_rate=learning_rate,
                    seconds=2.0,
                    images_per_second=20.0,
                )
            )
        learning_rate /= 10
    return rows


_HISTORIES = {
    "one epoch": _rows(frozen=1),
    "as configured": _rows(frozen=8, last_40=2, all=16),
    "long": _rows(frozen=50, last=50, all=50),
    "narrow stages": _rows(frozen=20, the_last_forty_layers=1, from_block_6_on=1, all=1),
    "lines that meet": [dataclasses.replace(row, val_auc=row.auc) for row in _rows(frozen=3, all=3)],
}


@pytest.fixture(params=_HISTORIES.values(), ids=_HISTORIES)
def history(request):
    """The rows of one training."""
    return request.param


def _rings(panel) -> list[tuple[float, float]]:
    return [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in panel.lines if line.get_fillstyle() == "none"
    ]


def test_every_epoch_is_drawn_in_its_place(history):
    loss, auc, rate = draw_history(history, "test AUC 0.9").axes
    for panel, train, validation in ((loss, "loss", "val_loss"), (auc, "auc", "val_auc")):
        points = {
            tuple(point)
            for line in panel.lines
            if line.get_fillstyle() != "none" and line.get_transform() == panel.transData
            for point in line.get_xydata()
        }
        assert points == {
            (number, getattr(row, name))
            for number, row in enumerate(history, start=1)
            for name in (train, validation)
        }
    heights = np.concatenate(
        [patch.get_data().values for patch in rate.patches if hasattr(patch, "get_data")]
    )
    assert heights.tolist() == [row.learning_rate for row in history]
    assert rate.get_yscale() == "log"


def test_a_ring_marks_the_best_epoch_of_each_stage():
    rows = _rows(frozen=8, last=2, all=16)
    loss, auc, _ = draw_history(rows, "").axes
    best = [6, 8 + 2, 10 + 12]
    assert _rings(loss) == [(epoch, rows[epoch - 1].val_loss) for epoch in best]
    assert _rings(auc) == [(epoch, rows[epoch - 1].val_auc) for epoch in best]


def test_the_panels_share_the_epochs_and_begin_and_end_with_them(history):
    figure = draw_history(history, "")
    assert {panel.get_xlim() for panel in figure.axes} == {(0.5, len(history) + 0.5)}


def test_words_are_all_there_inside_the_picture_and_apart(history):
    figure = draw_history(history, "test AUC 0.9")
    figure.draw_without_rendering()
    loss, auc, rate = figure.axes
    texts = [*loss.texts, *auc.texts, figure._suptitle]
    stages = list(dict.fromkeys(row.stage for row in history))
    assert [text.get_text() for text in texts] == [
        *("train", "validation"),
        *stages,
        *("train", "validation"),
        "test AUC 0.9",
    ]
    extents = {text: text.get_window_extent() for text in (*texts, rate.xaxis.label)}
    width, height = figure.bbox.size
    for text, extent in extents.items():
        inside = extent.x0 >= 0 and extent.y0 >= 0 and extent.x1 <= width and extent.y1 <= height
        assert inside, text
    for (one, here), (other, there) in itertools.combinations(extents.items(), 2):
        assert not here.overlaps(there), (one, other)


def test_a_value_that_is_undefined_leaves_a_gap(tmp_path):
    rows = [dataclasses.replace(row, val_auc=math.nan) for row in _rows(frozen=3, all=2)]
    figure = draw_history(rows, "")
    assert _rings(figure.axes[1]) == []
    assert [text.get_text() for text in figure.axes[1].texts] == ["train"]
    rows[1] = dataclasses.replace(rows[1], val_auc=0.6)
    assert _rings(draw_history(rows, "").axes[1]) == [(2, 0.6)]


def test_the_picture_is_a_png_in_the_colours_of_both_splits(tmp_path):
    path = tmp_path / "history.png"
    path.write_text("an older picture")
    plot_history(_rows(frozen=4, all=4), path, "test AUC 0.9")
    assert list(tmp_path.iterdir()) == [path]
    picture = Image.open(path)
    assert picture.format == "PNG"
    colours = {tuple(pixel) for pixel in np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)}
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)} <= colours


def test_figures_of_others_are_left_alone(tmp_path):
    pyplot = sys.modules.get("matplotlib.pyplot")
    before = pyplot.get_fignums() if pyplot else None
    plot_history(_rows(frozen=2), tmp_path / "history.png", "")
    assert sys.modules.get("matplotlib.pyplot") is pyplot
    assert pyplot is None or pyplot.get_fignums() == before


def test_no_epoch_at_all_is_refused(tmp_path):
    with pytest.raises(ValueError, match="at least one epoch"):
        plot_history([], tmp_path / "history.png", "")
    assert list(tmp_path.iterdir()) == []
