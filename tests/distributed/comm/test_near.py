"""Connections within the process that keep the promises of a socket."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from minidask_distributed.comm.near import COLUMNS, is_its_own
from minidask_distributed.messages import KINDS, Answer, Call, Done, Free, Release, Scatter, Upload
from minidask_distributed.protocol.payload import ByReference, pack, unpack


def upload(options):
    row = [[1], [], [0], [b"x"], [], [0], [0], None, [False], options, None]
    return Upload(1, 1, 1, 1, True, *row)


def test_columns_pass_as_they_are(connected):
    async def main():
        async with connected("near") as (near, far):
            assert near.comm.serialized
            assert near.comm.same_host
            sent = [Release([1, 2]), Done([1], [b"value"], [5]), upload([]), Scatter(1, [], [3], [b"abc"], None, 1)]
            near.comm.send(sent)
            assert all(one is other for one, other in zip(await far.received(4), sent, strict=True))
            far.comm.send([Done([3], None, [1])])
            assert await near.received(1) == [Done([3], None, [1])]

    asyncio.run(main())


def test_what_may_hold_memory_of_the_sender_is_copied(connected):
    async def main():
        async with connected("near") as (near, far):
            array, options = np.arange(100_000), [{"resources": {"GPU": 1}}]
            near.comm.send([Call(1, "name", {"data": pack(array), "list": options}), upload(options)])
            near.comm.send([Scatter(1, [], [8], [pack(array)], None, 1), Call(2, "name", {"data": ByReference(array)})])
            expected = array.copy()
            array[:] = 0
            options[0]["resources"]["GPU"] = 2
            call, first, scatter, second = await far.received(4)
            for payload in (call.arguments["data"], scatter.payloads[0], second.arguments["data"]):
                value = unpack(payload)
                assert (value == expected).all()
                value[0] = -1  # its own, and writable
            assert call.arguments["list"] == first.options == [{"resources": {"GPU": 1}}]

    asyncio.run(main())


def test_what_a_socket_refuses_is_refused(connected):
    async def main():
        async with connected("near") as (near, far):
            messages = [Call(1, "name", {"a": object()})]
            with pytest.raises(TypeError, match="wrap it with to_serialize"):
                near.comm.send(messages)
            assert near.comm.begun != id(messages)
            with pytest.raises(OverflowError, match="more than 64 bits"):
                far.comm.send([Answer(1, 1 << 70, None)])
            near.comm.send([Free([1])])
            assert await far.received(1) == [Free([1])]

    asyncio.run(main())


def test_every_kind_is_either_plain_or_copied():
    assert set(COLUMNS) <= set(KINDS.values())
    assert not is_its_own(Answer(1, [], None))
    assert not is_its_own(upload([{"priority": 1}]))
    assert not is_its_own(Scatter(1, [], [8, 9], [b"abc", pack(1)], None, 1))
