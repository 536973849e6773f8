"""The section `beam`: what fits together, and what is said of what does not."""

import pytest

from pipeline.config import PipelineConfig, beam_settings, load_config
from pipeline.errors import ConfigError

_DATAFLOW = ("project=p", "region=europe-west1", "temp_location=gs://bucket/tmp")


def test_work_is_done_in_this_process_by_default():
    assert PipelineConfig().beam.profile == "direct"
    assert load_config("demo", ["beam.profile=direct-processes"]).beam.profile == "direct-processes"


@pytest.mark.parametrize(
    ("profile", "changes", "told"),
    [
        ("portable", (), "expected job_endpoint"),
        ("portable", ("job_endpoint=host:8099", "environment=external"), "expected worker_pool"),
        ("portable", ("job_endpoint=here",), "job_endpoint"),
        (
            "flink",
            ("job_endpoint=host:8099", "environment=loopback", "worker_pool=localhost:50000"),
            "expected no worker_pool",
        ),
        ("direct", ("job_endpoint=host:8099",), "expected job_endpoint only with"),
        ("direct", ("setup_file=./setup.py",), "expected setup_file only with profile: dataflow"),
        ("dataflow", (), "expected project, region, temp_location, sdk_image or setup_file"),
        ("dataflow", _DATAFLOW, "expected sdk_image or setup_file"),
        ("dataflow", (*_DATAFLOW, "sdk_image=i:1", "setup_file=setup.py"), "received both"),
        ("dataflow", (*_DATAFLOW[:2], "temp_location=/tmp", "sdk_image=i:1"), "temp_location at gs://"),
        ("flink", ("deadline_s=0",), "deadline_s"),
        ("flink", ("parallelism=true",), "parallelism"),
        ("flink", ("extra_args=[parallelism=3]",), "extra_args"),
        ("flink", ("workers=3",), "unknown key 'workers'"),
    ],
)
def test_what_does_not_fit_is_told(profile, changes, told):
    with pytest.raises(ConfigError, match=f"--beam {profile}: .*{told}"):
        beam_settings(profile, changes)


def test_a_configuration_names_the_section():
    with pytest.raises(ConfigError, match="beam: expected job_endpoint"):
        load_config("demo", ["beam.profile=portable"])
