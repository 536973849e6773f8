"""Which weights are found, what they are called, and how one is told to fetch them."""

import json
import os
import shutil

import pytest

from data.errors import BadInputError
from data.synthesis.omnigen.weights import MODEL, find_weights

COMMIT = "9f8cbe1ba8ff0ae7ee0d8d0ed3a60b2a22c1c2ee"


@pytest.fixture
def cache(tmp_path, monkeypatch, weights):
    """``cache(name)``: the Hub's cache on this machine, where that model was fetched; empty until then."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def fetch(name):
        folder = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        shutil.copytree(weights, folder / "snapshots" / COMMIT)
        for ref in ("main", "v1"):
            (folder / "refs").mkdir(exist_ok=True)
            (folder / "refs" / ref).write_text(COMMIT)
        return folder / "snapshots" / COMMIT

    return fetch


@pytest.mark.parametrize("revision", [None, "main", "v1", COMMIT])
def test_what_was_fetched_is_known_by_its_commit(cache, revision):
    folder = cache(MODEL)

    found = find_weights(MODEL, revision, "hf")

    assert (found.folder, found.model, found.revision) == (folder, MODEL, COMMIT)


def test_what_was_not_fetched_is_said_with_the_command_that_does(cache):
    with pytest.raises(BadInputError) as refusal:
        find_weights(MODEL, None, "/somewhere/bin/hf")

    assert "Fetch them (15.5 GB): /somewhere/bin/hf download Shitao/OmniGen-v1-diffusers." in str(
        refusal.value
    )
    assert "The maker `blend` needs none." in str(refusal.value)


def test_another_revision_than_was_fetched_is_missing(cache):
    cache(MODEL)

    with pytest.raises(BadInputError, match="hf download Shitao/OmniGen-v1-diffusers --revision v2"):
        find_weights(MODEL, "v2", "hf")


def test_a_download_that_broke_off_is_told(cache):
    (cache(MODEL) / "transformer/model-2-of-2.safetensors").unlink()

    with pytest.raises(
        BadInputError, match=r"Expected model-2-of-2.safetensors in .* Fetch the rest \(15.5 GB\): hf"
    ):
        find_weights(MODEL, None, "hf")


def test_a_folder_is_known_by_its_content(weights, tmp_path):
    found = find_weights(str(weights), None, "hf")
    moved = tmp_path / "elsewhere/weights"
    shutil.copytree(weights, moved)
    os.utime(moved / "model_index.json", (0, 0))
    # What a download leaves beside the model is no part of it.
    (moved / ".cache").mkdir()
    (moved / ".cache/times.json").write_text("now")
    (moved / "README.md").write_text("read me")

    assert (found.folder, found.model) == (weights, "weights")
    assert find_weights(str(moved), None, "hf").revision == found.revision


@pytest.mark.parametrize(
    "file",
    ["model_index.json", "vae/config.json", "transformer/model-1-of-2.safetensors", "tokenizer/new.json"],
)
def test_another_content_has_another_name(weights, file):
    before = find_weights(str(weights), None, "hf").revision
    path = weights / file
    path.write_bytes((path.read_bytes() if path.exists() else b"") + b" ")

    assert find_weights(str(weights), None, "hf").revision != before


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "model_index.json").unlink(), "Expected JSON at .*model_index.json.*Fetch"),
        (lambda folder: (folder / "model_index.json").write_text("[]"), "Expected a JSON object"),
        (
            lambda folder: (folder / "model_index.json").write_text(
                json.dumps({"_class_name": "OmniGen2Pipeline"})
            ),
            "Expected an OmniGenPipeline in .*, received 'OmniGen2Pipeline': diffusers has a pipeline for OmniGen v1",
        ),
        (lambda folder: shutil.rmtree(folder / "scheduler"), "Expected a folder scheduler"),
        (
            lambda folder: (folder / "vae/diffusion_pytorch_model.safetensors").rename(
                folder / "vae/model.bin"
            ),
            r"Expected weights as safetensors in .*vae, received none \(what needs pickle is not read\)",
        ),
    ],
)
def test_a_folder_that_holds_none_is_refused(weights, spoil, message):
    spoil(weights)

    with pytest.raises(BadInputError, match=message):
        find_weights(str(weights), None, "hf")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("OmniGen2/OmniGen2", "OmniGen2 needs code that comes with its own repository and is not run here"),
        ("./nowhere", "Expected a folder or a name on the Hub such as Shitao"),
        ("a/b/c", "Expected a folder or a name on the Hub such as Shitao"),
    ],
)
def test_what_is_no_model_is_refused(cache, model, message):
    with pytest.raises(BadInputError, match=message):
        find_weights(model, None, "hf")


def test_a_folder_has_no_revisions(weights):
    with pytest.raises(BadInputError, match="Expected no revision of a folder, received main"):
        find_weights(str(weights), "main", "hf")
