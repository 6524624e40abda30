"""Bulk connections between threads: large values, timeouts, closing from elsewhere, plain, TLS and in-process alike."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading

import pytest

from minidask import config
from minidask_distributed.comm import CommClosedError, Options, connect_bulk, listen, same_host
from minidask_distributed.comm.bulk import IN_PLACE_BYTES, StreamBulk
from minidask_distributed.messages import Answer, Call, MemoryKept, ReadMemory
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.payload import Payload
from minidask_distributed.protocol.wire import encode

pytestmark = pytest.mark.network

MB = 1 << 20
SCHEMES = ["tcp", "tls", "inproc"]


@pytest.fixture(params=["in place", "through the socket"])
def way(request):
    """How large memory goes to a peer on the same host."""
    with config.set({"distributed.comm.same-host-memory": request.param == "in place"}):
        yield request.param


@pytest.fixture
def serving(security_for, way):
    """A function that runs ``use(address, security)`` on a thread against a listener whose bulk handler is given."""

    def run(scheme, handler, use, options=None):
        security = security_for(scheme)

        async def main():
            listener = await listen(
                f"{scheme}://", lambda comm: None, role="worker", security=security, on_bulk=handler, options=options
            )
            try:
                await asyncio.to_thread(use, listener.contact_address, security)
            finally:
                await asyncio.wait_for(listener.close(), 10)

        asyncio.run(main())

    return run


def echo(bulk):
    while True:
        bulk.send(bulk.recv())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_values_go_both_ways(serving, scheme):
    names = []

    def handler(bulk):
        names.append(
            (threading.current_thread().name, threading.current_thread().daemon, bulk.peer.role, bulk.peer.name)
        )
        echo(bulk)

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5, name="fetcher") as bulk:
            assert bulk.peer.role == "worker"
            assert bulk.peer_address == address
            for size in (0, 10, 100_000, 20 * MB):
                message = Answer(size, Payload("bytes", b"", [b"x" * size]) if size else None, None)
                bulk.send(message)
                assert bulk.recv(10) == message
            for at in range(3):  # several on their way
                bulk.send(Call(at, "name", {"a": [1, 2.5, None]}))
            assert [bulk.recv(10).request for _ in range(3)] == [0, 1, 2]
            assert "open" in repr(bulk) or scheme == "inproc"
        assert bulk.closed
        with pytest.raises(CommClosedError, match="closed by this side"):
            bulk.send(Call(1, "name", {}))
        with pytest.raises(CommClosedError, match="closed by this side"):
            bulk.recv()

    serving(scheme, handler, use)
    ((thread, daemon, role, name),) = names
    assert (daemon, role, name) == (False, "data", "fetcher")
    assert thread.startswith("worker-")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_waiting_has_an_end_and_can_go_on(serving, scheme):
    go = threading.Event()

    def handler(bulk):
        message = bulk.recv()
        go.wait(10)
        bulk.send(message)

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(Call(1, "name", {}))
            with pytest.raises(TimeoutError, match=r"nothing came from .* within 0.05 s"):
                bulk.recv(0.05)
            go.set()
            assert bulk.recv(10) == Call(1, "name", {})
            with pytest.raises(CommClosedError, match="closed by the peer"):
                bulk.recv(10)  # the handler has returned
            assert bulk.closed

    serving(scheme, handler, use)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_closing_wakes_who_waits(serving, scheme):
    def use(address, security):
        bulk = connect_bulk(address, security=security, timeout_s=5)
        bulk.send(Call(1, "first", {}))
        assert bulk.recv(10)
        errors = []

        def wait():
            with contextlib.suppress(CommClosedError):
                bulk.recv()
                errors.append("a message")

        thread = threading.Thread(target=wait)
        thread.start()
        bulk.close()
        thread.join(0.9)  # sooner than it looks up by itself
        assert not thread.is_alive()
        assert not errors

    serving(scheme, echo, use)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_closing_the_listener_ends_the_threads(security_for, scheme):
    started = threading.Event()
    ended = []

    def handler(bulk):
        try:
            started.set()
            echo(bulk)
        finally:
            ended.append(threading.current_thread())

    async def main():
        security = security_for(scheme)
        listener = await listen(f"{scheme}://", lambda comm: None, role="worker", security=security, on_bulk=handler)
        bulk = await asyncio.to_thread(lambda: connect_bulk(listener.contact_address, security=security, timeout_s=5))
        assert await asyncio.to_thread(started.wait, 5)
        await asyncio.wait_for(listener.close(), 5)
        assert len(ended) == 1
        assert not ended[0].is_alive()
        with pytest.raises(CommClosedError):
            await asyncio.to_thread(bulk.recv, 5)
        bulk.close()

    asyncio.run(main())


def test_a_peer_that_stops_reading_blocks_nobody_for_ever(serving):
    blocked = threading.Event()

    def handler(bulk):
        bulk.recv()
        blocked.set()
        with pytest.raises(CommClosedError):
            bulk.send(Answer(1, Payload("bytes", b"", [bytes(60 * MB)]), None))

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(Call(1, "name", {}))
            assert blocked.wait(5)

    serving("tcp", handler, use)


def test_a_handler_that_fails_is_logged_and_closed(serving, caplog):
    def handler(bulk):
        bulk.recv()
        raise ZeroDivisionError("in the handler")

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(Call(1, "name", {}))
            with pytest.raises(CommClosedError):
                bulk.recv(10)

    serving("tcp", handler, use)
    assert "in the handler" in caplog.text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"no message of anybody, and not a short one", "another language"),
        (struct.pack("<3sIBQQ", b"mD\x01", 1, 0, 1 << 40, 1 << 40), "at most are allowed"),
    ],
)
def test_what_is_no_message_closes_the_connection(serving, data, text):
    errors = []

    def handler(bulk):
        try:
            bulk.recv()
        except ProtocolError as error:
            errors.append(str(error))
            assert bulk.closed

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk._sock.send(data)
            with pytest.raises(CommClosedError):
                bulk.recv(10)

    serving("tcp", handler, use, Options(max_frame_bytes=MB))
    assert len(errors) == 1
    assert text in errors[0]


def test_the_end_in_the_middle_of_a_message_is_named(serving):
    errors = []
    noticed = threading.Event()

    def handler(bulk):
        try:
            bulk.recv()
        except CommClosedError as error:
            errors.append(str(error))
            noticed.set()

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk._sock.send(b"mD\x01")
        assert noticed.wait(5)

    serving("tcp", handler, use)
    assert "middle of a message" in errors[0]


def test_what_cannot_be_sent_leaves_the_connection_open(serving):
    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            with pytest.raises(TypeError, match="can't stand in a message"):
                bulk.send(Call(1, "name", {"a": object()}))
            bulk.send(Call(2, "name", {}))
            assert bulk.recv(10).request == 2

    serving("tcp", echo, use)


@pytest.mark.slow
def test_a_waiting_thread_does_not_keep_the_interpreter(tmp_path):
    import subprocess
    import sys

    code = """
