"""From a profile to Beam's arguments."""

import importlib
import os

import pytest
from apache_beam.options import pipeline_options
from apache_beam.runners.runner import create_runner

from pipeline.beam import beam_args
from pipeline.beam.local.processes import Started
from pipeline.beam.local.state import RunningEngine, remember
from pipeline.beam.profiles import PROFILES
from pipeline.beam.settings import BeamSettings
from pipeline.errors import ConfigError

_NEEDED = {
    "portable": {"job_endpoint": "host:8099"},
    "flink": {"job_endpoint": "host:8099", "worker_pool": "localhost:50000"},
    "spark": {"job_endpoint": "host:8099"},
    "dataflow": {
        "project": "p",
        "region": "europe-west1",
        "temp_location": "gs://bucket/tmp",
        "sdk_image": "image:1",
    },
}


def _options(profile, **settings):
    arguments = beam_args(BeamSettings(profile=profile, **(_NEEDED.get(profile, {}) | settings)))
    return pipeline_options.PipelineOptions(arguments).get_all_options()


@pytest.fixture
def running(tmp_path, monkeypatch):
    """``running(engine, **changes)``: an engine that lives as long as this process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "deepfake-inspector/beam").mkdir(parents=True)

    def remembered(engine, **changes):
        from pipeline.beam.local.processes import _born

        server = Started("job server", os.getpid(), _born(os.getpid()), "log")
        facts = {
            "engine": engine,
            "job_endpoint": "localhost:1",
            "artifact_endpoint": "localhost:2",
            "worker_pool": None,
            "parallelism": 2,
            "slots": 1,
            "web": None,
            "folder": tmp_path,
            "processes": (server,),
        }
        remember(RunningEngine(**(facts | changes)))

    return remembered


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_lets_tfx_build_a_package(profile):
    options = _options(profile)
    assert options["sdk_container_image"] or options["setup_file"]


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "dataflow"])
def test_each_job_has_a_deadline_that_its_runner_keeps(profile):
    importlib.import_module("pipeline.beam.deadline")
    options = _options(profile, deadline_s=77)
    assert options["deadline_s"] == 77
    assert type(create_runner(options["runner"])).__module__ == "pipeline.beam.deadline"


def test_dataflow_keeps_the_deadline_itself():
    options = _options("dataflow", deadline_s=77, parallelism=9)
    assert options["dataflow_service_options"] == ["max_workflow_runtime_walltime_seconds=77"]
    assert (options["max_num_workers"], options["sdk_location"]) == (9, "container")


@pytest.mark.parametrize(
    ("profile", "mode", "workers"),
    [
        ("direct", "in_memory", 1),
        ("direct-threads", "multi_threading", 3),
        ("direct-processes", "multi_processing", 3),
    ],
)
def test_this_machine(profile, mode, workers):
    options = _options(profile, parallelism=3)
    assert (options["direct_running_mode"], options["direct_num_workers"]) == (mode, workers)


def test_workers_are_in_the_pool_where_there_is_one():
    external = _options("flink")
    assert (external["environment_type"], external["environment_config"]) == ("EXTERNAL", "localhost:50000")
    assert _options("flink", worker_pool=None)["environment_type"] == "LOOPBACK"


def test_further_arguments_come_last():
    arguments = beam_args(BeamSettings(extra_args=("--direct_num_workers=5",)))
    assert pipeline_options.PipelineOptions(arguments).get_all_options()["direct_num_workers"] == 5


def test_the_engine_that_runs_here_is_used(running):
    running("flink-cluster", worker_pool="worker-pool:7", parallelism=6, slots=3)
    arguments = beam_args(BeamSettings(profile="flink"))
    assert {
        "--job_endpoint=localhost:1",
        "--artifact_endpoint=localhost:2",
        "--environment_type=EXTERNAL",
        "--environment_config=worker-pool:7",
        "--sdk_worker_parallelism=3",
        "--parallelism=6",
    } <= set(arguments)
    # Of a named one nothing is known.
    named = beam_args(BeamSettings(profile="flink", job_endpoint="host:8099"))
    assert not [one for one in named if "localhost" in one or "parallelism" in one]


def test_without_an_engine_it_is_told_how_to_start_one(running):
    with pytest.raises(
        ConfigError, match=r"found none\. Start one here with `deepfake-inspector beam start spark`"
    ):
        beam_args(BeamSettings(profile="spark"))
    running("spark", processes=(Started("job server", os.getpid(), 1, "log"),))
    with pytest.raises(ConfigError, match="found none"):
        beam_args(BeamSettings(profile="spark"))
    running("spark")
    with pytest.raises(ConfigError, match=r"without\. Start it anew with `--pool`"):
        beam_args(BeamSettings(profile="spark", environment="external"))
