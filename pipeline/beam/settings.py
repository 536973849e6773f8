"""What can be set about Beam: the section `beam` of a configuration. Nothing of it changes a result."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.settings import Settings
from components.settings.base import PositiveInt
from pipeline.beam.profiles import DIRECT, ON_A_JOB_SERVER, PROFILES

Endpoint = Annotated[str, Field(pattern=r"^[\w.\-\[\]:]+:\d{1,5}$", description="HOST:PORT")]

#: A day: longer than any import or run that we know of, and the end of one that hangs.
DEFAULT_DEADLINE_S = 24 * 60 * 60


class BeamSettings(Settings):
    """Where and how Beam's work is done."""

    profile: Literal[tuple(PROFILES)] = DIRECT
    parallelism: PositiveInt | None = Field(
        None, description="workers; default: what the engine that runs here has, otherwise the cores"
    )
    deadline_s: PositiveInt = Field(DEFAULT_DEADLINE_S, description="seconds after which a job is cancelled")
    job_endpoint: Endpoint | None = Field(None, description="a job server; default: the one that runs here")
    artifact_endpoint: Endpoint | None = Field(None, description="where it takes files, if it tells another")
    environment: Literal["loopback", "external"] | None = Field(
        None, description="workers in this process, or in the worker pool beside each of the engine's workers"
    )
    worker_pool: Endpoint | None = Field(
        None, description="of `external`: the pool, as the engine's workers reach it"
    )
    sdk_image: str | None = Field(None, description="the container image of the workers (dataflow)")
    setup_file: str | None = Field(
        None, description="a setup.py to install on the workers, in place of an image"
    )
    temp_location: str | None = Field(None, description="a folder that all workers can write to")
    project: str | None = Field(None, description="of Google Cloud (dataflow)")
    region: str | None = Field(None, description="of Google Cloud (dataflow)")
    extra_args: tuple[Annotated[str, Field(pattern=r"^--")], ...] = Field(
        (), description="further arguments for Beam, as they are"
    )

    @model_validator(mode="after")
    def _of_a_piece(self) -> "BeamSettings":
        self._check_job_server()
        if self.environment == "external" and self.job_endpoint and not self.worker_pool:
            raise ValueError(
                "expected worker_pool with environment: external, the HOST:PORT at which the engine's workers "
                "find the pool beside them (localhost:50000 in our manifests), received none"
            )
        if self.worker_pool and self.environment == "loopback":
            raise ValueError("expected no worker_pool with environment: loopback, received one")
        if self.profile == "dataflow":
            self._check_dataflow()
        else:
            self._check_without_dataflow()
        return self

    def _check_job_server(self) -> None:
        if self.profile in ON_A_JOB_SERVER:
            if self.profile == "portable" and not self.job_endpoint:
                raise ValueError("expected job_endpoint with profile: portable, received none")
            return
        for name in ("job_endpoint", "artifact_endpoint", "environment", "worker_pool"):
            if getattr(self, name):
                raise ValueError(
                    f"expected {name} only with one of the profiles {', '.join(ON_A_JOB_SERVER)}, received it with "
                    f"'{self.profile}'"
                )

    def _check_without_dataflow(self) -> None:
        for name in ("sdk_image", "setup_file", "project", "region"):
            if getattr(self, name):
                raise ValueError(
                    f"expected {name} only with profile: dataflow, received it with '{self.profile}', whose workers "
                    "find the project where they run"
                )

    def _check_dataflow(self) -> None:
        if self.sdk_image and self.setup_file:
            raise ValueError("expected sdk_image or setup_file, received both")
        missing = [name for name in ("project", "region", "temp_location") if not getattr(self, name)]
        if not self.sdk_image and not self.setup_file:
            missing.append("sdk_image or setup_file")
        if missing:
            raise ValueError(f"expected {', '.join(missing)} with profile: dataflow, received none")
        if not self.temp_location.startswith("gs://"):
            raise ValueError(
                f"expected a temp_location at gs:// with profile: dataflow, received '{self.temp_location}'"
            )
