"""Receiving on another thread: what comes, who gets it, and every way in which a connection ends meanwhile."""

from __future__ import annotations

import asyncio
import errno
import random
import socket

import pytest

from minidask_distributed.comm import CommClosedError, lent
from minidask_distributed.comm.lent import Reading
from minidask_distributed.messages import Free
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.wire import encode

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(not lent.is_possible, reason="this system has no eventfd: nothing is lent there"),
]


async def waited(borrowed):
    """Return what came to a thread that waits."""
    async with asyncio.timeout(20):
        return await asyncio.to_thread(borrowed.wait)


def test_a_thread_receives_until_it_gives_back(connected):
    async def main():
        async with connected() as (near, far):
            near.comm.send([Free([1])])
            await far.received(1)
            borrowed = far.comm.lend()
            near.comm.send([Free([2]), Free([3])])
            assert await waited(borrowed) == Reading([Free([2]), Free([3])], some=True)
            near.comm.send([Free([4])])
            reading = await waited(borrowed)
            assert far.messages == [Free([1])]
            near.comm.send([Free([5])])
            borrowed.give_back(reading)
            assert await far.received(3) == [Free([1]), Free([4]), Free([5])]
            again = far.comm.lend()
            again.give_back()
            again.give_back()
            near.comm.send([Free([6])])
            assert (await far.received(4))[-1] == Free([6])
            # The borrower's own messages go out as ever.
            far.comm.send([Free([7])])
            assert await near.received(1) == [Free([7])]

    asyncio.run(main())


def test_a_message_in_pieces_is_passed_from_one_to_the_other(connected):
    async def main():
        async with connected() as (near, far):
            data = b"".join(encode([Free(list(range(1000)))]))
            near.comm._sock.send(data[:10])
            borrowed = far.comm.lend()
            waiting = asyncio.create_task(waited(borrowed))
            near.comm._sock.send(data[10:100])
            borrowed.recall()
            reading = await waiting
            assert reading.messages == []
            assert borrowed.recalled
            borrowed.give_back(reading)
            near.comm._sock.send(data[100:])
            assert await far.received(1) == [Free(list(range(1000)))]

    asyncio.run(main())


def test_ringing_ends_the_present_wait_or_the_next(connected):
    async def main():
        async with connected() as (_, far):
            borrowed = far.comm.lend()
            waiting = asyncio.create_task(waited(borrowed))
            borrowed.ring()
            assert await waiting == Reading([])
            borrowed.ring()
            borrowed.ring()
            assert await waited(borrowed) == Reading([])
            assert not borrowed.recalled
            borrowed.give_back()
            borrowed.ring()

    asyncio.run(main())


class Polls:
    """Note how a `LentReceiving` polls: which calls look, and which sleep."""

    def __init__(self, borrowed):
        self.poll_for_real = borrowed._poll.poll
        self.looked = self.slept = 0
        borrowed._poll = self

    def poll(self, timeout=None):
        if timeout is None:
            self.slept += 1
            return self.poll_for_real()
        assert timeout == 0
        self.looked += 1
        return self.poll_for_real(0)

    def take(self):
        """Return whether it looked and whether it slept since the last time."""
        taken = self.looked > 0, self.slept > 0
        self.looked = self.slept = 0
        return taken


def test_after_short_waits_it_looks_and_after_long_ones_it_sleeps(connected):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            polls = Polls(borrowed)

            async def wait(look_s):
                near.comm.send([Free([1])])
                assert (await asyncio.to_thread(borrowed.wait, look_s)).messages == [Free([1])]
                return polls.take()

            short, long = 1000.0, 1e-9
            sleeps, looks = (False, True), (True, False)
            found = [await wait(short) for _ in range(3 * lent.SHORT_WAITS)]
            assert found == [sleeps] * lent.SHORT_WAITS + [looks] * 2 * lent.SHORT_WAITS
            # One long one is forgiven, the second isn't.
            assert await wait(long) == sleeps
            assert await wait(short) == looks
            assert [await wait(long) for _ in range(2)] == [sleeps] * 2
            assert await wait(short) == sleeps
            # Who may not look sleeps, and that ends it.
            assert [await wait(0.0) for _ in range(8)] == [sleeps] * 8
            borrowed.give_back()

    asyncio.run(main())


