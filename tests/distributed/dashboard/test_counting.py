"""The cluster in a dozen numbers."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed import Client
from minidask_distributed.dashboard.counting import counts, host_of, worker_states
from minidask_distributed.scheduler.machine.records import Worker


@pytest.mark.network
def test_counts_of_a_cluster(looking):
    async def main():
        async with looking(workers=2) as found:
            before = counts(found.scheduler, "scheduler")
            assert (before["workers"], before["cores"], before["hosts"], before["idle"], before["tasks"]) == (
                2,
                2,
                1,
                2,
                0,
            )
            async with Client(found.scheduler.address, security=found.scheduler.security, asynchronous=True) as client:
                futures = client.map(bytes, range(1000, 1010))
                await client.gather(futures)
                after = counts(found.scheduler, "scheduler")
                assert (after["memory"], after["tasks"], after["clients"]) == (10, 10, 1)
                assert after["bytes"] >= 10_000
                held = [counts(worker, "worker") for worker in found.workers]
                assert sum(one["in_memory"] for one in held) == 10
                assert all(one["threads"] == 1 for one in held)
                assert all(isinstance(value, int | float) for one in held for value in one.values())

    asyncio.run(main())


def test_workers_by_what_they_do():
    idle, some, full, paused = workers = [Worker(n, n, f"tcp://127.0.0.1:{n}", f"w{n}", 2, 0) for n in range(4)]
    some.processing = {1: None}
    full.processing = {1: None, 2: None}
    paused.status = "paused"
    assert worker_states(workers) == {"idle": 1, "partially_saturated": 1, "saturated": 1, "paused_or_retiring": 1}
    assert host_of(idle) == "127.0.0.1"
    assert host_of(Worker(1, 1, "inproc://1/2", "w", 2, 0)) == ""
