"""The real pipeline of diffusers, with a tiny OmniGen of random weights: from photos to a manifest, through kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import BadInputError, MakerError
from data.example import decode
from data.importing import import_images
from data.record_folder import record_files, span_folder
from data.synthesis.omnigen.maker import PYTHON_VARIABLE, OmniGenMaker
from data.synthesis.omnigen.prompt_sets import read_prompts
from data.synthesis.omnigen.worker_process import WorkerProcess
from data.synthesis.synthesizing import synthesize

REPOSITORY = Path(__file__).parents[4]
PYTHON = Path(os.environ.get(PYTHON_VARIABLE) or REPOSITORY / ".venv-omnigen/bin/python")
COUNT = 6

pytestmark = [
    pytest.mark.omnigen,
    pytest.mark.skipif(not PYTHON.exists(), reason="needs the environment of OmniGen: make setup-omnigen"),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny OmniGen, saved by diffusers."""
    folder = tmp_path_factory.mktemp("omnigen") / "tiny"
    script = REPOSITORY / "tests/support/tiny_omnigen.py"
    subprocess.run([PYTHON, "-I", script, folder], check=True, timeout=300)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve real training photos, in sizes that the model has and in others."""
    folder = tmp_path_factory.mktemp("photos")
    rows = []
    for number in range(12):
        small = np.random.default_rng(number).integers(0, 256, (5, 6, 3), dtype=np.uint8)
        size = ((64, 80), (70, 67), (64, 64))[number % 3]
        name = f"{number}.jpg"
        Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(folder / name, quality=90)
        rows.append({"path": name, "label": "real", "split": "train", "group": f"g{number}", "source": "s"})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def _maker(model, **options):
    return OmniGenMaker(PYTHON, str(model), **{"steps": 2} | options)


def _synthesize(tiny, photos, out, progress=None, **options):
    with _maker(tiny, **options) as maker:
        return synthesize(maker, photos, out, COUNT, seed=7, accept_shortcuts=True, progress=progress)


def _made(out):
    """Content of each file that decides what is imported."""
    return {
        path.relative_to(out): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.suffix in (".jpg", ".jsonl")
    }


@pytest.fixture(scope="module")
def undisturbed(tiny, photos, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    _synthesize(tiny, photos, out)
    return out


def test_children_are_fakes_with_all_that_made_them(undisturbed, photos, tiny):
    rows = [json.loads(line) for line in (undisturbed / "manifest.jsonl").read_text().splitlines()]
    content = OmniGenMaker(PYTHON, str(tiny)).revision

    assert len(rows) == COUNT
    assert len({row["synthetic_parent"] for row in rows}) == COUNT
    texts = {prompt.text: prompt.set for prompt in read_prompts("all")}
    for row in rows:
        [group] = {row["group"]}
        with (
            Image.open(undisturbed / row["path"]) as child,
            Image.open(photos / f"{group[1:]}.jpg") as parent,
        ):
            assert (child.size, child.quantization) == (parent.size, parent.quantization)
            assert np.abs(np.asarray(child, int) - np.asarray(parent, int)).mean() > 5
        assert (row["label"], row["split"], row["source"]) == ("fake", "train", "s")
        assert row["method"] == row["synthetic_maker"] == "omnigen"
        assert row["synthetic_edit"] == texts[row["synthetic_prompt"]]
        assert (row["synthetic_model"], row["synthetic_revision"]) == ("tiny", content)
        assert row["synthetic_strength"] == 2.5
        assert 0 <= row["synthetic_seed"] < 2**63
    asked = json.loads((undisturbed / "synthesis.json").read_text())["settings"]
    assert asked["libraries"].keys() == {"torch", "diffusers"}


_CALL = """
import sys
from pathlib import Path
from data.synthesis.omnigen.maker import OmniGenMaker
from data.synthesis.omnigen.worker_process import WorkerProcess
from data.synthesis.synthesizing import synthesize
python, model, photos, out, count = sys.argv[1:]
with OmniGenMaker(Path(python), model, steps=2) as maker:
    synthesize(maker, photos, out, int(count), seed=7, accept_shortcuts=True)
