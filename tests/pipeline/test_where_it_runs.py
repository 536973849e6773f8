"""The commands of pipeline/README.md are understood by the command line as they stand there."""

import re
import shlex
from pathlib import Path

import pytest
from command_line import parse

from pipeline.cli import cli
from pipeline.config import beam_settings, load_config

_ROOT = Path(__file__).parents[2]
_BLOCKS = re.findall(r"```sh\n(.*?)```", (_ROOT / "pipeline/README.md").read_text(), re.DOTALL)
_LINES = [line for block in _BLOCKS for line in block.replace("\\\n", "").splitlines()]
_COMMANDS = [line.strip() for line in _LINES if line.strip()]
_OURS = [command for command in _COMMANDS if command.startswith("deepfake-inspector ")]


def test_of_others_there_are_only_kubectl_and_docker():
    assert len(_OURS) > 10
    assert all(command.startswith(("kubectl ", "docker ")) for command in set(_COMMANDS) - set(_OURS))


@pytest.mark.parametrize("command", _OURS)
def test_the_command_line_understands_it(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("faces", "records"):
        Path(folder).mkdir()
    for file in ("demo.yaml", "mini.yaml", "mini.json", "token"):
        Path(file).touch()
    # What lies on a volume of the cluster.
    arguments = [one.replace("/data/", f"{tmp_path}/") for one in shlex.split(command)[1:]]

    context = parse(cli, arguments)
    options = context.params
    if context.command.name == "run":
        changes = (*options["overrides"], *([f"beam.profile={options['beam']}"] if options["beam"] else []))
        load_config(options["name_or_file"], changes)
    elif context.command.name == "import" and options["beam"]:
        beam_settings(options["beam"], options["beam_changes"])


def test_the_yaml_is_a_configuration(tmp_path):
    text = (_ROOT / "pipeline/README.md").read_text()
    [block] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "own.yaml"
    file.write_text(block)
    assert load_config(str(file)).beam.profile == "flink"