def test_looking_ends_after_its_time_or_with_what_comes(connected):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            polls = Polls(borrowed)
            borrowed._short_waits = 2 * lent.SHORT_WAITS
            waiting = asyncio.create_task(asyncio.to_thread(borrowed.wait, 0.001))
            while not polls.slept:
                await asyncio.sleep(0)
            near.comm.send([Free([1])])
            assert (await waiting).messages == [Free([1])]
            assert polls.take() == (True, True)
            for end in ("part", "ring"):
                waiting = asyncio.create_task(asyncio.to_thread(borrowed.wait, 1000.0))
                while not polls.looked:
                    await asyncio.sleep(0)
                if end == "ring":
                    borrowed.ring()
                    assert await waiting == Reading([])
                else:
                    data = b"".join(encode([Free([2])]))
                    near.comm._sock.send(data[:9])
                    seen = polls.looked
                    while polls.looked < seen + 10:
                        await asyncio.sleep(0)
                    near.comm._sock.send(data[9:])
                    assert (await waiting).messages == [Free([2])]
                assert polls.take() == (True, False)
            borrowed.give_back()

    asyncio.run(main())


def test_paused_reading_takes_it_back(connected):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            far.comm.pause_reading()
            assert (await waited(borrowed), borrowed.recalled) == (Reading([]), True)
            near.comm.send([Free([1])])
            far.comm.resume_reading()
            # Nobody but the borrower has it.
            assert await waited(borrowed) == Reading([Free([1])], some=True)
            far.comm.pause_reading()
            borrowed.give_back()
            near.comm.send([Free([2])])
            for _ in range(3):
                await asyncio.sleep(0)
            assert not far.messages
            far.comm.resume_reading()
            assert await far.received(1) == [Free([2])]

    asyncio.run(main())


@pytest.mark.parametrize("scheme", ["tcp", "tls", "inproc"])
def test_what_cannot_be_lent(connected, scheme, monkeypatch):
    async def main():
        async with connected(scheme, start=False) as (near, far):
            assert far.comm.lend() is None
            far.start()
            near.start()
            if scheme == "tcp":
                far.comm.pause_reading()
                assert far.comm.lend() is None
                far.comm.resume_reading()
                borrowed = far.comm.lend()
                assert far.comm.lend() is None
                borrowed.give_back()
                near.comm.send([Free([1])])
                await far.received(1)
                with monkeypatch.context() as patch:
                    patch.setattr(lent.os, "eventfd", lambda *args: (_ for _ in ()).throw(OSError(errno.EMFILE, "")))
                    assert far.comm.lend() is None
            else:
                assert far.comm.lend() is None
            before = len(far.messages)
            near.comm.send([Free([2])])
            assert (await far.received(before + 1))[-1] == Free([2])
            await near.comm.close()
            await far.end()
            assert far.comm.lend() is None

    asyncio.run(main())


@pytest.mark.parametrize("middle", [False, True], ids=["between messages", "in the middle of one"])
def test_the_peer_closes(connected, middle):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            near.comm.send([Free([1])])
            if middle:
                near.comm._sock.send(b"".join(encode([Free([2])]))[:9])
            near.comm.abort()
            readings = [await waited(borrowed)]
            if not readings[-1].ended:
                readings.append(await waited(borrowed))
            assert [message for reading in readings for message in reading.messages] == [Free([1])]
            assert readings[-1].ended
            borrowed.give_back(readings[-1]._replace(messages=[Free([1])]))
            error = await far.end()
            assert far.messages == [Free([1])]
            assert (error is not None) == middle
            assert "in the middle of a message" in str(error) or not middle

    asyncio.run(main())


