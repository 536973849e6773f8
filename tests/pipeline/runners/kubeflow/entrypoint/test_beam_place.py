"""Whether Beam's workers are in the container of the node."""

import pytest

from data.options import IN_MEMORY_RUNNER
from pipeline.beam import beam_args
from pipeline.beam.settings import BeamSettings
from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.entrypoint.beam_place import is_distributed, shared_temp


@pytest.mark.parametrize(
    "here",
    [
        [],
        ["--runner=DirectRunner"],
        [IN_MEMORY_RUNNER, "--direct_num_workers=1"],
        beam_args(),
        beam_args(BeamSettings(profile="portable", job_endpoint="host:8099")),
        ["--runner=PortableRunner", "--job_endpoint=host:8099", "--environment_type=LOOPBACK"],
    ],
)
def test_workers_in_this_container(here):
    assert not is_distributed(here)


@pytest.mark.parametrize(
    "elsewhere",
    [
        ["--runner=DataflowRunner", "--project=p"],
        ["--runner=FlinkRunner"],
        beam_args(BeamSettings(profile="flink", job_endpoint="host:8099", worker_pool="localhost:50000")),
        ["--runner", "PortableRunner", "--environment_type=EXTERNAL", "--environment_config=host:50000"],
    ],
)
def test_workers_elsewhere(elsewhere):
    assert is_distributed(elsewhere)


def test_the_shared_folder_is_the_one_configured_or_beams():
    beam = ["--runner=DataflowRunner", "--temp_location=gs://b/beam/"]
    assert shared_temp(beam, "gs://b/ours") == "gs://b/ours"
    assert shared_temp(beam, None) == "gs://b/beam"
    with pytest.raises(ConfigError, match="set INSPECTOR_BEAM_TEMP or Beam's --temp_location"):
        shared_temp(["--runner=FlinkRunner"], None)
