"""Of real faces, fakes that makers without a model make differ in nothing that the shortcut audit would find."""

import pytest
from synthesis_parents import REAL_FACES, parent_of

from data.audit.shortcuts import audit_shortcuts
from data.image_table import make_table, row_of, with_columns
from data.images.decode_check import Limits, inspect_image
from data.sources.base import SourceImage
from data.synthesis.encoding import encode_like
from data.synthesis.makers.blend import BlendMaker
from data.synthesis.makers.resample import ResampleMaker

BOUND = 0.65
FAKE_MAKERS = [BlendMaker, ResampleMaker]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not REAL_FACES.is_dir(), reason="INSPECTOR_SHARED names no folder with data/faces256/real"
    ),
]


@pytest.fixture(scope="module")
def parents():
    return [parent_of(path.read_bytes()) for path in sorted(REAL_FACES.glob("*.jpg"))]


@pytest.fixture(scope="module")
def rows_of_parents(parents):
    return [_row(parent.encoded, 0, parent.group) for parent in parents]


@pytest.mark.parametrize("maker_class", FAKE_MAKERS)
def test_no_cue_tells_children_from_parents(maker_class, parents, rows_of_parents):
    children = []
    with maker_class() as maker:
        for start in range(0, len(parents), maker.batch_size):
            some = parents[start : start + maker.batch_size]
            children += maker.make(some, range(start, start + len(some)))
    rows = [
        _row(encode_like(child.pixels, parent.encoded), 1, parent.group)
        for child, parent in zip(children, parents, strict=True)
    ]
    groups = [parent.group for parent in parents]
    audit = audit_shortcuts(with_columns(make_table(rows_of_parents + rows), {"group": groups * 2}), BOUND)[0]
    # Not only as far as chance allows.
    assert max(audit.cues.values()) <= BOUND
    assert audit.together <= BOUND


def _row(encoded, label, group):
    image = SourceImage(path=group, name=group, label=label, source="faces", method=("none", "made")[label])
    return row_of(image, inspect_image(encoded, Limits()))
