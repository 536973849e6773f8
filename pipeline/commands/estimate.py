"""`deepfake-inspector estimate`: what a run will take."""

import json

import click

from pipeline.commands import options


@click.command(short_help="Say how long a run takes, and how large a machine it needs.")
@click.option("--config", "name_or_file", required=True, metavar="NAME|FILE", help="A configuration.")
@click.option(
    "--images",
    type=click.IntRange(min=1),
    help="That the import keeps.  [default: what the configuration is for]",
)
@click.option(
    "--images-per-second",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SPEED",
    help="What your GPU trains with all layers of this backbone; no GPU was measured.",
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Changes the configuration; repeatable."
)
@options.as_json
def estimate(
    name_or_file: str,
    images: int | None,
    images_per_second: float | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Says what time, disk, memory and machines a configuration needs, and what of that is measured."""
    from pipeline.config import load_config
    from pipeline.estimating.estimate import estimate as reckon
    from pipeline.estimating.estimate import usual_images

    config = load_config(name_or_file, overrides)
    found = reckon(config, images or usual_images(config), images_per_second)
    if as_json:
        click.echo(json.dumps({"config": config.name} | found.as_dict()))
        return
    from rich.console import Console

    from pipeline.terminal.estimate_text import estimate_text

    Console(soft_wrap=True).print(estimate_text(found, config.name), highlight=False)
