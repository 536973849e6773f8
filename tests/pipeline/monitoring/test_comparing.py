"""`monitor`: from a model's folder and a log to a sentence and an exit code; a folder of images is scored now."""

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import expit

from pipeline.commands.monitor import monitor
from pipeline.errors import ConfigError

TEMPERATURE, TAU = 1.3, 0.55
CLASS_CENTRES = (-1.5, 1.5)


def _logits(seed, real, fake):
    random = np.random.default_rng(seed)
    return np.concatenate(
        [random.normal(centre, 1.5, n) for centre, n in zip(CLASS_CENTRES, (real, fake), strict=True)]
    )


@pytest.fixture
def model(tmp_path):
    """What travels with version 7, without its graph; the scores of the validation split are misleading."""
    extra = tmp_path / "models" / "7" / "assets.extra"
    extra.mkdir(parents=True)
    facts = {
        "model_name": "small",
        "input": {"smallest_face": 16},
        "temperature": TEMPERATURE,
        "threshold": TAU,
        "uncertain": [0.45, 0.6],
    }
    (extra / "detector.json").write_text(json.dumps(facts))
    with (extra / "scores.csv").open("w") as file:
        rows = csv.writer(file)
        rows.writerow(["split", "label", "logit"])
        for split, shift in (("val", 9.0), ("test", 0.0)):
            for number, logit in enumerate(_logits(0, 300, 300)):
                rows.writerow([split, int(number >= 300), logit + shift])
    return extra.parent


@pytest.fixture
def log(tmp_path):
    """``log(real, fake, shift=0, version=7)``: what `predict --json` would print."""

    def write(real, fake, shift=0.0, version=7):
        path = tmp_path / "answers.jsonl"
        with path.open("w") as file:
            for score in expit((_logits(1, real, fake) + shift) / TEMPERATURE).astype(np.float32).tolist():
                decision = "uncertain" if 0.45 <= score < 0.6 else "fake" if score >= TAU else "real"
                values = {"path": "a.jpg", "score": score, "decision": decision, "threshold": TAU}
                file.write(json.dumps(values | {"model_version": version}) + "\n")
        return path

    return write


def _run(*arguments):
    result = CliRunner().invoke(monitor, [*map(str, arguments), "--json"], standalone_mode=False)
    if result.exception:
        raise result.exception
    return json.loads(result.stdout), result.return_value


def test_traffic_of_mostly_reals_needs_nothing(model, log):
    report, code = _run(model, log(1900, 100), "--strict")
    assert (report["advice"], code) == ("nothing", 0)
    assert report["sentence"].startswith("Nothing is to be done: with ")
    assert report["served"] | {"decided": None, "near": None} == {
        "images": 2000,
        "compared": 2000,
        "decided": None,
        "near": None,
        "no_verdict": 0,
        "other_versions": {},
        "bad_lines": 0,
    }
    assert report["drift"]["fake_share"] == pytest.approx(0.05, abs=0.04)
    called = report["shares"]["called fake"]
    reference = expit(_logits(0, 300, 300) / TEMPERATURE)
    # In the band it is neither.
    assert called["then"] == pytest.approx(np.mean(reference >= 0.6))
    assert called["expected"] == pytest.approx(called["now"], abs=0.05)
    uncertain = report["shares"]["called uncertain"]
    assert uncertain["then"] == pytest.approx(np.mean((reference >= 0.45) & (reference < 0.6)))


def test_moved_scores_are_told_and_end_in_1_only_when_asked(model, log):
    moved = log(1900, 100, shift=5.0)
    report, code = _run(model, moved)
    assert (report["advice"], code) == ("retrain", 0)
    assert report["sentence"].startswith("Look at the data, and retrain")
    assert _run(model, moved, "--strict")[1] == 1


def test_a_stated_share_of_fakes_is_believed(model, log):
    scores = log(700, 300)
    assert _run(model, scores)[0]["advice"] == "nothing"
    report, _ = _run(model, scores, "--fake-share", "0.01")
    assert (report["advice"], report["drift"]["fake_share_interval"]) == ("retrain", None)
    assert "1.0% as stated" in report["fakes"]


def test_few_scores_tell_nothing(model, log):
    report, code = _run(model, log(40, 10), "--strict")
    assert (report["advice"], code) == ("too few", 0)
    assert "received 50 served ones and 600 of the evaluation" in report["sentence"]


def test_the_version_is_the_name_of_the_folder_or_stated(model, log, tmp_path):
    other = log(200, 100, version=8)
    with pytest.raises(ValueError, match="answers of version 7"):
        _run(model, other)
    assert _run(model, other, "--model-version", 8)[0]["model_version"] == 8
    trained = model.rename(tmp_path / "Format-Serving")
    with pytest.raises(ConfigError, match="--model-version"):
        _run(trained, other)


def test_for_a_person_the_last_line_says_what_to_do(model, log):
    result = CliRunner().invoke(monitor, [str(model), str(log(1900, 100))])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "2,000 answers, against 600 scores of the evaluation"
    assert any(line.startswith("called fake") for line in lines)
    assert lines[-1].startswith("Nothing is to be done")


def test_what_is_no_model_is_told_with_a_cure(model, log, tmp_path):
    scores = log(200, 100)
    with pytest.raises(ConfigError, match=f"Its newest version is {model}"):
        _run(model.parent, scores)
    with pytest.raises(ConfigError, match="expected a version of a model"):
        _run(tmp_path, scores)
    path = model / "assets.extra/scores.csv"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if "test,1" not in line))
    with pytest.raises(ConfigError, match="real and of fake images of the split 'test'"):
        _run(model, scores)
    path.write_text("split,label,logit\nval,0,0.1\n")
    with pytest.raises(ConfigError, match="scores of the split 'test'"):
        _run(model, scores)
    path.unlink()
    with pytest.raises(ConfigError, match="an older version of this project pushed the model"):
        _run(model, scores)


def test_importing_the_command_loads_neither_tensorflow_nor_scipy(fresh_python):
    code = (
        "import sys, pipeline.commands.monitor; print({'tensorflow', 'scipy', 'sklearn'} & set(sys.modules))"
    )
    assert fresh_python(code).stdout.strip() == "set()"


def test_a_log_is_compared_without_tensorflow(fresh_python, model, log):
    code = (
        "import sys; from pipeline.commands.monitor import monitor\n"
        "monitor(sys.argv[1:], standalone_mode=False)\n"
        "print('tensorflow' in sys.modules)"
    )
    finished = fresh_python(code, model, log(200, 100))
    assert finished.stdout.splitlines()[-1] == "False", finished.stderr
