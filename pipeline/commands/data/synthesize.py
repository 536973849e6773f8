"""`deepfake-inspector data synthesize`."""

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import click

from data.defaults import MAX_SYNTHETIC_CUE_AUC
from pipeline.commands import options
from pipeline.commands.data.makers import DEFAULT, MAKERS, make_maker


@click.command(short_help="Make fakes and controls out of training images.")
@click.option(
    "--maker",
    "name",
    type=click.Choice(tuple(MAKERS)),
    default=DEFAULT,
    show_default=True,
    help="What is made.",
)
@click.option(
    "--from",
    "source",
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Imported records, or a data set that has splits of its own.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A new folder, or one to go on with.",
)
@click.option("--count", required=True, type=click.IntRange(min=1), help="Images to make; may grow later.")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=42,
    show_default=True,
    help="Draws the images to edit, and the edits.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "test"]),
    default="train",
    show_default=True,
    help="Whose images are edited; the children stay in it.",
)
@click.option(
    "--strength",
    type=click.FloatRange(0.0, 2.0, min_open=True),
    help="How far an edit goes, 1 as it is meant (blend, lighting, resample).  [default: 1]",
)
@click.option(
    "--prompts",
    help="What the model is told: expression, lighting, all, or a file (omnigen).  [default: all]",
)
@click.option(
    "--omnigen-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The Python that has PyTorch and diffusers (omnigen).  [default: that of `make setup-omnigen`]",
)
@click.option("--weights", help="The model's weights: their name on the Hub, or a folder (omnigen).")
@click.option(
    "--device",
    type=click.Choice(["auto", "cuda", "cpu"]),
    help="Where the model runs (omnigen).  [default: auto]",
)
@click.option(
    "--model",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The detector to deceive (adversarial).",
)
@click.option(
    "--attack", type=click.Choice(["fgsm", "pgd"]), help="How it is deceived (adversarial).  [default: pgd]"
)
@click.option(
    "--epsilon",
    type=click.FloatRange(0.0, 255.0, min_open=True),
    help="Most that a pixel may change, of 255 (adversarial).",
)
@click.option(
    "--max-cue-auc",
    type=click.FloatRange(0.5, 1.0),
    default=MAX_SYNTHETIC_CUE_AUC,
    show_default=True,
    help="How well a cue may tell children from their parents.",
)
@click.option("--accept-shortcuts", is_flag=True, help="Go on although a cue tells them better than that.")
@options.as_json
def synthesize(
    name: str,
    source: Path,
    out: Path,
    count: int,
    seed: int,
    split: str,
    max_cue_auc: float,
    accept_shortcuts: bool,
    as_json: bool,
    **maker_options: Any,
) -> None:
    """Makes images out of images of the training split, to be imported as one more span of the same records.

    \b
    blend        self-blended fakes: a face blended with a changed copy of itself
    resample     fakes with the traces that a generator's upsampling leaves
    omnigen      fakes edited by OmniGen, which runs in an environment of its own
    lighting     another light; the label stays
    control      saved anew, nothing else; the label stays
    adversarial  what deceives a detector of yours; the label stays

    Real images only are edited (by adversarial, fakes too), and none that is synthetic itself. A child is saved like
    its parent: size, format, JPEG tables and chroma subsampling. The same seed makes the same images; a call that
    was killed goes on where it stopped when it is repeated.

    How well cues such as file size or sharpness tell children from parents is audited at the end. Where one tells too
    much of a new label, there is no manifest to import, and the exit code is 1.
    """
    from rich.console import Console

    from pipeline.errors import RunError
    from pipeline.terminal.library_output import library_output_to
    from pipeline.terminal.step_view import step_view

    with tempfile.TemporaryDirectory() as scratch, library_output_to(Path(scratch) / "log") as person:
        from data.synthesis.synthesizing import synthesize as make
        from pipeline.terminal.synthesis_text import next_command, shortcut_text, synthesis_text

        with make_maker(name, maker_options) as maker, step_view(Console(file=person)) as progress:
            done = make(maker, source, out, count, seed, split, max_cue_auc, accept_shortcuts, progress)
        command = next_command(done, source)
    if as_json:
        paths = {"gallery": str(done.gallery), "manifest": done.manifest and str(done.manifest)}
        click.echo(json.dumps(dataclasses.asdict(done) | paths | {"next": command}))
    else:
        click.echo(synthesis_text(done, name, max_cue_auc, command))
    if done.manifest is None:
        raise RunError(shortcut_text(done, name, max_cue_auc))
