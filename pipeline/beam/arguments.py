"""From settings to the arguments that Beam gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.beam.local.state import RunningEngine
    from pipeline.beam.settings import BeamSettings

_RUNNERS = "pipeline.beam.deadline"
_MODES = {"direct": "in_memory", "direct-threads": "multi_threading", "direct-processes": "multi_processing"}
_NO_IMAGE = "unused"


def beam_args(settings: BeamSettings | None = None) -> list[str]:
    """The Beam arguments of a configuration's section `beam`.

    Args:
        settings: the section; None for this process.

    Raises:
        ConfigError: the profile needs an engine that neither runs here nor is named.
    """
    from pipeline.beam.settings import BeamSettings

    settings = settings or BeamSettings()
    if settings.profile in _MODES:
        own = _direct(settings)
    elif settings.profile == "dataflow":
        own = _dataflow(settings)
    else:
        own = _on_a_job_server(settings)
    temp = [f"--temp_location={settings.temp_location}"] if settings.temp_location else []
    return [*own, *_code(settings), *temp, *settings.extra_args]


def _direct(settings: BeamSettings) -> list[str]:
    mode = _MODES[settings.profile]
    # In one process a second worker would only wait for the first.
    workers = 1 if mode == "in_memory" else settings.parallelism or len(os.sched_getaffinity(0))
    return [
        f"--runner={_RUNNERS}.DeadlineDirectRunner",
        f"--deadline_s={settings.deadline_s}",
        f"--direct_running_mode={mode}",
        f"--direct_num_workers={workers}",
    ]


def _on_a_job_server(settings: BeamSettings) -> list[str]:
    running = None if settings.job_endpoint else _running(settings.profile)
    endpoint = settings.job_endpoint or running.job_endpoint
    artifacts = settings.artifact_endpoint or (running and running.artifact_endpoint)
    pool = settings.worker_pool or (running and running.worker_pool)
    parallelism = settings.parallelism or (running and running.parallelism)
    external = settings.environment == "external" or (settings.environment is None and bool(pool))
    if external and not pool:
        raise ConfigError(
            f"beam.environment: expected a {settings.profile} that was started with a worker pool, received one "
            "without. Start it anew with `--pool`."
        )
    arguments = [
        f"--runner={_RUNNERS}.DeadlinePortableRunner",
        f"--deadline_s={settings.deadline_s}",
        f"--job_endpoint={endpoint}",
        *([f"--artifact_endpoint={artifacts}"] if artifacts else []),
        f"--environment_type={'EXTERNAL' if external else 'LOOPBACK'}",
    ]
    if external:
        # No --environment_cache_millis: a worker that was killed would be kept, too, and no restart would help.
        arguments.append(f"--environment_config={pool}")
        if running:
            arguments.append(f"--sdk_worker_parallelism={running.slots}")
    if settings.profile == "flink" and parallelism:
        arguments.append(f"--parallelism={parallelism}")
    return arguments


def _running(profile: str) -> RunningEngine:
    from pipeline.beam.local.state import running_engine

    engine = running_engine(profile)
    if engine is None:
        raise ConfigError(
            f"beam.profile: expected a running {profile} with '{profile}', and found none. Start one here with "
            f"`deepfake-inspector beam start {profile}`, or name a cluster's job server: "
            "beam.job_endpoint=HOST:PORT."
        )
    return engine


def _dataflow(settings: BeamSettings) -> list[str]:
    workers = [f"--max_num_workers={settings.parallelism}"] if settings.parallelism else []
    image = ["--sdk_location=container"] if settings.sdk_image else []
    return [
        "--runner=DataflowRunner",
        f"--project={settings.project}",
        f"--region={settings.region}",
        "--experiments=use_runner_v2",
        # Dataflow's own deadline: it holds although the command that started the job is gone.
        f"--dataflow_service_options=max_workflow_runtime_walltime_seconds={settings.deadline_s}",
        *image,
        *workers,
    ]


def _code(settings: BeamSettings) -> list[str]:
    """How workers get the project. Without either, TFX builds a package for them, whose install hung Flink."""
    if settings.setup_file:
        return [f"--setup_file={settings.setup_file}"]
    return [f"--sdk_container_image={settings.sdk_image or _NO_IMAGE}"]
