"""The demonstration: drawn faces in, two served verdicts out."""

from pathlib import Path

from rich.console import Console

from data.example import LABEL_NAMES
from data.record_folder import CARD_FILE, span_folder
from pipeline.config import load_config
from pipeline.local_run import run_and_report
from pipeline.terminal.library_output import library_output_to
from pipeline.terminal.step_view import step_view
from pipeline.workspace import Workspace

_IMAGES, _SIZE, _SEED = 1000, 96, 0
_LOAD_TIMEOUT_S = 120.0


def run_demo(workspace: Workspace) -> bool:
    """Runs the demonstration, telling on standard output what it does.

    Args:
        workspace: keeps everything; a second demonstration in it takes the training from cache.

    Returns:
        Whether a model was pushed and answered.

    Raises:
        RunError: a node of the pipeline failed.
        ServingError: the model could not be served.
    """
    from pipeline.terminal.report_text import report_text

    console = Console(soft_wrap=True)
    faces = workspace.root / "faces"
    console.rule(f"1  {_IMAGES} drawn faces, half of them tampered with", align="left")
    _draw(faces)
    console.print(f"{faces}", highlight=False)

    console.rule("2  The pipeline", align="left")
    report = run_and_report(load_config("demo"), faces, workspace)
    console.print(report_text(report))
    if report.pushed_to is None:
        return False

    console.rule("3  One real and one fake test image, asked over gRPC", align="left")
    images = _test_images(report.records, workspace.root / "asked")
    for line in _ask(report.pushed_to.parent, images, workspace.logs / "serve.log"):
        console.print(line, highlight=False)

    console.rule("Where things are", align="left")
    for name, path in (
        ("model", report.pushed_to),
        ("metrics", report.metrics_file(workspace)),
        ("records", span_folder(report.records, 1) / CARD_FILE),
        ("images asked", images[0].parent),
    ):
        console.print(f"{name:<13} {path}", highlight=False)
    console.print(
        "\nThe server has been stopped. To ask it yourself:\n"
        f"  deepfake-inspector serve --workspace {workspace.root}\n"
        f"  deepfake-inspector predict {images[0].parent}",
        highlight=False,
    )
    return True


def _draw(faces: Path) -> None:
    from data.demo.faces import draw_demo_set

    # A folder is drawn whole or not at all, so one that stands there is the one we would draw.
    if not faces.exists():
        with step_view(Console(stderr=True)) as progress:
            draw_demo_set(faces, _IMAGES, _SEED, _SIZE, progress)


def _test_images(records: Path, folder: Path) -> list[Path]:
    """The first image of each class in the test split, as files to look at."""
    import tensorflow as tf

    from data.example import decode
    from data.record_folder import record_files

    files = [str(path) for path in record_files(records, "test")]
    found: dict[int, bytes] = {}
    for serialized in tf.data.TFRecordDataset(files, compression_type="GZIP").as_numpy_iterator():
        record = decode(serialized)
        found.setdefault(record.label, record.encoded)
        if len(found) == len(LABEL_NAMES):
            break
    folder.mkdir(exist_ok=True)
    images = []
    for label, encoded in sorted(found.items()):
        images.append(folder / f"{LABEL_NAMES[label]}.jpg")
        images[-1].write_bytes(encoded)
    return images


def _ask(base_path: Path, images: list[Path], log: Path) -> list[str]:
    """Starts the server on a free port, asks it, stops it."""
    from serving.client import Client
    from serving.server import Server

    with library_output_to(log), Server(base_path) as server:
        version = server.wait_until_available(_LOAD_TIMEOUT_S)
        with Client(server.address) as client:
            verdicts = client.predict_images(images)
    lines = [f"model version {version} served at {server.address}"]
    for verdict in verdicts:
        lines.append(
            f"  {Path(verdict.path).name:<9} {verdict.decision}: P(fake) = {verdict.score:.3f}, threshold "
            f"{verdict.threshold:.3f}"
            if verdict.ok
            else f"  {Path(verdict.path).name:<9} no verdict: {verdict.error}"
        )
    return lines
