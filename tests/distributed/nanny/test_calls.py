"""Calls by name to a nanny, as the scheduler makes them. The nanny is a real one that wasn't started."""

import asyncio

import pytest

from minidask_distributed.messages import Call
from minidask_distributed.nanny.calls import HANDLERS, answer
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.plugins import NannyPlugin, WorkerPlugin
from minidask_distributed.protocol.payload import pack, unpack


def ask(call, /, nanny=None, **arguments):
    async def main():
        return await answer(nanny or Nanny("tcp://127.0.0.1:1", name="alice", nthreads=2), Call(1, call, arguments))

    return asyncio.run(main())


def test_functions_run_in_the_nannys_process():
    assert unpack(ask("run", payload=pack((divmod, (7, 2), {})))) == (3, 1)


def test_coroutine_functions_run_and_get_the_nanny():
    async def name(suffix, dask_worker):
        return f"{dask_worker.name}{suffix}"

    assert unpack(ask("run", payload=pack((name, ("!",), {})))) == "alice!"


def test_without_waiting_the_answer_is_nothing():
    done = []

    async def main():
        nanny = Nanny("tcp://127.0.0.1:1")

        async def work(event):
            done.append(True)
            event.set()

        event = asyncio.Event()
        nanny.work = lambda: work(event)
        payload = pack((_start_work, (), {}))
        assert await answer(nanny, Call(1, "run", {"payload": payload, "wait": False})) is None
        await event.wait()

    asyncio.run(main())
    assert done == [True]


def _start_work(dask_worker):
    return dask_worker.work()


def test_what_the_function_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        ask("run", payload=pack((divmod, (1, 0), {})))


def test_plugins_come_and_go():
    heard = []

    class Plugin(NannyPlugin):
        def setup(self, nanny):
            heard.append("setup")

        async def teardown(self, nanny):
            heard.append("teardown")

    async def main():
        nanny = Nanny("tcp://127.0.0.1:1")
        await nanny.plugins.add("one", Plugin())
        await nanny.plugins.add("one", Plugin())
        assert list(nanny.plugins) == ["one"]
        await answer(nanny, Call(1, "plugin_remove", {"name": "one"}))
        assert nanny.plugins == {}
        await answer(nanny, Call(2, "plugin_add", {"name": "two", "plugin": pack(Quiet())}))
        assert list(nanny.plugins) == ["two"]

    asyncio.run(main())
    assert heard == ["setup", "teardown", "setup", "teardown"]


class Quiet(NannyPlugin):
    """Does nothing."""


class Refuses(NannyPlugin):
    """Doesn't want to be set up."""

    def setup(self, nanny):
        raise ValueError("not on this machine")


class OfWorkers(WorkerPlugin):
    """Is none of a nanny's."""


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("nothing", {}, ValueError, "a nanny has no handler 'nothing'; it has run, plugin_add"),
        ("run", {}, TypeError, "missing a required argument: 'payload'"),
        ("run", {"payload": b"x"}, TypeError, "a payload was expected, got bytes"),
        ("plugin_remove", {"name": "x"}, ValueError, "has no plugin 'x'; it has: none"),
        ("plugin_add", {"name": "x", "plugin": pack(OfWorkers())}, TypeError, "must be a NannyPlugin, got OfWorkers"),
        ("plugin_add", {"name": "x", "plugin": pack(Refuses())}, ValueError, "not on this machine"),
    ],
)
def test_what_cannot_be_done(name, arguments, error, message):
    with pytest.raises(error, match=message):
        ask(name, **arguments)


def test_what_it_says_of_itself():
    said = ask("identity")
    assert (said["type"], said["name"], said["nthreads"], said["status"]) == ("Nanny", "alice", 2, "idle")
    assert "minidask" in ask("versions")


def test_its_log_newest_first():
    async def main():
        nanny = Nanny("tcp://127.0.0.1:1")
        nanny.log.extend(["first", "second", "third"])
        return await answer(nanny, Call(1, "logs", {"n": 2}))

    assert asyncio.run(main()) == [["INFO", "third"], ["INFO", "second"]]


def test_every_handler_is_asked_for_somewhere_above():
    assert set(HANDLERS) == {"run", "plugin_add", "plugin_remove", "logs", "identity", "versions"}
