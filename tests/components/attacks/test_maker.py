"""Adversarial children: through the resize, within the ball, more wrong than their parents, and the same again."""

import hashlib
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from components.attacks.maker import AdversarialMaker
from data.errors import BadInputError
from data.synthesis.maker import Parent

_SEEDS = [7, 2**63 - 1, 7, 0]


@pytest.fixture(scope="module")
def version(exported, tmp_path_factory):
    """A pushed version, number 12."""
    folder = shutil.copytree(exported.folder, tmp_path_factory.mktemp("models") / "12")
    path = folder / "assets.extra/detector.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_name": "small"}))
    return folder


@pytest.fixture(scope="module")
def open_maker(version, build_small_backbone):
    """``open_maker(**options)``: a maker of attacks on the small detector."""

    def make(**options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("keras.applications.EfficientNetB0", build_small_backbone)
            return AdversarialMaker(version, **options)

    return make


@pytest.fixture(scope="module")
def parents(picture, encode):
    """Of two sizes in turn, neither of them that of the detector's input; real, fake, fake, real."""
    made = []
    for number, (label, height, width) in enumerate(((0, 40, 48), (1, 70, 50), (1, 40, 48), (0, 70, 50))):
        pixels = picture(label, number, height, width)
        encoded = encode(pixels)
        made.append(
            Parent(encoded, pixels, label, hashlib.sha256(encoded).hexdigest(), "g", "faces", "none", "train")
        )
    return made


@pytest.fixture(scope="module")
def served(version, encode):
    model = tf.saved_model.load(str(version))
    answer = model.signatures["serving_bytes"]
    return lambda images: np.array(
        [float(answer(image_bytes=tf.constant([encode(one)]))["score"][0]) for one in images]
    )


@pytest.mark.parametrize("attack", ["fgsm", "pgd"])
def test_children_are_in_the_ball_and_the_served_model_is_more_wrong_about_them(
    open_maker, parents, served, attack
):
    with open_maker(attack=attack, epsilon=6.0, steps=4) as maker:
        children = maker.make(parents, _SEEDS)
    for parent, child in zip(parents, children, strict=True):
        assert (child.pixels.dtype, child.pixels.shape) == (np.uint8, parent.pixels.shape)
        assert np.abs(child.pixels.astype(int) - parent.pixels).max() == 6
        assert (child.strength, child.edit, child.prompt) == (6.0, attack, "")
    before, after = served([one.pixels for one in parents]), served([one.pixels for one in children])
    towards = 1 - 2 * np.array([one.label for one in parents])
    # Noise of that strength, which points nowhere, moves the scores less.
    rng = np.random.default_rng(0)
    noisy = [
        (one.pixels + 6.0 * rng.choice([-1, 1], one.pixels.shape)).clip(0, 255).astype(np.uint8)
        for one in parents
    ]
    by_noise = np.abs(served(noisy) - before)
    assert ((after - before) * towards > 2 * by_noise).all()


def test_a_child_depends_on_its_parent_and_its_seed_alone(open_maker, parents):
    maker = open_maker(steps=2)
    together = maker.make(parents, _SEEDS)
    for number, (parent, seed) in enumerate(zip(parents, _SEEDS, strict=True)):
        [alone] = maker.make([parent], [seed])
        # But where a gradient is next to nothing: the order of additions decides over its sign.
        assert np.mean(alone.pixels == together[number].pixels) > 0.99
    [other] = maker.make(parents[:1], [8])
    assert np.mean(other.pixels == together[0].pixels) < 0.99


def test_what_is_told_of_it(open_maker, version):
    maker = open_maker(epsilon=3.0)
    digest = hashlib.sha256((version / "assets.extra/detector.keras").read_bytes()).hexdigest()[:16]
    assert (maker.name, maker.label, maker.parent_labels) == ("adversarial", None, (0, 1))
    assert (maker.model, maker.revision) == ("small", f"12-{digest}")
    assert maker.settings() == {"attack": "pgd", "epsilon": 3.0, "steps": 10}
    assert open_maker(attack="fgsm").settings() == {"attack": "fgsm", "epsilon": 2.0}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"attack": "cw"}, "Expected an attack of fgsm and pgd, received 'cw'"),
        ({"epsilon": 0.5}, "Expected an epsilon from 1 to 64 grey levels, received 0.5"),
        ({"epsilon": float("nan")}, "received nan"),
        ({"steps": 0}, "Expected 1 step of the attack or more, received 0"),
    ],
)
def test_what_cannot_be_made_is_refused(open_maker, options, told):
    with pytest.raises(BadInputError, match=told):
        open_maker(**options)


def test_what_is_no_detector_with_gradients_is_refused(version, tmp_path):
    with pytest.raises(BadInputError, match="Expected a version of a model"):
        AdversarialMaker(tmp_path)
    # EfficientNet itself has other weights.
    with pytest.raises(BadInputError, match="that this version of the project can build"):
        AdversarialMaker(version)
    bare = shutil.copytree(version, tmp_path / "bare")
    (bare / "assets.extra/detector.keras").unlink()
    with pytest.raises(BadInputError, match=r"with assets.extra/detector.keras, whose gradients"):
        AdversarialMaker(bare)
