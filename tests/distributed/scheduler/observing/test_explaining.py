"""Explanations by a real scheduler, whose peers say what the test says."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import Answer, Bye, Call, Compute, WorkerBeat, WorkerDied, WorkerStatus
from minidask_distributed.scheduler.observing import explaining
from minidask_distributed.scheduler.observing.explaining import (
    departures_of_task,
    explain_asking,
    explain_task,
    explain_worker,
    key_of_text,
    unknown,
)
from tests.distributed.scheduler.scripted import cluster, finish, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def test_the_worker_is_asked():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload("x"))
        compute = await worker.next(Compute)
        asking = asyncio.create_task(explain_asking(made.scheduler, "x"))
        call = await worker.next(Call)
        assert (call.name, call.arguments) == ("task_report", {"tasks": compute.tasks})
        worker.send(Answer(call.request, [{"state": "running", "for_s": 2.0, "at": "f (x.py:1)"}], None))
        found = await asking
        assert found.reason == "it runs on alice (tcp://127.0.0.1:1510) for 2.00 s"
        assert found.details == ("at this moment in f (x.py:1)",)

    run(test)


def test_a_worker_that_does_not_answer_keeps_nobody_waiting():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload("x"))
        await worker.next(Compute)
        found = await explain_asking(made.scheduler, "x", timeout_s=0.01)
        assert "is likely to run there" in found.reason
        await worker.next(Call)
        worker.send(Bye("enough"))
        await worker.close()
        found = await explain_asking(made.scheduler, "x")
        assert found.state == "queued"

    run(test)


def test_the_workers_of_dependencies_are_asked_too():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload("x", "y", deps=[0], n_deps=[0, 1], dependents=[1, 0], roots=1))
        compute = await worker.next(Compute)
        asking = asyncio.create_task(explain_asking(made.scheduler, "y"))
        call = await worker.next(Call)
        assert call.arguments == {"tasks": compute.tasks}
        worker.send(Answer(call.request, [{"state": "running", "for_s": 3.0, "at": ""}], None))
        found = await asking
        assert found.details == ("'x' runs on alice (tcp://127.0.0.1:1510) for 3.00 s",)

    run(test)


def test_unknown_keys_and_those_that_resemble_them():
    async def test(made):
        me = await made.client()
        me.send(upload("load-17", ("load-18", 0), "other"))
        await me.settle()
        found = explain_task(made.scheduler, "load-71")
        assert (found.state, found.kind) == ("unknown", "unknown")
        assert found.nearest[0] == "load-17"
        assert "no such task" in found.reason
        assert "no worker of that name" in found.reason
        assert unknown(made.scheduler, ("load-18", 1)).nearest[0] == ("load-18", 0)
        assert (await explain_asking(made.scheduler, 5)).nearest == ()

    run(test)


def test_keys_of_texts():
    async def test(made):
        me = await made.client()
        me.send(upload("x", ("x", 0), 5, "('x', 0)"))
        await me.settle()
        made.scheduler.machine.state.keys["('x', 0)"]
        assert key_of_text(made.scheduler, "x") == "x"
        assert key_of_text(made.scheduler, "5") == 5
        assert key_of_text(made.scheduler, "('x',0)") == ("x", 0)
        assert key_of_text(made.scheduler, "('x', 0)") == "('x', 0)"
        for text in ("", "y", "('x', 1)", "[", "[1]", "{}", "(" * 5000, "1" * 20_000, "__import__('os')", "\0"):
            assert key_of_text(made.scheduler, text) is None

    run(test)


def test_a_worker_that_is_there():
    async def test(made):
        me, worker = await made.client(), await made.worker(resources={"GPU": 1})
        found = explain_worker(made.scheduler, "alice")
        assert (found.state, found.address, found.memory_limit) == ("running", "tcp://127.0.0.1:1510", 1 << 30)
        assert found.reason == "it takes tasks; 0 tasks for 1 thread"
        assert "it holds 0 results (0 B), and offers GPU=1" in found.details
        worker.send(WorkerBeat({"memory": 900 << 20, "managed": 0, "spilled": 0}, 0), WorkerStatus("paused"))
        await worker.settle()
        paused = explain_worker(made.scheduler, found.address)
        assert paused.state == "paused"
        assert paused.reason.endswith("its process uses 900.00 MiB of 1.00 GiB (88 %)")
        assert explain_worker(made.scheduler, "bob") is None
        await me.settle()

    run(test)


def test_a_worker_that_was_killed():
    async def test(made):
        me, nanny = await made.client(), await made.nanny()
        worker = await made.worker(nanny="nanny-1")
        worker.send(WorkerBeat({"memory": 1 << 30, "managed": 0, "spilled": 0}, 0))
        me.send(upload("x"))
        compute = await worker.next(Compute)
        reason = "was killed by SIGKILL (often because …). The last lines of its log:\n    oh no\n    <b>"
        nanny.send(WorkerDied("nanny-1", "tcp://127.0.0.1:1510", compute.tasks, reason, True))
        await worker.gone()
        found = explain_worker(made.scheduler, "alice")
        assert (found.state, found.signal, found.memory, found.memory_limit) == ("gone", "SIGKILL", 1 << 30, 1 << 30)
        assert "ago it was killed by SIGKILL" in found.reason
        assert found.log == ("oh no", "<b>")
        assert "its process used 1.00 GiB of 1.00 GiB when it was heard of last" in found.details
        assert "it was running 'x'" in [line.replace('"', "") for line in found.details]
        assert "its nanny starts another process in its place" in found.details
        assert "memory_limit" in found.advice
        assert "<b>" not in found._repr_html_().replace("<b>alice</b>", "").replace("<b>gone</b>", "")
        [departure] = departures_of_task(made.scheduler, "x")
        assert departure.signal == "SIGKILL"
        assert not departure.expected
        task = explain_task(made.scheduler, "x")
        assert task.departures == (departure,) or task.departures[0].address == departure.address
        assert task.crashes == 1
        assert "was killed by SIGKILL" in repr(task)
        again = await made.worker(nanny="nanny-1")
        present = explain_worker(made.scheduler, "alice")
        assert present.state == "running"
        assert any("died 1 time before: was killed by SIGKILL" in line for line in present.details)
        assert again

    run(test)


def test_a_worker_that_left():
    async def test(made):
        worker = await made.worker()
        worker.send(Bye("it has had enough"))
        await worker.close()
        me = await made.client()
        await me.settle()
        found = explain_worker(made.scheduler, "alice")
        assert (found.state, found.signal, found.advice) == ("gone", "", "")
        assert "it has had enough" in found.reason
        assert [one.expected for one in found.departures] == [True]

    run(test)


def test_explaining_is_quick_with_many_tasks():
    """What it costs doesn't grow with the tasks of the cluster: their number isn't walked."""

    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload(*[f"x-{n}" for n in range(30_000)]))
        await worker.next(Compute)
        loop = asyncio.get_running_loop()
        begin = loop.time()
        for _ in range(5):
            explain_task(made.scheduler, "x-29999")
        assert (loop.time() - begin) / 5 < 0.1
        assert explaining.MOST_COMPARED < 30_000

    run(test)


def test_the_result_is_asked_for_where_it_is():
    async def test(made):
        me, worker = await made.client(), await made.worker()
        me.send(upload("x"))
        worker.send(finish(await worker.next(Compute)))
        await worker.settle()
        asking = asyncio.create_task(explain_asking(made.scheduler, "x"))
        call = await worker.next(Call)
        worker.send(Answer(call.request, [{"state": "memory", "spilled": True}], None))
        assert any("on disk" in line for line in (await asking).details)

    run(test)
