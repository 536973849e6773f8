"""`python -m serving.model_server`: one line and an exit code for whatever is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

from serving import model_server, serve_forever
from serving.errors import ModelLoadError

REPOSITORY = Path(__file__).parents[2]
SECRET = "c2VjcmV0LWtleQ"  # noqa: S105 - of nothing


@pytest.fixture
def served(monkeypatch):
    """What would be served, in place of serving it."""
    calls = []
    monkeypatch.setattr(
        serve_forever, "serve_forever", lambda models, options, **rest: calls.append((models, options, rest))
    )
    return calls


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "expected either --model_base_path or --model_config_file, received neither"),
        (["--model_base_path=/m", "--model_config_file=/c"], "received both"),
        (["--model_config_file=/gone"], "expected a ModelServerConfig file, but /gone cannot be read"),
        (["--model_base_path=/m", "--ssl_config_file=/gone"], "expected a SSLConfig file"),
    ],
)
def test_bad_input_is_one_line_and_2(arguments, words, capsys, served):
    assert model_server.main(arguments) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Failed to start server. Error: ")
    assert words in line
    assert served == []


def test_a_key_in_a_broken_file_is_not_shown(tmp_path, capsys, served):
    file = tmp_path / "ssl.config"
    file.write_text(f'server_key: "-----BEGIN PRIVATE KEY-----\\n{SECRET}" server_crt: "x"')
    assert model_server.main(["--model_base_path=/m", f"--ssl_config_file={file}"]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "Invalid protobuf file" in line
    assert SECRET not in line


def test_flags_arrive_and_those_without_effect_are_told(tmp_path, capsys, served):
    file = tmp_path / "models.config"
    file.write_text("model_config_list {}")
    arguments = [f"--model_config_file={file}", "--model_config_file_poll_wait_seconds=3", "--port=7"]
    assert model_server.main([*arguments, "--prefer_tflite_model"]) == 0
    assert capsys.readouterr().err == "note: --prefer_tflite_model has no effect on this server\n"
    [(models, options, rest)] = served
    assert models.WhichOneof("config") == "model_config_list"
    assert options.port == 7
    assert rest["models_file"] == (file, 3)


def test_a_failure_of_the_server_is_one_line_and_1(monkeypatch, capsys):
    def fail(*arguments, **options):
        raise ModelLoadError("it broke")

    monkeypatch.setattr(serve_forever, "serve_forever", fail)
    assert model_server.main(["--model_base_path=/m"]) == 1
    assert capsys.readouterr().err == "Failed: it broke\n"


def test_as_a_command(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "serving.model_server", f"--model_base_path={tmp_path / 'gone'}", "--port=0"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[-1].startswith(
        "Failed to start server. Error: model configuration: Could not"
    )
    assert "Traceback" not in ended.stderr
