"""A maker whose process is a made-up one, and a folder that looks like OmniGen's weights."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from data.synthesis.maker import Parent
from data.synthesis.omnigen import maker as maker_module
from data.synthesis.omnigen.maker import OmniGenMaker

FAKE = Path(__file__).parents[3] / "support/fake_omnigen.py"


@pytest.fixture
def weights(tmp_path):
    """Files in the layout of a saved pipeline, with nothing in them that could be loaded."""
    folder = tmp_path / "weights"
    for part in ("transformer", "vae", "scheduler", "tokenizer"):
        (folder / part).mkdir(parents=True)
        (folder / part / "config.json").write_text("{}")
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "OmniGenPipeline"}))
    (folder / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"vae")
    shards = {f"layer {number}": f"model-{number}-of-2.safetensors" for number in (1, 2)}
    for shard in shards.values():
        (folder / "transformer" / shard).write_bytes(shard.encode())
    index = {"weight_map": shards}
    (folder / "transformer/diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture
def orders(tmp_path, monkeypatch):
    """``orders()``: the edits that the made-up process was asked for."""
    log = tmp_path / "orders.jsonl"
    monkeypatch.setenv("FAKE_OMNIGEN_ORDERS", str(log))
    return lambda: [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture
def fake_maker(weights, orders, monkeypatch):
    """``fake_maker(**options)``: a maker whose process inverts images."""
    monkeypatch.setattr(maker_module, "SCRIPT", FAKE)
    return lambda **options: OmniGenMaker(Path(sys.executable), str(weights), **{"steps": 1} | options)


def _noise(height: int = 20, width: int = 33, seed: int = 0) -> Parent:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Parent(b"", pixels, 0, "0" * 64, "group", "source", "none", "train")


@pytest.fixture(name="parent")
def _parent():
    """``parent(height, width, seed)``: noise of that size."""
    return _noise
