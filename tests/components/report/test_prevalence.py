import pytest
from scipy.stats import binomtest

from components.measures.confusion import Confusion
from components.report.prevalence import outlook


def test_98_percent_both_ways_is_a_third_of_precision_where_one_in_a_hundred_is_fake():
    found = outlook(Confusion(None, true_fake=98, false_fake=2, true_real=98, false_real=2))
    assert (found.fakes, found.found, found.false_alarms) == (100, 98, 198)
    assert found.precision == pytest.approx(0.98 / (0.98 + 0.02 * 99), abs=1e-12)
    assert found.precision == pytest.approx(0.33, abs=0.005)


def test_the_interval_takes_the_worse_ends_and_the_better_ends():
    found = outlook(Confusion(None, true_fake=58, false_fake=5, true_real=75, false_real=22))
    recall, alarms = (binomtest(part, 80).proportion_ci(method="wilson") for part in (58, 5))
    worst = 0.01 * recall.low / (0.01 * recall.low + 0.99 * alarms.high)
    best = 0.01 * recall.high / (0.01 * recall.high + 0.99 * alarms.low)
    assert found.interval == pytest.approx((worst, best), abs=1e-12)
    assert worst < found.precision < best


def test_as_many_fakes_as_on_the_split_give_its_precision():
    confusion = Confusion(None, true_fake=58, false_fake=5, true_real=75, false_real=22)
    assert outlook(confusion, 0.5).precision == pytest.approx(confusion.rates()["precision_fake"], abs=1e-12)


def test_nothing_called_fake_has_no_precision():
    assert outlook(Confusion(None, 0, 0, 10, 10)).precision is None


def test_one_class_has_no_outlook():
    assert outlook(Confusion(None, 5, 0, 0, 5)) is None
    assert outlook(Confusion(None, 0, 5, 5, 0)) is None


def test_halves_go_up():
    assert outlook(Confusion(None, true_fake=58, false_fake=0, true_real=80, false_real=22)).found == 73
