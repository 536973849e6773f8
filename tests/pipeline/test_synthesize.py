"""The command `data synthesize`: what it says, what it refuses, and that its hint is a command that runs."""

import json
import shlex
import shutil

import pytest
from plain_makers import Blurring

from data.image_table import read_table, values
from pipeline.commands.data import makers


@pytest.fixture
def synthesize(inspector, imported, tmp_path):
    """``synthesize(*options)``: the command, of drawn faces to ``tmp_path/out``: code, output and errors."""

    def run(*options):
        return inspector("data", "synthesize", "--from", imported, "--out", tmp_path / "out", *options)

    return run


def test_control(synthesize, imported, tmp_path):
    code, out, err = synthesize("--maker", "control", "--count", 12)
    assert code == 0
    assert err.splitlines() == ["reading images to edit: 12", "making images: 12", *err.splitlines()[2:]]
    lines = out.splitlines()
    assert lines[0].startswith("12 images by control: 12 real; ")
    assert lines[1].startswith("audit: ")
    assert "of 12 pairs" in lines[1]
    assert lines[2] == f"look at it: {tmp_path}/out/gallery.html"
    assert lines[3] == f"manifest:   {tmp_path}/out/manifest.jsonl"
    hint = f"deepfake-inspector data import {tmp_path}/out/manifest.jsonl --out {imported} --span 2"
    assert lines[4] == f"next:       {hint}"

    code, out, _ = synthesize("--maker", "control", "--count", 14, "--json")
    done = json.loads(out)
    assert (code, done["made"], done["reused"], done["labels"]) == (0, 2, 12, {"real": 14})
    assert (done["manifest"], done["next"]) == (f"{tmp_path}/out/manifest.jsonl", hint)
    assert done["audit"]["real"] == 14


def test_the_hint_imports_them_into_the_split_of_their_parents(synthesize, inspector, imported, tmp_path):
    # The records are shared, so the hint is followed with a copy of them.
    records = tmp_path / "my records"
    shutil.copytree(imported, records)
    _, out, _ = synthesize("--maker", "control", "--count", 6, "--from", records, "--json")
    words = shlex.split(json.loads(out)["next"])
    assert words[0] == "deepfake-inspector"
    code, _, _ = inspector(*words[1:])
    assert code == 0
    table, before = (read_table(records / f"span-{span}") for span in (2, 1))
    groups = dict(zip(values(before, "sha256"), values(before, "group"), strict=True))
    rows = [json.loads(line) for line in (tmp_path / "out/manifest.jsonl").read_text().splitlines()]
    of_parents = {row["path"]: groups[row["synthetic_parent"]] for row in rows}
    assert set(values(table, "split")) == {"train"}
    assert dict(zip(values(table, "name"), values(table, "group"), strict=True)) == of_parents

    # More of them take the place of the fewer ones, and do not come to lie beside them.
    options = ("--maker", "control", "--from", records, "--count")
    _, out, _ = synthesize(*options, 9, "--json")
    assert json.loads(out)["next"].split(" --span ")[1].split()[0] == "2"
    # But not when others have come after them.
    _, out, _ = synthesize(*options, 3, "--seed", 7, "--out", tmp_path / "others", "--json")
    assert inspector(*shlex.split(json.loads(out)["next"])[1:])[0] == 0
    code, out, _ = synthesize(*options, 9)
    assert code == 0
    assert "next:       none, as an earlier span" in out


def test_a_shortcut_fails_and_can_be_accepted(synthesize, monkeypatch, tmp_path):
    monkeypatch.setitem(makers.MAKERS, "blend", makers.KnownMaker(Blurring))
    options = ("--count", 14, "--max-cue-auc", 0.7)
    code, out, err = synthesize(*options)
    assert code == 1
    assert "manifest" not in out
    assert err.splitlines()[-1].startswith(
        "Failed: Expected that no cue tells images by blend from their parents"
    )
    assert "sharpness: AUC 1.00" in err
    assert not (tmp_path / "out/manifest.jsonl").exists()
    assert (tmp_path / "out/gallery.html").exists()
    code, out, _ = synthesize(*options, "--json")
    assert (code, json.loads(out)["manifest"], json.loads(out)["next"]) == (1, None, None)
    code, out, _ = synthesize(*options, "--accept-shortcuts")
    assert code == 0
    assert "over the bound of 0.7: " in out
    assert (tmp_path / "out/manifest.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            ("--maker", "control", "--strength", 1),
            "--strength goes with --maker blend, lighting or resample, not",
        ),
        (
            ("--maker", "blend", "--omnigen-python", "{file}"),
            "--omnigen-python goes with --maker omnigen, not",
        ),
        (
            ("--maker", "lighting", "--epsilon", 2),
            "--epsilon goes with --maker adversarial, not with lighting",
        ),
        (("--maker", "adversarial", "--attack", "pgd"), "--maker adversarial needs --model"),
        (("--maker", "nope"), "'nope' is not one of 'blend', 'lighting', 'resample', 'control'"),
        (("--maker", "control", "--split", "val"), "'val' is not one of 'train', 'test'"),
    ],
)
def test_options_that_do_not_belong_together(synthesize, tmp_path, options, words):
    (tmp_path / "python").touch()
    code, out, err = synthesize(
        "--count", 3, *(str(option).format(file=tmp_path / "python") for option in options)
    )
    assert (code, out) == (2, "")
    assert words in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("Error: ")
    assert not (tmp_path / "out").exists()


def test_every_maker_is_in_the_help_and_every_option_is_some_makers():
    from pipeline.commands.data import data

    command = data.commands["synthesize"]
    for name in makers.MAKERS:
        assert f"{name} " in command.callback.__doc__
    parameters = {one.name for one in command.params}
    assert {option for maker in makers.MAKERS.values() for option in maker.takes} <= parameters
    assert {need for maker in makers.MAKERS.values() for need in maker.needs} <= parameters
