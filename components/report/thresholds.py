"""Decisions at every threshold worth asking for, small enough to travel in a page."""

import dataclasses

import numpy as np

from components.measures.confusion import Confusion

MOST_THRESHOLDS = 1001
"""So many thresholds a page holds: two counts each are some 20 kB, however many images there were."""

_EVEN_STEPS = 500


@dataclasses.dataclass(frozen=True)
class ThresholdTable:
    """How many images of either class a threshold calls fake.

    Attributes:
        thresholds: rising, from 0 to 1, tau among them.
        false_fake: real images with a score at or above each.
        true_fake: fake images with a score at or above each.
        real: real images.
        fake: fake images.
        exact: whether every distinct score is among the thresholds, so that the first threshold at or above any
            number in [0, 1] has the counts of that number.
    """

    thresholds: tuple[float, ...]
    false_fake: tuple[int, ...]
    true_fake: tuple[int, ...]
    real: int
    fake: int
    exact: bool

    def confusion(self, threshold: float) -> Confusion:
        """Decisions at the first threshold of the table at or above the one given, which is in [0, 1]."""
        place = int(np.searchsorted(self.thresholds, _as_the_model_has_it(threshold)))
        return Confusion(
            threshold=self.thresholds[place],
            true_fake=self.true_fake[place],
            false_fake=self.false_fake[place],
            true_real=self.real - self.false_fake[place],
            false_real=self.fake - self.true_fake[place],
        )

    def best_f1(self) -> Confusion:
        """Decisions at the threshold with the best F1 of fake; the highest of those that are equal."""
        right, wrong = np.asarray(self.true_fake), np.asarray(self.false_fake)
        # F1 is 2 TP / (2 TP + FP + FN), and 2 TP + FP + FN is what is called fake and what is fake.
        f1 = 2 * right / np.maximum(right + wrong + self.fake, 1)
        return self.confusion(self.thresholds[len(f1) - 1 - int(f1[::-1].argmax())])


def threshold_table(
    labels: np.ndarray, scores: np.ndarray, tau: float, most: int = MOST_THRESHOLDS
) -> ThresholdTable:
    """Counts decisions at every distinct score, or, where there are too many, at steps of 0.002 and at scores of
    evenly spaced ranks: the first tell of the whole range, the second of where the images are.

    Args:
        labels: int `[N]`, 0 real, 1 fake.
        scores: float `[N]` in [0, 1].
        tau: the model's threshold, in [0, 1].
        most: most thresholds wanted, 2 or more than the even steps.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float32)
    distinct = np.unique(scores)
    ends = np.asarray([0.0, tau, 1.0], np.float32)
    thresholds = np.union1d(ends, distinct)
    exact = len(thresholds) <= most
    if not exact:
        even = np.linspace(0, 1, _EVEN_STEPS + 1, dtype=np.float32)
        ranks = np.linspace(0, len(distinct) - 1, most - len(even) - 1).astype(int)
        thresholds = np.union1d(np.union1d(ends, even), distinct[ranks])
    real, fake = np.sort(scores[labels == 0]), np.sort(scores[labels == 1])
    return ThresholdTable(
        # The shortest decimals that are still these numbers: half the bytes of what they are in binary.
        thresholds=tuple(float(str(one)) for one in thresholds),
        false_fake=tuple((len(real) - np.searchsorted(real, thresholds)).tolist()),
        true_fake=tuple((len(fake) - np.searchsorted(fake, thresholds)).tolist()),
        real=len(real),
        fake=len(fake),
        exact=exact,
    )


def _as_the_model_has_it(threshold: float) -> float:
    """The model compares in single precision."""
    return float(str(np.float32(threshold)))
