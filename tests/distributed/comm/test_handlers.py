"""What a listener started is ended with it."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from minidask_distributed.comm import handlers
from minidask_distributed.comm.handlers import Handlers


class Ending:
    """As much of a bulk connection as handlers need."""

    peer_address = "tcp://there"

    def __init__(self):
        self.ended = threading.Event()

    def close(self):
        self.ended.set()


def test_threads_are_joined_and_tasks_cancelled():
    cancelled = []

    async def main():
        async def forever(comm):
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.append(comm)

        own = Handlers(forever, lambda bulk: bulk.ended.wait(), "name")
        own.hand_over("a comm")
        bulks = [Ending(), Ending()]
        for bulk in bulks:
            own.hand_over_bulk(bulk)
        await asyncio.sleep(0)
        names = {thread.name for thread in threading.enumerate()}
        assert {"name-bulk-1", "name-bulk-2"} <= names
        assert own.tasks == 1
        await own.close()
        assert cancelled == ["a comm"]
        assert all(bulk.ended.is_set() for bulk in bulks)
        await own.close()

    asyncio.run(main())


def test_a_handler_that_does_not_end_is_named_and_left(monkeypatch, caplog):
    monkeypatch.setattr(handlers, "JOIN_S", 0.02)
    release = threading.Event()

    async def main():
        own = Handlers(print, lambda bulk: release.wait(), "stubborn")
        own.hand_over_bulk(Ending())
        with caplog.at_level(logging.ERROR):
            await own.close()
        assert "left behind: stubborn-bulk-1" in caplog.text
        (thread,) = own._threads
        release.set()
        await asyncio.to_thread(thread.join)

    asyncio.run(main())


def test_a_loop_that_ends_first_costs_no_error():
    release = threading.Event()
    threads = []

    async def main():
        own = Handlers(print, lambda bulk: release.wait(), "late")
        own.hand_over_bulk(Ending())
        threads.extend(own._threads)

    asyncio.run(main())
    release.set()
    threads[0].join(5)
    assert not threads[0].is_alive()


@pytest.mark.parametrize("later", [False, True])
def test_a_failure_aborts_the_comm(later, caplog):
    aborted = []

    class Comm:
        def abort(self):
            aborted.append(self)

    async def main():
        async def fail_later(comm):
            raise ZeroDivisionError

        def fail(comm):
            raise ZeroDivisionError

        own = Handlers(fail_later if later else fail, None, "name")
        own.hand_over(Comm())
        while not aborted:
            await asyncio.sleep(0)
        await own.close()

    asyncio.run(main())
    assert "ZeroDivisionError" in caplog.text
