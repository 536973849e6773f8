"""Hands a compiled pipeline to Vertex AI Pipelines with Google's own client, and looks how it gets on."""

import contextlib
import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    # It warns of every Python and library that will not be supported one day.
    warnings.simplefilter("ignore", FutureWarning)
    from google.cloud import aiplatform
import google.auth
from google.auth.credentials import AnonymousCredentials
from google.protobuf import json_format

from pipeline.errors import ConfigError
from pipeline.runners.remote_run import RunState
from pipeline.runners.vertex.api_errors import told_plainly
from pipeline.runners.vertex.package import Job

_TO_ANSWER_S = 60.0
_SERVICE = "google.cloud.aiplatform.v1"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_CRON_FIELDS = 5
_CRON_ZONES = ("TZ=", "CRON_TZ=")


@dataclass(frozen=True)
class Submission:
    """What is to run, where and how.

    Attributes:
        job: the compiled pipeline.
        project: of Google Cloud.
        region: such as `europe-west4`.
        run_name: shown in lists.
        parameters: values by name; the others have their defaults.
        pipeline_root: `gs://…` for artifacts; None as compiled.
        caching: True or False for all tasks, see `task_caching`; None as compiled.
        service_account: that the run has the rights of; None for the default of Compute Engine.
        network: full name of the VPC that the nodes are peered with.
        labels: added to those of the compiler.
        cron: five fields, a time zone before them if need be, of a recurring run; None to run once, now.
    """

    job: Job
    project: str
    region: str
    run_name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    pipeline_root: str | None = None
    caching: bool | None = None
    service_account: str | None = None
    network: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    cron: str | None = None

    def __post_init__(self) -> None:
        root = self.pipeline_root or self.job.pipeline_root
        if not str(root).startswith("gs://"):
            raise ConfigError(f"--pipeline-root: expected gs://BUCKET/FOLDER, received {root!r}.")
        fields = [] if self.cron is None else self.cron.split()
        if fields and fields[0].startswith(_CRON_ZONES):
            fields = fields[1:]
        if self.cron is not None and len(fields) != _CRON_FIELDS:
            raise ConfigError(
                f"--cron: expected {_CRON_FIELDS} fields (minute, hour, day of month, month, day of week), such as "
                f"'30 2 * * *' or 'TZ=Europe/Berlin 30 2 * * *', received '{self.cron}'."
            )


@dataclass(frozen=True)
class Submitted:
    """What Vertex has taken.

    Attributes:
        id: resource name of the job, or of the schedule.
        url: its page.
        recurring: whether it begins again and again.
        look: at the job, for `remote_run.follow`; raises what `submit` raises.
    """

    id: str
    url: str
    recurring: bool
    look: Callable[[], RunState]


def submit(submission: Submission) -> Submitted:
    """Starts a run, or makes a recurring one, with the credentials that Google's libraries find.

    Raises:
        ConfigError: what was sent, or as whom, is not accepted.
        RunError: Vertex cannot be reached, or fails.
    """
    with told_plainly(submission.project, submission.region), _quietly():
        # Asked here, as Google's client would keep the first answer for the rest of the process.
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        job = _job(submission, credentials)
        made = job if submission.cron is None else _schedule(submission, job)
        _send(submission, made)
        return Submitted(
            made.resource_name,
            made._dashboard_uri(),
            submission.cron is not None,
            lambda: _look(job, submission),
        )


def request_of(submission: Submission) -> dict[str, Any]:
    """The request that `submit` would send, as Google's client makes it; nothing is sent, no credentials read.

    Returns:
        `rpc`, the name of the method, and `request`, its message in JSON.
    """
    with told_plainly(submission.project, submission.region), _quietly():
        job = _job(submission, AnonymousCredentials())
        if submission.cron is not None:
            schedule, rehearsal = _schedule(submission, job), _Rehearsal()
            schedule.api_client = rehearsal
            with contextlib.suppress(_RehearsedError):
                _send(submission, schedule)
            return rehearsal.asked
        # Google's `submit` would look for the bucket, over the network, before it makes its request.
        message = job._gca_resource
        message.service_account, message.network = submission.service_account or "", submission.network or ""
        request = {"parent": job._parent, "pipelineJob": _as_json(message), "pipelineJobId": job.job_id}
        return {"rpc": f"{_SERVICE}.PipelineService/CreatePipelineJob", "request": request}


def _job(submission: Submission, credentials: Any) -> aiplatform.PipelineJob:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(submission.job.with_caching(submission.caching).content), encoding="utf-8")
        return aiplatform.PipelineJob(
            display_name=submission.run_name,
            template_path=str(path),
            pipeline_root=submission.pipeline_root,
            parameter_values=submission.parameters,
            labels=submission.job.labels | submission.labels,
            project=submission.project,
            location=submission.region,
            credentials=credentials,
        )


def _schedule(submission: Submission, job: aiplatform.PipelineJob) -> aiplatform.PipelineJobSchedule:
    return aiplatform.PipelineJobSchedule(
        pipeline_job=job, display_name=submission.run_name, credentials=job.credentials
    )


def _send(submission: Submission, made: aiplatform.PipelineJob | aiplatform.PipelineJobSchedule) -> None:
    shared = {
        "service_account": submission.service_account,
        "network": submission.network,
        "create_request_timeout": _TO_ANSWER_S,
    }
    if submission.cron is None:
        made.submit(**shared)
    else:
        # A training that takes longer than the schedule allows is not joined by another on the same workspace.
        made.create(cron=submission.cron, max_concurrent_run_count=1, **shared)


def _look(job: aiplatform.PipelineJob, submission: Submission) -> RunState:
    with told_plainly(submission.project, submission.region), _quietly():
        state = job.state.name.removeprefix("PIPELINE_STATE_").lower()
        now = job.gca_resource
    tasks = now.job_detail.task_details
    errors = [f"{task.task_name}: {task.error.message}" for task in tasks if task.error.message]
    return RunState(
        state=state,
        nodes={task.task_name: task.state.name.lower() for task in tasks},
        error="; ".join(errors + ([now.error.message] if now.error.message else [])),
    )


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Google's client writes each step to standard output, which is for the answer.

    And a traceback where it may not look for the bucket, which Vertex itself will say better if it matters.
    """
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


class _RehearsedError(Exception):
    """The request was made, and is not sent."""


class _Rehearsal:
    """In place of Google's low-level client of schedules: keeps the request."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def create_schedule(self, *, parent: str, schedule: Any, timeout: float) -> None:
        request = {"parent": parent, "schedule": _as_json(schedule)}
        self.asked = {"rpc": f"{_SERVICE}.ScheduleService/CreateSchedule", "request": request}
        raise _RehearsedError


def _as_json(message: Any) -> dict[str, Any]:
    return json_format.MessageToDict(message._pb)
