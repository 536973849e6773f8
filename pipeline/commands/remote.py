"""What the commands share that start a run elsewhere: options of the run, waiting, the answer."""

import dataclasses
import functools
import json
import time
from collections.abc import Callable
from typing import Any

import click


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """How a run is started, and whether it is waited for.

    Attributes:
        parameters: `key=value` texts.
        pipeline_root: where artifacts go; None as compiled.
        caching: None as compiled.
        service_account: that the run has the rights of.
        wait: until it has ended.
        timeout_s: seconds to wait at most; None without end.
        dry_run: show the request and send nothing.
    """

    parameters: tuple[str, ...]
    pipeline_root: str | None
    caching: bool | None
    service_account: str | None
    wait: bool
    timeout_s: float | None
    dry_run: bool


def run_options(function):
    """Adds the options; the function receives them as `run`, a `RunOptions`."""

    @functools.wraps(function)
    def with_run(*args, **given):
        names = ("parameters", "pipeline_root", "caching", "service_account", "wait", "timeout_s", "dry_run")
        run = RunOptions(**{name: given.pop(name) for name in names})
        if run.timeout_s is not None and not run.wait:
            raise click.UsageError("--timeout: expected --wait with it.")
        if run.dry_run and run.wait:
            raise click.UsageError("expected one of --dry-run and --wait.")
        return function(*args, run=run, **given)

    for option in (
        click.option(
            "--dry-run", is_flag=True, help="Print the request as JSON, without the token; send nothing."
        ),
        click.option(
            "--timeout",
            "timeout_s",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="Wait no longer; the run goes on.",
        ),
        click.option("--wait", is_flag=True, help="Until the run has ended; says what each node does."),
        click.option("--service-account", help="The run has its rights.  [default: the server's]"),
        click.option(
            "--caching/--no-caching",
            default=None,
            help="On for all nodes that take an artifact, or off for all.  [default: as compiled]",
        ),
        click.option("--pipeline-root", metavar="URI", help="Where artifacts go.  [default: as compiled]"),
        click.option(
            "--param",
            "parameters",
            multiple=True,
            metavar="KEY=VALUE",
            help="A parameter of the run; repeatable.",
        ),
    ):
        with_run = option(with_run)
    return with_run


def lint(package) -> None:
    """Refuses a package that the server would refuse, or that would not run.

    Raises:
        ConfigError: with all findings.
    """
    from pipeline.errors import ConfigError
    from pipeline.runners.kubeflow.linting import lint_file

    if findings := lint_file(package):
        told = "".join(f"\n  - {finding}" for finding in findings)
        raise ConfigError(f"{package} would not run; nothing was sent. Compile it again, or mend it:{told}")


def show_request(request: dict[str, Any]) -> int:
    """Prints it; the exit code."""
    click.echo(json.dumps(request, indent=2))
    return 0


def answer(
    started: dict[str, Any], run: RunOptions, as_json: bool, watch: Callable[[], Callable[[], Any]]
) -> int:
    """Says what was started, waits if asked to, and says how it ended.

    Args:
        started: has `id` and `url`.
        run: says whether to wait.
        as_json: answer in JSON.
        watch: makes the look at the run.

    Returns:
        The exit code: 1 where the run was waited for and has not succeeded.
    """
    if not as_json:
        click.echo(f"{started['id']}  {started['url']}")
    if not run.wait:
        if as_json:
            click.echo(json.dumps(started))
        return 0
    from pipeline.runners.remote_run import follow

    try:
        ended = follow(watch(), _tell, run.timeout_s)
    except KeyboardInterrupt:
        click.echo(f"Only the waiting ends here: {started['id']} goes on.", err=True)
        raise
    if as_json:
        click.echo(
            json.dumps(started | {"state": ended.state, "nodes": dict(ended.nodes), "error": ended.error})
        )
    else:
        click.echo(ended.state)
    if ended.error:
        click.echo(f"Failed: {ended.error}", err=True)
    return 0 if ended.succeeded else 1


def _tell(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')}  {line}", err=True)
