"""Tests of `minidask_distributed.scheduler.handlers.code`."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from minidask_distributed.messages import Answer, Call, WorkerRegistered
from minidask_distributed.plugins import SchedulerPlugin
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack
from tests.distributed.scheduler.scripted import Refused, cluster, register, upload

pytestmark = pytest.mark.network


def run(test, **options):
    async def main():
        async with cluster(**options) as made:
            await test(made)

    asyncio.run(main())


def call(function, *args, **kwargs):
    return pack((function, args, kwargs))


def status_of(dask_scheduler):
    return dask_scheduler.status


async def later(value, dask_scheduler=None):
    await asyncio.sleep(0)
    return value, len(dask_scheduler.workers)


def divide(a, b):
    return a / b


def lock():
    import threading

    return threading.Lock()


def test_functions_run_on_the_scheduler():
    async def test(made):
        client = await made.client()
        assert unpack(await client.ask("run_on_scheduler", payload=call(divide, 1, b=4))) == 0.25
        assert unpack(await client.ask("run_on_scheduler", payload=call(status_of))) == "running"
        assert unpack(await client.ask("run_on_scheduler", payload=call(later, "x"))) == ("x", 0)
        assert unpack(await client.ask("run_on_scheduler", payload=call(max, 1, 2))) == 2
        assert await client.ask("run_on_scheduler", payload=call(later, "x"), wait=False) is None
        assert await client.ask("run_on_scheduler", payload=call(divide, 1, 2), wait=False) is None

    run(test)


def test_functions_by_reference_in_process():
    async def test(made):
        client = await made.client()
        triple = ByReference((lambda: made, (), {}))
        with pytest.raises(Refused, match="TypeError"):  # what is returned must travel
            await client.ask("run_on_scheduler", payload=triple)
        assert unpack(await client.ask("run_on_scheduler", payload=ByReference((divide, (1, 2), {})))) == 0.5

    run(test, addresses=["inproc://"])


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (call(divide, 1, 0), "ZeroDivisionError: division by zero"),
        (call(lock), "TypeError: .*lock"),
        (pack(5), r"TypeError: \(function, args, kwargs\) was expected, got int"),
        (5, "TypeError: a payload was expected, got int"),
        (Payload("pickle", b"nonsense"), "UnpicklingError"),
    ],
)
def test_functions_that_fail(payload, text):
    async def test(made):
        client = await made.client()
        with pytest.raises(Refused, match=text):
            await client.ask("run_on_scheduler", payload=payload)
        assert await client.ask("nthreads") == {}

    run(test)


# ---------------------------------------------------------------- plugins


class Greeter(SchedulerPlugin):
    async def start(self, scheduler):
        scheduler.greeted = getattr(scheduler, "greeted", 0) + 1


def test_a_plugin_of_the_scheduler():
    async def test(made):
        client = await made.client()
        ask = {"kind": "scheduler", "name": "greeter", "plugin": pack(Greeter())}
        assert await client.ask("register_plugin", **ask) == {}
        assert list(made.scheduler.hooks.plugins) == ["greeter"]
        assert await client.ask("register_plugin", **ask, idempotent=True) == {}
        assert made.scheduler.greeted == 1
        await client.ask("unregister_plugin", kind="scheduler", name="greeter")
        assert made.scheduler.hooks.plugins == {}

    run(test)


def test_plugins_of_workers_go_to_those_that_are_there_and_those_that_come():
    async def test(made):
        worker, client = await made.worker("alice"), await made.client()
        (address,) = made.scheduler.workers
        plugin = Payload("pickle", b"never opened by the scheduler")
        request = client.ask_later("register_plugin", kind="worker", name="p", plugin=plugin)
        asked = await worker.next(Call)
        assert (asked.name, asked.arguments) == ("plugin_add", {"name": "p", "plugin": plugin})
        worker.send(Answer(asked.request, "done", None))
        assert await client.next(Answer) == Answer(request, {address: {"value": "done"}}, None)
        assert await client.ask("register_plugin", kind="worker", name="p", plugin=plugin, idempotent=True) == {}

        client.send(upload(*[f"task-{number}" for number in range(100)]))
        late = await made.peer("worker")
        late.send(register("bob"))
        call_ = await late.next(Call)
        assert call_.arguments == {"name": "p", "plugin": plugin}
        # It comes behind the registration and before the first tasks.
        assert [type(message) for message in late.got][:1] == [WorkerRegistered]

        request = client.ask_later("unregister_plugin", kind="worker", name="p")
        asked, failing = await worker.next(Call), await late.next(Call)
        assert (asked.name, asked.arguments) == ("plugin_remove", {"name": "p"})
        worker.send(Answer(asked.request, None, None))
        fields = {"type": "ValueError", "text": "no"}
        late.send(Answer(failing.request, None, fields))
        told = (await client.next(Answer)).value
        assert sorted(told.values(), key=str) == [{"failure": fields}, {"value": None}]

    run(test)


def test_plugins_of_nannies():
    async def test(made):
        nanny, client = await made.nanny("one"), await made.client()
        await made.worker("alice", nanny="one")
        (address,) = made.scheduler.workers
        plugin = Payload("pickle", b"closed")
        client.ask_later("register_plugin", kind="nanny", name="p", plugin=plugin)
        asked = await nanny.next(Call)
        nanny.send(Answer(asked.request, 5, None))
        assert (await client.next(Answer)).value == {address: {"value": 5}}
        late = await made.peer("nanny")
        from minidask_distributed.messages import RegisterNanny

        late.send(RegisterNanny("two", "two", {}))
        assert (await late.next(Call)).arguments == {"name": "p", "plugin": plugin}

    run(test)


def test_a_plugin_that_fails_on_a_worker_that_joins_is_logged(caplog):
    async def test(made):
        made.scheduler.registered.add("worker", "p", Payload("pickle", b""))
        worker = await made.worker()
        asked = await worker.next(Call)
        worker.send(Answer(asked.request, None, {"type": "OSError", "text": "disk full"}))
        assert await worker.ask("versions")

    run(test)
    assert "the plugin p failed on worker tcp://" in caplog.text
    assert "OSError: disk full" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"kind": "client", "name": "p", "plugin": pack(1)}, "'scheduler', 'worker' or 'nanny', not 'client'"),
        ({"kind": "scheduler", "name": "p", "plugin": pack(1)}, "must be a SchedulerPlugin, got int"),
        ({"kind": "worker", "name": "", "plugin": pack(1)}, "a plugin's name must be a text"),
        ({"kind": "scheduler", "name": "p", "plugin": pickle.dumps(1)}, "a payload was expected, got bytes"),
    ],
)
def test_plugins_that_can_not_be_registered(arguments, text):
    async def test(made):
        client = await made.client()
        with pytest.raises(Refused, match=text):
            await client.ask("register_plugin", **arguments)
        assert made.scheduler.registered.of("worker") == []

    run(test)


def test_unregistering_what_is_not_there():
    async def test(made):
        client = await made.client()
        with pytest.raises(Refused, match="no worker plugin is called 'p'"):
            await client.ask("unregister_plugin", kind="worker", name="p")
        with pytest.raises(Refused, match="the scheduler has no plugin 'p'"):
            await client.ask("unregister_plugin", kind="scheduler", name="p")

    run(test)
