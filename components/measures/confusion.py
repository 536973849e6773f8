"""Decisions at one threshold, counted."""

import dataclasses

from components.measures.intervals import wilson


@dataclasses.dataclass(frozen=True)
class Confusion:
    """Decisions at one threshold: counts of images, fake being the positive class.

    Attributes:
        threshold: in [0, 1]; None for the model's own tau.
        true_fake, false_fake, true_real, false_real: what was called so, rightly or wrongly.
    """

    threshold: float | None
    true_fake: int
    false_fake: int
    true_real: int
    false_real: int

    @property
    def real(self) -> int:
        """Real images."""
        return self.true_real + self.false_fake

    @property
    def fake(self) -> int:
        """Fake images."""
        return self.true_fake + self.false_real

    def rates(self) -> dict[str, float | None]:
        """Accuracy, precision, recall and F1 of either class, and false positive rate, each in [0, 1].

        None where undefined (0 / 0). Precision is undefined as well where a class is missing: there it could only
        be 0 or 1, whatever the model does.
        """
        both_classes = bool(self.real and self.fake)
        called_real, called_fake = self.true_real + self.false_real, self.true_fake + self.false_fake
        return {
            "accuracy": _ratio(self.true_fake + self.true_real, self.real + self.fake),
            "precision_real": _ratio(self.true_real, called_real) if both_classes else None,
            "precision_fake": _ratio(self.true_fake, called_fake) if both_classes else None,
            "recall_real": _ratio(self.true_real, self.real),
            "recall_fake": _ratio(self.true_fake, self.fake),
            "f1_real": _f1(self.true_real, self.false_real + self.false_fake) if both_classes else None,
            "f1_fake": _f1(self.true_fake, self.false_real + self.false_fake) if both_classes else None,
            "false_positive_rate": _ratio(self.false_fake, self.real),
        }

    def intervals(self) -> dict[str, tuple[float, float]]:
        """Wilson's 95 % confidence interval (low, high) of each of `rates` that is a proportion and defined."""
        counts = {
            "accuracy": (self.true_fake + self.true_real, self.real + self.fake),
            "precision_real": (self.true_real, self.true_real + self.false_real),
            "precision_fake": (self.true_fake, self.true_fake + self.false_fake),
            "recall_real": (self.true_real, self.real),
            "recall_fake": (self.true_fake, self.fake),
            "false_positive_rate": (self.false_fake, self.real),
        }
        rates = self.rates()
        return {name: wilson(*counts[name]) for name in counts if rates[name] is not None}


def _f1(right: int, wrong: int) -> float | None:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."""
    return _ratio(2 * right, 2 * right + wrong)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
