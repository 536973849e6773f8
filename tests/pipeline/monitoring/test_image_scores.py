"""A folder of images is asked about as clients would ask; what the model refuses is counted."""

import io
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from data.errors import BadInputError
from pipeline.commands.monitor import monitor
from pipeline.monitoring.image_scores import score_files

TAU = 0.5


def _write(path, brightness, size=20):
    buffer = io.BytesIO()
    Image.new("L", (size, size), brightness).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return path


def test_images_get_score_and_decision_and_refused_ones_are_counted(bright_model, tmp_path):
    levels = [0, 51, 102, 130, 255] * 8
    images = [_write(tmp_path / f"{number}.png", level) for number, level in enumerate(levels)]
    (tmp_path / "broken.png").write_bytes(b"no image")
    images[3:3] = [tmp_path / "broken.png", _write(tmp_path / "small.png", 255, size=8)]
    served = score_files(bright_model, images, TAU)
    np.testing.assert_allclose(served.sample, np.array(levels) / 255, atol=1e-6)
    assert (served.images, served.no_verdict) == (40, 2)
    assert served.decided == {"real": 24, "fake": 16}
    assert served.near == 8


def test_a_folder_of_nothing_but_refused_images_is_an_error(bright_model, tmp_path):
    small = _write(tmp_path / "small.png", 255, size=8)
    with pytest.raises(BadInputError, match=r"received 1 that it refuses, as .*small\.png"):
        score_files(bright_model, [small], TAU)


def test_monitor_takes_a_folder(bright_model, tmp_path):
    # As bright as the reals and fakes of the evaluation, and then all of them grey.
    for folder, logits in (
        ("same", np.random.default_rng(1).normal(np.repeat([-1.0, 1.0], 60), 0.3)),
        ("grey", np.random.default_rng(1).normal(0.0, 0.05, 120)),
    ):
        (tmp_path / folder).mkdir()
        for number, logit in enumerate(logits):
            _write(tmp_path / folder / f"{number:03}.png", round(255 / (1 + np.exp(-logit))))
    advice = {}
    for folder in ("same", "grey"):
        result = CliRunner().invoke(monitor, [str(bright_model), str(tmp_path / folder), "--json"])
        assert result.exit_code == 0, result.exception
        advice[folder] = json.loads(result.stdout)["advice"]
    assert advice == {"same": "nothing", "grey": "retrain"}
