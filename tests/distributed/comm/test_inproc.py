"""Connections within the process: by reference, on one loop and across loops, with the same promises as over sockets."""

from __future__ import annotations

import asyncio
import dis
import os
import sys
import threading

import pytest

from minidask_distributed.comm import CommClosedError, ConnectTimeoutError, connect, connect_bulk, listen
from minidask_distributed.comm.inproc import MESSAGE_BYTES
from minidask_distributed.messages import Call, Free


def test_objects_pass_by_reference(connected):
    async def main():
        async with connected("inproc", name="me", info={"a": 1}) as (near, far):
            unpicklable = threading.Lock()
            near.comm.send([Call(1, "name", {"lock": unpicklable}), Free([1])])
            call, _ = await far.received(2)
            assert call.arguments["lock"] is unpicklable
            assert len(far.batches) == 1
            far.comm.send([Free([2])])
            assert await near.received(1) == [Free([2])]
            assert not near.comm.serialized
            assert near.comm.same_host
            assert (far.comm.peer.role, far.comm.peer.name, far.comm.peer.info) == ("client", "me", {"a": 1})
            assert near.comm.peer.role == "scheduler"
            assert near.comm.peer.pid == os.getpid()
            assert near.comm.peer_address == far.comm.local_address
            assert near.comm.local_address == far.comm.peer_address

    asyncio.run(main())


@pytest.mark.slow
def test_two_loops_and_many_threads(security_for):
    security = security_for("inproc")
    address, ready, over = [], threading.Event(), threading.Event()
    received = []
    threads, rounds = 4, 300

    def server():
        async def main():
            ended = asyncio.Event()

            def on_messages(messages):
                received.extend(messages)
                comms[0].send(messages)

            comms = []

            def on_comm(comm):
                comms.append(comm)
                comm.start(on_messages, lambda error: ended.set())

            listener = await listen("inproc://", on_comm, role="scheduler", security=security)
            address.append(listener.contact_address)
            ready.set()
            await ended.wait()
            await listener.close()

        asyncio.run(main())
        over.set()

    thread = threading.Thread(target=server)
    thread.start()
    ready.wait()

    async def main():
        comm = await connect(address[0], role="client", security=security)
        echoed, all_back = [], asyncio.Event()

        def on_messages(messages):
            echoed.extend(messages)
            if len(echoed) == threads * rounds:
                all_back.set()

        comm.start(on_messages, lambda error: None)

        def work(number):
            for at in range(rounds):
                comm.send([Free([number, at])])

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        async with asyncio.timeout(20):
            await all_back.wait()
        for worker in workers:
            worker.join()
        for messages in (received, echoed):
            for number in range(threads):
                assert [m.tasks[1] for m in messages if m.tasks[0] == number] == list(range(rounds))
        await comm.close()

    asyncio.run(main())
    assert over.wait(5)
    thread.join()


def test_paused_reading_lets_messages_pile_up(connected):
    async def main():
        async with connected("inproc") as (near, far):
            far.comm.pause_reading()
            for at in range(10):
                near.comm.send([Free([at])])
            await asyncio.sleep(0)
            assert near.comm.pending_bytes == 10 * MESSAGE_BYTES
            assert not far.messages
            waiting = asyncio.ensure_future(near.comm.drain(5 * MESSAGE_BYTES))
            await asyncio.sleep(0)
            assert not waiting.done()
            far.comm.resume_reading()
            await asyncio.wait_for(waiting, 5)
            assert await far.received(10) == [Free([at]) for at in range(10)]
            assert near.comm.pending_bytes == 0
            await near.comm.drain()

    asyncio.run(main())


def test_closing_delivers_what_waits(connected):
    async def main():
        async with connected("inproc", start=False) as (near, far):
            near.start()
            near.comm.send([Free([1])])
            await near.comm.close()
            assert await near.end() is None
            far.start()
            assert await far.received(1) == [Free([1])]
            assert await far.end() is None
            with pytest.raises(CommClosedError, match="closed by this side"):
                near.comm.send([Free([1])])
            with pytest.raises(CommClosedError, match="closed by the peer"):
                far.comm.send([Free([1])])

    asyncio.run(main())


def test_abort_from_another_thread_drops_what_waits(connected):
    async def main():
        async with connected("inproc") as (near, far):
            far.comm.pause_reading()
            near.comm.send([Free([1])])
            waiting = asyncio.ensure_future(near.comm.drain())
            await asyncio.sleep(0)
            await asyncio.to_thread(near.comm.abort)
            assert await near.end() is None
            with pytest.raises(CommClosedError):
                await waiting
            far.comm.resume_reading()
            assert await far.end() is None
            assert not far.messages
            with pytest.raises(CommClosedError):
                await near.comm.drain()

    asyncio.run(main())


