"""What TensorBoard reads is what was told."""

import contextlib
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

from components.trainer.epochs import Epoch
from components.trainer.tensorboard import TensorBoardLog


def _row(stage: str, epoch: int, loss: float = 0.5) -> Epoch:
    return Epoch(stage, epoch, loss, 0.75, loss + 0.25, 0.625, 0.125, 3.0, 20.5)


class _Read:
    """The event files of a folder, read by TensorBoard's own code."""

    def __init__(self, folder):
        self._events = EventMultiplexer(size_guidance={"tensors": 0})
        self._events.AddRunsFromDirectory(str(folder)).Reload()
        self.tags = {run: set(tags["tensors"]) for run, tags in self._events.Runs().items()}

    def tensors(self, run, tag):
        return [(event.step, tf.make_ndarray(event.tensor_proto)) for event in self._events.Tensors(run, tag)]

    def scalars(self, run, tag):
        return {step: float(value) for step, value in self.tensors(run, tag)}

    def plugin(self, run, tag):
        return self._events.SummaryMetadata(run, tag).plugin_data.plugin_name


def _log(folder):
    return contextlib.closing(TensorBoardLog(folder))


def test_train_and_validation_share_their_charts(tmp_path):
    with _log(tmp_path) as log:
        log.epoch(_row("frozen", 1, loss=0.5), 1)
        log.epoch(_row("frozen", 2, loss=0.25), 2)
    read = _Read(tmp_path)
    assert read.tags["train"] == {"loss", "auc", "learning_rate", "images_per_second"}
    assert read.tags["validation"] == {"loss", "auc"}
    assert read.scalars("train", "loss") == {1: 0.5, 2: 0.25}
    assert read.scalars("validation", "loss") == {1: 0.75, 2: 0.5}
    assert read.scalars("train", "auc") == {1: 0.75, 2: 0.75}
    assert read.scalars("validation", "auc") == {1: 0.625, 2: 0.625}
    assert read.scalars("train", "learning_rate") == {1: 0.125, 2: 0.125}
    assert read.scalars("train", "images_per_second") == {1: 20.5, 2: 20.5}
    assert read.plugin("train", "loss") == "scalars"


def test_each_stage_is_marked_from_where_it_begins_to_where_it_ends(tmp_path):
    # Each stage opens the log anew, and one of them was killed and resumed.
    with _log(tmp_path) as log:
        log.stage("last-40", 0, '{\n  "epochs": 2\n}')
        log.epoch(_row("last-40", 1), 1)
    with _log(tmp_path) as log:
        log.epoch(_row("last-40", 2), 2)
    with _log(tmp_path) as log:
        log.stage("40", 2, "{}")
        log.epoch(_row("40", 1), 3)
    read = _Read(tmp_path)
    assert set(read.tags) == {"train", "validation", "stages/1-last-40", "stages/2-40"}
    assert read.scalars("stages/1-last-40", "stage") == {0: 1.0, 1: 1.0, 2: 1.0}
    assert read.scalars("stages/2-40", "stage") == {2: 2.0, 3: 2.0}
    assert read.scalars("train", "loss") == {1: 0.5, 2: 0.5, 3: 0.5}


def test_the_settings_of_a_stage_are_shown_as_they_are(tmp_path):
    with _log(tmp_path) as log:
        log.stage("all", 4, '{\n  "learning_rate": 1e-5\n}')
    read = _Read(tmp_path)
    assert read.plugin("stages/1-all", "settings") == "text"
    ((step, text),) = read.tensors("stages/1-all", "settings")
    assert step == 4
    assert text.item().decode().splitlines() == ["    {", '      "learning_rate": 1e-5', "    }"]


def test_samples_become_one_picture(tmp_path):
    images = np.linspace(0, 1, 5 * 4 * 6 * 3, dtype=np.float32).reshape(5, 4, 6, 3)
    with _log(tmp_path) as log:
        log.samples("all", images, 2)
    read = _Read(tmp_path)
    assert read.plugin("stages/1-all", "augmented_samples") == "images"
    ((step, (_, _, encoded)),) = read.tensors("stages/1-all", "augmented_samples")
    assert step == 2
    picture = np.asarray(Image.open(io.BytesIO(encoded)))
    # Two rows of three, two pixels between them, and one place free.
    assert picture.shape == (4 + 2 + 4, 6 + 2 + 6 + 2 + 6, 3)
    places = [picture[y : y + 4, x : x + 6] for y in (0, 6) for x in (0, 8, 16)]
    np.testing.assert_allclose(np.stack(places[:5]), images * 255, atol=1)
    assert (places[5] == 255).all()
    assert (picture[4:6] == 255).all()


@pytest.mark.parametrize(("given", "shown"), [(1, (1, 1)), (2, (1, 2)), (12, (3, 4)), (40, (4, 4))])
def test_a_batch_of_any_size_fits(tmp_path, given, shown):
    with _log(tmp_path) as log:
        log.samples("all", np.zeros((given, 8, 8, 3), np.float32), 0)
    ((_, (width, height, _)),) = _Read(tmp_path).tensors("stages/1-all", "augmented_samples")
    assert (int(height) + 2, int(width) + 2) == (shown[0] * 10, shown[1] * 10)


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((8, 8, 3), np.float32), "shape"),
        (np.zeros((2, 8, 8, 1), np.float32), "shape"),
        (np.zeros((0, 8, 8, 3), np.float32), "shape"),
        (np.full((2, 8, 8, 3), 255.0, np.float32), "from 255.0 to 255.0"),
        (np.full((2, 8, 8, 3), np.nan, np.float32), "from nan"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, images, said):
    with _log(tmp_path) as log, pytest.raises(ValueError, match=said):
        log.samples("all", images, 0)


def test_an_overshoot_of_interpolation_is_clipped(tmp_path):
    with _log(tmp_path) as log:
        log.samples("all", np.full((1, 8, 8, 3), 1.000001, np.float32), 0)
    ((_, (_, _, encoded)),) = _Read(tmp_path).tensors("stages/1-all", "augmented_samples")
    assert (np.asarray(Image.open(io.BytesIO(encoded))) == 255).all()


def test_what_is_told_again_comes_last_and_in_the_same_place(tmp_path):
    for loss in (0.5, 0.25):
        with _log(tmp_path) as log:
            log.stage("all", 0, "{}")
            log.samples("all", np.zeros((1, 8, 8, 3), np.float32), 0)
            log.epoch(_row("all", 1, loss), 1)
    read = _Read(tmp_path)
    assert set(read.tags) == {"train", "validation", "stages/1-all"}
    assert read.scalars("train", "loss") == {1: 0.25}
    assert read.scalars("stages/1-all", "stage") == {0: 1.0, 1: 1.0}


def test_an_epoch_can_be_read_before_the_log_is_closed(tmp_path):
    log = TensorBoardLog(tmp_path)
    log.epoch(_row("all", 1), 1)
    assert _Read(tmp_path).scalars("train", "loss") == {1: 0.5}
    log.close()
