"""Control connections over real sockets: order, back-pressure, closing, aborting, and what is lost says so."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import threading

import pytest

from minidask_distributed.comm import CommClosedError, Options, connect, listen
from minidask_distributed.messages import Answer, Event, Free
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import Payload

pytestmark = pytest.mark.network

MB = 1 << 20


def large(size: int, request: int = 0) -> Answer:
    return Answer(request, Payload("bytes", b"", [bytes(size)]), None)


def test_messages_of_one_send_arrive_in_order_as_one_list(connected):
    async def main():
        async with connected() as (near, far):
            sent = [Free([1, 2]), Free([]), Event("topic", 1.5, {"a": None})]
            near.comm.send(sent)
            assert await far.received(3) == sent
            assert far.batches == [sent]
            far.comm.send([Free([3])])
            assert await near.received(1) == [Free([3])]
            assert near.comm.pending_bytes == far.comm.pending_bytes == 0

    asyncio.run(main())


def test_a_comm_says_what_it_is(connected):
    async def main():
        async with connected(name="me", info={"threads": 2}) as pair:
            near, far = (end.comm for end in pair)
            assert near.peer.role == "scheduler"
            assert (far.peer.role, far.peer.name, far.peer.info) == ("client", "me", {"threads": 2})
            assert near.local_address == far.peer_address
            assert near.peer_address == far.local_address == pair.listener.contact_address
            assert near.same_host
            assert far.same_host
            assert near.serialized
            assert "client me" in repr(far)
            assert "open" in repr(far)
            await near.close()
            assert near.closed
            assert "closed" in repr(near)

    asyncio.run(main())


def test_what_came_before_start_is_kept(connected):
    async def main():
        async with connected(start=False) as (near, far):
            near.start()
            near.comm.send([Free([1])])
            closing = asyncio.ensure_future(near.comm.close())
            await asyncio.sleep(0)
            far.start()
            assert await far.received(1) == [Free([1])]
            assert await far.end() is None
            await closing

    asyncio.run(main())


def test_start_twice_or_on_another_thread_is_refused(connected):
    async def main():
        async with connected(start=False) as (near, _far):
            errors = []

            def elsewhere():
                try:
                    near.start()
                except RuntimeError as error:
                    errors.append(str(error))

            await asyncio.to_thread(elsewhere)
            assert errors == ["a comm is started on the thread of its event loop"]
            near.start()
            with pytest.raises(RuntimeError, match="started before"):
                near.start()

    asyncio.run(main())


@pytest.mark.slow
def test_threads_keep_their_order_and_never_interleave(connected):
    threads, rounds = 6, 150

    async def main():
        async with connected() as (near, far):

            def work(number):
                for at in range(rounds):
                    # Small, large enough for a frame of its own, and large enough to fill the system's buffers.
                    size = (10, 70_000, 400_000)[(at + number) % 3] if at % 10 == 0 else 10
                    near.comm.send([large(size, number * rounds + at)])

            workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
            for worker in workers:
                worker.start()
            messages = await far.received(threads * rounds)
            for worker in workers:
                worker.join()
            for number in range(threads):
                own = [m.request for m in messages if m.request // rounds == number]
                assert own == list(range(number * rounds, (number + 1) * rounds))

    asyncio.run(main())


def test_a_send_inside_a_send_comes_whole_and_later(connected):
    # As a finaliser does that the garbage collector runs in the middle of a send.
    async def main():
        async with connected() as (near, far):
            comm = near.comm
            give, inner = comm._give, []

            def reentrant(buffers):
                if not inner:
                    inner.append(1)
                    comm.send([Free([2])])
                    # The system takes a part of the outer message only.
                    return give([memoryview(buffers[0])[:5]])
                return give(buffers)

            comm._give = reentrant
            comm.send([Free([1])])
            assert await far.received(2) == [Free([1]), Free([2])]

    asyncio.run(main())


def test_a_send_that_is_interrupted_before_anything_left(connected):
    async def main():
        async with connected() as (near, far):
            comm = near.comm
            give, first, second = comm._give, [Free([1])], [Free([2])]

            def interrupted(buffers):
                comm._give = give
                raise KeyboardInterrupt

            comm._give = interrupted
            with pytest.raises(KeyboardInterrupt):
                comm.send(first)
            # Whoever was interrupted knows by this that it may be sent again.
            assert comm.begun != id(first)
            comm.send(second)
            assert comm.begun == id(second)
            comm.send(first)
            assert await far.received(2) == [Free([2]), Free([1])]

    asyncio.run(main())


def test_paused_reading_stops_the_sender(connected):
    async def main():
        async with connected() as (near, far):
            far.comm.pause_reading()
            sent = 0
            while near.comm.pending_bytes < 20 * MB:
                near.comm.send([large(MB, sent)])
                sent += 1
                await asyncio.sleep(0)
                assert sent < 200, "the system took everything, though nobody reads"
            assert not far.messages
            stuck = near.comm.pending_bytes
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(near.comm.drain(stuck // 2), 0.05)
            far.comm.resume_reading()
            await asyncio.wait_for(near.comm.drain(stuck // 2), 10)
            assert near.comm.pending_bytes <= stuck // 2
            await asyncio.wait_for(near.comm.drain(), 10)
            assert [m.request for m in await far.received(sent)] == list(range(sent))

    asyncio.run(main())


@pytest.mark.slow
def test_many_buffers_go_out_whole(connected):
    async def main():
        async with connected() as (near, far):
            many = Answer(1, Payload("bytes", b"", [bytes([n % 256]) * 65_536 for n in range(1500)]), None)
            near.comm.send([many])
            (got,) = await far.received(1)
            assert got == many

    asyncio.run(main())


def test_close_sends_what_is_pending(connected):
    async def main():
        async with connected() as (near, far):
            near.comm.send([large(40 * MB, 1)])
            near.comm.send([Free([1])])
            assert near.comm.pending_bytes > 0
            await near.comm.close()
            assert await near.end() is None
            assert await far.end() is None
            assert len(far.messages) == 2
            assert far.messages[1] == Free([1])
            with pytest.raises(CommClosedError, match="closed by this side"):
                near.comm.send([Free([2])])
            with pytest.raises(CommClosedError, match="closed by the peer"):
                far.comm.send([Free([2])])
            with pytest.raises(CommClosedError, match="closed"):
                await near.comm.drain()
            await near.comm.close()
            near.comm.abort()

    asyncio.run(main())


def test_closing_over_unread_bytes_takes_nothing_back(connected):
    # The peer keeps sending; a plain close would answer that with a reset, which discards what it hasn't read yet.
    async def main():
        async with connected(start=False) as (near, far):
            far.comm.send([Free([n]) for n in range(20_000)])
            near.comm.send([Free([1])])
            closing = asyncio.ensure_future(near.comm.close())
            while not near.comm.closed:
                await asyncio.sleep(0)
            far.start()
            assert await far.received(1) == [Free([1])]
            await closing
            assert await far.end() is None

    asyncio.run(main())


def test_closing_twice_and_giving_up_on_it(connected):
    async def main():
        async with connected(start=False) as (near, far):
            first = asyncio.ensure_future(near.comm.close())
            second = asyncio.ensure_future(near.comm.close())
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert not first.done()
            far.start()
            await asyncio.wait_for(asyncio.gather(first, near.comm.close()), 5)
            assert await far.end() is None
        async with connected(start=False) as (near, far):
            closing = asyncio.ensure_future(near.comm.close())
            await asyncio.sleep(0)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
            far.start()
            assert await far.end() is None

    asyncio.run(main())


@pytest.mark.slow
def test_a_peer_that_takes_nothing_is_given_up(connected, monkeypatch, caplog):
    monkeypatch.setattr("minidask_distributed.comm.stream.STALL_S", 0.1)
    monkeypatch.setattr("minidask_distributed.comm.stream.LINGER_S", 0.1)

    async def main():
        async with connected(start=False) as (near, far):
            near.start()
            near.comm.send([large(60 * MB)])
            with caplog.at_level(logging.WARNING):
                await asyncio.wait_for(near.comm.close(), 10)
            assert "takes nothing" in caplog.text
            assert "bytes are lost" in caplog.text
            far.start()
            assert isinstance(await far.end(), CommClosedError)

    asyncio.run(main())


def test_abort_from_another_thread_closes_at_once(connected):
    async def main():
        async with connected() as (near, far):
            far.comm.pause_reading()
            near.comm.send([large(40 * MB)])
            await asyncio.to_thread(near.comm.abort)
            assert near.comm.closed
            assert near.comm.pending_bytes == 0
            assert await near.end() is None
            far.comm.resume_reading()
            error = await far.end()
            assert isinstance(error, CommClosedError)
            assert "middle of a message" in str(error)
            near.comm.abort()

    asyncio.run(main())


def test_drain_ends_with_the_comm(connected):
    async def main():
        async with connected() as (near, far):
            far.comm.pause_reading()
            near.comm.send([large(40 * MB)])
            waiting = asyncio.ensure_future(near.comm.drain())
            await asyncio.sleep(0)
            near.comm.abort()
            with pytest.raises(CommClosedError):
                await waiting

    asyncio.run(main())


def test_sending_to_a_lost_peer_raises_and_its_last_words_are_read(connected):
    async def main():
        async with connected() as (near, far):
            far.comm.send([Free([7])])
            far.comm._sock.shutdown(socket.SHUT_RDWR)
            with pytest.raises(CommClosedError, match=r"lost \(|closed"):
                for _ in range(200):
                    near.comm.send([large(MB)])
                    await asyncio.sleep(0)
            error = await near.end()
            assert isinstance(error, CommClosedError)
            assert near.messages == [Free([7])]

    asyncio.run(main())


def test_a_reset_is_an_error(connected):
    async def main():
        async with connected() as (near, far):
            far.comm._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            far.comm._finish(None)
            error = await near.end()
            assert isinstance(error, CommClosedError)
            assert "lost" in str(error)

    asyncio.run(main())


def test_an_error_of_the_receiver_closes_the_comm(connected, caplog):
    async def main():
        async with connected(start=False) as (near, far):
            near.start()

            def fail(messages):
                raise ZeroDivisionError("in the receiver")

            ended = asyncio.get_running_loop().create_future()
            far.comm.start(fail, ended.set_result)
            near.comm.send([Free([1])])
            assert isinstance(await ended, ZeroDivisionError)
            assert await near.end() is None
            assert "its messages raised an error" in caplog.text
            assert "in the receiver" in caplog.text

    asyncio.run(main())


def test_garbage_closes_the_comm(connected, caplog):
    async def main():
        async with connected() as (near, far):
            near.comm._sock.send(b"mD\x07 and so on, no message of anybody")
            error = await far.end()
            assert isinstance(error, ProtocolError)
            assert "another language" in caplog.text
            await near.end()

    asyncio.run(main())


def reserved_bytes():
    """Return the most address space that this process ever had: memory counts from when it is asked for."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmPeak"))


