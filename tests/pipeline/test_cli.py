"""The command line: exit codes, one line for every mistake, and how little it loads before it answers."""

import json
import signal
import subprocess
import sys
import time
from concurrent import futures
from importlib import metadata
from pathlib import Path

import click
import grpc
import pytest

from data.card import CARD_FILE
from pipeline import cli
from pipeline.config import config_names
from serving.protos import PREDICT_METHOD, PredictRequest, PredictResponse

_COMMAND = Path(sys.executable).parent / "deepfake-inspector"
# Nobody may listen on a port below 1024 by accident.
_NOBODY = "localhost:1"
_OUT_AND_COUNT = ("--out", "{tmp}/out", "--count", "3")


# Runs the command line several times in one process, and tells what has been loaded at the end.
_PROBE = """
import contextlib, io, json, sys
from pipeline import cli
results = []
for arguments in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["deepfake-inspector", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            results.append([ended.code or 0, out.getvalue(), err.getvalue()])
json.dump([results, sorted({name.split(".")[0] for name in sys.modules})], sys.stdout)
"""
_HEAVY = {"tensorflow", "tfx", "keras", "apache_beam", "google.cloud"}


@pytest.fixture
def probe(fresh_python):
    """``probe(*argument_lists)``: code, output and errors of each, and all packages that were loaded."""

    def run(*argument_lists: tuple) -> tuple[list, set[str]]:
        arguments = json.dumps([list(map(str, one)) for one in argument_lists])
        results, loaded = json.loads(fresh_python(_PROBE, arguments, check=True).stdout)
        return results, set(loaded)

    return run