def test_an_error_of_the_receiver_closes_the_comm(connected, caplog):
    async def main():
        async with connected("inproc", start=False) as (near, far):
            near.start()

            def fail(messages):
                raise ZeroDivisionError("in the receiver")

            ended = asyncio.get_running_loop().create_future()
            far.comm.start(fail, ended.set_result)
            near.comm.send([Free([1])])
            assert isinstance(await ended, ZeroDivisionError)
            assert await near.end() is None
            with pytest.raises(RuntimeError, match="started before"):
                near.start()

    asyncio.run(main())
    assert "in the receiver" in caplog.text


def test_addresses_of_nobody(security_for):
    async def main():
        security = security_for("inproc")
        with pytest.raises(ConnectTimeoutError, match="nothing listens there"):
            await connect(f"inproc://{os.getpid()}/999999", role="client", security=security, timeout_s=0.05)
        with pytest.raises(ValueError, match=f"belongs to process 1, and this is process {os.getpid()}"):
            await connect("inproc://1/1", role="client", security=security)
        with pytest.raises(ValueError, match="neither interfaces nor contact addresses"):
            await listen("inproc://", lambda comm: None, role="worker", security=security, interface="lo")
        listener = await listen("inproc://mine", lambda comm: None, role="worker", security=security)
        try:
            with pytest.raises(OSError, match="another listener of this process does"):
                await listen("inproc://mine", lambda comm: None, role="worker", security=security)
            assert "open" in repr(listener)
        finally:
            await listener.close()
        assert "closed" in repr(listener)
        with pytest.raises(ConnectTimeoutError):
            await connect("inproc://mine", role="client", security=security, timeout_s=0.02)

    asyncio.run(main())


def test_a_peer_whose_loop_has_ended_is_a_closed_one(security_for):
    security = security_for("inproc")
    kept, stop = [], threading.Event()
    ready = threading.Event()

    def server():
        async def main():
            kept.append(await listen("inproc://", lambda comm: None, role="scheduler", security=security))
            ready.set()
            await asyncio.to_thread(stop.wait)

        asyncio.run(main())

    thread = threading.Thread(target=server)
    thread.start()
    ready.wait()

    async def main():
        comm = await connect(kept[0].contact_address, role="client", security=security)
        stop.set()
        await asyncio.to_thread(thread.join)
        with pytest.raises(CommClosedError, match="event loop is closed"):
            for _ in range(3):
                comm.send([Free([1])])
        with pytest.raises(ConnectTimeoutError, match=r"event loop|nothing listens"):
            await connect(kept[0].contact_address, role="client", security=security, timeout_s=0.02)
        with pytest.raises(ConnectTimeoutError):
            await asyncio.to_thread(lambda: connect_bulk(kept[0].contact_address, security=security, timeout_s=0.02))
        await comm.close()
        await kept[0].close()

    asyncio.run(main())


class Interruption:
    """Ctrl-C where the interpreter looks for it the n-th time in the sending code: after calls, and at their beginnings."""

    looks_after = frozenset({"CALL", "CALL_FUNCTION_EX", "RESUME", "JUMP_BACKWARD"})

    def __init__(self, at):
        self.left = at
        self.previous = ""

    def __call__(self, frame, event, argument):
        if not frame.f_code.co_filename.endswith(("inproc.py", "near.py")):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            self.left -= self.previous in self.looks_after
            self.previous = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if self.left == 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("scheme", ["inproc", "near"])
def test_a_send_that_is_interrupted_anywhere_arrives_once(connected, scheme):
    def interrupted(comm, messages, at):
        """Say whether the send was interrupted, and whether it has begun."""
        comm.begun = 0
        before = sys.gettrace()
        sys.settrace(Interruption(at))
        try:
            comm.send(messages)
        except KeyboardInterrupt:
            return True, comm.begun == id(messages)
        finally:
            sys.settrace(before)
        return False, True

    async def main():
        async with connected(scheme) as (near, far):
            at = 0
            goes_on = True
            begun = []
            while goes_on:
                at += 1
                messages = [Free([at])]
                # From another thread, as users' programs do.
                goes_on, has_begun = await asyncio.to_thread(interrupted, near.comm, messages, at)
                begun.append(has_begun)
                if not has_begun:
                    near.comm.send(messages)
            assert [message.tasks for message in await far.received(at)] == [[one] for one in range(1, at + 1)]
            assert begun == sorted(begun)
            assert begun.count(False) >= 3
            assert begun.count(True) >= 3

    asyncio.run(main())
