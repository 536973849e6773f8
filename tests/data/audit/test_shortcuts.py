"""What betrays the labels is found, what does not is not, and few images prove little."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from data.audit.shortcuts import PairAudit, ShortcutError, audit_shortcuts, standard_error
from data.errors import BadInputError
from data.image_table import make_table, row_of, with_columns
from data.images.cues import PixelCues
from data.images.decode_check import ImageFacts
from data.sources.base import SourceImage

BOUND = 0.75


def _table(labels, sources=None, methods=None, groups=None, **facts):
    """A table of images that chance made; ``facts`` replace what chance drew."""
    rng = np.random.default_rng(len(labels))
    count = len(labels)
    drawn = {
        "width": rng.integers(100, 200, count),
        "height": rng.integers(100, 200, count),
        "bytes": rng.integers(5_000, 9_000, count),
        "quantisation": rng.uniform(5, 20, count).round(3),
        "format": rng.choice(["jpeg", "png"], count),
        **{cue: rng.uniform(0, 1, count) for cue in PixelCues.__annotations__},
    } | facts
    rows = []
    for number, label in enumerate(labels):
        own = {key: values[number].item() for key, values in drawn.items()}
        cues = PixelCues(**{cue: own.pop(cue) for cue in PixelCues.__annotations__})
        image = SourceImage(
            path=f"/images/{number}",
            name=str(number),
            label=int(label),
            source=sources[number] if sources else "faces",
            method=methods[number] if methods else ("none", "swap")[label],
        )
        image_facts = ImageFacts(
            sha256=f"{number:064x}",
            channels=3,
            jpeg_quality=90,
            perceptual_hash="",
            cropped_hashes="",
            cues=cues,
            **own,
        )
        rows.append(row_of(image, image_facts))
    return with_columns(make_table(rows), {"group": groups or [str(number) for number in range(count)]})


def _labels(count):
    return np.arange(count) % 2


def test_the_standard_error_is_that_of_the_papers_own_example():
    # Hanley and McNeil, 1982: 58 normal and 51 abnormal images, area 0.893, standard error 0.032.
    assert standard_error(0.893, 58, 51) == pytest.approx(0.032, abs=0.0006)


@pytest.mark.parametrize(
    ("auc", "real", "fake"), [(0.6, 40, 40), (0.75, 100, 20), (0.75, 20, 100), (0.9, 30, 60)]
)
def test_the_standard_error_is_the_spread_of_repeated_draws(auc, real, fake):
    # The formula assumes exponential scores, of which this is the ratio of the means.
    rng = np.random.default_rng(0)
    scores_of_reals = rng.exponential(1, (4000, real, 1))
    scores_of_fakes = rng.exponential(auc / (1 - auc), (4000, 1, fake))
    areas = (scores_of_fakes > scores_of_reals).mean(axis=(1, 2))
    assert areas.mean() == pytest.approx(auc, abs=0.01)
    assert standard_error(auc, real, fake) == pytest.approx(areas.std(), rel=0.05)


def test_a_cue_that_never_errs_has_no_standard_error():
    assert standard_error(1.0, 10, 10) == 0


def test_where_nothing_is_planted_nothing_is_found():
    [audit] = audit_shortcuts(_table(_labels(300)), BOUND)
    assert (audit.pair, audit.real, audit.fake, audit.suspects) == ("all", 150, 150, ())
    assert set(audit.cues) == {
        *("size", "format", "JPEG quantisation", "file size"),
        *("brightness", "saturation", "sharpness", "high frequency"),
    }
    assert max(audit.cues.values()) < 0.62
    assert 0.5 <= audit.together < 0.65
    assert list(audit.sentences()) == []


LEAKS = {
    "size": lambda labels: {
        "width": 150 - 40 * labels + np.arange(len(labels)) % 10,
        "height": np.full(len(labels), 100),
    },
    "format": lambda labels: {"format": np.where(labels, "png", "jpeg")},
    "JPEG quantisation": lambda labels: {"quantisation": 9.0 + labels},
    "file size": lambda labels: {"bytes": 9_000 - 1_000 * labels},
    "brightness": lambda labels: {"brightness": 100.0 - 9 * labels},
    "saturation": lambda labels: {"saturation": 0.2 + 0.1 * labels},
    "sharpness": lambda labels: {"sharpness": 5.0 - labels},
    "high frequency": lambda labels: {"high_frequency": 0.01 * (1 + labels)},
}


@pytest.mark.parametrize("cue", LEAKS)
def test_a_leak_planted_in_a_cue_is_found_there_whichever_way_round(cue):
    labels = _labels(120)
    for planted in (labels, 1 - labels):
        [audit] = audit_shortcuts(_table(labels, **LEAKS[cue](planted)), BOUND)
        assert audit.suspects == (cue, "all cues together")
        assert audit.cues[cue] > 0.95
        sentences = list(audit.sentences())
        assert sentences[0] == f"{cue} tells real from fake (all): AUC {audit.cues[cue]:.2f}"
        assert sentences[1].startswith("all cues together tell real from fake (all): AUC ")


def test_each_cue_has_the_area_of_scikit_learn():
    labels = _labels(80)
    values = np.random.default_rng(1).uniform(0, 1, 80) + 0.3 * labels
    for sign in (1, -1):
        [audit] = audit_shortcuts(_table(labels, sharpness=sign * values), BOUND)
        assert audit.cues["sharpness"] == pytest.approx(roc_auc_score(labels, values), abs=1e-4)


def test_what_only_several_cues_tell_is_found_by_all_together():
    labels = _labels(400)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], 400)
    # Brightness and sharpness agree in fakes and differ in reals: neither alone tells anything.
    table = _table(labels, brightness=100 + 10 * signs, sharpness=5 + np.where(labels, signs, -signs))
    [audit] = audit_shortcuts(table, BOUND)
    assert audit.suspects == ("all cues together",)
    assert max(audit.cues.values()) < 0.6
    assert audit.together > 0.95


def test_images_of_a_group_do_not_learn_from_each_other():
    labels = np.repeat(_labels(40), 8)
    # Every image of a group looks alike, and groups differ by chance only.
    look = np.repeat(np.random.default_rng(3).uniform(0, 1, 40), 8)
    facts = dict.fromkeys(PixelCues.__annotations__, look)
    facts |= {
        key: np.repeat(np.random.default_rng(4).integers(100, 999, 40), 8) for key in ("width", "bytes")
    }
    grouped = [str(number // 8) for number in range(320)]
    [apart] = audit_shortcuts(_table(labels, **facts), 1.0)
    [together] = audit_shortcuts(_table(labels, groups=grouped, **facts), 1.0)
    assert apart.together > 0.95
    assert together.together < 0.75


def test_few_images_prove_little():
    def audited(count):
        labels = _labels(count)
        # One image in five is on the other side, which makes an area of 0.8.
        values = np.where(np.arange(count) // 2 % 5 == 0, 1 - labels, labels).astype(float)
        [audit] = audit_shortcuts(_table(labels, brightness=values), BOUND)
        assert audit.cues["brightness"] == pytest.approx(0.8)
        return audit.suspects

    assert audited(40) == ()
    assert audited(2000) == ("brightness", "all cues together")


def test_below_ten_images_of_a_class_nothing_is_told():
    labels = np.array([0] * 50 + [1] * 9)
    assert audit_shortcuts(_table(labels, brightness=labels.astype(float)), BOUND) == []
    labels = np.array([0] * 50 + [1] * 10)
    [audit] = audit_shortcuts(_table(labels, brightness=labels.astype(float)), BOUND)
    assert audit.suspects[0] == "brightness"


def test_with_few_groups_all_cues_together_tell_nothing():
    labels = _labels(60)
    groups = [f"{label} {number // 2 % 9}" for number, label in enumerate(labels)]
    [audit] = audit_shortcuts(_table(labels, groups=groups), BOUND)
    assert audit.together is None


def test_no_images_are_audited():
    assert audit_shortcuts(_table([]), BOUND) == []


def test_a_leak_of_one_source_is_told_of_that_source():
    labels = _labels(240)
    sources = [("web", "camera")[number // 2 % 2] for number in range(240)]
    in_web = np.array(sources) == "web"
    bright = np.where(in_web, labels, np.random.default_rng(0).uniform(-20, 20, 240))
    audits = audit_shortcuts(_table(labels, sources, brightness=bright), BOUND)
    assert [audit.pair for audit in audits] == ["all", "source=camera", "source=web"]
    assert [(audit.real, audit.fake) for audit in audits] == [(120, 120), (60, 60), (60, 60)]
    assert audits[1].suspects == ()
    assert audits[2].suspects == ("brightness", "all cues together")
    assert audits[2].cues["brightness"] == 1


def test_a_source_of_one_class_has_no_pair_of_its_own():
    labels = _labels(120)
    audits = audit_shortcuts(_table(labels, [("web", "gan")[label] for label in labels]), BOUND)
    assert [audit.pair for audit in audits] == ["all"]


def test_each_method_is_compared_with_the_reals_of_its_sources():
    labels = np.array([0, 1, 0, 1, 0, 1] * 30)
    sources = ["a", "a", "a", "b", "b", "c"] * 30
    methods = ["none", "swap", "none", "gan", "none", "lone"] * 30
    audits = {audit.pair: audit for audit in audit_shortcuts(_table(labels, sources, methods), BOUND)}
    assert {pair: (audit.real, audit.fake) for pair, audit in audits.items() if "method" in pair} == {
        "method=swap": (60, 30),
        "method=gan": (30, 30),
        # Where no real is of its source, all are.
        "method=lone": (90, 30),
    }
    bright = np.where(np.array(methods) == "gan", 9.0, np.random.default_rng(0).uniform(0, 1, 180))
    audits = audit_shortcuts(_table(labels, sources, methods, brightness=bright), BOUND)
    suspects = {audit.pair for audit in audits if "brightness" in audit.suspects}
    assert suspects == {"method=gan", "source=b"}


def test_one_method_needs_no_slice():
    audits = audit_shortcuts(_table(_labels(60)), BOUND)
    assert [audit.pair for audit in audits] == ["all"]


def test_the_same_table_has_the_same_audit():
    table = _table(_labels(200))
    assert audit_shortcuts(table, BOUND) == audit_shortcuts(table, BOUND)


def test_the_error_lists_what_was_found_and_what_to_do():
    audit = PairAudit("all", 10, 10, {"size": 0.9}, 0.95, ("size", "all cues together"))
    error = ShortcutError(list(audit.sentences()), 0.75)
    assert isinstance(error, BadInputError)
    assert str(error).splitlines()[:3] == [
        "Expected that no cue tells real from fake with an AUC above 0.75:",
        "  - size tells real from fake (all): AUC 0.90",
        "  - all cues together tell real from fake (all): AUC 0.95",
    ]
    assert "--harmonise" in str(error)
