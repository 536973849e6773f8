"""Which directories are versions, and when a copy has finished."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.errors import BadInputError
from serving.versions.base_path import check_base_path, find_versions, is_settled, snapshot
from serving.versions.policy import latest


def test_only_names_that_are_int64_are_versions(tmp_path):
    names = [
        "00000123",
        "7",
        "-1",
        "tmp",
        "8.part",
        "v9",
        "1_0",
        "+4",
        " 5",
        "9" * 19,
        "9223372036854775807",
        ".6",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / "11").write_text("a file is no version")

    found = find_versions(tmp_path)

    assert {number: path.name for number, path in found.items()} == {
        123: "00000123",
        7: "7",
        -1: "-1",
        2**63 - 1: "9223372036854775807",
    }


@given(st.lists(st.integers()), st.integers(1, 4))
def test_latest_takes_the_highest(versions, count):
    chosen = latest(count)(sorted(set(versions)))

    assert len(chosen) == min(count, len(set(versions)))
    assert all(number <= min(chosen) for number in set(versions) - chosen)


def test_a_version_without_its_graph_has_no_snapshot(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "variables.index").write_text("x")
    assert snapshot(tmp_path) is None
    assert snapshot(tmp_path / "gone") is None

    (tmp_path / "saved_model.pb").write_text("x")
    assert snapshot(tmp_path) is not None


def test_a_copy_is_settled_when_it_stopped_changing(tmp_path):
    graph = tmp_path / "saved_model.pb"
    graph.write_text("half")
    first = snapshot(tmp_path)
    assert not is_settled(first, None)

    graph.write_text("half and more")
    second = snapshot(tmp_path)
    assert not is_settled(second, first)
    assert is_settled(snapshot(tmp_path), second)


def test_an_old_directory_is_settled_at_first_sight(tmp_path):
    (tmp_path / "saved_model.pb").write_text("x")
    long_ago = time.time() - 60
    os.utime(tmp_path / "saved_model.pb", (long_ago, long_ago))

    assert is_settled(snapshot(tmp_path), None)


def test_base_paths_that_cannot_be_one(tmp_path):
    with pytest.raises(BadInputError, match=r"does not exist: run the pipeline first"):
        check_base_path(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInputError, match=r"received the file"):
        check_base_path(tmp_path / "file")
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "saved_model.pb").write_text("x")
    with pytest.raises(BadInputError, match=r"received a SavedModel: .*give its parent folder"):
        check_base_path(tmp_path / "1")
    assert check_base_path(str(tmp_path)) == tmp_path
