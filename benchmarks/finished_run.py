"""What a finished `deepfake-inspector run` left in its workspace, for the benchmarks that train on it."""

import atexit
import json
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

from components.settings import TrainerSettings
from components.trainer.assets import FACTS_FILE
from components.trainer.dataset import TransformedSplit
from components.trainer.hardware import choose_hardware
from components.trainer.model import Detector, build_detector


class FinishedRun:
    """The newest training of a workspace."""

    def __init__(self, workspace: Path):
        """Reads its settings.

        Args:
            workspace: of the run.

        Raises:
            SystemExit: when there is no finished run in it.
        """
        facts = sorted(
            workspace.glob(f"artifacts/Trainer/model/*/Format-Serving/assets.extra/{FACTS_FILE}"), key=_age
        )
        if not facts:
            raise SystemExit(
                f"Expected the workspace of a finished run, found no trained model in '{workspace}'."
            )
        self.settings = TrainerSettings.model_validate(json.loads(facts[-1].read_text())["settings"])
        self.hardware = choose_hardware(self.settings.training.hardware)
        """What the benchmark runs on."""
        self._scratch = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, self._scratch)
        self._examples = max(workspace.glob("artifacts/Transform/transformed_examples/*"), key=_age)

    def detector(self) -> Detector:
        """An untrained one, built as the run built its own."""
        with self.hardware.building():
            return build_detector(self.settings.model, self.settings.training.seed)

    def split(self, name: str, images: int | None = None) -> TransformedSplit:
        """The transformed images of a split: all, or the first so many."""
        files = [str(path) for path in self._examples.glob(f"Split-{name}/*")]
        if images is not None:
            records = tf.data.TFRecordDataset(files, compression_type="GZIP").take(images)
            files = [str(self._scratch / f"{name}-{images}.gz")]
            with tf.io.TFRecordWriter(files[0], "GZIP") as writer:
                for record in records.as_numpy_iterator():
                    writer.write(record)
        return TransformedSplit(files, self.settings.model.input_size, self.settings.training.batch_size)


def _age(path: Path) -> float:
    return path.stat().st_mtime
