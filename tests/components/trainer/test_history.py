"""A history comes back from its file as it went in."""

import dataclasses
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.trainer.epochs import Epoch
from components.trainer.history import read_history, write_history

_ROW = Epoch("frozen", 1, 0.7, 0.5, 0.69, 0.55, 1e-3, 12.34, 56.7)
_NUMBER = st.floats(allow_nan=False)
_NAME = st.from_regex(r"[a-z0-9][a-z0-9-]*", fullmatch=True)


@given(st.lists(st.builds(Epoch, _NAME, st.integers(1, 999), *[_NUMBER] * 7), max_size=5))
def test_what_is_read_is_what_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    write_history(rows, path)
    assert read_history(path) == rows


def test_pandas_reads_the_same(tmp_path):
    rows = [_ROW, dataclasses.replace(_ROW, epoch=2, val_auc=1 / 3)]
    write_history(rows, tmp_path / "history.csv")
    table = pd.read_csv(tmp_path / "history.csv", engine="python")
    assert table.to_dict("records") == [dataclasses.asdict(row) for row in rows]


def test_an_undefined_value_stays_undefined(tmp_path):
    write_history([dataclasses.replace(_ROW, val_auc=math.nan)], tmp_path / "history.csv")
    (row,) = read_history(tmp_path / "history.csv")
    assert math.isnan(row.val_auc)
    assert row.val_loss == _ROW.val_loss


def test_an_earlier_file_is_replaced_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "history.csv"
    write_history([_ROW] * 3, path)
    write_history([_ROW], path)
    assert read_history(path) == [_ROW]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "", "received none"),
        (lambda text: text.replace("val_auc", "accuracy"), "received stage,epoch,loss,auc,val_loss,accuracy"),
        (lambda text: text.replace(",56.7", ""), "line 2: expected a value for each"),
        (lambda text: text.replace("0.69", "low"), "line 2: .*received frozen,1,0.7,0.5,low"),
    ],
)
def test_another_file_is_refused(tmp_path, damage, said):
    path = tmp_path / "history.csv"
    write_history([_ROW], path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(ValueError, match=said):
        read_history(path)
