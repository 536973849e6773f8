"""Images in, a served verdict out."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def test_import_keeps_the_good_and_lists_the_bad(imported, home):
    assert (imported["found"], imported["kept"]) == (121, 120)
    assert imported["quarantined"] == {"not_an_image": 1}
    assert json.loads((home / "records/span-1/quarantine.jsonl").read_text())["path"] == "real/broken.jpg"


def test_run_is_blessed_and_pushed(first_run, home):
    report = first_run.json
    assert report["blessed"]
    pushed = Path(report["pushed_to"])
    assert pushed.parent == home / "workspace/models/deepfake-inspector"
    assert (pushed / "saved_model.pb").is_file()
    assert json.loads((home / "workspace/reports").glob("*/metrics.json").__next__().read_text()) == report


def test_report_says_how_each_stage_and_slice_did(first_run):
    report = first_run.json
    assert [phase["stage"]["name"] for phase in report["phases"]] == ["frozen", "all"]
    slices = {one["name"]: one for one in report["slices"]}
    assert {"overall", "source=faces", "method=none", "method=bright", "format=png"} <= set(slices)
    # The classes differ in brightness, which a few epochs show; of nine images each, one may still be out of order.
    assert slices["overall"]["auc"] > 0.85
    assert slices["method=bright"]["auc"] is None
    overall, phase = slices["overall"]["at_tau"], report["phases"][-1]["metrics"][-1]
    assert phase["split"] == "test"
    assert phase["accuracy"] == pytest.approx(overall["accuracy"])
    assert phase["auc"] == pytest.approx(slices["overall"]["auc"], abs=1e-6)


def test_the_run_leaves_its_report_and_its_card(first_run, home, inspector):
    page, pushed = Path(first_run.json["page"]), Path(first_run.json["pushed_to"])
    text = page.read_text()
    # The page is one file: nothing is fetched.
    assert not re.findall(r"""(?:src|href)=["']?(?!#|data:)[^"'> ]+""", text)
    for reason in first_run.json["reasons"]:
        assert reason.partition(";")[0] in text
    assert (pushed / "README.md").read_text() == Path(first_run.json["model_card"]).read_text()
    worst = len(re.findall("data:image/jpeg;base64", text))
    assert worst == 0 or worst % 2 == 0, "each of the worst errors has its picture and its map"

    page.unlink()
    again = inspector("report", "--workspace", home / "workspace", "--json")
    assert again.code == 0, again.err
    assert Path(again.json["page"]).is_file()
    assert again.json["slices"] == first_run.json["slices"]
    history = inspector("history", "--workspace", home / "workspace", "--json")
    assert history.code == 0, history.err
    oldest = history.json["runs"][-1]
    assert (oldest["name"], oldest["outcome"]) == (first_run.json["run"], "done")
    assert oldest["auc"] == pytest.approx(first_run.json["slices"][0]["auc"], abs=1e-6)


def test_every_node_is_shown(first_run):
    nodes = [line.split(":")[0] for line in first_run.err.splitlines() if ": done," in line]
    assert nodes == [
        *("ImportExampleGen", "ImportSchemaGen", "StatisticsGen", "ExampleValidator", "DataGate"),
        *("Transform", "Trainer", "LatestBlessed", "Evaluator", "Scoring", "ServingCheck", "Pusher"),
    ]


def test_libraries_are_silent_on_the_terminal(first_run):
    for noise in ("Warning", "WARNING", "INFO", "tensorflow/", "Traceback"):
        assert noise not in first_run.err


def test_second_run_comes_from_cache(first_run, run_tiny, home):
    second = run_tiny(home / "records")
    assert second.code == 0, second.err
    # Looking up the baseline, and comparing with the model that is served now, cost nothing and are done anew.
    anew = ("LatestBlessed", "DataGate")
    done = [line for line in second.err.splitlines() if ": done," in line]
    assert [line for line in done if not line.startswith(anew)] == []
    assert second.json["pushed_to"] == first_run.json["pushed_to"]


def test_served_scores_are_those_of_keras(server, home, inspector, first_run):
    import keras
    import tensorflow as tf

    answer = inspector(
        "predict", home / "faces/real/1.png", home / "faces/fake", "--server", server, "--json"
    )
    assert answer.code == 0, answer.err
    verdicts = [json.loads(line) for line in answer.out.splitlines()]
    assert len(verdicts) == 61

    extra = Path(first_run.json["pushed_to"]) / "assets.extra"
    facts = json.loads((extra / "detector.json").read_text())
    model = keras.saving.load_model(extra / "detector.keras", safe_mode=True, compile=False)

    def pixels(path):
        # Written out anew here, not imported: this is what a reader of detector.json would do.
        image = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        resized = tf.image.resize(image, (32, 32), method="bilinear", antialias=True)
        return tf.clip_by_value(tf.round(resized), 0, 255) / 255.0

    logits = model.predict(tf.stack([pixels(verdict["path"]) for verdict in verdicts]), verbose=0)[:, 0]
    expected = 1 / (1 + np.exp(-logits.astype(float) / facts["temperature"]))
    np.testing.assert_allclose([verdict["score"] for verdict in verdicts], expected, rtol=0, atol=1e-5)
    for verdict in verdicts:
        assert verdict["decision"] == ("fake" if verdict["score"] >= verdict["threshold"] else "real")
        assert verdict["threshold"] == pytest.approx(facts["threshold"], abs=1e-6)
        assert str(verdict["model_version"]) == Path(first_run.json["pushed_to"]).name


def test_the_server_explains_its_verdict(server, home, inspector):
    image = home / "faces/real/1.png"
    answer = inspector("explain", image, "--out", home / "explained", "--server", server, "--json")
    assert answer.code == 0, answer.err
    asked = inspector("predict", image, "--server", server, "--json").json
    assert answer.json == asked | {"explained": str(home / "explained/1.explained.png")}
    width, height = Image.open(image).size
    assert Image.open(home / "explained/1.explained.png").size == (2 * width, height)


def test_an_undecodable_image_gets_no_verdict_and_exit_code_1(server, home, inspector):
    answer = inspector(
        "predict", home / "faces/real/broken.jpg", home / "faces/real/2.jpg", "--server", server
    )
    assert answer.code == 1
    assert "broken.jpg: no verdict" in answer.err
    [line] = answer.out.splitlines()
    path, _, decision, _, _ = line.split("\t")
    assert (Path(path).name, decision) == ("2.jpg", "real")


def test_a_pushed_version_can_be_calibrated(first_run, home, inspector):
    pushed = Path(first_run.json["pushed_to"])
    answer = inspector(
        "calibrate",
        pushed,
        "--objective",
        "cost=10",
        "--out",
        home / "calibrated/deepfake-inspector",
        "--json",
    )
    assert answer.code == 0, answer.err
    [version] = (home / "calibrated/deepfake-inspector").iterdir()
    facts = json.loads((version / "assets.extra/detector.json").read_text())
    assert facts["calibrated_from"] == pushed.name
    assert facts["settings"]["calibration"]["objective"] == "cost=10"
