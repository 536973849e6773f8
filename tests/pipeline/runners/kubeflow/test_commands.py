"""`kubeflow compile`, `kubeflow lint` and `vertex compile`, as a person calls them."""

import json
import sys

import pytest
import yaml

from pipeline import cli

_WHERE = ("--records", "gs://b/records", "--push-to", "gs://b/models/d", "--pipeline-root", "gs://b/runs")
_WHAT = ("--config", "demo", "--set", "model.weights=none", "--image", "example/inspector:1.0")


@pytest.fixture
def inspector(monkeypatch, capfd, tmp_path):
    """``inspector(*arguments)``: exit code, standard output and standard error; run in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["deepfake-inspector", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (int(caught.value.code or 0), *capfd.readouterr())

    return run


def test_a_package_is_compiled_and_linted(inspector, tmp_path):
    code, out, err = inspector(
        "kubeflow", "compile", *_WHAT, *_WHERE, "--target", "gpu", "--out", "out/demo.yaml"
    )
    assert (code, [line.split() for line in out.splitlines()[1:3]]) == (
        0,
        [["push_to", "gs://b/models/d"], ["records", "gs://b/records"]],
    ), err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["demo.yaml"]
    spec, platform = yaml.safe_load_all((tmp_path / "out/demo.yaml").read_text())
    assert spec["pipelineInfo"]["name"] == "demo"
    assert "Trainer_executor" in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert inspector("kubeflow", "lint", "out/demo.yaml") == (
        0,
        "out/demo.yaml: nothing to say against it\n",
        "",
    )


def test_a_job_for_vertex_is_compiled_and_linted(inspector, tmp_path):
    code, out, err = inspector("vertex", "compile", *_WHAT, *_WHERE, "--out", "demo.json", "--json")
    assert code == 0, err
    answer, job = json.loads(out), json.loads((tmp_path / "demo.json").read_text())
    assert answer["parameters"] == {"records": "gs://b/records", "push_to": "gs://b/models/d"}
    assert answer["nodes"] == sorted(job["pipelineSpec"]["root"]["dag"]["tasks"])
    assert (answer["pipeline"], answer["pipeline_root"], answer["out"]) == (
        "demo",
        "gs://b/runs",
        "demo.json",
    )
    assert inspector("kubeflow", "lint", "demo.json")[0] == 0


def test_the_linter_says_what_is_wrong_and_fails(inspector, tmp_path):
    code, _, err = inspector("kubeflow", "compile", *_WHAT, *_WHERE, "--out", "demo.yaml")
    assert code == 0, err
    path = tmp_path / "demo.yaml"
    path.write_text(path.read_text().replace("inspector:1.0", "inspector:latest", 1))
    code, out, _ = inspector("kubeflow", "lint", path)
    assert (code, out.count("\n")) == (1, 1)
    assert out.startswith(f"{path}: deploymentSpec.executors.")
    assert out.endswith("A tag that moves pins nothing; this is 'example/inspector:latest'. [image]\n")
    code, out, _ = inspector("kubeflow", "lint", path, "--json")
    [finding] = json.loads(out)["findings"]
    assert (code, finding["rule"]) == (1, "image")


def test_the_target_may_hold_what_is_not_on_the_command_line(inspector, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "image: example/other:2\nrecords: gs://c/records\npush_to: gs://c/models\npipeline_root: s3://c/runs\n"
    )
    arguments = ("--config", "demo", "--set", "model.weights=none", "--target", "mine.yaml")
    code, out, err = inspector(
        *(
            "kubeflow",
            "compile",
            *arguments,
            "--records",
            "gs://d/records",
            "--set-target",
            "nodes.Trainer.gpus=2",
        ),
        *("--out", "demo.yaml", "--json"),
    )
    assert code == 0, err
    assert json.loads(out)["parameters"] == {"records": "gs://d/records", "push_to": "gs://c/models"}
    spec, _ = yaml.safe_load_all((tmp_path / "demo.yaml").read_text())
    trainer = spec["deploymentSpec"]["executors"]["Trainer_executor"]["container"]
    assert (trainer["image"], trainer["resources"]["accelerator"]["count"]) == ("example/other:2", "2")


def test_records_of_this_machine_are_read_for_what_they_hold(inspector, imported, tmp_path):
    code, out, err = inspector(
        *("kubeflow", "compile", *_WHAT, *_WHERE, "--records", imported, "--out", "demo.yaml", "--json")
    )
    assert code == 0, err
    assert json.loads(out)["parameters"]["records"] == str(imported)
    [note] = json.loads(out)["notes"]
    assert note in err
    assert f"records is {imported}, where ImportExampleGen and ImportSchemaGen mount no volume" in note


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("kubeflow", "compile", *_WHAT, "--out", "a.yaml"),
            "Expected --records, --push-to, --pipeline-root",
        ),
        (("kubeflow", "compile", *_WHAT, *_WHERE, "--out", "a.json"), "--out: expected a .yaml file"),
        (("vertex", "compile", *_WHAT, *_WHERE, "--out", "a.yaml"), "--out: expected a .json file"),
        (("kubeflow", "compile", *_WHAT, *_WHERE, "--image", "a", "--out", "a.yaml"), "--image: An image is"),
        (
            ("vertex", "compile", *_WHAT, *_WHERE, "--pipeline-root", "s3://b", "--out", "a.json"),
            "--pipeline-root: The server keeps artifacts at gs://",
        ),
        (
            ("vertex", "compile", *_WHAT, *_WHERE, "--records", "r", "--out", "a.json"),
            "--records: The nodes can open gs://",
        ),
        (
            ("kubeflow", "compile", *_WHAT, *_WHERE, "--target", "no", "--out", "a.yaml"),
            "--target: expected one of",
        ),
        (
            (
                "kubeflow",
                "compile",
                *_WHAT,
                *_WHERE,
                "--set-target",
                "nodes.Trainer.gpu=1",
                "--out",
                "a.yaml",
            ),
            "unknown key 'nodes.Trainer.gpu'",
        ),
        (
            ("vertex", "compile", *_WHAT, *_WHERE, "--target", "gpu", "--out", "a.json"),
            "which only Kubernetes can do",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(inspector, tmp_path, arguments, told):
    code, out, err = inspector(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert list(tmp_path.iterdir()) == []
