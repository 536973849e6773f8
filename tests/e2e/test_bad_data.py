"""Records that do not fit the schema stop the run at the gate, and nothing is pushed."""

import shutil

import tensorflow as tf

from data.record_folder import record_files


def _rewrite(source, target, change):
    """A copy of imported records, its training examples changed by `change(number, features)`."""
    shutil.copytree(source, target)
    for path in record_files(source, "train"):
        with tf.io.TFRecordWriter(str(target / path.relative_to(source)), "GZIP") as writer:
            records = tf.data.TFRecordDataset(str(path), compression_type="GZIP").as_numpy_iterator()
            for number, record in enumerate(records):
                example = tf.train.Example.FromString(record)
                change(number, example.features.feature)
                writer.write(example.SerializeToString())
    return target


def _break_labels(number, features):
    if number < 3:
        features["label"].int64_list.value[:] = [2]
    elif number < 5:
        del features["label"]


def test_the_gate_names_features_and_counts(home, first_run, run_tiny, tmp_path):
    models = home / "workspace/models/deepfake-inspector"
    before = sorted(models.iterdir())
    finished = run_tiny(_rewrite(home / "records", tmp_path / "bad", _break_labels))
    assert finished.code == 2
    assert "label, split train: unexpected values 2 in 3 of 84 images" in finished.err
    assert "label, split train: missing in 2 of 84 images" in finished.err
    assert "DataGate: failed" in finished.err
    assert "Transform" not in finished.err
    assert "Traceback" not in finished.err
    assert sorted(models.iterdir()) == before
