"""`deepfake-inspector vertex submit`: a compiled pipeline to Vertex AI Pipelines."""

from pathlib import Path

import click

from pipeline.commands import options, remote


@click.command(short_help="Start a compiled pipeline on Vertex AI Pipelines.")
@click.argument("package", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--project", required=True, help="Of Google Cloud.")
@click.option("--region", required=True, help="Such as europe-west4.")
@click.option("--run-name", help="Shown in lists.  [default: name of the pipeline]")
@remote.run_options
@click.option("--network", help="Full name of the VPC to peer with: projects/NUMBER/global/networks/NAME.")
@click.option("--label", "labels", multiple=True, metavar="KEY=VALUE", help="Of the run; repeatable.")
@click.option(
    "--cron", metavar="'M H D M W'", help="Run by a schedule of five fields; TZ=ZONE may stand first."
)
@options.as_json
def submit(
    package: Path,
    project: str,
    region: str,
    run_name: str | None,
    run: remote.RunOptions,
    network: str | None,
    labels: tuple[str, ...],
    cron: str | None,
    as_json: bool,
) -> int:
    """Starts PACKAGE, a .json file of `vertex compile`, on Vertex AI Pipelines, or makes it a recurring run.

    As whom: what `gcloud auth application-default login` or GOOGLE_APPLICATION_CREDENTIALS says. With --wait the exit
    code is that of the run: 0 succeeded, 1 failed or cancelled.
    """
    if cron is not None and run.wait:
        raise click.UsageError("expected one of --wait and --cron: a recurring run has no end.")
    from pipeline.runners.run_parameters import read_parameters
    from pipeline.runners.vertex.package import read_job

    job = read_job(package)
    remote.lint(package)
    values = read_parameters(run.parameters, job.parameters, job.given)
    named = _labels(labels)

    # Google's client takes seconds to import: what can be wrong is told before.
    from pipeline.runners.vertex.submitting import Submission, request_of
    from pipeline.runners.vertex.submitting import submit as send

    submission = Submission(
        job=job,
        project=project,
        region=region,
        run_name=run_name or job.name,
        parameters=values,
        pipeline_root=run.pipeline_root,
        caching=run.caching,
        service_account=run.service_account,
        network=network,
        labels=named,
        cron=cron,
    )
    if run.dry_run:
        return remote.show_request(request_of(submission))
    submitted = send(submission)
    started = {"id": submitted.id, "url": submitted.url, "recurring": submitted.recurring}
    return remote.answer(started, run, as_json, lambda: submitted.look)


def _labels(texts: tuple[str, ...]) -> dict[str, str]:
    from pipeline.errors import ConfigError

    pairs = [text.partition("=") for text in texts]
    for text, (key, separator, _) in zip(texts, pairs, strict=True):
        if not separator or not key:
            raise ConfigError(f"--label: expected KEY=VALUE, received '{text}'.")
    return {key: value for key, _, value in pairs}
