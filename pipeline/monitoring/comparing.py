"""Whether a model still scores as it did when it was evaluated."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from components.drift.comparison import FEWEST, Drift, compare
from data.example import SPLITS
from pipeline.monitoring.served_scores import NEAR, ServedScores
from pipeline.pushed_model import PushedModel

REFERENCE_SPLIT = SPLITS[-1]
"""Nothing was chosen by it: of the scores that travel with a model, the only ones that promise nothing too much."""

_UNTOLD = 0.5  # An interval this wide says next to nothing about the share of fakes.


@dataclasses.dataclass(frozen=True)
class ShareThenAndNow:
    """A share of the images.

    Attributes:
        name: what they have in common.
        then: in the evaluation.
        expected: in the evaluation, were as many of its images fake as of those served.
        now: of the images served.
    """

    name: str
    then: float
    expected: float
    now: float


@dataclasses.dataclass(frozen=True)
class MonitorReport:
    """How a model is doing.

    Attributes:
        model: whose scores they are.
        version: which version the images were served by; None for one without a number.
        served: what it answered.
        drift: how the scores compare with those of its evaluation.
        shares: called fake, called uncertain, near tau.
    """

    model: PushedModel
    version: int | None
    served: ServedScores
    drift: Drift
    shares: tuple[ShareThenAndNow, ...]

    @property
    def sentence(self) -> str:
        """What to do, and why."""
        drift = self.drift
        measured = (
            f"population stability {drift.stability:.2f}, where chance alone stays below "
            f"{drift.stability_by_chance:.2f} in 95 of 100 samples; Kolmogorov-Smirnov distance {drift.distance:.2f}"
        )
        if drift.advice == "too few":
            return (
                f"Too few scores to tell: expected at least {FEWEST} on either side, received {drift.images:,} "
                f"served ones and {drift.reference_images:,} of the evaluation."
            )
        if drift.advice == "nothing":
            return (
                f"Nothing is to be done: with {drift.fake_share:.1%} fakes, either class scores as it did in the "
                f"evaluation ({measured})."
            )
        if drift.advice == "check":
            return (
                f"Look at some of the images: either {drift.fake_share:.1%} of them are fake, or reals now score "
                f"like fakes, which looks the same ({measured}). State the true share as --fake-share to tell which."
            )
        if drift.advice == "recalibrate":
            return (
                f"Recalibrate: the scores have moved ({measured}). Label a few hundred recent images, see what "
                "`evaluate` says of them, and choose tau anew with `calibrate`."
            )
        return (
            f"Look at the data, and retrain: the scores have moved much ({measured}). The images are no longer "
            "those it learned from: look at some of each bin, add labelled ones to the training data, and train anew."
        )

    @property
    def fake_share_sentence(self) -> str:
        """What the scores say of the share of fakes."""
        drift = self.drift
        then = f"{drift.reference_fake_share:.1%} in the evaluation"
        if drift.fake_share_interval is None:
            return f"Fakes among the images: {drift.fake_share:.1%} as stated, {then}."
        low, high = drift.fake_share_interval
        if high - low > _UNTOLD:
            return (
                f"Fakes among the images: cannot be told from so few scores, or from a model that tells so little "
                f"({low:.1%} to {high:.1%}); {then}."
            )
        told = f"Fakes among the images: about {drift.fake_share:.1%} ({low:.1%} to {high:.1%}), {then}."
        if drift.advice in ("recalibrate", "retrain"):
            return f"{told} That supposes that each class scores as before, which it does not."
        return f"{told} If you know better, state it as --fake-share."

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        served = dataclasses.asdict(self.served)
        sample = served.pop("sample")
        return {
            "model": str(self.model.folder),
            "model_version": self.version,
            "advice": self.drift.advice,
            "sentence": self.sentence,
            "fakes": self.fake_share_sentence,
            "threshold": self.model.calibration.threshold,
            "served": served | {"compared": len(sample)},
            "shares": {one.name: dataclasses.asdict(one) for one in self.shares},
            "drift": dataclasses.asdict(self.drift),
        }


def monitor(
    model: PushedModel,
    served: ServedScores,
    version: int | None,
    bins: int = 10,
    fake_share: float | None = None,
) -> MonitorReport:
    """Compares what a model answered with its evaluation.

    Args:
        model: with the scores of its evaluation.
        served: what it answered.
        version: under which number it was served.
        bins: see `components.drift.comparison.compare`.
        fake_share: likewise.

    Raises:
        ConfigError: the scores of the evaluation do not travel with the model.
    """
    reference, labels = model.evaluation_scores(REFERENCE_SPLIT)
    drift = compare(reference, labels, served.sample, bins=bins, fake_share=fake_share)
    decided = model.calibration.decisions(reference)
    of_reference = {
        "called fake": decided == "fake",
        "called uncertain": decided == "uncertain",
        f"within {NEAR} of tau": np.abs(reference - model.calibration.threshold) < NEAR,
    }
    now = (served.share("fake"), served.share("uncertain"), served.near / served.images)
    shares = (
        ShareThenAndNow(
            name,
            then=float(chosen.mean()),
            expected=float(
                (1 - drift.fake_share) * chosen[labels == 0].mean()
                + drift.fake_share * chosen[labels == 1].mean()
            ),
            now=share,
        )
        for (name, chosen), share in zip(of_reference.items(), now, strict=True)
    )
    return MonitorReport(model, version, served, drift, tuple(shares))
