"""The recording comm behaves as any comm does, and keeps what was sent."""

from __future__ import annotations

import asyncio

import pytest

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import Bye, Free
from minidask_distributed.testing import RecordingComm


@pytest.fixture
def comm():
    return RecordingComm("worker", "alice")


def test_what_was_sent_is_taken_once(comm):
    comm.send([Free([1]), Bye("x")])
    with pytest.raises(AssertionError, match=r"sent, and not expected: \[Free\(tasks=\[1\]\), Bye"):
        comm.assert_nothing_sent()
    assert comm.take(Bye) == [Bye("x")]
    assert comm.take() == [Free([1])]
    comm.assert_nothing_sent()


def test_one_reading_is_one_list(comm):
    seen = []
    comm.start(seen.append, seen.append)
    comm.receive(Free([1]), Free([2]))
    assert seen == [[Free([1]), Free([2])]]


def test_reading_may_be_paused(comm):
    seen = []
    comm.start(seen.append, seen.append)
    comm.pause_reading()
    comm.receive(Free([1]))
    comm.receive(Free([2]))
    assert seen == []
    comm.resume_reading()
    assert seen == [[Free([1]), Free([2])]]
    comm.resume_reading()
    assert len(seen) == 1


def test_the_end_is_told_once(comm):
    seen = []
    comm.start(seen.append, seen.append)
    error = OSError("gone")
    comm.lose(error)
    comm.abort()
    asyncio.run(comm.close())
    assert seen == [error]
    assert comm.closed
    with pytest.raises(CommClosedError, match="recording://alice is closed"):
        comm.send([Bye("")])
    with pytest.raises(CommClosedError, match="is closed"):
        asyncio.run(comm.drain())
    with pytest.raises(RuntimeError, match="nobody listens"):
        comm.receive(Bye(""))


def test_it_is_started_once_and_before_anything_comes(comm):
    with pytest.raises(RuntimeError, match="nobody listens: the comm wasn't started"):
        comm.receive(Bye(""))
    comm.start(print, print)
    with pytest.raises(RuntimeError, match="was started before"):
        comm.start(print, print)


def test_nothing_is_ever_pending(comm):
    comm.send([Bye("")])
    asyncio.run(comm.drain())
    assert (comm.pending_bytes, comm.peer.role, comm.peer.name, comm.serialized) == (0, "worker", "alice", True)
