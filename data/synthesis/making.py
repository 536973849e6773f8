"""One batch: from parents to encoded children and what the manifest says of each."""

from collections.abc import Iterator, Mapping

import numpy as np

from data.example import LABEL_NAMES
from data.synthesis.drawing import child_seed
from data.synthesis.encoding import encode_like, suffix_of
from data.synthesis.journal import image_name
from data.synthesis.maker import Child, Maker, Parent
from data.synthesis.parents import Read


def make_children(
    maker: Maker, children: Mapping[int, int], read: Read, seed: int
) -> Iterator[tuple[int, bytes, dict]]:
    """Makes the children of a batch.

    Args:
        maker: of the children.
        children: the position of the parent of each, by the child's number; at most ``maker.batch_size``.
        read: reads the parents.
        seed: of all the work; each child has one of its own.

    Yields:
        Number, encoded image and row of the manifest of each child, in their order.

    Raises:
        ValueError: the maker gave something else than a child for each parent, of its size.
    """
    parents = [read(position) for position in children.values()]
    seeds = [child_seed(seed, number) for number in children]
    made = maker.make(parents, seeds)
    if len(made) != len(parents):
        raise ValueError(f"Expected {len(parents)} children of {maker.name}, received {len(made)}.")
    for number, parent, own_seed, child in zip(children, parents, seeds, made, strict=True):
        if child.pixels.shape != parent.pixels.shape or child.pixels.dtype != np.uint8:
            raise ValueError(
                f"Expected a child of uint8 {parent.pixels.shape} of {maker.name}, received {child.pixels.dtype} "
                f"{child.pixels.shape}."
            )
        encoded = encode_like(child.pixels, parent.encoded)
        yield number, encoded, _row(maker, image_name(number, suffix_of(encoded)), parent, child, own_seed)


def _row(maker: Maker, path: str, parent: Parent, child: Child, seed: int) -> dict:
    return {
        "path": path,
        "label": LABEL_NAMES[parent.label if maker.label is None else maker.label],
        "split": parent.split,
        "group": _as_utf8(parent.group),
        "source": _as_utf8(parent.source),
        "method": maker.name,
        "synthetic_maker": maker.name,
        "synthetic_edit": child.edit,
        "synthetic_parent": parent.sha256,
        "synthetic_seed": seed,
        "synthetic_strength": float(child.strength),
        "synthetic_prompt": child.prompt,
        "synthetic_model": maker.model,
        "synthetic_revision": maker.revision,
    }


def _as_utf8(text: str) -> str:
    # Names of folders may hold other bytes, and a manifest cannot.
    return text.encode(errors="backslashreplace").decode()
