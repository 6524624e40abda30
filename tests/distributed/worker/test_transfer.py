from __future__ import annotations

import asyncio
import gc
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from minidask import config
from minidask_distributed.comm import CommClosedError, connect_bulk, listen
from minidask_distributed.loops import LoopThread
from minidask_distributed.messages import Answer, Data, Free, GetData, PutData, Stored
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack
from minidask_distributed.protocol.wire import encode
from minidask_distributed.security import Security
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker import transfer
from minidask_distributed.worker.transfer import DataServer, Fetched, Fetcher

pytestmark = pytest.mark.network

TOKEN = "t" * 64
SECURITY = Security(token=TOKEN)
MB = 1_000_000


class Holder:
    """A worker's data behind a listener."""

    def __init__(self, data: SpillBuffer, address: str, **options) -> None:
        self.data = data
        self.stored: list[tuple] = []
        self.threads: set[str] = set()
        server = DataServer(data, lambda *stored: self.stored.append(stored), **options)

        def serve(bulk) -> None:
            self.threads.add(threading.current_thread().name)
            self.connections += 1
            server.serve(bulk)

        self.connections = 0
        self.loop = LoopThread("holder")
        self.loop.start()
        self.listener = self.loop.run(
            listen(address, lambda comm: comm.abort(), role="worker", security=SECURITY, on_bulk=serve)
        )
        self.address = self.listener.contact_address

    def stop_listening(self) -> None:
        if self.listener is not None:
            self.loop.run(self.listener.close())
            self.listener = None

    def close(self) -> None:
        self.stop_listening()
        self.loop.stop()
        self.data.close()


@pytest.fixture(params=["tcp://127.0.0.1:0", "inproc://"], ids=["tcp", "inproc"])
def scheme(request):
    return request.param


@pytest.fixture
def hold(tmp_path):
    made = []

    def make(scheme="tcp://127.0.0.1:0", *, target_bytes=None, **options) -> Holder:
        data = SpillBuffer(tmp_path / f"spill-{len(made)}", target_bytes=target_bytes)
        made.append(Holder(data, scheme, **options))
        return made[-1]

    yield make
    for holder in made:
        holder.close()


@contextmanager
def bulk_to(holder):
    with connect_bulk(holder.address, security=SECURITY, timeout_s=10) as bulk:
        yield bulk


