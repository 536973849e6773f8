"""The steps up to the gate, run by TFX on records of two spans."""

import pytest
import tensorflow as tf
from tfx import v1 as tfx
from tfx.orchestration.pipeline import RunOptions

from components.errors import DataAnomalyError
from data import example
from data.record_folder import spans, split_pattern
from data.schema import SCHEMA_FILE, dataset_schema, write_schema
from pipeline.beam import beam_args
from pipeline.config import PipelineConfig
from pipeline.graph import create_pipeline
from pipeline.inputs import Inputs

SIZES = dict(zip(example.SPLITS, (60, 40, 40), strict=True))

_BLENDED = example.Synthetic("blend", "", "a" * 64, 1, 0.5)


@pytest.fixture
def run_checks(record, picture, encode, tmp_path):
    """``run_checks(format_of, made=False)``: the checks of two spans; ``format_of(span, number)`` names an image's
    format. ``made`` makes the second one of fakes made of others, a hundred of them, and all in train."""
    images = [encode(picture(label, 1)) for label in (0, 1)]

    def run(format_of, made=False):
        records = tmp_path / "records"
        for span in (1, 2):
            (records / f"span-{span}").mkdir(parents=True)
            for split, size in ({"train": 100, "val": 0, "test": 0} if made and span == 2 else SIZES).items():
                path = records / f"span-{span}" / f"{split}-00000-of-00001.tfrecord.gz"
                with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
                    for number in range(size):
                        form = format_of(span, number)
                        label = 1 if made and span == 2 else number % 2
                        synthetic = _BLENDED if made and span == 2 else None
                        one = record(
                            images[label],
                            label,
                            number,
                            span=span,
                            source="a",
                            format=form,
                            synthetic=synthetic,
                        )
                        writer.write(example.encode(one))
        write_schema(records, dataset_schema(["a"], {}, grey_allowed=False))
        pipeline = create_pipeline(
            PipelineConfig(),
            Inputs(
                records=str(records),
                schema_file=str(records / SCHEMA_FILE),
                split_pattern=split_pattern(records),
                spans=len(spans(records)),
                synthetic=made,
            ),
            pipeline_root=str(tmp_path / "root"),
            push_to=str(tmp_path / "models"),
            training_dir=None,
            metadata=tfx.orchestration.metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata")),
            beam_args=beam_args(),
        )
        tfx.orchestration.LocalDagRunner().run(pipeline, run_options=RunOptions(to_nodes=["DataGate"]))

    return run


def test_a_second_span_like_the_first_passes(run_checks):
    run_checks(lambda span, number: ("jpeg", "png")[number // 2 % 2])


def test_a_second_span_that_drifted_stops_the_run(run_checks):
    with pytest.raises(DataAnomalyError) as caught:
        run_checks(lambda span, number: "png" if span == 2 else "jpeg")
    [fault] = str(caught.value).splitlines()[1:-1]
    assert fault.startswith(
        "  - image/format, split train, span 2: differs from span 1 by 1.00 (l infty), expected at most "
    )
    assert "is 0 of 60 images against 60 of 60" in fault


@pytest.mark.slow
def test_a_second_span_of_fakes_made_of_others_passes(run_checks):
    run_checks(lambda span, number: ("jpeg", "png")[number // 2 % 2], made=True)
