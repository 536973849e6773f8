"""`deepfake-inspector beam start`."""

import json
import os

import click

from pipeline.commands import options

_ENGINES = ("flink", "flink-cluster", "spark")


@click.command(short_help="Start a Flink or Spark on this machine.")
@click.argument("engine", type=click.Choice(_ENGINES))
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Tasks at a time; of flink-cluster: TaskManagers, about 3 GB each with its pool.  [default: the cores]",
)
@click.option(
    "--slots",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Of flink-cluster: tasks, and so Python workers, of each TaskManager.",
)
@click.option(
    "--pool",
    is_flag=True,
    help="Work in processes of a worker pool, not in the process that hands in the job; flink-cluster always does.",
)
@options.as_json
def start(engine: str, workers: int | None, slots: int, pool: bool, as_json: bool) -> None:
    """Starts ENGINE in the background, and returns when it takes jobs.

    \b
    flink          a Flink inside Beam's job server: one process
    flink-cluster  a JobManager, and TaskManagers with a worker pool each: as in a cluster
    spark          a Spark inside Beam's job server

    Needs Java 11 to 17. The first start gathers the engine by Maven, about 150 MB (Spark: 300 MB), and checks it.
    Afterwards `--beam flink` or `--beam spark` finds it by itself.
    """
    from rich.console import Console

    from pipeline.beam.local.starting import start_engine

    if slots > 1 and engine != "flink-cluster":
        raise click.UsageError(f"--slots goes with flink-cluster; of {engine}, --workers says all.")
    workers = workers or len(os.sched_getaffinity(0))
    with Console(stderr=True).status("") as status:
        running = start_engine(engine, workers, slots, pool, status.update)
    if as_json:
        click.echo(json.dumps(running.as_dict()))
        return
    click.echo(f"{engine} takes jobs at {running.job_endpoint}; logs are in {running.folder}")
    if running.web:
        click.echo(f"its page is {running.web}")
    click.echo(f"use it: --beam {running.profile}    stop it: deepfake-inspector beam stop {engine}")
