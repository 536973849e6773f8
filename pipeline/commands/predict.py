"""`deepfake-inspector predict`: verdicts from a running server."""

from pathlib import Path

import click

from pipeline.commands import options

_BY_SUFFIX = {".csv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json"}


@click.command(short_help="Ask a server: real or fake?")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.server
@click.option("--videos", is_flag=True, help="Take the videos in folders, too.")
@click.option(
    "--frames-per-second",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="How many frames of a video to ask about.",
)
@click.option(
    "--max-frames",
    type=click.IntRange(min=1),
    default=300,
    show_default=True,
    help="Most frames of a video; more are thinned evenly.",
)
@click.option(
    "--faces", is_flag=True, help="Ask about the largest face in each frame of a video, not the frame."
)
@click.option(
    "--aggregate",
    type=click.Choice(["mean", "median", "max"]),
    default="mean",
    show_default=True,
    help="How the scores of its frames become the score of a video.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for the answers; that of an earlier call is continued.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "csv"]),
    help="Form of the answers; json is an object a line.  [default: by the ending of --out, or text]",
)
@options.as_json
def predict(
    paths: tuple[Path, ...],
    server: options.AskedServer,
    videos: bool,
    frames_per_second: float,
    max_frames: int,
    faces: bool,
    aggregate: str,
    out: Path | None,
    form: str | None,
    as_json: bool,
) -> int:
    """Asks a server whether the images and videos at PATHS (files or folders) are real or fake.

    Answers one line a file, in the order given: path, score (the probability that it is fake), decision,
    threshold, model version. Ends with exit code 1 when a file got no verdict.

    A file that is named and ends in .mp4, .mov, .mkv, .webm, .avi or .m4v is taken for a video, any other for an
    image; of folders the images are taken, and with --videos the videos as well. The score of a video is an aggregate
    of its frames' scores; all of these are in the JSON. Mind that the model's threshold was calibrated on single
    images. Videos need `pip install 'deepfake-inspector[video]'`.

    With --out, answers go to the file, each at once. Called again with the same file, it asks only about what has no
    verdict there yet from the version that would answer now: about files that are new, have changed (by their
    SHA-256), got none, or, if videos, were looked at in another way. Such answers are added: of several lines about
    one path, the last one counts.
    """
    from pipeline.prediction.predicting import Predicting
    from serving.inputs import expand_paths, is_video

    files = expand_paths(paths, videos=videos)
    judging = None
    if any(map(is_video, files)):
        from serving.video.judging import Judging
        from serving.video.sampling import Sampling

        judging = Judging(Sampling(frames_per_second, max_frames), faces, aggregate)
        judging.check()
    with server.client() as client:
        return Predicting(client, files, judging, _form(form, as_json, out), out).run()


def _form(form: str | None, as_json: bool, out: Path | None) -> str:
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json says the same as --format json: leave it out for --format {form}.")
    by_suffix = _BY_SUFFIX.get(out.suffix.lower()) if out else "text"
    form = form or ("json" if as_json else by_suffix)
    if out and form not in ("json", "csv"):
        raise click.UsageError(
            f"--out: expected a name that ends in {', '.join(_BY_SUFFIX)}, or --format json or csv, received {out}."
        )
    return form
