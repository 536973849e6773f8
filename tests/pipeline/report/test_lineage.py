"""Lineage: what ran, on how many cores, with which versions, and whether the records are still those."""

import dataclasses

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from data.importing import import_images
from pipeline.history.notes import RunNotes, data_hash
from pipeline.history.runs import Run, Step
from pipeline.report.lineage import lineage_of, records_are_the_same

FACTS = {
    "settings": {"model": {"backbone": "b0"}},
    "versions": {"tensorflow": "2.16.2"},
    "source_hash": "abc",
}


def _run(records, notes=None, steps=()):
    context = mlmd.Context(name="2026-11-25T04:14:41.813181")
    if notes:
        import json

        context.custom_properties["deepfake_inspector"].string_value = json.dumps(dataclasses.asdict(notes))
    reader = Step("ImportExampleGen", mlmd.Execution.CACHED, 0, 0, 1.5, {"input_base": str(records)}, {})
    return Run(context, "mini", (reader, *steps))


@pytest.fixture
def notes(imported):
    """Noted of a run on the imported faces."""
    return RunNotes({"name": "mini", "model": {}}, data_hash(imported), 8, {"TensorFlow": "2.21.0"})


def test_what_was_noted_is_told(imported, notes):
    lineage = lineage_of(_run(imported, notes), FACTS | {"trained_on": "processor"})
    assert [(one.name, one.seconds, one.from_cache) for one in lineage.nodes] == [
        ("ImportExampleGen", 1.5, True)
    ]
    assert (lineage.cores, lineage.records, lineage.configuration) == (8, str(imported), notes.configuration)
    assert lineage.versions == {
        "TensorFlow": "2.21.0",
        # The model came from the cache, out of another stack's training.
        "TensorFlow of the training": "2.16.2",
        "code of the training": "abc",
        "trained on": "processor",
        "data": notes.data,
    }
    assert lineage.warm_start is None


def test_of_a_run_without_notes_the_model_tells(imported):
    lineage = lineage_of(_run(imported), FACTS)
    assert lineage.configuration == {"name": "mini", "model": {"backbone": "b0"}}
    assert lineage.versions["TensorFlow"] == "2.16.2"
    assert lineage.versions["data"] == data_hash(imported)


def test_records_that_changed_since_are_told(faces, imported, notes, tmp_path):
    import_images(faces, tmp_path / "records")
    other = dataclasses.replace(notes, data="0" * 8)
    assert records_are_the_same(_run(imported, notes))
    assert not records_are_the_same(_run(imported, other))
    assert not records_are_the_same(_run(tmp_path / "gone", notes))
    assert (
        lineage_of(_run(imported, other), FACTS).versions["data"].endswith("have changed since, or are gone)")
    )


def test_a_warm_start_is_named(imported, notes):
    start = Step(
        "WarmStart", mlmd.Execution.COMPLETE, 0, 0, None, {}, {"result": mlmd.Artifact(uri="/models/1")}
    )
    assert lineage_of(_run(imported, notes, [start]), FACTS).warm_start == "/models/1"
