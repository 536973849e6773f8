"""`deepfake-inspector beam stop`."""

import click


@click.command(short_help="Stop what was started here.")
@click.argument("engine", required=False, type=click.Choice(("flink", "flink-cluster", "spark")))
def stop(engine: str | None) -> None:
    """Stops ENGINE, or all that `beam start` has started here, with every process of it."""
    from pipeline.beam.local.starting import stop_engine
    from pipeline.beam.local.state import running_engines

    running = [one for one in running_engines() if engine in (None, one.engine)]
    for one in running:
        stop_engine(one)
        click.echo(f"stopped {one.engine}")
    if not running:
        click.echo("Nothing to stop.")
