"""What the rates of a test split come to where fakes are rare."""

import dataclasses
import math

from components.measures.confusion import Confusion

PREVALENCE = 0.01
"""One image in a hundred is fake. A test split with as many fakes as reals is kinder than any inbox."""

IMAGES = 10_000
"""So many images are spoken of."""


@dataclasses.dataclass(frozen=True)
class Outlook:
    """What to expect of 10,000 images.

    Attributes:
        fakes: how many of them are fake.
        found: fakes called fake.
        false_alarms: real images called fake.
        precision: share of fakes in what is called fake, in [0, 1]; None where nothing is called fake.
        interval: the precision at the worse ends of the 95 % intervals of both rates, and at the better ends.
    """

    fakes: int
    found: int
    false_alarms: int
    precision: float | None
    interval: tuple[float, float]


def outlook(confusion: Confusion, prevalence: float = PREVALENCE) -> Outlook | None:
    """Carries the rates over to another share of fakes; None where a class is missing, and with it a rate.

    Args:
        confusion: decisions on a split.
        prevalence: share of fakes, above 0 and below 1.
    """
    if not confusion.real or not confusion.fake:
        return None
    rates, intervals = confusion.rates(), confusion.intervals()
    recall, alarms = rates["recall_fake"], rates["false_positive_rate"]
    recalls, alarm_rates = intervals["recall_fake"], intervals["false_positive_rate"]
    # The interval of a rate of 0 does not end at 0 on its far side, so the worse ends always give a number.
    worst, best = (
        _precision(recalls[0], alarm_rates[1], prevalence),
        _precision(recalls[1], alarm_rates[0], prevalence),
    )
    return Outlook(
        fakes=round(IMAGES * prevalence),
        found=_whole(IMAGES * prevalence * recall),
        false_alarms=_whole(IMAGES * (1 - prevalence) * alarms),
        precision=_precision(recall, alarms, prevalence),
        interval=(worst, best),
    )


def _whole(images: float) -> int:
    # Halves go up, as in the page's script.
    return math.floor(images + 0.5)


def _precision(recall: float, false_positive_rate: float, prevalence: float) -> float | None:
    right, wrong = recall * prevalence, false_positive_rate * (1 - prevalence)
    return right / (right + wrong) if right + wrong else None
