"""`calibrate`: a new version is pushed whole or not at all, and every mistake is one line.

What exports and what loads a model is tested in `tests/components`; here stand-ins take their place.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from components.errors import ServingCheckError
from pipeline import cli
from serving.versions.base_path import find_versions

OLD = 1_700_000_000


@pytest.fixture
def inspector(monkeypatch, capfd):
    """``inspector(*arguments)``: exit code, standard output and standard error of `calibrate`."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["deepfake-inspector", "calibrate", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (int(caught.value.code or 0), *capfd.readouterr())

    return run


@pytest.fixture
def version(tmp_path) -> Path:
    """A pushed version, but for its graph and its network."""
    folder = tmp_path / "models" / "faces" / str(OLD)
    extra = folder / "assets.extra"
    (extra / "transform_graph/transform_fn").mkdir(parents=True)
    (extra / "transform_graph/transform_fn/graph.pb").touch()
    (folder / "saved_model.pb").write_text("the old graph")
    (extra / "detector.keras").write_text("the network")
    rng = np.random.default_rng(0)
    rows = []
    for split, count in (("val", 200), ("test", 100)):
        for number in range(count):
            label = number % 2
            rows.append(f"{split},{label},{rng.normal(3 * label - 1.5, 1.5)!r}")
    (extra / "scores.csv").write_text("\n".join(["split,label,logit", *rows, ""]))
    facts = {
        **{"model_name": "faces", "temperature": 2.0, "threshold": 0.5},
        "settings": {"calibration": {"objective": "best-f1", "temperature_scaling": False}},
    }
    (extra / "detector.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def stand_ins(monkeypatch, version):
    """Nothing is exported and nothing loaded; no server may see the new version meanwhile."""
    import components.recalibration
    import components.serving_check
    from components.calibration import Calibration, calibrate
    from components.calibration.stored_logits import read_logits
    from components.recalibration import Recalibration, settings_of

    def visible(folder):
        bases = (folder.parent, folder.parent.parent)
        hidden = folder.parent.name.startswith(".")
        return not hidden or folder in [found for base in bases for found in find_versions(base).values()]

    def recalibrate(model, settings, folder):
        extra = model / "assets.extra"
        facts = json.loads((extra / "detector.json").read_text())
        splits = read_logits(extra / "scores.csv")
        after = calibrate(*splits["val"], settings)
        (folder / "variables").mkdir(parents=True)
        (folder / "saved_model.pb").write_text("the new graph")
        assert not visible(folder)
        return Recalibration(Calibration.from_facts(facts), after, settings_of(facts), settings, splits)

    def check(folder):
        assert (folder / "saved_model.pb").read_text() == "the new graph"
        assert not visible(folder)
        return 0.0

    monkeypatch.setattr(components.recalibration, "recalibrate", recalibrate)
    monkeypatch.setattr(components.serving_check, "check", check)


@pytest.mark.usefixtures("stand_ins")
def test_a_new_version_is_pushed_next_to_the_old_one(inspector, version):
    code, out, err = inspector(version, "--objective", "fpr=0.02", "--json")
    assert code == 0
    assert [line.split()[0] for line in err.splitlines()] == ["choosing", "loading"]
    told = json.loads(out)
    assert sorted(find_versions(version.parent)) == [OLD, told["version"]]
    assert abs(told["version"] - time.time()) < 60
    assert Path(told["pushed_to"]) == version.parent / str(told["version"])
    assert told["previous_version"] == OLD
    assert (Path(told["pushed_to"]) / "saved_model.pb").read_text() == "the new graph"
    # Nor is anything hidden left.
    assert {path.name for path in version.parent.iterdir()} == {str(OLD), str(told["version"])}
    assert told["settings"]["after"] == {
        **{"objective": "fpr=0.02", "uncertain": None},
        # As the model has it: not asked anew.
        "temperature_scaling": False,
    }
    assert (told["calibration"]["before"]["threshold"], told["calibration"]["after"]["temperature"]) == (
        0.5,
        1.0,
    )
    after = told["splits"]["val"]["after"]
    assert after["false_positive_rate"] <= 0.02 < told["splits"]["val"]["before"]["false_positive_rate"]
    low, high = after["intervals"]["false_positive_rate"]
    assert low <= after["false_positive_rate"] <= high


@pytest.mark.usefixtures("stand_ins")
def test_the_text_shows_both_and_says_how_to_serve_and_how_to_go_back(inspector, version):
    code, out, _ = inspector(version, "--objective", "cost=5", "--uncertain-max-error", "0.05")
    assert code == 0
    number = max(find_versions(version.parent))
    words = " ".join(out.split())
    for expected in (
        "objective best-f1 cost=5",
        "threshold tau 0.5000",
        "max error 0.05",
        "false positive rate",
        "error of the others",
        f"Pushed: {version.parent / str(number)}",
        f"deepfake-inspector serve --model-base-path {version.parent}",
        f"a server then goes back to version {OLD}",
    ):
        assert expected in words
    assert all(len(line) <= 80 for line in out.split("Pushed")[0].splitlines())


@pytest.mark.usefixtures("stand_ins")
def test_its_number_is_the_highest_whatever_the_clock_says(inspector, version):
    later = version.rename(version.with_name("9000000000"))
    told = json.loads(inspector(later, "--objective", "best-f1", "--out", version.parent / "b", "--json")[1])
    assert told["previous_version"] is None
    (version.parent / "b" / "9000000000").mkdir()
    told = json.loads(inspector(later, "--objective", "best-f1", "--out", version.parent / "b", "--json")[1])
    assert (told["version"], told["previous_version"]) == (9_000_000_001, 9_000_000_000)


@pytest.mark.usefixtures("stand_ins")
def test_what_does_not_serve_is_not_pushed(inspector, version, monkeypatch):
    def refuse(folder):
        raise ServingCheckError("It does not load.")

    monkeypatch.setattr("components.serving_check.check", refuse)
    code, out, err = inspector(version, "--objective", "best-f1")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "Failed: It does not load."
    assert [path.name for path in version.parent.iterdir()] == [str(OLD)]


@pytest.mark.usefixtures("stand_ins")
def test_what_cannot_be_reached_is_the_users_mistake(inspector, version):
    # No image has a higher score than this real one.
    with (version / "assets.extra/scores.csv").open("a") as file:
        file.write("val,0,30\n")
    code, out, err = inspector(version, "--objective", "precision=1")
    assert (code, out) == (2, "")
    assert "Error: objective precision=1: expected a threshold with at least this precision" in err
    assert [path.name for path in version.parent.iterdir()] == [str(OLD)]


def _broken(version: Path, how: str) -> Path:
    if how == "base path":
        return version.parent
    if how == "no export":
        (version / "assets.extra/detector.json").unlink()
    if how == "older export":
        (version / "assets.extra/scores.csv").unlink()
    if how == "no number":
        return version.rename(version.with_name("Format-Serving"))
    return version


@pytest.mark.parametrize(
    ("how", "options", "words"),
    [
        ("", ["--objective", "f1"], "--objective: expected best-f1, fpr=RATE"),
        ("", ["--objective", "fpr=2"], "received 'fpr=2'"),
        (
            "",
            ["--objective", "best-f1", "--uncertain-max-error", "0.7"],
            "--uncertain-max-error: input should",
        ),
        ("base path", ["--objective", "best-f1"], f"There are versions in it: give '{{base}}/{OLD}'"),
        ("no export", ["--objective", "best-f1"], "expected a version of a model that this project exported"),
        ("older export", ["--objective", "best-f1"], "found no scores.csv. Exports before they held these"),
        ("no number", ["--objective", "best-f1"], "expected a version folder, whose name is a number"),
    ],
)
def test_a_mistake_is_one_line_and_is_told_before_tensorflow_is_loaded(
    fresh_python, version, how, options, words
):
    code = (
        "import sys; from pipeline import cli\n"
        "sys.argv[0] = 'deepfake-inspector'\n"
        "try: cli.main()\n"
        "finally: print(*sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    ended = fresh_python(code, "calibrate", _broken(version, how), *options)
    assert ended.returncode == 2
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1
    assert words.format(base=version.parent).lower() in ended.stderr.lower()
    loaded = set(ended.stdout.split())
    assert "pydantic" in loaded
    assert not loaded & {"tensorflow", "tfx", "keras"}
