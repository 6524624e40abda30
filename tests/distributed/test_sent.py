"""Functions that clients send: read, checked, and given the server if they ask for it."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.messages import Call
from minidask_distributed.protocol.payload import ByReference, pack, unpack
from minidask_distributed.sent import answer_call, run_here, sent_call, sent_value


def asks(x, dask_worker=None):
    return x, dask_worker


def test_values():
    assert sent_value(pack([1, 2])) == [1, 2]
    with pytest.raises(TypeError, match="a payload was expected, got list"):
        sent_value([1, 2])


def test_calls():
    function, args, kwargs = sent_call(pack((len, ["abc"], {})), "dask_worker", "me")
    assert function(*args, **kwargs) == 3
    function, args, kwargs = sent_call(ByReference((asks, (1,), {})), "dask_worker", "me")
    assert function(*args, **kwargs) == (1, "me")
    function, args, kwargs = sent_call(ByReference((asks, (1,), {"dask_worker": "mine"})), "dask_worker", "me")
    assert function(*args, **kwargs) == (1, "mine")
    assert sent_call(ByReference((asks, (1,), {})), "dask_scheduler", "me")[2] == {}
    # A function that says nothing about its parameters.
    assert sent_call(ByReference((max, (1, 2), {})), "dask_worker", "me") == (max, (1, 2), {})


@pytest.mark.parametrize("sent", [5, (len,), ("len", (), {}), [len, (), {}]])
def test_other_payloads(sent):
    with pytest.raises(TypeError, match=r"\(function, args, kwargs\) was expected"):
        sent_call(ByReference(sent), "dask_worker", None)


class Server:
    def __init__(self):
        self.background = []

    def run_in_background(self, work):
        self.background.append(work)


async def later(dask_scheduler):
    await asyncio.sleep(0)
    return len(dask_scheduler.background)


class TestCalls:
    def test_by_name(self):
        async def add(server, one, other=0):
            return server, one + other

        handlers = {"add": add}
        assert asyncio.run(answer_call("a server", handlers, "me", Call(1, "add", {"one": 1, "other": 2}))) == ("me", 3)
        with pytest.raises(ValueError, match="a server has no handler 'fly'; it has add"):
            answer_call("a server", handlers, "me", Call(1, "fly", {}))
        with pytest.raises(TypeError, match="missing a required argument: 'one'"):
            answer_call("a server", handlers, "me", Call(1, "add", {}))

    def test_functions_are_run(self):
        async def main():
            server = Server()
            assert unpack(await run_here(pack((len, ("abc",), {})), "dask_scheduler", server, True)) == 3
            assert await run_here(pack((len, ("abc",), {})), "dask_scheduler", server, False) is None
            assert unpack(await run_here(ByReference((later, (), {})), "dask_scheduler", server, True)) == 0
            assert await run_here(ByReference((later, (), {})), "dask_scheduler", server, False) is None
            (work,) = server.background
            assert await work == 1

        asyncio.run(main())
