"""The audit sees how children are saved, and nothing where there is nothing to see."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from data.synthesis.auditing import Pair, audit_pairs, sentences, strongest
from data.synthesis.encoding import encode_like


def _pairs(picture, encode, count, child):
    for seed in range(count):
        parent = encode(picture(seed), quality=80 + seed % 10)
        yield Pair(parent, child(picture(seed), parent), str(seed))


def _blurred(pixels, parent):
    return encode_like(np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1))), parent)


def _worse(pixels, parent):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=40)
    return buffer.getvalue()


def test_what_is_saved_alike_tells_nothing(picture, encode):
    audit = audit_pairs(_pairs(picture, encode, 60, encode_like), 0.65)
    assert (audit.real, audit.fake, audit.suspects) == (60, 60, ())
    assert strongest(audit)[1] < 0.6
    assert audit.cues["JPEG quantisation"] == audit.cues["size"] == 0.5


@pytest.mark.parametrize(("child", "cue"), [(_blurred, "sharpness"), (_worse, "JPEG quantisation")])
def test_what_is_saved_otherwise_does(picture, encode, child, cue):
    audit = audit_pairs(_pairs(picture, encode, 25, child), 0.65)
    assert cue in audit.suspects
    assert f"{cue}: AUC {audit.cues[cue]:.2f}" in sentences(audit)
    assert strongest(audit)[1] > 0.95


def test_too_few_tell_nothing(picture, encode):
    assert audit_pairs(_pairs(picture, encode, 9, _worse), 0.65) is None
