"""What does the Evaluator cost beside Keras' plain `predict`, and does its memory stay flat?

    python benchmarks/evaluator.py WORKSPACE [--records 10000] [--batch-size 32]

WORKSPACE is that of a finished `deepfake-inspector run`. One with small images and a small backbone
(`--set model.image_size=64`) shows the overhead best: there the network is the smaller part. The records of its test
split are repeated until there are enough. On the very same records, `predict` reads, decodes, resizes and scores; the
Evaluator of TFX also measures, with all slices, intervals and bounds. Prints both wall times and their ratio, both
AUCs (the same but for rounding), and the resident memory over the Evaluator's run: its peak, and by how much the mean
of the last third lies above that of the second; the first third loads the model.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from sklearn.metrics import roc_auc_score
from tfx.components.evaluator.executor import Executor
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, artifact_utils, standard_artifacts
from tfx.utils import json_utils, path_utils, proto_utils

from components.evaluator.config import EXTRACTORS_MODULE, eval_config
from components.evaluator.results import read_metrics
from components.preprocessing import decode, normalise, resize
from components.settings import EvaluatorSettings
from components.trainer.assets import EXTRA_FOLDER, FACTS_FILE, load_detector
from data import example
from data.options import IN_MEMORY_RUNNER

_SECONDS_BETWEEN_READINGS = 0.2


class _Memory(threading.Thread):
    """Reads the resident memory, in MB, every so often."""

    def __init__(self):
        super().__init__(daemon=True)
        self.megabytes: list[float] = []
        self._stopped = threading.Event()

    def run(self) -> None:
        """Called in the thread."""
        while not self._stopped.wait(_SECONDS_BETWEEN_READINGS):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.megabytes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)

    def stop(self) -> None:
        """Ends the thread."""
        self._stopped.set()
        self.join()


def main() -> int:
    """Measures and prints; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--batch-size", type=int, default=32, help="of predict; TFMA chooses its own")
    arguments = parser.parse_args()
    model = max(arguments.workspace.glob("artifacts/Trainer/model/*"), key=lambda path: path.stat().st_mtime)
    saved_model = Path(path_utils.serving_model_path(str(model)))
    with tempfile.TemporaryDirectory() as scratch:
        records = Path(scratch) / "examples" / "Split-test" / "test-00000-of-00001.tfrecord.gz"
        labels = _repeat(arguments.workspace, arguments.records, records)

        start = time.perf_counter()
        scores = _predict(saved_model / EXTRA_FOLDER, records, arguments.records, arguments.batch_size)
        predicting = time.perf_counter() - start
        print(
            f"predict    {predicting:7.1f} s, {len(labels) / predicting:6.1f} records/s, AUC "
            f"{roc_auc_score(labels, scores):.6f}",
            flush=True,
        )

        memory = _Memory()
        memory.start()
        start = time.perf_counter()
        evaluation = _evaluate(model, records.parents[1], Path(scratch))
        evaluating = time.perf_counter() - start
        memory.stop()
        overall, *slices = read_metrics(evaluation)
    print(
        f"Evaluator  {evaluating:7.1f} s, {len(labels) / evaluating:6.1f} records/s, AUC {overall.auc:.6f}, "
        f"{len(slices)} slices"
    )
    print(f"ratio      {evaluating / predicting:.2f}")
    third = len(memory.megabytes) // 3
    earlier, later = (
        statistics.mean(part) for part in (memory.megabytes[third : 2 * third], memory.megabytes[-third:])
    )
    print(
        f"memory     peak {max(memory.megabytes):.0f} MB, last third over the one before {later / earlier - 1:+.1%}"
    )
    return 0


def _repeat(workspace: Path, count: int, path: Path) -> list[int]:
    """Writes so many records of the test split, from the start again where they end; their labels."""
    path.parent.mkdir(parents=True)
    newest = max(workspace.glob("artifacts/ImportExampleGen/examples/*"), key=lambda one: one.stat().st_mtime)
    files = [str(one) for one in newest.glob("Split-test/*")]
    found = list(tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator())
    labels = [example.decode(record).label for record in found]
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for record in itertools.islice(itertools.cycle(found), count):
            writer.write(record)
    return list(itertools.islice(itertools.cycle(labels), count))


def _predict(extra: Path, records: Path, count: int, batch_size: int) -> np.ndarray:
    size = json.loads((extra / FACTS_FILE).read_text())["input"]["size"]

    def pixels(serialized: tf.Tensor) -> tf.Tensor:
        features = tf.io.parse_single_example(
            serialized, {example.IMAGE_KEY: tf.io.FixedLenFeature([], tf.string)}
        )
        return normalise(resize(decode(features[example.IMAGE_KEY]), size))

    batches = (
        tf.data.TFRecordDataset(str(records), compression_type="GZIP")
        .map(pixels, tf.data.AUTOTUNE)
        .apply(tf.data.experimental.assert_cardinality(count))
        .batch(batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )
    return load_detector(extra).predict(batches, verbose=0)[:, 0]


def _evaluate(model: Path, examples: Path, scratch: Path) -> Path:
    """Runs TFX's Evaluator as a pipeline does; the folder of its `evaluation` artifact."""
    examples_artifact = _artifact(standard_artifacts.Examples, examples)
    examples_artifact.split_names = artifact_utils.encode_split_names(["test"])
    evaluation = _artifact(standard_artifacts.ModelEvaluation, scratch / "evaluation")
    blessing = _artifact(standard_artifacts.ModelBlessing, scratch / "blessing")
    Executor(
        BaseBeamExecutor.Context(
            beam_pipeline_args=[IN_MEMORY_RUNNER, "--direct_running_mode=in_memory", "--direct_num_workers=1"]
        )
    ).Do(
        {"examples": [examples_artifact], "model": [_artifact(standard_artifacts.Model, model)]},
        {"evaluation": [evaluation], "blessing": [blessing]},
        {
            "eval_config": proto_utils.proto_to_json(eval_config(EvaluatorSettings())),
            "example_splits": json_utils.dumps(["test"]),
            "module_path": EXTRACTORS_MODULE,
        },
    )
    return Path(evaluation.uri)


def _artifact(kind: type[Artifact], folder: Path) -> Artifact:
    artifact = kind()
    artifact.uri = str(folder)
    return artifact


if __name__ == "__main__":
    sys.exit(main())
