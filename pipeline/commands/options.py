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


def model_name(function):
    """Adds `--model-name`."""
    from serving.defaults import MODEL_NAME

    return click.option(
        "--model-name", default=MODEL_NAME, show_default=True, help="The name the model is served under."
    )(function)
