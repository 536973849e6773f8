"""Chance: parents in turn, seeds apart."""

from itertools import islice

import pytest

from data.errors import BadInputError
from data.synthesis.drawing import child_seed, parents_of_children


class _Named:
    """Parents of names only."""

    root = "somewhere"

    def __init__(self, names, usable=None):
        self._names, self._usable, self.refused = names, usable, {"corrupt": 2}

    def __len__(self):
        return len(self._names)

    def key(self, position):
        return self._names[position]

    def is_usable(self, position):
        return self._usable is None or self._names[position] in self._usable


def _drawn(names, seed, count, usable=None):
    return [names[at] for at in islice(parents_of_children(_Named(names, usable), seed), count)]


def test_each_once_before_any_twice_and_the_order_changes():
    names = [f"{number:02d}" for number in range(20)]
    drawn = _drawn(names, 3, 50)
    assert sorted(drawn[:20]) == sorted(drawn[20:40]) == names
    assert len(set(drawn[40:])) == 10
    assert names != drawn[:20] != drawn[20:40]
    assert drawn == _drawn(names, 3, 50) != _drawn(names, 4, 50)


def test_more_children_leave_the_earlier_ones_alone():
    names = [f"{number}" for number in range(5)]
    assert _drawn(names, 0, 13)[:7] == _drawn(names, 0, 7)


def test_the_order_on_disk_does_not_matter():
    names = [f"{number}" for number in range(12)]
    assert _drawn(names, 1, 30) == _drawn(names[::-1], 1, 30)


def test_what_cannot_be_used_is_passed_over():
    assert sorted(_drawn(["a", "b", "c"], 0, 4, {"a", "c"})) == ["a", "a", "c", "c"]
    with pytest.raises(BadInputError, match="2 corrupt"):
        _drawn(["a", "b"], 0, 1, set())


def test_seeds():
    seeds = [child_seed(seed, child) for seed in range(5) for child in range(200)]
    assert len(set(seeds)) == 1000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62
    # As they were when images were first made by them.
    assert child_seed(42, 0) == 5732826375231505755
