"""Parents beside their children on one page: what a person has to look at before anything is trained on them."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from data.audit.shortcuts import PairAudit
from data.example import LABEL_NAMES
from data.images.decode_check import decode_rgb
from data.pages.templates import page_templates
from data.synthesis.maker import Maker, Parent
from data.synthesis.output import write_whole

#: Pairs on the page.
MOST_SHOWN = 24

_LARGEST_SIDE = 256
_QUALITY = 92
_MOST_AMPLIFIED = 64

_TEMPLATES = page_templates(Path(__file__).parent)


@dataclass(frozen=True)
class Shown:
    """A parent, its child as encoded, and what the manifest says of the child."""

    parent: Parent
    child: bytes
    row: dict


@dataclass(frozen=True)
class _Drawn:
    parent: np.ndarray
    child: np.ndarray
    difference: np.ndarray
    parent_label: str
    row: dict


def write_gallery(
    page: Path, maker: Maker, pairs: Iterable[Shown], count: int, audit: PairAudit | None, bound: float
) -> None:
    """Writes the page: a file of its own, with the images in it.

    Args:
        page: the file; an older one is replaced.
        maker: of the children.
        pairs: to be shown, at least one.
        count: of children in all.
        audit: see :func:`data.synthesis.auditing.audit_pairs`.
        bound: of the audit.
    """
    drawn = [_draw(pair) for pair in pairs]
    amplified = _amplification([pair.difference for pair in drawn])
    rows = [
        {
            **pair.row,
            "parent_label": pair.parent_label,
            "images": (
                _data_url(pair.parent),
                _data_url(pair.child),
                _data_url(np.minimum(pair.difference.astype(np.int32) * amplified, 255).astype(np.uint8)),
            ),
            "width": pair.parent.shape[1],
            "height": pair.parent.shape[0],
        }
        for pair in drawn
    ]
    text = _TEMPLATES.get_template("gallery.html").render(
        maker=maker, rows=rows, count=count, amplified=amplified, audit=audit, bound=bound
    )
    write_whole(page, text)


def _draw(pair: Shown) -> _Drawn:
    parent, child = pair.parent.pixels, decode_rgb(pair.child)
    # Of the images themselves: what is made smaller first differs less.
    difference = np.abs(parent.astype(np.int16) - child).astype(np.uint8)
    small = (_reduced(image) for image in (parent, child, difference))
    return _Drawn(*small, LABEL_NAMES[pair.parent.label], pair.row)


def _reduced(pixels: np.ndarray) -> np.ndarray:
    image = Image.fromarray(pixels)
    image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _amplification(differences: list[np.ndarray]) -> int:
    """The power of two that makes differences visible; of a usual pair, one value in a hundred may turn white."""
    usual = float(np.median([np.percentile(difference, 99) for difference in differences]))
    fitting = 255 / max(usual, 1.0)
    return int(min(_MOST_AMPLIFIED, 2 ** int(np.log2(max(fitting, 1.0)))))


def _data_url(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY, subsampling="4:4:4")
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
