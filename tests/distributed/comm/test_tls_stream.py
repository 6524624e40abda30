"""Control connections over TLS: the same promises as over plain sockets."""

from __future__ import annotations

import asyncio
import threading

import pytest

from minidask_distributed.comm import CommClosedError
from minidask_distributed.comm.tls_stream import EncryptedComm
from minidask_distributed.messages import Answer, Free
from minidask_distributed.protocol.payload import Payload

pytestmark = pytest.mark.network

MB = 1 << 20


def large(size: int, request: int = 0) -> Answer:
    return Answer(request, Payload("bytes", b"", [bytes([request % 251]) * size]), None)


def test_messages_pass_both_ways(connected):
    async def main():
        async with connected("tls") as (near, far):
            assert type(near.comm) is type(far.comm) is EncryptedComm
            sent = [Free([1]), large(300_000, 3), Free([2])]
            near.comm.send(sent)
            assert await far.received(3) == sent
            far.comm.send(sent)
            assert await near.received(3) == sent
            await near.comm.close()
            assert await far.end() is None

    asyncio.run(main())


def test_both_sides_show_certificates(connected):
    async def main():
        async with connected("tls") as (near, far):
            assert near.comm._sock.version() in ("TLSv1.2", "TLSv1.3")
            assert near.comm._sock.getpeercert(True)
            assert far.comm._sock.getpeercert(True)

    asyncio.run(main())


@pytest.mark.slow
def test_threads_keep_their_order_and_never_interleave(connected):
    threads, rounds = 4, 100

    async def main():
        async with connected("tls") as (near, far):

            def work(number):
                for at in range(rounds):
                    near.comm.send([large((10, 5_000, 20_000, 70_000, 300_000)[at % 5], number * rounds + at)])

            workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
            for worker in workers:
                worker.start()
            # Messages from the loop's own thread mix with them.
            for at in range(20):
                near.comm.send([Free([at])])
                await asyncio.sleep(0)
            messages = await far.received(threads * rounds + 20)
            for worker in workers:
                worker.join()
            assert [m.tasks[0] for m in messages if isinstance(m, Free)] == list(range(20))
            numbers = [m for m in messages if isinstance(m, Answer)]
            for number in range(threads):
                own = [m for m in numbers if m.request // rounds == number]
                assert [m.request for m in own] == list(range(number * rounds, (number + 1) * rounds))
                assert all(m == large(m.value.nbytes, m.request) for m in own)

    asyncio.run(main())


@pytest.mark.slow
def test_paused_reading_stops_the_sender_and_resuming_finds_all(connected):
    async def main():
        async with connected("tls") as (near, far):
            far.comm.pause_reading()
            for at in range(30):
                near.comm.send([large(MB, at)])
                await asyncio.sleep(0)
            assert near.comm.pending_bytes > 10 * MB
            assert not far.messages
            far.comm.resume_reading()
            await asyncio.wait_for(near.comm.drain(), 20)
            assert [m.request for m in await far.received(30)] == list(range(30))
            # Decrypted bytes that wait inside OpenSSL are found, though the socket has none.
            for _ in range(20):
                far.comm.pause_reading()
                near.comm.send([Free([1])])
                far.comm.resume_reading()
            await far.received(50)

    asyncio.run(main())


def test_closing_flushes_and_aborting_does_not(connected):
    async def main():
        async with connected("tls") as (near, far):
            near.comm.send([large(8 * MB)])
            await near.comm.close()
            assert await far.end() is None
            assert len(far.messages) == 1
        async with connected("tls") as (near, far):
            far.comm.pause_reading()
            near.comm.send([large(20 * MB)])
            await asyncio.to_thread(near.comm.abort)
            assert await near.end() is None
            far.comm.resume_reading()
            assert isinstance(await far.end(), CommClosedError)
            with pytest.raises(CommClosedError):
                await asyncio.to_thread(near.comm.send, [Free([1])])

    asyncio.run(main())
