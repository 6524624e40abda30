from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.dataframe.reductions import ranks
from minidask.dataframe.reductions.ranks import Values

quick = settings(max_examples=60, deadline=None)
numbers = st.lists(st.integers(-5, 5) | st.integers(-(10**9), 10**9), max_size=60)


def joined(columns: list[Values], bounds) -> ranks.Counted:
    return ranks.join_counted([ranks.select_between(column, bounds) for column in columns])


def value_at(columns: list[Values], rank: int, bounds=None):
    """The value of a rank, and how many passes it took."""
    if bounds is None:
        samples = ranks.join_samples([ranks.sample_values(column) for column in columns])
        (bounds,) = ranks.brackets(samples, [rank])
    value, other = ranks.settle(joined(columns, bounds), bounds, rank)
    if other is None:
        return value, 1
    value, missed = ranks.settle(joined(columns, other), other, rank)
    assert missed is None
    return value, 2


@quick
@given(st.lists(numbers, min_size=1, max_size=8))
def test_every_rank_is_found(lists):
    columns = [Values(np.array(each, dtype="int64"), 0) for each in lists]
    whole = np.sort(np.concatenate([column.there for column in columns]))
    assert [value_at(columns, rank) for rank in range(len(whole))] == [(value, 1) for value in whole]


@quick
@given(st.lists(numbers, min_size=1, max_size=4), st.integers(-6, 6), st.integers(-6, 6))
def test_bad_brackets_cost_a_pass_and_no_more(lists, low, high):
    columns = [Values(np.array(each, dtype="int64"), 0) for each in lists]
    whole = np.sort(np.concatenate([column.there for column in columns]))
    low, high = sorted([low, high])
    for rank, value in enumerate(whole):
        assert value_at(columns, rank, (low, high)) == (value, 1 if low <= value <= high else 2)


@pytest.mark.parametrize("order", ["random", "sorted", "periodic", "few", "constant"])
@pytest.mark.parametrize("partitions", [1, 13])
def test_few_values_are_selected(partitions, order):
    rng = np.random.default_rng(0)
    values = {
        "random": rng.normal(size=100_000),
        "sorted": np.arange(100_000.0),
        "periodic": np.tile(np.arange(1000.0), 100),
        "few": rng.integers(0, 6, 100_000).astype(float),
        "constant": np.ones(100_000),
    }[order]
    columns = [Values(part, 0) for part in np.array_split(values, partitions)]
    samples = ranks.join_samples([ranks.sample_values(column) for column in columns])
    drawn = len(samples.values)
    assert drawn <= max(ranks.FEW * partitions, partitions * (100_000 / partitions) ** (2 / 3))
    for rank in (0, 300, 50_000, 99_999):
        (bounds,) = ranks.brackets(samples, [rank])
        counted = joined(columns, bounds)
        assert len(counted.values) <= ranks.SURE * 100_000 / np.sqrt(drawn) * 1.3
        assert value_at(columns, rank) == (np.sort(values)[rank], 1)


def test_equal_values_travel_as_one():
    counted = ranks.select_between(Values(np.tile([3, 1, 2], 10_000), 0), (1, None))
    assert (counted.values.tolist(), counted.counts.tolist()) == ([1, 2, 3], [10_000] * 3)


def test_draws_are_the_same_each_time():
    column = Values(np.random.default_rng(0).normal(size=5000), 0)
    one, other = ranks.sample_values(column), ranks.sample_values(column)
    np.testing.assert_array_equal(one.values, other.values)


@pytest.mark.parametrize("partitions", [1, 3, 50])
def test_estimates_are_off_by_the_distances_at_most(partitions):
    rng = np.random.default_rng(1)
    values = np.sort(rng.normal(size=20_000))
    parts = np.array_split(rng.permutation(values), partitions)
    samples = ranks.join_samples([ranks.sample_sorted(Values(part, 0), 100) for part in parts])
    wanted = list(range(0, 20_000, 501))
    found = np.searchsorted(values, ranks.estimate(samples, wanted))
    assert abs(found - wanted).max() <= 20_000 / 100 + partitions


def test_ranks_that_are_not_there():
    samples = ranks.sample_values(Values(np.arange(3), 0))
    with pytest.raises(IndexError, match="no value of rank 3 among 3"):
        ranks.brackets(samples, [3])
