"""The README's commands are real: each is understood by the command line as it stands there.

What they do is tested by tests/e2e; `make test` is run by CI, `make demo` by `make debian13`.
"""

import re
import shlex
from pathlib import Path

import pytest
from command_line import parse

from pipeline.cli import cli
from pipeline.config import load_config

_ROOT = Path(__file__).parent.parent
_BLOCKS = re.findall(r"```sh\n(.*?)```", (_ROOT / "README.md").read_text(), re.DOTALL)
_COMMANDS = [line.split("#")[0].strip() for block in _BLOCKS for line in block.splitlines() if line.strip()]
_OURS = [command for command in _COMMANDS if command.startswith("deepfake-inspector ")]
_MAKE = [command for command in _COMMANDS if command.startswith("make ")]


def test_there_are_no_other_commands():
    assert _OURS
    assert sorted(_MAKE) == ["make demo", "make setup-omnigen", "make test"]
    assert set(_COMMANDS) == {*_OURS, *_MAKE}


@pytest.mark.parametrize("command", _MAKE)
def test_make_knows_the_target(command):
    target = command.split()[1]
    assert re.search(rf"^{target}:", (_ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("command", _OURS)
def test_the_command_line_understands_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (
        "blend",
        "faces/fake",
        "faces2",
        "openforensics",
        "records",
        "workspace/models/deepfake-inspector/1",
    ):
        Path(folder).mkdir(parents=True)
    for file in (
        "demo.yaml",
        "weights.h5",
        "archive.zip",
        "faces/list.csv",
        "answers.jsonl",
        "blend/manifest.jsonl",
    ):
        Path(file).touch()

    context = parse(cli, shlex.split(command)[1:])
    if context.command.name == "run":
        load_config(context.params["name_or_file"], context.params["overrides"])