class Collected:
    """What a fetcher reported, to be waited for."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.all: list[Fetched] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, fetched: Fetched) -> None:
        with self.changed:
            self.all.append(fetched)
            self.threads.add(threading.current_thread())
            self.changed.notify_all()

    def wait(self, n: int) -> list[Fetched]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all) >= n, 30), f"{len(self.all)} of {n}"
            return self.all


@pytest.fixture
def fetcher():
    made = []

    def make(**options) -> tuple[Fetcher, Collected]:
        collected = Collected()
        connect = options.pop("connect", partial(connect_bulk, security=SECURITY, timeout_s=2.0))
        made.append(Fetcher(connect, collected, **options))
        return made[-1], collected

    yield make
    for one in made:
        one.close()
    left = [thread for thread in threading.enumerate() if thread.name == "minidask fetch"]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


# ---------------------------------------------------------------- the server


def test_what_is_held_is_given_and_what_is_not_is_named(hold, scheme):
    holder = hold(scheme)
    holder.data[1], holder.data[3] = "one", np.arange(100_000)
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1, 2, 3, 4]))
        answer = bulk.recv(10)
    assert isinstance(answer, Data)
    assert (answer.tasks, answer.missing) == ([1, 3], [2, 4])
    assert unpack(answer.payloads[0]) == "one"
    np.testing.assert_array_equal(unpack(answer.payloads[1]), np.arange(100_000))


def test_within_a_process_the_object_itself_is_given(hold):
    holder = hold("inproc://")
    unpicklable = threading.Lock()
    holder.data[1] = unpicklable
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1]))
        [payload] = bulk.recv(10).payloads
    assert type(payload) is ByReference
    assert payload.value is unpicklable


def test_large_memory_is_not_copied_to_be_sent(tmp_path):
    data = SpillBuffer(None)
    array = np.arange(1_000_000)
    data[1] = array
    answer = DataServer(data, lambda *_: None)._answer(GetData([1]), True)
    [payload] = answer.payloads
    assert isinstance(payload, Payload)
    assert np.shares_memory(np.frombuffer(payload.buffers[0], array.dtype), array)


def test_a_spilled_value_is_given_from_its_file(hold, scheme):
    holder = hold(scheme, target_bytes=MB)
    holder.data[1], holder.data[2] = np.full(100_000, 1.0), np.full(100_000, 2.0)
    assert holder.data.settle()
    assert holder.data.spilled() == [1]
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1, 2]))
        answer = bulk.recv(10)
    assert [unpack(payload)[0] for payload in answer.payloads] == [1.0, 2.0]


def test_a_damaged_spilled_value_is_missing(hold, tmp_path):
    holder = hold(target_bytes=MB)
    holder.data[1], holder.data[2] = np.full(100_000, 1.0), np.full(100_000, 2.0)
    assert holder.data.settle()
    [path] = (tmp_path / "spill-0").iterdir()
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1, 2]))
        answer = bulk.recv(10)
    assert (answer.tasks, answer.missing) == ([2], [1])


def test_a_value_that_cannot_be_pickled_is_a_failure_and_not_missing(hold):
    holder = hold()
    holder.data[1], holder.data[2] = threading.Lock(), "fine"
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1, 2]))
        answer = bulk.recv(10)
    assert (answer.tasks, answer.missing) == ([1, 2], [])
    error = unpack_failure(answer.payloads[0])
    assert isinstance(error, TypeError)
    assert "lock" in str(error)
    assert unpack(answer.payloads[1]) == "fine"


def test_many_small_objects_in_one_answer(hold, scheme):
    holder = hold(scheme)
    for task in range(10_000):
        holder.data[task] = (task, "text")
    with bulk_to(holder) as bulk:
        bulk.send(GetData(list(range(10_000))))
        answer = bulk.recv(30)
    assert [unpack(payload) for payload in answer.payloads] == [(task, "text") for task in range(10_000)]


def test_data_that_are_put_are_stored_before_the_answer(hold, scheme):
    holder = hold(scheme)
    array = np.arange(100_000)
    payloads = [ByReference(array), ByReference("x")] if scheme == "inproc://" else [pack(array), pack("x")]
    with bulk_to(holder) as bulk:
        bulk.send(PutData([7, 8], encode_keys([("a", 1), "b"]), payloads))
        answer = bulk.recv(10)
        [(tasks, keys, values, sizes)] = holder.stored
    assert (tasks, keys, values[1]) == ([7, 8], [("a", 1), "b"], "x")
    np.testing.assert_array_equal(values[0], array)
    assert answer == Stored(sizes)
    assert 800_000 <= sizes[0] < 801_000


def test_data_that_cannot_be_read_are_refused_with_the_reason(hold):
    class Broken:
        def __reduce__(self):
            return int, ("no number",)

    holder = hold()
    with bulk_to(holder) as bulk:
        bulk.send(PutData([7, 8], encode_keys(["a", "b"]), [pack(1), pack(Broken())]))
        answer = bulk.recv(10)
        assert isinstance(answer, Answer)
        error = unpack_failure(answer.failure)
        assert isinstance(error, ValueError)
        assert "no number" in str(error)
        assert any("'b'" in note for note in error.__notes__)
        bulk.send(GetData([]))
        assert bulk.recv(10) == Data([], [], [])
    assert holder.stored == []


def test_an_error_of_the_worker_while_storing_is_told(hold, caplog):
    holder = hold()

    class Refusing(list):
        def append(self, item):
            raise RuntimeError("closing")

    holder.stored = Refusing()
    with bulk_to(holder) as bulk:
        bulk.send(PutData([7], encode_keys(["a"]), [pack(1)]))
        assert isinstance(unpack_failure(bulk.recv(10).failure), RuntimeError)


def test_another_message_closes_the_connection(hold, caplog):
    holder = hold()
    with bulk_to(holder) as bulk:
        bulk.send(Free([1]))
        with pytest.raises(CommClosedError):
            bulk.recv(10)
    holder.stop_listening()
    assert "Free is no message for a bulk connection" in caplog.text


def test_a_peer_that_leaves_in_the_middle_of_an_answer_costs_its_connection_only(hold, caplog):
    with config.set({"distributed.comm.same-host-memory": False}):
        holder = hold()
    holder.data[1] = np.ones(8 * MB)
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1]))
        with pytest.raises(TimeoutError):
            # Enough for it to begin, not to end.
            bulk.recv(0.001)
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1]))
        assert unpack(bulk.recv(30).payloads[0]).sum() == 8 * MB


def test_values_are_given_up_when_they_are_sent(hold):
    holder = hold("inproc://")

    class Thing:
        pass

    thing = Thing()
    gone = threading.Event()
    Thing.__del__ = lambda self: gone.set()
    holder.data[1] = thing
    del thing
    with bulk_to(holder) as bulk:
        bulk.send(GetData([1]))
        assert type(bulk.recv(10).payloads[0].value) is Thing
        del holder.data[1]
        bulk.send(GetData([1]))
        assert bulk.recv(10).missing == [1]
        gc.collect()
        assert gone.is_set()


# ---------------------------------------------------------------- the fetcher


def test_values_come_with_sizes_and_the_tag(hold, fetcher, scheme):
    holder = hold(scheme)
    holder.data[1], holder.data[2] = np.arange(1000.0), "two"
    one, collected = fetcher()
    tag = object()
    one.fetch(holder.address, (1, 2, 3), nbytes=8000, tag=tag)
    [fetched] = collected.wait(1)
    np.testing.assert_array_equal(fetched.values.pop(1), np.arange(1000.0))
    assert fetched.values == {2: "two"}
    assert 8000 <= fetched.sizes[1] < 8300
    assert (fetched.address, fetched.missing, fetched.failures, fetched.unanswered) == (holder.address, [3], {}, [])
    assert fetched.error is None
    assert fetched.tag is tag
    assert threading.current_thread() not in collected.threads


def test_connections_are_used_again(hold, fetcher):
    holder = hold()
    holder.data[1] = 1
    one, collected = fetcher()
    for n in range(1, 6):
        one.fetch(holder.address, [1])
        collected.wait(n)
    assert holder.connections == 1
    assert len(collected.threads) == 1


def test_a_connection_that_the_peer_closed_meanwhile_is_made_anew(hold, fetcher):
    holder = hold()
    holder.data[1] = 1
    one, collected = fetcher()
    one.fetch(holder.address, [1])
    collected.wait(1)
    [(_, bulk)] = one._idle[holder.address]
    socket.socket.shutdown(bulk._sock, socket.SHUT_RDWR)
    one.fetch(holder.address, [1])
    assert collected.wait(2)[1].values == {1: 1}
    assert holder.connections == 2


def test_connections_that_nobody_needs_are_closed(hold, fetcher, monkeypatch):
    holder = hold()
    holder.data[1] = 1
    one, collected = fetcher()
    one.fetch(holder.address, [1])
    [first] = collected.wait(1)
    assert first.values == {1: 1}
    monkeypatch.setattr(transfer, "KEEP_S", 0.0)
    one.fetch(holder.address, [1])
    collected.wait(2)
    for thread in list(collected.threads):
        thread.join(5)
        assert not thread.is_alive()
    assert one._idle == {}
    one.fetch(holder.address, [1])
    assert collected.wait(3)[2].values == {1: 1}


def test_at_most_so_many_threads_and_all_requests_are_answered(hold, fetcher):
    holder = hold(most=2)
    for task in range(200):
        holder.data[task] = np.full(10_000, task)
    one, collected = fetcher(most=4)
    for task in range(200):
        one.fetch(holder.address, [task], tag=task)
    collected.wait(200)
    assert sorted(fetched.tag for fetched in collected.all) == list(range(200))
    assert all(fetched.values[fetched.tag][0] == fetched.tag for fetched in collected.all)
    assert len(collected.threads) <= 4
    assert holder.connections <= 4


def test_a_dead_peer_is_told_for_each_task(fetcher):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    one, collected = fetcher(connect=partial(connect_bulk, security=SECURITY, timeout_s=0.1))
    one.fetch(f"tcp://127.0.0.1:{port}", [1, 2], tag="x")
    [fetched] = collected.wait(1)
    assert (fetched.unanswered, fetched.values, fetched.missing, fetched.tag) == ([1, 2], {}, [], "x")
    assert isinstance(fetched.error, TimeoutError)
    assert "nothing listens there" in str(fetched.error)


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://", 3])
def test_an_impossible_address_is_told_as_well(fetcher, address):
    one, collected = fetcher()
    one.fetch(address, [1])
    [fetched] = collected.wait(1)
    assert fetched.unanswered == [1]
    assert fetched.error is not None


HOLDER = """
import asyncio, sys
import numpy as np
from minidask_distributed.comm import listen
from minidask_distributed.security import Security
from minidask_distributed.spill import SpillBuffer
from minidask_distributed.worker.transfer import DataServer

