"""Outside the DAG a model is measured as the Evaluator measures it, over any record files."""

import pytest
import tensorflow as tf
import tensorflow_model_analysis as tfma

from components.evaluator.blessing import read_blessing
from components.evaluator.results import read_metrics
from components.evaluator.running import measure
from components.settings import Bound, EvaluatorSettings
from data import example


def test_the_metrics_are_those_of_the_evaluator_and_no_verdict_is_passed(
    exported, held_out, evaluate, tmp_path
):
    for number, part in enumerate((held_out[:25], held_out[25:]), start=1):
        folder = tmp_path / "records" / f"span-{number}"
        folder.mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / "test-00000-of-00001.tfrecord.gz"), "GZIP") as writer:
            for one in part:
                writer.write(example.encode(one))
    # Bounds that no model reaches.
    settings = EvaluatorSettings(thresholds=(0.3, 0.7), bounds=(Bound(metric="auc", at_least=1.0),))
    found = measure(
        exported.folder, str(tmp_path / "records/span-*/*.tfrecord.gz"), tmp_path / "evaluation", settings
    )
    expected = evaluate(settings, held_out, exported)
    # The ends of the bootstrap depend on the order of the images, which Beam does not promise.
    mine = {one.name: one for one in found}
    for theirs in read_metrics(expected.folder):
        own = mine[theirs.name]
        assert (own.at_tau, own.at_thresholds) == (theirs.at_tau, theirs.at_thresholds)
        for name in ("auc", "average_precision", "log_loss", "brier", "expected_calibration_error"):
            assert getattr(own, name) == pytest.approx(getattr(theirs, name), abs=1e-6)
    assert {"overall", "source=a", "source=b"} <= set(mine)
    assert found[0].at_tau.real + found[0].at_tau.fake == len(held_out)
    assert not read_blessing(expected.folder).blessed
    assert not tfma.load_validation_result(str(tmp_path / "evaluation")).metric_validations_per_slice
