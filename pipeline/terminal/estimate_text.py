"""An estimate as a person reads it."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.estimating import figures
from pipeline.estimating.estimate import Estimate, Line

_MINUTE, _HOUR = 60, 3600


def estimate_text(found: Estimate, name: str) -> RenderableType:
    """The whole answer.

    Args:
        found: the estimate.
        name: of the configuration.
    """
    device = found.device_seconds.value
    on_device = (
        "GPU: unknown; no GPU was measured. --images-per-second, what yours trains with all layers, gives the time."
        if device is None
        else f"Training at the speed you gave: {_duration(device)}, if the input keeps up. Not measured."
    )
    return Group(
        Text(
            f"{name}, {found.images:,} images: {_duration(found.hours * _HOUR)} on {figures.CORES} cores, "
            f"{found.disk:.1f} GB on disk"
        ),
        Text(on_device),
        _table("Time on 2 cores", found.seconds, _duration),
        _table("Disk", found.disk_gb, _gigabytes),
        _table("Memory", found.memory_gb, _gigabytes),
        _nodes(found),
        Text(
            "measured: with so many images or more, and this network; pipeline/estimating/figures.py says on what.\n"
            "extrapolated: by the number of images, pixels or multiply-adds. Training counts every epoch; it may "
            "stop earlier."
        ),
    )


def _table(title: str, lines: tuple[Line, ...], words) -> Table:
    table = Table("", title, "basis", box=None, pad_edge=False)
    for line in lines:
        table.add_row(line.what, "unknown" if line.value is None else words(line.value), line.basis)
    return table


def _nodes(found: Estimate) -> Table:
    table = Table("Node sizes", "cores", "memory GB", "disk GB", box=None, pad_edge=False)
    for node in found.nodes:
        table.add_row(node.steps, str(node.cores), str(node.memory_gb), str(node.disk_gb))
    return table


def _gigabytes(value: float) -> str:
    return f"{value:.2f} GB" if value < 10 else f"{value:.0f} GB"


def _duration(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / _MINUTE:.0f} min" if seconds < 2 * _HOUR else f"{seconds / _HOUR:.1f} h"