def _names(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The command and all below it, each by the words that call it."""
    inner = command.commands if isinstance(command, click.Group) else {}
    return [path, *(found for name, one in inner.items() for found in _names(one, (*path, name)))]


def test_help_of_every_command_answers_at_once(probe):
    names = _names(cli.cli)
    assert {("run",), ("data", "import"), ("predict",), ("demo",)} <= set(names)
    results, loaded = probe(*((*name, flag) for name in names for flag in ("--help", "-h")), ("--version",))
    *helps, (_, version, _) = results
    for name, (code, out, err) in zip([name for name in names for _ in "ab"], helps, strict=True):
        assert (code, err) == (0, ""), name
        assert out.startswith(f"Usage: deepfake-inspector {' '.join(name)}".rstrip()), name
    assert version.split()[-1] == metadata.version("deepfake-inspector")
    assert "click" in loaded
    assert not loaded & {*_HEAVY, "numpy", "PIL", "pydantic", "rich", "grpc"}


@pytest.mark.parametrize("name", _names(cli.cli)[1:])
def test_every_command_says_what_it_is_for(name):
    command: click.Command = cli.cli
    for word in name:
        command = command.commands[word]
    assert command.help
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert all(option.help for option in options)


def test_mistakes_are_told_before_tensorflow_is_loaded(probe, tmp_path):
    results, loaded = probe(
        ("run", "--config", "nope", "--data", tmp_path),
        ("run", "--config", "demo", "--data", tmp_path, "--set", "modle.image_size=96"),
        ("run", "--config", "demo", "--data", tmp_path / "absent"),
        ("predict", tmp_path / "absent.jpg"),
        ("predict", tmp_path),
        ("data", "demo", "--out", tmp_path / "new", "--count", "3"),
        ("data", "import", tmp_path / "absent", "--out", tmp_path / "new"),
    )
    for code, out, err in results:
        assert (code, out) == (2, "")
        assert "Error: " in err
        assert "Traceback" not in err
    assert not loaded & _HEAVY


def test_predict_without_a_server_fails_and_says_how_to_start_one_and_needs_no_tensorflow(probe, faces):
    [(code, out, err)], loaded = probe(("predict", faces / "real/0000.jpg", "--server", _NOBODY))
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith(f"Failed: server not reachable at {_NOBODY}")
    assert "deepfake-inspector serve" in err
    assert "Traceback" not in err
    assert "grpc" in loaded
    assert not loaded & {*_HEAVY, "numpy", "PIL"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--config", "nope", "--data", "{faces}"], f"expected one of {', '.join(config_names())}"),
        (["run", "--config", "demo", "--data", "{faces}", "--set", "a.b=1"], "unknown key 'a'"),
        (["run", "--config", "demo", "--data", "{faces}", "--set", "name"], "expected key=value"),
        (["run", "--config", "demo", "--data", "{faces}", "--set", "model.image_size=1"], "received 1"),
        (
            ["run", "--config", "progressive", "--data", "{faces}", "--repeat", "2"],
            "--repeat: expected a configuration without phases, received 'progressive' with 4",
        ),
        (
            [
                *("run", "--config", "demo", "--data", "{faces}", "--warm-start", "{tmp}"),
                *("--set", "tuner.trials=3"),
            ],
            "--warm-start: expected no Tuner (tuner.trials: 0), received 3 trials",
        ),
        (["data", "import", "{tmp}/empty", "--out", "{tmp}/out"], "found no file in real/"),
        (["data", "import", "{faces}", "--out", "{faces}/out"], "apart from each other"),
        (["data", "import", "{faces}", "--out", "{tmp}/out", "--span", "2"], "Expected span 1, received 2"),
        (["data", "subset", "mini", "{faces}", "--out", "{tmp}/out"], "Expected an imported data set"),
        (["data", "audit", "{faces}"], "Expected an imported data set"),
        (
            [*("data", "synthesize", "--maker", "control", "--from", "{faces}"), *_OUT_AND_COUNT],
            "Expected imported records, or images with splits of their own",
        ),
        (["data", "demo", "--out", "{tmp}/out", "--count", "3"], "received 3"),
        (["data", "demo", "--out", "{tmp}/out", "--size", "8"], "received 8"),
        (["data", "demo", "--out", "{faces}"], "new or empty folder"),
        (["predict", "{tmp}/empty"], "expected JPEG or PNG files"),
        (["predict", "{faces}", "--server", "localhost"], "HOST:PORT"),
        (["predict", "{faces}", "--timeout", "0"], "above 0"),
        (["serve", "--model-base-path", "{tmp}/absent"], "does not exist"),
    ],
)
def test_a_mistake_of_the_user_is_one_line_and_code_2(inspector, faces, tmp_path, arguments, words):
    (tmp_path / "empty").mkdir()
    code, out, err = inspector(*(one.format(faces=faces, tmp=tmp_path) for one in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert words in err
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_yaml_is_one_line_too(inspector, tmp_path):
    (tmp_path / "mine.yaml").write_text("model: {image_size: 96")
    code, _, err = inspector("run", "--config", tmp_path / "mine.yaml", "--data", tmp_path)
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            ["data", "demo", "--out", "{tmp}/out", "--count", "2", "--seed", "-1"], id="negative seed"
        ),
        pytest.param(["data", "demo", "--out", "{file}/out", "--count", "2"], id="draw below a file"),
        pytest.param(["data", "import", "{faces}", "--out", "{file}/out"], id="import below a file"),
        pytest.param(
            ["run", "--config", "demo", "--data", "{faces}", "--workspace", "{file}/ws"],
            id="run below a file",
        ),
    ],
)
def test_these_mistakes_too(inspector, faces, tmp_path, arguments):
    (tmp_path / "file").touch()
    names = {"faces": faces, "tmp": tmp_path, "file": tmp_path / "file"}
    code, _, err = inspector(*(one.format(**names) for one in arguments))
    assert code == 2
    assert err.splitlines()[-1].startswith("Error: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope'"),
        (["run", "--config", "demo"], "--data"),
        (["run", "--config", "demo", "--data", "absent"], "does not exist"),
        (["run", "--config", "demo", "--data", ".", "--warm-start", "absent"], "does not exist"),
        (["run", "--config", "demo", "--data", ".", "--repeat", "1"], "1 is not in the range x>=2"),
        (["predict"], "PATHS"),
        (["data", "import", "absent", "--out", "x"], "does not exist"),
        (["data", "import", ".", "--out", "x", "--layout", "nope"], "'nope' is not one of 'auto', 'folder'"),
        (["data", "import", ".", "--out", "x", "--max-quarantined-share", "2"], "2.0 is not in the range"),
        (["serve", "--workers", "0"], "x>=1"),
        (["data", "synthesize", "--from", ".", "--out", "x"], "Missing option '--count'"),
        (["data", "demo", "--out", "x", "--count", "many"], "'many' is not a valid integer"),
    ],
)
def test_what_click_refuses_is_code_2_as_well(inspector, arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = inspector(*arguments)
    assert (code, out) == (2, "")
    assert words in err.splitlines()[-1]
    assert err.splitlines()[-1].startswith("Error: ")


def test_drawing_and_importing(inspector, tmp_path):
    drawn, records = tmp_path / "drawn", tmp_path / "records"
    code, out, err = inspector("data", "demo", "--out", drawn, "--count", 40, "--size", 64)
    assert (code, out.strip()) == (0, str(drawn))
    assert err == "drawing faces: 40\n"
    assert {name: len(list((drawn / name).iterdir())) for name in ("real", "fake")} == {
        "real": 20,
        "fake": 20,
    }

    code, out, err = inspector("data", "import", drawn, "--out", records)
    assert code == 0
    assert "40 images found, 40 kept, 0 quarantined" in out
    assert err.splitlines() == ["checking images: 40", "grouping near copies: 40", "writing records: 40"]

    code, out, _ = inspector("data", "import", drawn, "--out", records, "--seed", 7, "--json")
    assert code == 0
    card = json.loads(out)
    assert card == json.loads((records / "span-1" / CARD_FILE).read_text())
    assert (card["kept"], card["options"]["seed"]) == (40, 7)


def test_the_same_seed_draws_the_same_faces_and_another_one_others(inspector, tmp_path):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        inspector("data", "demo", "--out", tmp_path / name, "--count", 2, "--size", 64, "--seed", seed)
    a, b, c = ((tmp_path / name / "fake/0000.jpg").read_bytes() for name in "abc")
    assert a == b != c


def test_the_doctor_tells_the_same_in_words_and_in_json(inspector, tmp_path):
    code, out, _ = inspector("doctor", "--workspace", tmp_path, "--json")
    found = json.loads(out)
    assert code == 0
    assert {"Python", "tfx", "GPU", "memory", "disk"} <= {one["subject"] for one in found}
    code, words, _ = inspector("doctor", "--workspace", tmp_path)
    assert code == 0
    for one in found:
        line = next(line for line in words.splitlines() if line[9:].startswith(f"{one['subject']} "))
        assert one["found"] in line or one["subject"] == "disk"
        assert line.startswith({True: "ok", False: "mend", None: "-"}[one["ok"]])
        assert one["advice"] in words


def test_an_interrupted_command_ends_with_130_and_leaves_nothing(tmp_path):
    command = [_COMMAND, "data", "demo", "--out", tmp_path / "drawn", "--count", "100000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        waited_until = time.monotonic() + 60
        while not list(tmp_path.glob(".drawn.partial-*/content/fake/*.jpg")):
            assert process.poll() is None
            assert time.monotonic() < waited_until
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.strip() == "Interrupted."
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_gets_no_traceback():
    with subprocess.Popen([_COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        err = process.stderr.read()
    # As Python does when a pipe breaks.
    assert (process.returncode, err) == (1, b"")


@pytest.fixture
def server():
    """The address of a server that finds the first byte of an image, over 255, to be its score; text is no image."""

    def predict(request, context):
        images = list(request.inputs["image_bytes"].string_val)
        if any(image.startswith(b"text") for image in images):
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no image")
        response = PredictResponse()
        response.model_spec.version.value = 12
        for name, values in (
            ("score", [image[0] / 255 for image in images]),
            ("threshold", [0.75] * len(images)),
        ):
            response.outputs[name].dtype = 1
            response.outputs[name].float_val.extend(values)
        response.outputs["decision"].dtype = 7
        response.outputs["decision"].string_val.extend(
            [b"fake" if image[0] / 255 >= 0.75 else b"real" for image in images]
        )
        return response

    service, method = PREDICT_METHOD.strip("/").split("/")
    handler = grpc.unary_unary_rpc_method_handler(
        predict, PredictRequest.FromString, PredictResponse.SerializeToString
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield f"localhost:{port}"
    server.stop(None)


def test_verdicts_one_line_an_image(inspector, server, tmp_path):
    for name, byte in (("b.jpg", 255), ("a.jpg", 51)):
        (tmp_path / name).write_bytes(bytes([byte]))
    code, out, err = inspector("predict", tmp_path / "b.jpg", tmp_path, "--server", server)
    assert code == 0
    assert err == "path\tscore\tdecision\tthreshold\tmodel_version\n"
    fake = f"{tmp_path}/b.jpg\t1.000000\tfake\t0.750000\t12"
    assert out.splitlines() == [fake, f"{tmp_path}/a.jpg\t0.200000\treal\t0.750000\t12", fake]


def test_verdicts_in_json_are_whole(inspector, server, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\xff")
    code, out, err = inspector("predict", tmp_path, "--server", server, "--json")
    assert (code, err) == (0, "")
    verdict = json.loads(out)
    assert (verdict["path"], verdict["score"], verdict["decision"]) == (f"{tmp_path}/a.jpg", 1.0, "fake")
    assert (verdict["model_version"], verdict["error"], len(verdict["sha256"])) == (12, None, 64)


def test_an_image_without_a_verdict_is_named_the_others_are_answered_and_the_code_is_1(
    inspector, server, tmp_path
):
    for name, content in (("a.jpg", b"\xff"), ("b.jpg", b"text"), ("c.jpg", b"\x00")):
        (tmp_path / name).write_bytes(content)
    code, out, err = inspector("predict", tmp_path, "--server", server)
    assert code == 1
    assert [line.split("\t")[0] for line in out.splitlines()] == [f"{tmp_path}/a.jpg", f"{tmp_path}/c.jpg"]
    assert f"{tmp_path}/b.jpg: no verdict: no image" in err
    code, out, _ = inspector("predict", tmp_path, "--server", server, "--json")
    assert code == 1
    assert [json.loads(line)["decision"] for line in out.splitlines()] == ["fake", None, "real"]
