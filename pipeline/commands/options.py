"""Options that several commands share."""

from pathlib import Path

import click

from data.defaults import MAX_CUE_AUC

as_json = click.option("--json", "as_json", is_flag=True, help="Answer in JSON on standard output.")

max_cue_auc = click.option(
    "--max-cue-auc",
    type=click.FloatRange(0.5, 1.0),
    default=MAX_CUE_AUC,
    show_default=True,
    help="How well a cue may tell the label before it counts as a shortcut.",
)

workspace = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("workspace"),
    show_default=True,
    help="The folder that holds records, metadata, artifacts, models, reports and logs.",
)


def server(function):
    """Adds who is asked: `--server`, `--model-name`, `--model-version` and `--timeout`."""
    from serving.defaults import GRPC_PORT

    for option in (
        click.option("--timeout", default=30.0, show_default=True, help="Seconds to wait for an answer."),
        click.option(
            "--model-version", type=click.IntRange(min=1), help="Which version.  [default: the newest]"
        ),
        model_name,
        click.option(
            "--server",
            "address",
            default=f"localhost:{GRPC_PORT}",
            show_default=True,
            metavar="HOST:PORT",
            help="Who to ask.",
        ),
    ):
        function = option(function)
    return function


def model_name(function):
    """Adds `--model-name`."""
    from serving.defaults import MODEL_NAME

    return click.option(
        "--model-name", default=MODEL_NAME, show_default=True, help="The name the model is served under."
    )(function)