def test_a_reset_and_what_is_no_message_end_the_connection(connected, caplog):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            near.comm._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            near.comm.abort()
            near.comm._sock.close()
            reading = await waited(borrowed)
            borrowed.give_back(reading)
            error = await far.end()
            assert error is reading.error
            assert isinstance(error, CommClosedError) or reading.ended
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            near.comm._sock.send(b"no message of anybody, and not a short one")
            reading = await waited(borrowed)
            assert isinstance(reading.error, ProtocolError)
            borrowed.give_back(reading)
            assert await far.end() is reading.error
            await near.end()

    asyncio.run(main())
    assert "another language" in caplog.text


@pytest.mark.parametrize("way", ["close", "abort", "abort elsewhere"])
def test_this_side_closes_meanwhile(connected, way):
    async def main():
        async with connected() as (near, far):
            borrowed = far.comm.lend()
            waiting = asyncio.create_task(waited(borrowed))
            await asyncio.sleep(0)
            if way == "close":
                await far.comm.close()
            elif way == "abort":
                far.comm.abort()
            else:
                await asyncio.to_thread(far.comm.abort)
            # The peer needn't wait for the borrower.
            await near.end()
            await far.end()
            reading = await waiting
            borrowed.give_back(reading._replace(messages=[Free([1])]))
            for _ in range(3):
                await asyncio.sleep(0)
            assert not far.messages
            assert borrowed.recalled

    asyncio.run(main())


def test_last_words_of_a_peer_that_takes_nothing_any_more_are_passed_on(connected):
    async def main():
        async with connected() as (near, far):

            def fails(*args):
                raise BrokenPipeError(errno.EPIPE, "Broken pipe")

            borrowed = far.comm.lend()
            near.comm.send([Free([1])])
            reading = await waited(borrowed)
            near.comm.send([Free([2])])
            far.comm._give = fails
            with pytest.raises(CommClosedError):
                far.comm.send([Free([3])])
            await asyncio.sleep(0)
            assert borrowed.recalled
            assert not far.closed.done()
            borrowed.give_back(reading)
            assert isinstance(await far.end(), CommClosedError)
            assert far.messages == [Free([1]), Free([2])]

    asyncio.run(main())


def test_a_loop_that_is_closed_is_told_nothing(connected):
    kept = []

    async def main():
        async with connected() as (_, far):
            kept.append(far.comm.lend())
            far.comm.abort()

    asyncio.run(main())
    assert kept[0].wait().messages == []
    kept[0].give_back()


@pytest.mark.parametrize("seed", range(4))
def test_everything_arrives_once_and_in_order(connected, seed):
    rng = random.Random(seed)
    count = 3000

    async def main():
        async with connected() as (near, far):
            got: list[tuple[int, bool]] = []
            sent = 0

            async def send():
                nonlocal sent
                while sent < count:
                    some = min(rng.randrange(1, 4), count - sent)
                    near.comm.send([Free([sent + at]) for at in range(some)])
                    sent += some
                    await asyncio.sleep(0)

            async def receive(borrowed):
                waiting = asyncio.create_task(waited(borrowed))
                while not waiting.done():
                    await asyncio.sleep(0)
                    if sent == count or rng.random() < 0.01:
                        borrowed.ring()
                return waiting.result()

            async def borrow():
                while len(got) < count:
                    borrowed = far.comm.lend()
                    for _ in range(rng.randrange(4)):
                        got.extend((message.tasks[0], True) for message in (await receive(borrowed)).messages)
                    borrowed.give_back(await receive(borrowed) if rng.random() < 0.3 else None)
                    for _ in range(rng.randrange(1, 4)):
                        await asyncio.sleep(0)
                    got.extend((message.tasks[0], False) for message in far.messages)
                    far.messages.clear()

            async with asyncio.timeout(60):
                await asyncio.gather(send(), borrow())
            assert [number for number, _ in got] == list(range(count))
            assert {True, False} == {borrowed for _, borrowed in got}

    asyncio.run(main())
