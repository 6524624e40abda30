"""Tests of `minidask_distributed.scheduler.waiting`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.scheduler.waiting import Waiting


def test_each_waits_for_its_own_condition():
    async def main():
        members, waiting = [], Waiting()
        asked = [asyncio.ensure_future(waiting.until(lambda n=n: len(members) >= n)) for n in (0, 1, 2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [one.done() for one in asked] == [True, False, False]
        members.append("alice")
        waiting.wake()
        waiting.wake()
        assert await asked[1]
        assert len(waiting) == 1
        members.append("bob")
        waiting.wake()
        assert await asked[2]
        assert len(waiting) == 0

    asyncio.run(main())


def test_time_that_is_up_and_a_condition_that_came_true_unseen():
    async def main():
        members, waiting = [], Waiting()
        assert not await waiting.until(lambda: bool(members), 0.001)
        asked = asyncio.ensure_future(waiting.until(lambda: bool(members), 0.001))
        await asyncio.sleep(0)
        members.append("alice")
        assert await asked
        assert len(waiting) == 0

    asyncio.run(main())


def test_closing_cancels_whoever_waits():
    async def main():
        waiting = Waiting()
        asked = asyncio.ensure_future(waiting.until(lambda: False))
        await asyncio.sleep(0)
        waiting.close()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert len(waiting) == 0

    asyncio.run(main())
