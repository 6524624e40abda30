"""The index of amounts: right within a factor of two, and never a worker with nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.scheduler.machine.index import AmountIndex
from minidask_distributed.scheduler.machine.records import Worker


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-1, 1000)), max_size=60))
def test_the_largest_is_at_least_half_of_the_maximum(steps):
    workers = [Worker(number, number, f"a{number}", f"w{number}", 1, 0) for number in range(6)]
    index, amounts = AmountIndex(), {}
    for at, amount in steps:
        index.enter(workers[at], amount)
        amounts[at] = max(amount, 0)
        positive = {one for one, much in amounts.items() if much}
        assert len(index) == len(positive)
        largest = index.largest()
        assert (largest is None) == (not positive)
        if largest is not None:
            assert 2 * amounts[largest.number] > max(amounts.values())
            other = index.largest(without=largest)
            assert (other is None) == (len(positive) == 1)
            assert other is not largest
