"""What came of many futures, results and exceptions alike."""

import asyncio
from concurrent.futures import CancelledError

import pytest

from minidask_distributed.client.outcomes import Raised, outcomes, outcomes_async
from minidask_distributed.client.waiting import wait
from tests.distributed.client.scripted import connected, in_loop

pytestmark = pytest.mark.network


def divide(x):
    return 12 // x


class Unreadable:
    """Pickles, and can't be read again."""

    def __reduce__(self):
        return divide, (0,)


def make(x):
    return Unreadable() if x == 0 else x


@pytest.mark.parametrize("small", [0, 4096])
def test_results_and_errors_are_in_their_places(small):
    with connected(small=small) as (_, client):
        futures = client.map(divide, [3, 0, 4])
        wait(futures)
        four, failed, three = outcomes(futures)
        assert (four, three) == (4, 3)
        assert isinstance(failed, Raised)
        assert isinstance(failed.error, ZeroDivisionError)
        assert outcomes([]) == []


@pytest.mark.parametrize("small", [0, 4096])
def test_one_that_cannot_be_read_costs_the_others_nothing(small):
    with connected(small=small) as (_, client):
        futures = client.map(make, [3, 0, 4])
        wait(futures)
        three, failed, four = outcomes(futures)
        assert (three, four) == (3, 4)
        assert isinstance(failed, Raised)


def test_what_was_cancelled():
    with connected(auto=False) as (_, client):
        future = client.submit(divide, 1)
        future.cancel()
        [cancelled] = outcomes([future])
        assert isinstance(cancelled.error, CancelledError)


def test_futures_of_two_clients():
    with connected() as (_, one), connected() as (_, other):
        futures = [one.submit(divide, 1), other.submit(divide, 2), one.submit(divide, 3)]
        wait(futures)
        assert outcomes(futures) == [12, 6, 4]


@pytest.mark.parametrize("small", [0, 4096])
def test_in_a_coroutine(small):
    async def work(scheduler, client):
        futures = client.map(make, [3, 0, 4])
        await wait(futures)
        three, failed, four = await outcomes_async(futures)
        return three, isinstance(failed, Raised), four

    assert in_loop(work, small=small) == (3, True, 4)


def test_in_a_coroutine_of_another_loop():
    with connected(small=0) as (_, client):
        futures = client.map(divide, [3, 4])
        wait(futures)
        assert asyncio.run(outcomes_async(futures)) == [4, 3]