async def main():
    data = SpillBuffer(None)
    data[1] = np.ones(int(sys.argv[1]))
    server = DataServer(data, lambda *stored: None)
    listener = await listen(
        "tcp://127.0.0.1:0", lambda comm: comm.abort(), role="worker", security=Security(token="t" * 64), on_bulk=server.serve
    )
    print(listener.contact_address, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await listener.close()

asyncio.run(main())
"""


@contextmanager
def process_holding(n: int):
    """A process that holds task 1, an array of ``n`` ones; gives it and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(n)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_peer_that_hangs_or_dies_is_told_after_a_while(fetcher):
    with process_holding(1000) as (process, address):
        one, collected = fetcher(timeout_s=0.2, connect=partial(connect_bulk, security=SECURITY, timeout_s=0.3))
        one.fetch(address, [1])
        assert collected.wait(1)[0].values[1].sum() == 1000
        os.kill(process.pid, signal.SIGSTOP)
        # Until its last thread has stopped it may still answer.
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        one.fetch(address, [1], nbytes=8000)
        hung = collected.wait(2)[1]
        assert hung.unanswered == [1]
        assert isinstance(hung.error, TimeoutError)
        os.kill(process.pid, signal.SIGCONT)
        one.fetch(address, [1])
        assert collected.wait(3)[2].values[1].sum() == 1000
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        one.fetch(address, [1])
        assert collected.wait(4)[3].unanswered == [1]


def test_a_peer_that_dies_in_the_middle_of_an_answer(fetcher):
    def serve(bulk):
        message = bulk.recv(10)
        data = b"".join(bytes(part) for part in encode([Data(message.tasks, [pack(np.ones(MB))], [])]))
        with bulk:
            bulk._sock.sendall(data[: len(data) // 2])

    loop = LoopThread("dying")
    loop.start()
    listener = loop.run(
        listen("tcp://127.0.0.1:0", lambda comm: comm.abort(), role="worker", security=SECURITY, on_bulk=serve)
    )
    try:
        one, collected = fetcher()
        one.fetch(listener.contact_address, [1], nbytes=8 * MB)
        [fetched] = collected.wait(1)
        assert fetched.unanswered == [1]
        assert isinstance(fetched.error, CommClosedError)
        assert "in the middle of a message" in str(fetched.error)
        assert one._busy == one._idle == {}
    finally:
        loop.run(listener.close())
        loop.stop()


def test_forgetting_a_peer_ends_what_is_on_its_way_there(fetcher):
    waiting = threading.Event()

    class Silent:
        closed = False
        serialized = True

        def __init__(self):
            self.ended = threading.Event()

        def send(self, message):
            waiting.set()

        def recv(self, timeout_s=None):
            assert self.ended.wait(30)
            raise CommClosedError("closed")

        def close(self):
            self.closed = True
            self.ended.set()

    one, collected = fetcher(connect=lambda address: Silent())
    one.fetch("tcp://x", [1])
    assert waiting.wait(10)
    one.forget("tcp://other")
    assert collected.all == []
    one.forget("tcp://x")
    [fetched] = collected.wait(1)
    assert fetched.unanswered == [1]


def test_what_no_holder_could_send_or_nobody_can_read_is_a_failure(hold, fetcher):
    class Broken:
        def __reduce__(self):
            return int, ("no number",)

    holder = hold()
    holder.data[1], holder.data[2], holder.data[3] = threading.Lock(), Broken(), "fine"
    one, collected = fetcher()
    one.fetch(holder.address, [1, 2, 3, 4])
    [fetched] = collected.wait(1)
    assert isinstance(fetched.failures[1], TypeError)
    assert isinstance(fetched.failures[2], ValueError)
    assert (fetched.values, fetched.missing, fetched.unanswered) == ({3: "fine"}, [4], [])
    assert list(fetched.sizes) == [3]


def test_an_answer_to_another_question_is_an_error(fetcher):
    class Confused:
        closed = False
        serialized = True

        def send(self, message):
            pass

        def recv(self, timeout_s=None):
            return Data([5], [b""], [])

        def close(self):
            self.closed = True

    confused = Confused()
    one, collected = fetcher(connect=lambda address: confused)
    one.fetch("tcp://x", [1])
    [fetched] = collected.wait(1)
    assert fetched.unanswered == [1]
    assert "didn't answer what it was asked for" in str(fetched.error)
    assert confused.closed


def test_what_the_callback_raises_is_logged_and_the_thread_goes_on(hold, caplog):
    holder = hold()
    holder.data[1] = 1
    collected = Collected()

    def done(fetched):
        collected(fetched)
        raise RuntimeError("not now")

    one = Fetcher(partial(connect_bulk, security=SECURITY, timeout_s=2.0), done)
    try:
        for n in (1, 2):
            one.fetch(holder.address, [1])
            collected.wait(n)
    finally:
        one.close()
    assert "could not be taken in" in caplog.text


def test_bandwidth_is_measured_of_large_transfers_alone(hold, fetcher):
    holder = hold()
    holder.data[1], holder.data[2] = "small", np.ones(MB)
    one, collected = fetcher()
    one.fetch(holder.address, [1])
    collected.wait(1)
    assert one.bandwidth == 0
    one.fetch(holder.address, [2])
    fetched = collected.wait(2)[1]
    assert fetched.nbytes >= 8 * MB
    assert one.bandwidth == int(fetched.nbytes / fetched.seconds)


def test_after_closing_nothing_is_reported_and_no_connection_is_left(hold, fetcher):
    holder = hold()
    holder.data[1] = 1
    one, collected = fetcher()
    one.fetch(holder.address, [1])
    collected.wait(1)
    [(_, bulk)] = one._idle[holder.address]
    one.close()
    assert bulk.closed
    one.fetch(holder.address, [1])
    one.close()
    assert len(collected.all) == 1
    assert not any(thread.is_alive() for thread in collected.threads)


def test_closing_while_connecting_closes_the_connection_that_comes(fetcher):
    connecting, go_on = threading.Event(), threading.Event()

    class Late:
        closed = False

        def close(self):
            self.closed = True

    late = Late()

    def connect(address):
        connecting.set()
        assert go_on.wait(30)
        return late

    one, collected = fetcher(connect=connect)
    one.fetch("tcp://x", [1])
    assert connecting.wait(10)
    one.close(timeout_s=0.0)
    [thread] = [thread for thread in threading.enumerate() if thread.name == "minidask fetch"]
    go_on.set()
    thread.join(10)
    assert late.closed
    assert collected.all == []


def test_a_bound_of_nothing_is_refused():
    with pytest.raises(ValueError, match="most must be at least 1, got 0"):
        Fetcher(lambda address: None, lambda fetched: None, most=0)


def test_fetching_from_an_event_loop_does_not_block_it(hold, fetcher):
    holder = hold()
    holder.data[1] = 1

    async def main():
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Fetched] = loop.create_future()
        one = Fetcher(
            partial(connect_bulk, security=SECURITY, timeout_s=2.0),
            lambda fetched: loop.call_soon_threadsafe(done.set_result, fetched),
        )
        one.fetch(holder.address, [1])
        fetched = await asyncio.wait_for(done, 10)
        await asyncio.to_thread(one.close)
        return fetched.values

    assert asyncio.run(main()) == {1: 1}


@pytest.mark.network
def test_transfers_are_activities(hold, fetcher):
    received = []
    sent: queue.Queue = queue.Queue()
    holder = hold(on_activity=lambda *activity: sent.put(activity))
    one, collected = fetcher(on_activity=lambda *activity: received.append(activity))
    holder.data[1], holder.data[2] = np.ones(100_000), 5
    one.fetch(holder.address, [1, 2])
    collected.wait(1)
    one.fetch(holder.address, [3])
    collected.wait(2)
    assert [activity[0] for activity in received] == ["transfer-in", "deserialize"]
    given = sent.get(timeout=30)
    assert given[0] == "transfer-out"
    _, _, seconds, nbytes, peer, type_name = received[0]
    assert nbytes == given[3] >= 800_000
    assert (peer, type_name) == (holder.address, "numpy.ndarray")
    assert 0 <= seconds < 10
    # What only says that nothing is there is none.
    assert len(received) == 2


@pytest.mark.network
def test_transfers_within_a_process_are_no_activities(hold, fetcher):
    told = []
    holder = hold("inproc://", on_activity=lambda *activity: told.append(activity))
    one, collected = fetcher(on_activity=lambda *activity: told.append(activity))
    holder.data[1] = np.ones(100_000)
    one.fetch(holder.address, [1])
    collected.wait(1)
    assert told == []