"""


def test_a_call_that_is_killed_takes_the_model_with_it_and_goes_on(tiny, photos, undisturbed, tmp_path):
    out, journal = tmp_path / "out", tmp_path / "out/journal.jsonl"
    call = subprocess.Popen(
        [sys.executable, "-c", _CALL, PYTHON, tiny, photos, out, str(COUNT)],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    _wait_for(lambda: journal.exists() and journal.read_bytes().count(b"\n") >= 2, 300)
    [worker] = Path(f"/proc/{call.pid}/task/{call.pid}/children").read_text().split()
    call.kill()
    call.wait()

    _wait_for(lambda: not _runs(int(worker)), 10)
    assert not (out / "manifest.jsonl").exists()
    done = _synthesize(tiny, photos, out)
    assert done.reused >= 2
    assert done.made + done.reused == COUNT
    assert _made(out) == _made(undisturbed)


def test_a_model_that_is_killed_fails_the_call_which_then_goes_on(tiny, photos, undisturbed, tmp_path):
    out = tmp_path / "out"
    workers = []

    def kill(step, done, _total):
        if step == "make" and done == 3:
            os.kill(workers[0].pid, signal.SIGKILL)

    with _maker(tiny) as maker:
        workers.append(maker._running())
        with pytest.raises(MakerError, match="was killed by SIGKILL"):
            synthesize(maker, photos, out, COUNT, seed=7, accept_shortcuts=True, progress=kill)
        # The same maker, as it starts another process.
        done = synthesize(maker, photos, out, COUNT, seed=7, accept_shortcuts=True)

    assert (done.reused, done.made) == (3, 3)
    assert _made(out) == _made(undisturbed)


def test_each_word_of_an_order_counts_and_nothing_else_does(tiny):
    one, other = (np.random.default_rng(seed).integers(0, 256, (64, 48, 3), np.uint8) for seed in (1, 2))
    order = {
        "prompt": "<img><|image_1|></img> a",
        "seed": 5,
        "steps": 2,
        "guidance": 2.5,
        "image_guidance": 1.6,
    }
    changes = (
        *({"prompt": "<img><|image_1|></img> b"}, {"seed": 6}, {"steps": 3}),
        *({"guidance": 4.0}, {"image_guidance": 4.0}),
    )
    with WorkerProcess(PYTHON, 300.0) as worker:
        chosen = worker.start(model=str(tiny), device="auto", dtype="float32", offload="model")
        first = worker.edit(one, **order)
        changed = [worker.edit(one, **order | change) for change in changes]
        of_other = worker.edit(other[:32], **order)
        again = worker.edit(one, **order)

    assert chosen["dtype"] == "float32"
    np.testing.assert_array_equal(first, again)
    for change, pixels in zip(changes, changed, strict=True):
        assert (pixels != first).any(), change
    assert (of_other != first[:32]).mean() > 0.1


def test_in_bfloat16_it_is_another_child(tiny, parent):
    with _maker(tiny) as maker:
        [single] = maker.make([parent(33, 48)], [5])
    with _maker(tiny, dtype="bfloat16") as maker:
        [half] = maker.make([parent(33, 48)], [5])
        assert maker.settings()["dtype"] == "bfloat16"

    difference = np.abs(single.pixels.astype(int) - half.pixels)
    assert 0 < difference.mean() < 10


def test_what_made_a_child_reaches_the_records(tiny, imported, tmp_path):
    records, out = tmp_path / "records", tmp_path / "out"
    shutil.copytree(imported, records)
    with _maker(tiny, prompts="expression", steps=1) as maker:
        synthesize(maker, records, out, 4, seed=3, accept_shortcuts=True)
        revision = maker.revision
    import_images(out / "manifest.jsonl", records, span=2)

    made = _records(records, 2)
    rows = {
        row["synthetic_parent"]: row
        for row in map(json.loads, (out / "manifest.jsonl").read_text().splitlines())
    }
    assert len(made) == len(rows) == 4
    parents = {record.sha256: record for record in _records(records, 1)}
    for record in made:
        told, row = record.synthetic, rows[record.synthetic.parent]
        assert (record.label, record.method, record.group) == (1, "omnigen", parents[told.parent].group)
        assert (told.maker, told.edit, told.model, told.revision) == (
            "omnigen",
            "expression",
            "tiny",
            revision,
        )
        assert (told.seed, told.prompt) == (row["synthetic_seed"], row["synthetic_prompt"])
        assert told.strength == 2.5


def _records(root, span):
    import tensorflow as tf

    files = [str(path) for path in record_files(span_folder(root, span), "train")]
    return [decode(one) for one in tf.data.TFRecordDataset(files, "GZIP").as_numpy_iterator()]


def test_weights_that_fit_no_model_are_told(tiny, parent, tmp_path):
    spoilt = tmp_path / "spoilt"
    shutil.copytree(tiny, spoilt)
    (spoilt / "vae/diffusion_pytorch_model.safetensors").write_bytes(b"no tensors")

    with (
        _maker(spoilt) as maker,
        pytest.raises(BadInputError, match=r"Expected weights that OmniGen can use, received: .*Error"),
    ):
        maker.make([parent()], [1])


def _runs(pid):
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def _wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
