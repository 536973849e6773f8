"""What TFX's Evaluator blesses under our bounds, what it does not, and what it is said to have decided by."""

import numpy as np
import pytest

from components.evaluator.blessing import read_blessing
from components.evaluator.results import read_metrics
from components.settings import Bound, EvaluatorSettings


@pytest.fixture(scope="module")
def blessing(evaluate, held_out):
    """``blessing(bounds, candidate, baseline=None, records=held_out)``: what was decided, as TFX noted it, too."""

    def decide(bounds, candidate, baseline=None, records=held_out):
        settings = EvaluatorSettings(bounds=tuple(Bound(**one) for one in bounds))
        evaluation = evaluate(settings, records, candidate, baseline)
        found = read_blessing(evaluation.folder)
        assert found.blessed == evaluation.blessed
        return found

    return decide


@pytest.fixture(scope="module")
def good(export_trained):
    """Trained on labels as they are."""
    return export_trained(_TRUE)


@pytest.fixture(scope="module")
def worse(export_trained):
    """Trained on labels that somebody has mixed up."""
    return export_trained(1 - _TRUE)


_TRUE = np.arange(120) % 2


def test_a_good_model_is_blessed_though_many_a_slice_has_one_class_only(blessing, exported):
    # In the slices method=none and method=brightened there is no AUC. There is no blessed model to compare with.
    bounds = [{"metric": "auc", "at_least": 0.8, "max_drop": 0.0}, {"metric": "accuracy", "at_least": 0.7}]
    found = blessing(bounds, exported)
    assert found.blessed
    assert found.missed == ()
    auc, accuracy = found.reasons
    assert auc.startswith("AUC is 0.9")
    assert auc.endswith("; at least 0.8 was asked.")
    assert accuracy.startswith("Accuracy is 0.")


def test_each_bound_is_answered_with_what_was_measured(blessing, exported, evaluate, held_out):
    found = blessing(
        [
            {"metric": "auc", "at_least": 0.99},
            {"metric": "accuracy", "at_least": 0.2},
            {"metric": "log_loss", "at_most": 0.01},
            {"metric": "false_positive_rate", "slice": "source=a", "at_most": 0.0},
            {"metric": "false_positive_rate", "slice": "source=b", "at_most": 0.9},
            {"metric": "recall_fake", "slice": "method=brightened", "at_least": 0.99},
            {"metric": "recall_fake", "slice": "source=a", "at_least": 0.1},
            {"metric": "recall_fake", "slice": "method=deepfakes", "at_least": 0.0},
        ],
        exported,
    )
    measured = {
        one.name: one for one in read_metrics(evaluate(EvaluatorSettings(), held_out, exported).folder)
    }
    overall, a, b = (measured[name] for name in ("overall", "source=a", "source=b"))
    recall = measured["method=brightened"].at_tau.rates()["recall_fake"]
    assert not found.blessed
    assert (
        found.reasons
        == found.missed
        == (
            f"AUC is {overall.auc:.3f}; at least 0.99 was asked.",
            f"Log loss is {overall.log_loss:.3f}; at most 0.01 was asked.",
            f"Recall of fakes on method=brightened is {recall:.3f}; at least 0.99 was asked.",
            "Recall of fakes on method=deepfakes: the test split holds no such image, and at least 0 was asked.",
            f"False positive rate on source=a is {a.at_tau.rates()['false_positive_rate']:.3f}; at most 0 was asked.",
        )
    )
    assert found.held == (
        f"Accuracy is {overall.at_tau.rates()['accuracy']:.3f}; at least 0.2 was asked.",
        f"Recall of fakes on source=a is {a.at_tau.rates()['recall_fake']:.3f}; at least 0.1 was asked.",
        f"False positive rate on source=b is {b.at_tau.rates()['false_positive_rate']:.3f}; at most 0.9 was asked.",
    )


def test_a_model_trained_worse_than_the_latest_blessed_one_is_refused(blessing, good, worse):
    found = blessing(
        [
            {"metric": "auc", "at_least": 0.0, "max_drop": 0.02},
            {"metric": "brier", "max_rise": 0.01},
            {"metric": "accuracy", "slice": "source=b", "max_drop": 1.0},
        ],
        worse,
        good,
    )
    assert not found.blessed
    auc, brier = found.missed
    assert auc.startswith("AUC fell by 0.")
    assert auc.endswith(" against the latest blessed model; a fall of at most 0.02 was allowed.")
    assert brier.startswith("Brier score rose by 0.")
    assert brier.endswith(" against the latest blessed model; a rise of at most 0.01 was allowed.")
    assert found.held[0].startswith("AUC is 0.")
    assert found.held[1].startswith("Accuracy on source=b fell by 0.")


def test_a_better_model_is_blessed(blessing, good, worse):
    found = blessing([{"metric": "auc", "at_least": 0.0, "max_drop": 0.02}], good, worse)
    assert found.blessed
    assert found.reasons[1].startswith("AUC rose by 0.")


@pytest.mark.slow
def test_the_same_model_again_is_no_change(blessing, exported):
    found = blessing([{"metric": "auc", "at_least": 0.0, "max_drop": 0.0}], exported, exported)
    assert found.blessed
    assert found.reasons[1].startswith("AUC is that of the latest blessed model;")


def test_a_split_without_reals_cannot_be_blessed(blessing, held_out, exported):
    fakes = [one for one in held_out if one.label == 1]
    found = blessing([{"metric": "auc", "at_least": 0.0}], exported, records=fakes)
    assert not found.blessed
    assert found.missed == ("AUC is not defined on images of one class only, and at least 0 was asked.",)
