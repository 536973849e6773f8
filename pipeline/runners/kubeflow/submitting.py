"""Hands a compiled pipeline to Kubeflow Pipelines with kfp's own client, and looks how it gets on.

Needs kfp and PyYAML alone: neither TFX nor TensorFlow.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.runners.kubeflow.access import Access
from pipeline.runners.kubeflow.api_errors import told_plainly
from pipeline.runners.kubeflow.client import Client, run_page, said_aside
from pipeline.runners.kubeflow.package import Package
from pipeline.runners.kubeflow.rehearsal import Rehearsal
from pipeline.runners.kubeflow.schedule import Schedule
from pipeline.runners.remote_run import RunState


@dataclass(frozen=True)
class Submission:
    """What is to run, and how.

    Attributes:
        package: the compiled pipeline.
        run_name: shown in lists.
        experiment: under which the run is listed; made if there is none of this name.
        parameters: values by name; the others have their defaults.
        pipeline_root: where artifacts go; None for what the package or the server says.
        caching: True or False for all tasks, see `task_caching`; None as compiled.
        service_account: of Kubernetes, that the pods run as; None for the server's default.
        schedule: of a recurring run; None to run once, now.
    """

    package: Package
    run_name: str
    experiment: str
    parameters: dict[str, Any] = field(default_factory=dict)
    pipeline_root: str | None = None
    caching: bool | None = None
    service_account: str | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True)
class Submitted:
    """What the server has taken.

    Attributes:
        id: of the run, or of the recurring run.
        experiment_id: that it belongs to.
        url: its page.
        recurring: whether it begins again and again.
    """

    id: str
    experiment_id: str
    url: str
    recurring: bool


def submit(submission: Submission, access: Access) -> Submitted:
    """Starts a run, or makes a recurring one.

    Raises:
        ConfigError: the server does not accept what it was sent, or who sent it.
        RunError: the server cannot be reached, or fails.
    """
    with told_plainly(access):
        return _send(submission, access, Client(access))


def request_of(submission: Submission, access: Access) -> dict[str, Any]:
    """The request that `submit` would end with, as kfp's client makes it; nothing is sent, and no token is read.

    Returns:
        `method`, `url`, `headers`, `body`; the id of the experiment, which only the server knows, is a placeholder.
    """
    rehearsal = Rehearsal(submission.experiment)
    # Something must stand in the header for a token; where there is one it is not even looked at.
    in_its_place = Access(access.endpoint, access.namespace, "redacted" if access.authenticated else None)
    with told_plainly(access):
        _send(submission, in_its_place, Client(in_its_place, rehearsal.request))
    return rehearsal.requests[-1]


def watch(run_id: str, package: Package, access: Access) -> Callable[[], RunState]:
    """A look at a run, for `remote_run.follow`; it raises what `submit` raises."""
    with told_plainly(access):
        client = Client(access)
    nodes = package.tasks

    def look() -> RunState:
        with told_plainly(access):
            run = client.get_run(run_id)
        details = (run.run_details.task_details if run.run_details else None) or []
        return RunState(
            state=(run.state or "pending").lower(),
            # Drivers, pods and the DAG itself are listed, too.
            nodes={
                each.display_name: each.state.lower()
                for each in details
                if each.display_name in nodes and each.state
            },
            error="; ".join(_errors(run, details, nodes)),
        )

    return look


def _send(submission: Submission, access: Access, client: Client) -> Submitted:
    package = submission.package.with_caching(submission.caching)
    with tempfile.TemporaryDirectory() as folder, said_aside():
        path = Path(folder) / "pipeline.yaml"
        package.write(path)
        experiment = _experiment(submission.experiment, access, client)
        shared = {
            "experiment_id": experiment,
            "job_name": submission.run_name,
            "pipeline_package_path": str(path),
            "params": submission.parameters,
            "pipeline_root": submission.pipeline_root,
            "service_account": submission.service_account,
        }
        if submission.schedule is None:
            run = client.run_pipeline(**shared)
            return Submitted(
                run.run_id, experiment, run_page(access.endpoint, "runs", run.run_id), recurring=False
            )
        recurring = client.create_recurring_run(
            interval_second=submission.schedule.every_s,
            cron_expression=submission.schedule.cron,
            # A training that was missed is not made up for: the next one sees the same data, and more.
            no_catchup=True,
            max_concurrency=1,
            **shared,
        )
        made = recurring.recurring_run_id
        return Submitted(made, experiment, run_page(access.endpoint, "recurringrun", made), recurring=True)


def _experiment(name: str, access: Access, client: Client) -> str:
    try:
        found = client.create_experiment(name, namespace=access.namespace)
    except ValueError as error:
        raise ConfigError(f"--experiment {name}: {error}") from error
    if not isinstance(found.experiment_id, str):
        raise ConfigError(
            f"{access.endpoint} answers, but not as the API of Kubeflow Pipelines: expected an experiment. Is it a "
            "page to log in at, which wants a token or another path?"
        )
    return found.experiment_id


def _errors(run: Any, details: list[Any], nodes: frozenset[str]) -> list[str]:
    of_nodes = [
        f"{each.display_name}: {each.error.message}"
        for each in details
        if each.display_name in nodes and each.error and each.error.message
    ]
    return of_nodes + ([run.error.message] if run.error and run.error.message else [])
