"""Synthetic images of a split are measured by themselves: the overall numbers are those of originals."""

import dataclasses

from components.evaluator.blessing import read_blessing
from components.evaluator.results import read_metrics
from components.settings import Bound, EvaluatorSettings
from data.example import Synthetic


def test_a_synthetic_image_counts_in_the_slice_of_its_method_alone(evaluate, held_out, exported):
    originals, others = held_out[:30], held_out[30:41]
    made = Synthetic("blend", "", originals[0].sha256, 1, 0.5)
    children = [
        # Fakes that a real one became, and controls, which keep their label.
        dataclasses.replace(one, method=("control", "blend")[one.label], source="elsewhere", synthetic=made)
        for one in others
    ]
    bounds = (
        Bound(metric="recall_fake", at_least=0.0, slice="method=blend"),
        Bound(metric="accuracy", at_least=0.0),
    )
    settings = EvaluatorSettings(thresholds=(0.5,), bounds=bounds)
    evaluation = evaluate(settings, [*originals, *children], exported)
    counts = {one.name: (one.at_tau.real, one.at_tau.fake) for one in read_metrics(evaluation.folder)}
    assert counts["overall"] == (15, 15)
    assert (counts["method=blend"], counts["method=control"]) == ((0, 5), (6, 0))
    assert not [name for name in counts if name.startswith("source=elsewhere")]
    for kind in ("source", "method", "format", "size"):
        own = [
            pair
            for name, pair in counts.items()
            if name.startswith(f"{kind}=") and name not in ("method=blend", "method=control")
        ]
        assert tuple(map(sum, zip(*own, strict=True))) == (15, 15)
    # A bound on the slice is one like any other.
    assert len(read_blessing(evaluation.folder).held) == 2
