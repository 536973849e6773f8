"""What the candidate is held against where there is no ML Metadata."""

import json
from pathlib import Path

import pytest
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.latest_pushed import LatestPushed, has_model, newest_other


def model(folder, weights, calibrated_from=None):
    """A folder as a model is pushed, as far as is looked at."""
    extra = folder / "assets.extra"
    extra.mkdir(parents=True)
    (extra / "detector.keras").write_text(weights)
    (extra / "detector.json").write_text(
        json.dumps({"calibrated_from": calibrated_from} if calibrated_from else {})
    )
    (folder / "saved_model.pb").write_text("graph")
    return folder


def newest(tmp_path, versions, candidate="candidate"):
    """The number of the version that is found, as text."""
    for number, description in versions.items():
        model(tmp_path / "models" / str(number), *description)
    other = model(tmp_path / "candidate", candidate)
    found = newest_other(str(tmp_path / "models"), str(other))
    return found and Path(found).name


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param({}, None, id="the first run"),
        pytest.param({7: ["a"]}, "7", id="one"),
        pytest.param({9: ["a"], 10: ["b"]}, "10", id="by number, not by name"),
        pytest.param({7: ["candidate"]}, None, id="the candidate itself alone"),
        pytest.param({7: ["a"], 8: ["candidate"]}, "7", id="the candidate itself, from cache"),
        pytest.param({7: ["a"], 8: ["a", "7"]}, "7", id="calibrated anew"),
        pytest.param({8: ["a", "7"]}, "8", id="calibrated anew from a version that is gone"),
        pytest.param({7: ["candidate"], 8: ["candidate", "7"]}, None, id="the candidate calibrated anew"),
    ],
)
def test_the_newest_other_pushed_version_is_the_baseline(tmp_path, versions, expected):
    assert newest(tmp_path, versions) == expected


def test_what_is_no_whole_version_is_passed_over(tmp_path):
    model(tmp_path / "models" / "9.partial", "b")
    half = model(tmp_path / "models" / "9", "b")
    (half / "saved_model.pb").unlink()
    assert newest(tmp_path, {7: ["a"]}) == "7"


def test_a_pushed_model_from_elsewhere_is_one_to_be_held_against(tmp_path):
    (tmp_path / "models/5").mkdir(parents=True)
    (tmp_path / "models/5/saved_model.pb").write_text("graph")
    assert newest(tmp_path, {}) == "5"


def run(tmp_path, push_to):
    """Runs the component as a container does; the URI of what comes out."""
    candidate, baseline = standard_artifacts.Model(), standard_artifacts.Model()
    candidate.uri, baseline.uri = str(tmp_path / "trained"), str(tmp_path / "baseline")
    model(Path(path_utils.serving_model_dir(candidate.uri)), "new")
    node = LatestPushed.EXECUTOR_SPEC.executor_class()
    node.Do({"candidate": [candidate]}, {"model": [baseline]}, {"push_to": push_to})
    return baseline.uri


def test_the_component_copies_the_whole_version_as_a_model_artifact(tmp_path):
    pushed = model(tmp_path / "models" / "7", "old")
    copy = Path(path_utils.serving_model_path(run(tmp_path, str(tmp_path / "models"))))
    assert {path.relative_to(copy) for path in copy.rglob("*")} == {
        path.relative_to(pushed) for path in pushed.rglob("*")
    }
    assert (copy / "assets.extra/detector.keras").read_text() == "old"


def test_with_nothing_pushed_the_output_holds_no_model(tmp_path):
    assert not has_model(run(tmp_path, str(tmp_path / "models")))


def test_any_file_system_that_tfx_knows_will_do(tmp_path):
    # Beam's and TensorFlow's, of which the latter has one in memory.
    import tensorflow as tf

    base = "ram://pushed/models"
    for path in model(tmp_path / "7", "old").rglob("*"):
        if path.is_file():
            there = f"{base}/7/{path.relative_to(tmp_path / '7')}"
            tf.io.gfile.makedirs(there.rpartition("/")[0])
            tf.io.gfile.copy(str(path), there)
    copy = Path(path_utils.serving_model_path(run(tmp_path, base)))
    assert (copy / "assets.extra/detector.keras").read_text() == "old"
