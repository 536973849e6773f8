"""`deepfake-inspector kubeflow submit`: a compiled pipeline to Kubeflow Pipelines."""

import datetime
import os
from pathlib import Path

import click

from pipeline.commands import options, remote

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Start a compiled pipeline on Kubeflow Pipelines.")
@click.argument("package", type=_FILE)
@click.option(
    "--endpoint",
    envvar="KF_PIPELINES_ENDPOINT",
    metavar="URL",
    help="The API of Kubeflow Pipelines.  [env: KF_PIPELINES_ENDPOINT]",
)
@click.option("--namespace", help="Yours, where the server keeps its users apart.")
@click.option(
    "--token-file",
    type=_FILE,
    help="Holds the token to ask with; read anew each time.  [default: KF_PIPELINES_TOKEN in the environment]",
)
@click.option("--in-cluster", is_flag=True, help="Ask as the service account of the pod that this runs in.")
@click.option("--ca-file", type=_FILE, help="Authority that signed the server's certificate (PEM).")
@click.option("--experiment", default="deepfake-inspector", show_default=True, help="Made if there is none.")
@click.option("--run-name", help="Shown in lists.  [default: name of the pipeline and the time]")
@remote.run_options
@click.option("--every", type=click.IntRange(min=1), metavar="SECONDS", help="Run again and again.")
@click.option(
    "--cron", metavar="'S M H D M W'", help="Run by a schedule of six fields, the first of them seconds."
)
@options.as_json
def submit(
    package: Path,
    endpoint: str | None,
    namespace: str | None,
    token_file: Path | None,
    in_cluster: bool,
    ca_file: Path | None,
    experiment: str,
    run_name: str | None,
    run: remote.RunOptions,
    every: int | None,
    cron: str | None,
    as_json: bool,
) -> int:
    """Starts PACKAGE, a .yaml file of `kubeflow compile`, on Kubeflow Pipelines, or makes it a recurring run.

    Never give a token on the command line, where others can read it. With --wait the exit code is that of the run: 0
    succeeded, 1 failed or canceled.
    """
    from pipeline.runners.kubeflow.access import IN_CLUSTER_ENDPOINT, TOKEN_VARIABLE, Access
    from pipeline.runners.kubeflow.package import read_package
    from pipeline.runners.kubeflow.schedule import Schedule
    from pipeline.runners.run_parameters import read_parameters

    if not endpoint and not in_cluster:
        raise click.UsageError("expected --endpoint, or --in-cluster inside of a pod.")
    recurring = every is not None or cron is not None
    if recurring and run.wait:
        raise click.UsageError("expected one of --wait and --every or --cron: a recurring run has no end.")
    schedule = Schedule(every, cron) if recurring else None
    access = Access(
        endpoint=(endpoint or IN_CLUSTER_ENDPOINT).rstrip("/"),
        namespace=namespace,
        token=None if token_file or in_cluster else os.environ.get(TOKEN_VARIABLE, "").strip() or None,
        token_file=token_file,
        in_cluster=in_cluster,
        ca_file=ca_file,
    )
    if access.exposes_token:
        click.echo(f"Warning: the token goes to {access.endpoint} unencrypted; prefer https.", err=True)
    compiled = read_package(package)
    remote.lint(package)
    values = read_parameters(run.parameters, compiled.parameters)

    # kfp takes seconds to import: what can be wrong is told before.
    from pipeline.runners.kubeflow.submitting import Submission, request_of, watch
    from pipeline.runners.kubeflow.submitting import submit as send

    submission = Submission(
        package=compiled,
        run_name=run_name or f"{compiled.name} {datetime.datetime.now():%Y-%m-%d %H:%M:%S}",
        experiment=experiment,
        parameters=values,
        pipeline_root=run.pipeline_root,
        caching=run.caching,
        service_account=run.service_account,
        schedule=schedule,
    )
    if run.dry_run:
        return remote.show_request(request_of(submission, access))
    submitted = send(submission, access)
    answer = {"id": submitted.id, "experiment_id": submitted.experiment_id, "url": submitted.url}
    answer["recurring"] = submitted.recurring
    return remote.answer(answer, run, as_json, lambda: watch(submitted.id, compiled, access))
