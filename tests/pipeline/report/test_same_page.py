"""The page of a local run and that of the DAG's own node tell the same of the same run."""

import dataclasses
import json
import re

import pytest
from tfx.types.experimental import simple_artifacts

from components.library_versions import library_versions
from components.report.component import Report
from pipeline.history.notes import RunNotes, data_hash
from pipeline.history.runs import read_runs
from pipeline.report.pages import write_pages
from pipeline.run_report import read_report, write_report

RUN = "2026-11-25T04:14:41.813181"
CONFIGURATION = {"name": "mini", "model": {"backbone": "b0", "weights": "none"}}
OUTPUTS = {
    "ImportExampleGen": ("examples",),
    "Trainer": ("model", "model_run"),
    "Evaluator": ("evaluation",),
    "Scoring": ("scores",),
    "Pusher": ("pushed_model",),
}


@pytest.fixture
def both(made_up, finished_run, imported):
    """Folders of the report of a local run, and of the node's, of the same artifacts."""
    finished = finished_run(True).copied_to(made_up.workspace.artifacts)
    run = made_up.begin(RUN)
    for node, names in OUTPUTS.items():
        artifacts = {name: finished.artifacts[name] for name in names}
        made_up.step(
            run,
            node,
            properties={"input_base": str(imported)},
            outputs={name: _properties(one) for name, one in artifacts.items()},
            folders={name: one.uri for name, one in artifacts.items()},
        )
    _note(made_up.store, run, imported)
    [done] = read_runs(made_up.store)
    report = write_pages(read_report(done), made_up.workspace)
    write_report(report, made_up.workspace)

    put_out = simple_artifacts.File()
    put_out.uri = str(made_up.workspace.root / "of-the-node")
    Report.EXECUTOR_SPEC.executor_class().Do(
        {name: [artifact] for name, artifact in finished.artifacts.items()},
        {"report": [put_out]},
        {
            "source_hash": "",
            "config_name": "mini",
            "configuration": json.dumps(CONFIGURATION),
            "records": str(imported),
        },
    )
    return report.page.parent, made_up.workspace.root / "of-the-node"


def _properties(artifact):
    return {
        name: value.int_value if value.HasField("int_value") else value.string_value
        for name, value in artifact.mlmd_artifact.custom_properties.items()
    }


def _note(store, run, records):
    notes = RunNotes(CONFIGURATION, data_hash(records), 2, library_versions())
    [context] = store.get_contexts_by_id([run])
    context.custom_properties["deepfake_inspector"].string_value = json.dumps(dataclasses.asdict(notes))
    store.put_contexts([context])


def _sections(page):
    return dict(re.findall(r'<section id="([a-z-]+)"(.*?)</section>', page, re.DOTALL))


def _table(section, name):
    [table] = re.findall(rf"<summary>{name}</summary>(.*?)</details>", section, re.DOTALL)
    return table


def test_both_tell_the_same(both):
    local, of_node = both
    ours, theirs = (_sections((folder / "report.html").read_text()) for folder in (local, of_node))
    assert list(ours) == list(theirs)
    assert len(ours) > 6
    differ = [name for name in ours if ours[name] != theirs[name]]
    # How long the steps took and where things lie is all that one knows and the other does not.
    assert differ == ["lineage"]
    for name in ("Versions", "Configuration"):
        assert _table(ours["lineage"], name) == _table(theirs["lineage"], name)

    mine, other = (json.loads((folder / "metrics.json").read_text()) for folder in (local, of_node))
    for key in ("records", "blessed", "reasons", "pushed_to", "phases", "slices", "attacks"):
        assert mine[key] == other[key], key
    card, other_card = ((folder / "model_card.md").read_text().splitlines() for folder in (local, of_node))
    assert [line for line in card if line not in other_card] == [
        "- cores: 2",
        *[line for line in card if line.startswith("- cost: at most")],
        f"Made by DeepFake-Inspector for run {RUN}. The report beside it has the curves, the worst errors and all",
    ]
