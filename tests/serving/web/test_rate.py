"""How often one address may ask, on a clock that the test moves."""

import pytest

from serving.web.rate import RateLimit


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_minutes_worth_may_come_at_once_and_no_more(clock):
    rate = RateLimit(60, 10, clock)
    assert [rate.seconds_to_wait("10.0.0.1") for _ in range(61)] == [0] * 60 + [1]


def test_after_the_seconds_it_names_there_is_a_token(clock):
    rate = RateLimit(4, 10, clock)
    for _ in range(4):
        rate.seconds_to_wait("10.0.0.1")
    wait = rate.seconds_to_wait("10.0.0.1")
    assert wait == 15
    clock.now += wait
    assert rate.seconds_to_wait("10.0.0.1") == 0
    assert rate.seconds_to_wait("10.0.0.1") == 15


def test_asking_while_refused_costs_nothing(clock):
    rate = RateLimit(1, 10, clock)
    rate.seconds_to_wait("10.0.0.1")
    for _ in range(6):
        clock.now += 9.99
        assert rate.seconds_to_wait("10.0.0.1") > 0
    clock.now += 0.1
    assert rate.seconds_to_wait("10.0.0.1") == 0


def test_a_long_rest_does_not_fill_more_than_a_bucket(clock):
    rate = RateLimit(2, 10, clock)
    rate.seconds_to_wait("10.0.0.1")
    clock.now += 1e6
    assert [rate.seconds_to_wait("10.0.0.1") for _ in range(3)] == [0, 0, 30]


def test_addresses_do_not_pay_for_each_other(clock):
    rate = RateLimit(1, 10, clock)
    assert rate.seconds_to_wait("10.0.0.1") == 0
    assert rate.seconds_to_wait("10.0.0.2") == 0
    assert rate.seconds_to_wait("10.0.0.1") > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_a_network_of_ipv6_is_one_visitor(clock, one, other, same):
    rate = RateLimit(1, 10, clock)
    rate.seconds_to_wait(one)
    assert (rate.seconds_to_wait(other) > 0) is same


def test_the_table_is_bounded_and_forgets_who_was_silent_longest(clock):
    rate = RateLimit(1, 3, clock)
    for last in (1, 2, 3):
        rate.seconds_to_wait(f"10.0.0.{last}")
    assert rate.seconds_to_wait("10.0.0.1") > 0  # heard of again
    rate.seconds_to_wait("10.0.0.4")
    assert len(rate) == 3
    assert rate.seconds_to_wait("10.0.0.1") > 0
    assert rate.seconds_to_wait("10.0.0.2") == 0
