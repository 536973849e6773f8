"""The maker on our side of the process: what it asks for, what it gives back, and what it refuses."""

import json
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from data.errors import BadInputError, MakerError
from data.example import FAKE, REAL
from data.synthesis.omnigen import worker_process
from data.synthesis.omnigen.maker import OmniGenMaker
from data.synthesis.omnigen.prompt_sets import read_prompts


def test_a_child_is_what_the_model_made_of_its_parent(fake_maker, parent, orders):
    parents = [parent(20, 33, 1), parent(64, 48, 2)]
    with fake_maker(guidance=2.25, prompts="lighting") as maker:
        children = maker.make(parents, [11, 2**63 - 1])

    for one, child in zip(parents, children, strict=True):
        np.testing.assert_array_equal(child.pixels, 255 - one.pixels)
        assert child.pixels.dtype == np.uint8
        assert (child.edit, child.strength) == ("lighting", 2.25)
        assert child.prompt in {prompt.text for prompt in read_prompts("lighting")}
    assert [(order["seed"], order["size"], order["prompt"]) for order in orders()] == [
        (11, [32, 48], children[0].prompt),
        (2**63 - 1, [64, 48], children[1].prompt),
    ]
    assert {key: orders()[0][key] for key in ("steps", "guidance", "image_guidance")} == {
        "steps": 1,
        "guidance": 2.25,
        "image_guidance": 1.6,
    }


def test_it_edits_reals_and_makes_fakes(fake_maker):
    maker = fake_maker()

    assert (maker.name, maker.parent_labels, maker.label, maker.batch_size) == ("omnigen", (REAL,), FAKE, 1)
    assert maker.model == "weights"
    assert maker.revision.startswith("sha256:")


def test_prompts_are_drawn_from_all_by_the_seed_alone(fake_maker, parent):
    with fake_maker() as maker:
        alone = [maker.make([parent()], [seed])[0].prompt for seed in range(12)]
        together = [child.prompt for child in maker.make([parent()] * 12, range(12))]

    assert alone == together
    assert len(set(alone)) > 6


def test_settings_hold_what_decides_a_child(fake_maker, tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"name": "a", "prompt": "<img><|image_1|></img> Make the face green."}\n')
    seen = []
    for options in ({}, {"steps": 2}, {"guidance": 2.0}, {"image_guidance": 2.0}, {"prompts": mine}):
        with fake_maker(**options) as maker:
            seen.append(json.dumps(maker.settings()))
    mine.write_text(mine.read_text().replace("green", "blue"))
    with fake_maker(prompts=mine) as maker:
        seen.append(json.dumps(maker.settings()))
        settings = maker.settings()

    assert len(set(seen)) == len(seen)
    assert settings["device"] == "cpu"
    assert settings["dtype"] == "float32"
    assert settings["libraries"] == {"torch": "0", "diffusers": "0"}
    assert settings["prompts"] == ["mine"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"dtype": "float8"},
            "Expected dtype to be one of auto, bfloat16, float16, float32, received float8",
        ),
        ({"device": "tpu"}, "Expected device to be one of auto, cuda, cpu, received tpu"),
        ({"offload": "disk"}, "Expected offload to be one of"),
        ({"guidance": 0.5}, "Expected guidance from 1 to 10, received 0.5"),
        ({"image_guidance": float("nan")}, "Expected image guidance from 1 to 10, received nan"),
        ({"steps": 0}, "Expected steps from 1 to 1000, received 0"),
        ({"prompts": "absent"}, "Expected prompts: expression, lighting, all, or a file"),
    ],
)
def test_settings_that_are_none_are_refused(fake_maker, options, message):
    with pytest.raises(BadInputError, match=message):
        fake_maker(**options)


@pytest.mark.parametrize("where", ["given", "variable"])
def test_a_missing_environment_is_said_with_what_makes_one(weights, tmp_path, monkeypatch, where):
    monkeypatch.setenv("OMNIGEN_PYTHON", str(tmp_path / "none/bin/python"))
    python = tmp_path / "none/bin/python" if where == "given" else None
    with pytest.raises(BadInputError, match=r"none/bin/python, received none\. Run `make setup-omnigen`"):
        OmniGenMaker(python, str(weights))


def test_the_real_worker_says_that_this_python_lacks_pytorch(weights):
    """`worker.py` itself, under the Python of the tests, which has none."""
    with (
        OmniGenMaker(Path(sys.executable), str(weights)) as maker,
        pytest.raises(
            BadInputError, match=r"Expected a Python with PyTorch and diffusers.*make setup-omnigen"
        ),
    ):
        maker.settings()


def test_after_a_failure_it_goes_on_with_another_process(fake_maker, parent, monkeypatch):
    monkeypatch.setenv("FAKE_OMNIGEN", "dies")
    with fake_maker() as maker:
        with pytest.raises(MakerError):
            maker.make([parent()], [1])
        monkeypatch.delenv("FAKE_OMNIGEN")
        assert len(maker.make([parent()], [1])) == 1


def test_ctrl_c_leaves_no_process_behind(fake_maker, parent, monkeypatch):
    monkeypatch.setenv("FAKE_OMNIGEN", "hangs")
    monkeypatch.setattr(worker_process, "_GRACE_S", 0.1)
    before = _children()
    with fake_maker() as maker:
        maker.settings()
        [process] = _children() - before
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            maker.make([parent()], [1])

    assert process not in _children()


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())