import asyncio, threading
from minidask_distributed.comm import connect_bulk, listen
from minidask_distributed.security import Security

async def main():
    security = Security(token="0" * 64)
    arrived = threading.Event()
    def handler(bulk):
        arrived.set()
        bulk.recv()
    global listener, bulk
    listener = await listen("tcp://", lambda comm: None, role="worker", security=security, on_bulk=handler)
    bulk = await asyncio.to_thread(lambda: connect_bulk(listener.contact_address, security=security))
    await asyncio.to_thread(arrived.wait)

asyncio.run(main())
print("the main thread ends")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "the main thread ends\n"), done.stderr


# ---------------------------------------------------------------- memory of the other process

# There may be a way that a sandbox closes.
CAN_READ = same_host.is_possible and same_host.is_there(same_host.own_witness())
needs_reading = pytest.mark.skipif(not CAN_READ, reason="this system reads no other process's memory")


def large(at, nbytes=IN_PLACE_BYTES):
    """Return a message with two large frames, one of them read-only, and small ones."""
    content = bytes([at]) * nbytes
    return Answer(
        at,
        [Payload("pickle", b"h", [content, bytearray(b"s" * 10)]), Payload("bytes", b"", [bytearray(content)])],
        None,
    )


@pytest.fixture
def spoken(monkeypatch):
    """The kinds of messages that go through sockets, as they are sent."""
    kinds = []
    encode = StreamBulk._transmit

    def transmit(self, buffers):
        kinds.append(sum(map(len, buffers)))
        encode(self, buffers)

    monkeypatch.setattr(StreamBulk, "_transmit", transmit)
    return kinds


