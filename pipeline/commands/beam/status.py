"""`deepfake-inspector beam status`."""

import json

import click

from pipeline.commands import options


@click.command(short_help="What was started here, and whether it lives.")
@options.as_json
def status(as_json: bool) -> int:
    """Tells what `beam start` has started here. Exit code 1 when a process of it has died."""
    from pipeline.beam.local.state import running_engines

    engines = running_engines()
    if as_json:
        click.echo(json.dumps([engine.as_dict() | {"dead": engine.dead} for engine in engines]))
    elif not engines:
        click.echo("Nothing runs here.")
    else:
        for engine in engines:
            health = f"DEAD: {', '.join(engine.dead)}" if engine.dead else "runs"
            pool = "a worker pool" if engine.worker_pool else "workers in the calling process"
            click.echo(
                f"{engine.engine:<14} {health}; jobs at {engine.job_endpoint}, {pool}, {engine.folder}"
            )
    return 1 if any(engine.dead for engine in engines) else 0
