"""Tests of `minidask_distributed.scheduler.flow`: with real sockets that nobody reads."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import Answer, Compute, Done, Event, Finished, OpenSession, SessionOpened
from minidask_distributed.scheduler.machine.states import MEMORY
from tests.distributed.scheduler.scripted import WAIT_S, cluster, upload

pytestmark = pytest.mark.network

LOAD = "x" * (4 << 20)  # more than the buffers of a loopback connection take


def run(test):
    async def main():
        async with cluster() as made:
            made.scheduler.flow.high_bytes = 1 << 20
            made.scheduler.flow.low_bytes = 1 << 16
            await test(made, made.scheduler.flow)

    asyncio.run(main())


async def until(condition):
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.001)


def clog(made, peer):
    """Send more to a peer, which doesn't read, than its connection takes."""
    peer.comm.pause_reading()
    (connection,) = [
        one for one in made.scheduler.connections.values() if one.comm.peer_address == peer.comm.local_address
    ]
    while connection.comm.pending_bytes <= made.scheduler.flow.high_bytes:
        made.scheduler.send(connection, [Event("load", 0.0, LOAD)])
    return connection


def test_a_client_that_does_not_read_is_not_read_from():
    async def test(made, flow):
        slow, quick = await made.client("slow"), await made.client("quick")
        connection = clog(made, slow)
        assert flow.clogged == [connection]
        request = slow.ask_later("nthreads")
        assert await quick.ask("nthreads") == {}
        slow.comm.resume_reading()
        await until(lambda: not flow.clogged)
        assert (await slow.next(Event)).content == LOAD
        # What it had said meanwhile is taken now.
        assert await slow.next(Answer) == Answer(request, {}, None)

    run(test)


def test_results_are_not_piled_up_for_a_client_that_does_not_read():
    async def test(made, flow):
        slow, worker = await made.client("slow"), await made.worker()
        slow.send(upload("x0", "x1"))
        compute = await worker.next(Compute)
        connection = clog(made, slow)
        assert flow.clogged == [connection]
        done, later = compute.tasks[:1], compute.tasks[1:]
        assert len(later) == 1
        worker.send(Finished(done, None, [28], [10], [0], [0], 0, [b"value"]))
        await until(lambda: made.scheduler.tasks["x0"].state == MEMORY)
        slow.comm.resume_reading()
        await until(lambda: not flow.clogged)
        message = await slow.next(Done)
        assert (len(message.tasks), message.values) == (1, None)
        worker.send(Finished(later, None, [28], [10], [0], [0], 0, [b"value"]))
        message = await slow.next(Done)
        assert (len(message.tasks), message.values) == (1, [b"value"])

    run(test)


def test_while_a_worker_does_not_read_no_client_is_read_from_but_workers_are():
    async def test(made, flow):
        stuck, other = await made.worker("alice"), await made.worker("bob")
        client = await made.client()
        clog(made, stuck)
        client.send(upload("a"))
        late = await made.peer("client")  # one that connects now waits as well
        late.send(OpenSession("late", {}))
        assert set((await other.ask("nthreads")).values()) == {1}
        assert not made.scheduler.tasks
        assert set(made.scheduler.clients) == {"me"}
        stuck.comm.resume_reading()
        await until(lambda: "a" in made.scheduler.tasks)
        await late.next(SessionOpened)

    run(test)


def test_a_clogged_peer_that_goes_lets_the_others_go_on():
    async def test(made, flow):
        stuck = await made.worker("alice")
        client = await made.client()
        clog(made, stuck)
        client.send(upload("a"))
        stuck.comm.abort()
        await until(lambda: "a" in made.scheduler.tasks)
        assert flow.clogged == []

    run(test)


def test_prints_are_not_piled_up_for_a_client_that_does_not_read():
    async def test(made, flow):
        slow = await made.client("slow")
        connection = clog(made, slow)
        before = connection.comm.pending_bytes
        for _ in range(5):
            made.scheduler.log_event("print", LOAD)
        assert connection.comm.pending_bytes == before
        slow.comm.resume_reading()

    run(test)


def test_closing_while_a_peer_is_clogged():
    async def test(made, flow):
        slow = await made.client("slow")
        clog(made, slow)
        waiting = list(flow._clogged.values())
        slow.comm.abort()
        await made.scheduler.close()
        assert flow.clogged == []
        assert all(task.done() for task in waiting)

    run(test)
