"""`deepfake-inspector explain`: where a running server's detector looked."""

import json
from pathlib import Path

import click

from pipeline.commands import options

_COLUMNS = ("path", "score", "decision", "threshold", "model_version", "explained")


@click.command(short_help="Ask a server where it looked.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the pictures; made if need be.",
)
@options.server
@options.as_json
def explain(
    paths: tuple[Path, ...],
    out: Path,
    server: options.AskedServer,
    as_json: bool,
) -> int:
    """Asks a server about the images at PATHS (files or folders) and draws where the detector looked.

    For each image a PNG is written: the image, and beside it the same under a map (Grad-CAM), the warmer, the more
    a place raised the score. The map is coarse, and shows what the network heeded, not what was tampered with.

    Answers one line an image, in the order given: what `predict` answers, and the file. Ends with exit code 1 when an
    image got no verdict.
    """
    from components.atomic_file import replacing
    from components.report.heat_map import side_by_side
    from serving.inputs import expand_paths

    images = expand_paths(paths)
    out.mkdir(parents=True, exist_ok=True)
    all_answered, taken = True, set()
    with server.client() as client:
        if not as_json:
            click.echo("\t".join(_COLUMNS), err=True)
        for image in images:
            explanation = client.explain(image)
            verdict, file = explanation.verdict, None
            if verdict.ok:
                file = _free(out, image.stem, taken)
                with replacing(file) as partial:
                    partial.write_bytes(side_by_side(image.read_bytes(), explanation.heat_map))
            all_answered &= verdict.ok
            if as_json:
                click.echo(json.dumps(verdict.as_dict() | {"explained": str(file) if file else None}))
            elif verdict.ok:
                click.echo(
                    f"{verdict.path}\t{verdict.score:.6f}\t{verdict.decision}\t{verdict.threshold:.6f}\t"
                    f"{verdict.model_version}\t{file}"
                )
            else:
                click.echo(f"{verdict.path}: no verdict: {verdict.error}", err=True)
    return 0 if all_answered else 1


def _free(folder: Path, stem: str, taken: set[str]) -> Path:
    """A name that no other image of this call has; what an earlier call left is replaced."""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name)
    return folder / f"{name}.explained.png"
