"""Tests of `minidask_distributed.scheduler.handlers.administration`."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import (
    Acquire,
    Answer,
    Bye,
    Call,
    Cancelled,
    Compute,
    Done,
    Held,
    KillWorker,
    Leave,
)
from tests.distributed.scheduler.scripted import Refused, cluster, finish, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


async def answer(peer, value=None, failure=None):
    call = await peer.next(Call)
    peer.send(Answer(call.request, value, failure))
    return call


# ---------------------------------------------------------------- broadcast


def test_broadcast_gathers_answers_and_failures():
    async def test(made):
        alice, bob, client = await made.worker("alice"), await made.worker("bob"), await made.client()
        one, two = made.scheduler.workers
        client.ask_later("broadcast", name="run", arguments={"x": 1})
        assert (await answer(alice, "fine")).arguments == {"x": 1}
        fields = {"type": "ValueError", "text": "no"}
        await answer(bob, None, fields)
        assert (await client.next(Answer)).value == {one: {"value": "fine"}, two: {"failure": fields}}

    run(test)


def test_broadcast_to_some():
    async def test(made):
        await made.worker("alice")
        bob, client = await made.worker("bob"), await made.client()
        client.ask_later("broadcast", name="run", workers=["bob"])
        await answer(bob, 5)
        assert (await client.next(Answer)).value == {list(made.scheduler.workers)[1]: {"value": 5}}
        with pytest.raises(Refused, match="no worker is called 'carol'"):
            await client.ask("broadcast", name="run", workers=["carol"])

    run(test)


def test_broadcast_with_failures_raised_or_left_out():
    async def test(made):
        alice, bob, client = await made.worker("alice"), await made.worker("bob"), await made.client()
        fields = {"type": "ValueError", "text": "no"}
        client.ask_later("broadcast", name="run", on_error="raise")
        await answer(bob, None, fields)
        assert (await client.next(Answer)).failure == fields
        late = await alice.next(Call)  # the other one's answer comes too late, and harms nobody
        alice.send(Answer(late.request, 1, None))
        client.ask_later("broadcast", name="run", on_error="ignore")
        await answer(bob, None, fields)
        await answer(alice, 1)
        assert (await client.next(Answer)).value == {next(iter(made.scheduler.workers)): {"value": 1}}
        with pytest.raises(Refused, match="on_error must be one of 'raise', 'return', 'ignore', got 'hide'"):
            await client.ask("broadcast", name="run", on_error="hide")

    run(test)


def test_broadcast_when_a_worker_leaves_or_is_silent():
    async def test(made):
        alice, client = await made.worker("alice"), await made.client()
        client.ask_later("broadcast", name="run")
        await alice.next(Call)
        alice.comm.abort()
        (told,) = (await client.next(Answer)).value.values()
        assert told["failure"]["type"] == "CommClosedError"
        await made.worker("bob")
        (told,) = (await client.ask("broadcast", name="run", timeout=0.01)).values()
        assert told["failure"]["type"] == "TimeoutError"

    run(test)


def test_broadcast_to_nannies():
    async def test(made):
        one, two = await made.nanny("one"), await made.nanny("two")
        await made.worker("alice", nanny="one")
        await made.worker("bob")
        client = await made.client()
        alice, bob = made.scheduler.workers
        client.ask_later("broadcast", name="run", nanny=True)
        await answer(one, 1)
        await answer(two, 2)
        assert (await client.next(Answer)).value == {alice: {"value": 1}, "two": {"value": 2}}
        (told,) = (await client.ask("broadcast", name="run", nanny=True, workers=["bob"])).values()
        assert told["failure"]["text"] == "this worker has no nanny"
        assert bob

    run(test)


# ---------------------------------------------------------------- retire


def test_a_worker_that_retires_hands_its_data_over():
    async def test(made):
        alice, client = await made.worker("alice"), await made.client()
        client.send(upload("x"))
        alice.send(finish(await alice.next(Compute)))
        await client.next(Done)
        bob = await made.worker("bob")
        one, two = made.scheduler.workers
        client.ask_later("retire_workers", workers=["alice"])
        acquire = await bob.next(Acquire)
        bob.send(Held(acquire.tasks, [28]))
        assert await alice.next(Leave)
        told = (await client.next(Answer)).value
        assert list(told) == [one]
        assert told[one]["name"] == "alice"
        assert list(made.scheduler.workers) == [two]
        logged = [content for _, content in made.scheduler.events.of(one)]
        assert {"action": "retire-workers", "workers": {one: "alice"}} in logged
        assert logged[-1]["action"] == "remove-worker"
        assert made.scheduler.events.of("all")[-2][1]["action"] == "retire-workers"
        assert (await client.ask("locate", tasks=[0]))["addresses"] == [[two]]

    run(test)


def test_retiring_so_many_takes_those_with_least_to_do():
    async def test(made):
        busy, client = await made.worker("busy"), await made.client()
        client.send(upload("x"))
        await busy.next(Compute)
        idle = await made.worker("idle")
        told = await client.ask("retire_workers", n=1)
        assert [one["name"] for one in told.values()] == ["idle"]
        await idle.next(Leave)
        assert await client.ask("retire_workers", n=0) == {}

    run(test)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "ValueError: say which workers are to retire"),
        ({"workers": ["alice"], "n": 1}, "ValueError: give workers to retire, or how many, not both"),
        ({"names": ["carol"]}, "ValueError: no worker is called 'carol'"),
        ({"names": ["alice"], "close": False}, "NotImplementedError: workers that retire always close"),
    ],
)
def test_retiring_whom(arguments, text):
    async def test(made):
        await made.worker("alice")
        client = await made.client()
        with pytest.raises(Refused, match=text):
            await client.ask("retire_workers", **arguments)
        assert len(made.scheduler.workers) == 1

    run(test)


# ---------------------------------------------------------------- restart


def test_restart_gives_tasks_up_and_starts_processes_anew():
    async def test(made):
        nanny, client = await made.nanny("one"), await made.client()
        old = await made.worker("alice", nanny="one")
        alone = await made.worker("bob")
        client.send(upload("x"))
        await client.settle()
        request = client.ask_later("restart")
        assert (await nanny.next(KillWorker)).restart
        assert (await client.next(Cancelled)).tasks == [0]
        assert "no nanny could start this worker anew" in (await alone.next(Leave)).reason
        old.comm.abort()
        await made.scheduler.until(lambda: not made.scheduler.workers, 5)
        await made.worker("alice", nanny="one")
        assert await client.next(Answer) == Answer(request, None, None)
        assert not made.scheduler.tasks

    run(test)


def test_a_restart_that_takes_too_long():
    async def test(made):
        await made.nanny("one")
        client = await made.client()
        await made.worker("alice", nanny="one")
        with pytest.raises(Refused, match=r"TimeoutError: 1 of 1 workers aren't back after 0\.05 s: alice"):
            await client.ask("restart", timeout=0.05)
        assert await client.ask("restart", wait_for_workers=False) is None

    run(test)


def test_some_workers_are_restarted():
    async def test(made):
        nanny, client = await made.nanny("one"), await made.client()
        old = await made.worker("alice", nanny="one")
        await made.worker("bob")
        with pytest.raises(Refused, match="the worker 'bob' has no nanny that could restart it"):
            await client.ask("restart_workers", workers=["alice", "bob"])
        request = client.ask_later("restart_workers", workers=["alice"])
        await nanny.next(KillWorker)
        old.comm.abort()
        await made.scheduler.until(lambda: len(made.scheduler.workers) == 1, 5)
        await made.worker("alice", nanny="one")
        assert await client.next(Answer) == Answer(request, {"alice": "OK"}, None)
        with pytest.raises(Refused, match="TimeoutError: 1 of 1 workers aren't back"):
            await client.ask("restart_workers", workers=["alice"], timeout=0.01)
        assert await client.ask("restart_workers", workers=["alice"], timeout=0.01, on_error="return") == {
            "alice": "timed out"
        }

    run(test)


# ---------------------------------------------------------------- wait, shut down


def test_waiting_for_workers():
    async def test(made):
        client = await made.client()
        request = client.ask_later("wait_for_workers", n=2, timeout=10)
        await made.worker("alice")
        assert await client.ask("nthreads")
        assert client.got == []
        await made.worker("bob")
        assert await client.next(Answer) == Answer(request, 2, None)
        assert await client.ask("wait_for_workers", n=1) == 2
        with pytest.raises(Refused, match=r"TimeoutError: only 2 of 5 workers are there after 0\.01 s"):
            await client.ask("wait_for_workers", n=5, timeout=0.01)
        with pytest.raises(Refused, match="ValueError: n must be at least 1 worker, got 0"):
            await client.ask("wait_for_workers", n=0)

    run(test)


def test_shutdown_is_answered_and_then_done():
    async def test(made):
        worker, client, nanny = await made.worker(), await made.client(), await made.nanny()
        assert await client.ask("shutdown") is None
        assert (await client.next(Bye)).reason == "a client asked for it"
        await worker.next(Leave)
        await nanny.next(Bye)
        async with asyncio.timeout(10):
            await made.scheduler.finished()

    run(test)