@pytest.mark.slow
def test_an_oversized_frame_is_refused_before_it_is_allocated(connected):
    async def main():
        async with connected(options=Options(max_frame_bytes=MB)) as (near, far):
            before = reserved_bytes()
            near.comm._sock.send(struct.pack("<3sIBQQ", b"mD\x01", 1, 0, 1 << 36, 1 << 36))
            error = await far.end()
            assert isinstance(error, ProtocolError)
            assert "at most are allowed" in str(error)
            assert reserved_bytes() - before < 1 << 30
            await near.end()

    asyncio.run(main())


def test_what_cannot_be_sent_sends_nothing(connected):
    async def main():
        async with connected() as (near, far):
            with pytest.raises(TypeError, match="can't stand in a message"):
                near.comm.send([Free([1]), Free([object()])])
            near.comm.send([Free([2])])
            assert await far.received(1) == [Free([2])]

    asyncio.run(main())


def test_send_after_the_loop_was_closed_raises(security_for):
    kept = []

    async def main():
        # Left open on purpose: the loop ends under them.
        arrived = asyncio.Queue()
        listener = await listen("tcp://", arrived.put_nowait, role="scheduler", security=security_for("tcp"))
        kept.append(await connect(listener.contact_address, role="client", security=security_for("tcp")))
        kept.append(await arrived.get())
        await listener.close()

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    thread.join()
    near, far = kept
    with pytest.raises(CommClosedError, match="event loop is closed"):
        for _ in range(100):
            near.send([large(MB)])
    with pytest.raises(CommClosedError, match="event loop is closed"):
        near.send([Free([1])])
    near.abort()
    far.abort()
