"""Calls of a cluster to its scheduler: answers, failures, ends."""

import asyncio

import pytest

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.deploy.link import SchedulerLink
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

SECURITY = Security(token=new_token())


def run(main):
    async def whole():
        async with asyncio.timeout(20):
            async with Scheduler(addresses=["inproc://"], security=SECURITY) as scheduler:
                link = SchedulerLink(scheduler.address, SECURITY, 5.0)
                try:
                    await main(scheduler, link)
                finally:
                    await link.close()

    asyncio.run(whole())


def test_calls_are_answered():
    async def main(scheduler, link):
        assert (await link.call("identity"))["id"] == scheduler.id
        answers = await asyncio.gather(*(link.call("nthreads") for _ in range(10)))
        assert answers == [{}] * 10

    run(main)


def test_failures_are_raised():
    async def main(scheduler, link):
        with pytest.raises(ValueError, match="no handler 'nothing'"):
            await link.call("nothing")
        with pytest.raises(TimeoutError, match="only 0 of 3 workers"):
            await link.call("wait_for_workers", n=3, timeout=0.01)

    run(main)


def test_the_end_of_the_scheduler_ends_what_waits():
    async def main(scheduler, link):
        waiting = asyncio.ensure_future(link.call("wait_for_workers", n=3))
        await link.call("nthreads")
        await scheduler.close()
        with pytest.raises(CommClosedError, match="closed the connection"):
            await waiting

    run(main)


def test_a_link_that_broke_is_made_again():
    async def main(scheduler, link):
        await link.call("nthreads")
        await link.close()
        assert await link.call("nthreads") == {}

    run(main)


def test_without_a_scheduler_it_is_a_clear_error():
    async def main(scheduler, link):
        lost = SchedulerLink("inproc://nowhere", SECURITY, 0.05)
        with pytest.raises(OSError, match="inproc://nowhere"):
            await lost.call("nthreads")
        await lost.close()

    run(main)