@needs_reading
@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_large_memory_does_not_go_through_the_socket(serving, scheme, way, spoken):
    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            for at, nbytes in enumerate((1, IN_PLACE_BYTES // 2 - 1, IN_PLACE_BYTES, 3 * same_host.PART_BYTES + 7)):
                bulk.send(large(at, nbytes))
                answer = bulk.recv(10)
                assert answer == large(at, nbytes)
                # What came is the receiver's own.
                memoryview(answer.value[1].buffers[0])[0] = 255

    serving(scheme, echo, use)
    assert (
        max(spoken) > 6 * same_host.PART_BYTES if way == "through the socket" else max(spoken) < IN_PLACE_BYTES + 1000
    )


@pytest.mark.parametrize("refusal", ["no such process", "another process", "not allowed"])
def test_what_cannot_be_read_is_sent(serving, way, spoken, monkeypatch, refusal):
    own = same_host.own_witness()
    if refusal == "not allowed":
        error = PermissionError(1, "Operation not permitted")
        monkeypatch.setattr(same_host, "is_possible", True)
        monkeypatch.setattr(same_host, "_read_part", lambda *args: (_ for _ in ()).throw(error))
    else:
        change = {"pid": 2**22 + 1} if refusal == "no such process" else {"content": b"another one's..."}
        monkeypatch.setattr(same_host, "own_witness", lambda: own._replace(**change))

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            for at in range(3):
                bulk.send(large(at))
                assert bulk.recv(10) == large(at)

    serving("tcp", echo, use)
    # Asked once on each side, not again.
    assert len(spoken) == (10 if way == "in place" and same_host.is_possible else 6)


def test_memory_that_goes_away_is_sent(serving, way, monkeypatch):
    places = same_host.address_of
    monkeypatch.setattr(same_host, "address_of", lambda memory: 4096 if memory[0] == 7 else places(memory))

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            for at in (1, 7, 1):
                bulk.send(large(at))
                assert bulk.recv(10) == large(at)

    serving("tcp", echo, use)


@pytest.mark.parametrize("way", ["in place"], indirect=True)
def test_an_offer_of_too_much_ends_the_connection(serving, way):
    witness = same_host.own_witness()

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(ReadMemory(*witness, b"", [witness.address], [2 * MB]))
            with pytest.raises(CommClosedError):
                bulk.recv(10)

    errors = []

    def handler(bulk):
        with pytest.raises(ProtocolError, match="a frame of 2097152 bytes; 1048576 at most") as error:
            bulk.recv()
        errors.append(error)

    serving("tcp", handler, use, options=Options(max_frame_bytes=MB))
    assert errors


@needs_reading
@pytest.mark.parametrize("way", ["in place"], indirect=True)
@pytest.mark.parametrize("ending", ["silence", "another message"])
def test_whoever_offers_memory_does_not_wait_for_ever(serving, way, ending):
    def handler(bulk):
        # Not as a peer of ours would: what it is to read stays unread.
        while not bulk._received:
            bulk._receive(None)
        assert type(bulk._received.popleft()) is ReadMemory
        if ending == "another message":
            bulk.send(Call(1, "name", {}))
            with contextlib.suppress(CommClosedError):
                bulk.recv(10)

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            expected = CommClosedError if ending == "silence" else ProtocolError
            with pytest.raises(expected, match=r"closed by the peer|says Call where MemoryRead must come"):
                bulk.send(large(1))
            assert bulk.closed

    serving("tcp", handler, use)


@needs_reading
@pytest.mark.parametrize("way", ["in place"], indirect=True)
def test_what_was_read_of_a_sender_that_gave_up_is_void(serving, way, monkeypatch):
    reading, closed = threading.Event(), threading.Event()
    read = same_host.read

    def slowly(pid, address, into):
        if into.nbytes >= IN_PLACE_BYTES:
            reading.set()
            closed.wait(10)
        read(pid, address, into)

    monkeypatch.setattr(same_host, "read", slowly)
    got = []

    def handler(bulk):
        with pytest.raises(CommClosedError):
            got.append(bulk.recv())
        got.append("an error")

    def use(address, security):
        bulk = connect_bulk(address, security=security, timeout_s=5)
        sending = threading.Thread(target=give_up, args=(bulk,))
        sending.start()
        assert reading.wait(10)
        bulk.close()
        sending.join()
        # From here on the memory may be anything.
        closed.set()

    errors = []

    def give_up(bulk):
        with pytest.raises(CommClosedError) as error:
            bulk.send(large(1))
        errors.append(error)

    serving("tcp", handler, use)
    assert got == ["an error"]
    assert errors


@needs_reading
@pytest.mark.parametrize("way", ["in place"], indirect=True)
def test_what_was_read_counts_when_the_sender_says_so_however_late(serving, way, monkeypatch):
    kept = threading.Event()
    transmit = StreamBulk._transmit

    def late(self, buffers):
        if b"".join(buffers) == b"".join(encode([MemoryKept()])):
            kept.wait(10)
        transmit(self, buffers)

    monkeypatch.setattr(StreamBulk, "_transmit", late)
    got = []

    def handler(bulk):
        # The memory has been read long before; the sender is suspended, say, before it has said a word.
        with pytest.raises(TimeoutError, match=r"nothing came from .* within 0.05 s"):
            bulk.recv(0.05)
        kept.set()
        got.append(bulk.recv(10))

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(large(1))
            with pytest.raises(CommClosedError):
                bulk.recv(10)

    serving("tcp", handler, use)
    assert got == [large(1)]


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_a_confirmation_of_nothing_ends_the_connection(serving, scheme):
    errors = []

    def handler(bulk):
        with pytest.raises(ProtocolError, match="says MemoryKept of memory that nobody has read") as error:
            bulk.recv()
        errors.append(error)

    def use(address, security):
        with connect_bulk(address, security=security, timeout_s=5) as bulk:
            bulk.send(MemoryKept())
            with pytest.raises(CommClosedError):
                bulk.recv(10)

    serving(scheme, handler, use)
    assert errors
