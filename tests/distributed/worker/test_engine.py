"""The lock and all that goes through it: data in and out, reports, people."""

from __future__ import annotations

import threading

import pytest

from minidask_distributed.comm.errors import CommClosedError
from minidask_distributed.messages import (
    Acquire,
    Erred,
    Finished,
    Free,
    Held,
    Holders,
    Lost,
    Missing,
    Notice,
    Recall,
    RegisterNanny,
    Store,
    WorkerGone,
    WorkerStatus,
)
from minidask_distributed.protocol.failures import unpack_failure
from minidask_distributed.protocol.keys import encode_keys
from minidask_distributed.protocol.payload import pack
from minidask_distributed.worker.transfer import Fetched
from tests.distributed.worker.shells import PATIENCE_S, Dep, RecordingComm, shell


class RecordingFetcher:
    """Answers when the test says so."""

    def __init__(self):
        self.asked, self.forgotten = [], []

    def fetch(self, address, tasks, *, nbytes, tag):
        self.asked.append((address, tasks, nbytes, tag))

    def forget(self, address):
        self.forgotten.append(address)


@pytest.fixture
def worker(tmp_path):
    with shell(tmp_path) as made:
        made.engine.fetcher = made.fetcher = RecordingFetcher()
        yield made


class Unreadable:
    def __reduce__(self):
        return divmod, (1, 0)


class TestFetch:
    def fetch(self, worker):
        (task,) = worker.submit((abs, Dep(99)), holders={99: [1]}, sizes={99: 10}, peers={1: "tcp://peer:1"})
        assert worker.fetcher.asked == [("tcp://peer:1", [99], 10, 1)]
        return task

    def test_it_comes(self, worker):
        task = self.fetch(worker)
        worker.engine.fetched(Fetched("tcp://peer:1", 1, values={99: -5}, sizes={99: 28}))
        worker.comm.until_finished(task)
        assert worker.data[task] == 5
        assert worker.comm.first(Held) == Held([99], [28])

    def test_the_peer_does_not_have_it(self, worker):
        self.fetch(worker)
        worker.engine.fetched(Fetched("tcp://peer:1", 1, missing=[99]))
        assert worker.comm.first(Missing) == Missing([99], [[1]])

    def test_the_peer_cannot_be_reached(self, worker):
        self.fetch(worker)
        worker.engine.fetched(Fetched("tcp://peer:1", 1, unanswered=[99], error=OSError("gone")))
        assert worker.comm.first(Missing) == Missing([99], [[1]])

    def test_it_cannot_be_read(self, worker):
        task = self.fetch(worker)
        worker.engine.fetched(Fetched("tcp://peer:1", 1, failures={99: ZeroDivisionError("no")}))
        error = unpack_failure(worker.comm.until_failed(task))
        assert type(error) is ZeroDivisionError
        assert error.__notes__ == [
            "Raised when a result that came from tcp://peer:1 was read on the worker that needed it."
        ]

    def test_an_error_that_takes_no_notes(self, worker):
        class Stubborn(Exception):
            def add_note(self, note):
                raise TypeError("no notes")

        task = self.fetch(worker)
        worker.engine.fetched(Fetched("tcp://peer:1", 1, failures={99: Stubborn("no")}))
        assert worker.comm.until_failed(task)["text"] == "no"

    def test_nobody_wants_it_any_more(self, worker):
        task = self.fetch(worker)
        worker.handle(Free([task]))
        worker.engine.fetched(Fetched("tcp://peer:1", 1, values={99: -5}, sizes={99: 28}))
        assert 99 not in worker.data

    def test_the_peer_is_gone(self, worker):
        self.fetch(worker)
        worker.handle(WorkerGone([1]))
        assert worker.fetcher.forgotten == ["tcp://peer:1"]


class TestStore:
    def test_it_is_held(self, worker):
        worker.handle(Store([5, 6], encode_keys(["five", "six"]), [pack(b"five"), pack([6])]))
        assert worker.comm.first(Held).tasks == [5, 6]
        assert (worker.data[5], worker.data[6]) == (b"five", [6])

    def test_it_cannot_be_read(self, worker, caplog):
        (task,) = worker.submit((abs, Dep(5)))
        worker.handle(Store([5], encode_keys(["five"]), [pack(Unreadable())]))
        assert worker.comm.until_failed(task)["type"] == "ZeroDivisionError"
        # So it is with the data themselves; 0 is no attempt at running anything.
        erred = worker.comm.first(Erred)
        assert (erred.tasks, erred.attempts) == ([task, 5], [1, 0])
        assert "data that the scheduler sent can't be read: ZeroDivisionError" in caplog.text

    def test_a_client_puts_it(self, worker):
        worker.engine.put([5], ["five"], [b"five"], [4])
        # Reported when `put` returns.
        assert worker.comm.of(Held) == [Held([5], [4])]
        worker.engine.put([5], ["five"], [b"other"], [4])
        assert worker.data[5] == b"five"


class TestDrops:
    def test_values_go_when_freed(self, worker):
        (task,) = worker.submit((bytes, 10_000))
        worker.comm.until_finished(task)
        worker.handle(Free([task]))
        assert list(worker.data) == []

    def test_a_finalizer_may_speak_to_people(self, worker):
        class Loud:
            def __del__(self):
                worker.engine.notify("print", "bye")

        worker.engine.put([5], ["five"], [Loud()], [4])
        worker.handle(Free([5]))
        assert worker.comm.first(Notice).content == "bye"

    def test_a_damaged_file(self, worker, tmp_path):
        worker.engine.put([5], ["five"], [bytes(100_000)], [100_000])
        worker.data.spill(1_000_000)
        assert worker.data.settle()
        (path,) = [path for path in (tmp_path / "spill").rglob("*") if path.is_file()]
        path.write_bytes(b"damage" + path.read_bytes()[6:])
        (task,) = worker.submit((len, Dep(5)))
        assert worker.comm.first(Lost).tasks == [5]
        assert worker.comm.first(Missing).tasks == [5]
        worker.handle(Holders({5: [1]}, {}, {1: "tcp://peer:1"}))
        worker.engine.fetched(Fetched("tcp://peer:1", 1, values={5: b"123"}, sizes={5: 3}))
        worker.comm.until_finished(task)
        assert worker.data[task] == 3


class TestPeople:
    def test_notices_keep_their_place_among_reports(self, worker):
        def speak():
            worker.engine.notify("print", "hello")

        worker.engine.lock.acquire()
        try:
            speak()
            worker.engine.machine.put([5], ["five"], [4])
            worker.engine.flush()
        finally:
            worker.engine.lock.release()
        kinds = [type(message) for message in worker.comm.messages]
        assert kinds == [Held, Notice]

    def test_status(self, worker):
        worker.engine.set_status("paused")
        worker.engine.set_status("running")
        assert worker.comm.of(WorkerStatus) == [WorkerStatus("paused"), WorkerStatus("running")]

    def test_counts(self, tmp_path):
        gate, began = threading.Event(), threading.Event()

        def wait():
            began.set()
            gate.wait(PATIENCE_S)

        with shell(tmp_path, serialize=False) as worker:
            worker.engine.put([5], ["five"], [b""], [4])
            worker.submit((wait,), (abs, -1))
            began.wait(PATIENCE_S)
            counts = worker.engine.counts()
            gate.set()
        assert counts == {
            "executing": 1,
            "ready": 1,
            "running": 1,
            "in_memory": 1,
            "in_flight": 0,
            "tasks": 3,
            "finished": 0,
        }


class TestConnections:
    def test_a_closed_comm_is_no_news(self, worker):
        class Closed(RecordingComm):
            def send(self, messages):
                raise CommClosedError("closed")

        worker.engine.connected(Closed())
        worker.submit((abs, -1))
        worker.engine.connected(worker.comm)
        assert worker.result(abs, -2) == 2

    def test_nothing_is_said_without_a_scheduler(self, worker):
        worker.engine.disconnected()
        worker.engine.put([5], ["five"], [b""], [4])
        worker.engine.notify("print", "hello")
        assert worker.comm.messages == []

    def test_back_with_other_ids(self, worker):
        worker.engine.put([5, 6, 7], ["five", "six", "seven"], [b"5", b"6", b"7"], [1, 1, 1])
        worker.engine.disconnected()
        offered = worker.engine.held()
        worker.engine.registered(offered, [105, 0, 6])
        assert sorted(worker.data) == [6, 105]
        assert (worker.data[105], worker.data[6]) == (b"5", b"7")

    def test_back_with_what_cannot_be_read_back(self, worker, tmp_path, caplog):
        worker.engine.put([5], ["five"], [bytes(100_000)], [100_000])
        worker.data.spill(1_000_000)
        assert worker.data.settle()
        for path in (tmp_path / "spill").rglob("*"):
            if path.is_file():
                path.write_bytes(b"damage")
        worker.engine.disconnected()
        worker.engine.registered(worker.engine.held(), [105])
        worker.engine.connected(worker.comm)
        assert worker.comm.first(Lost).tasks == [105]
        assert "can't be read back" in caplog.text

    def test_other_messages_are_refused(self, worker):
        with pytest.raises(TypeError, match="RegisterNanny is no message for a worker's tasks"):
            worker.handle(RegisterNanny("", "", {}))
        worker.handle(Recall([]))

    def test_a_loop_that_is_closed(self, worker):
        worker.loop_thread.stop()
        worker.engine.notify("print", "nobody hears this")
        (task,) = worker.submit((abs, -1), expected={0: 1})
        worker.comm.until_finished(task)
        assert worker.comm.first(Finished).tasks == [task]


def test_everything_is_in_line_with_the_machine(worker):
    worker.handle(Acquire([5], encode_keys(["five"]), {5: [1]}, {5: 10}, {1: "tcp://peer:1"}))
    worker.engine.fetched(Fetched("tcp://peer:1", 1, values={5: b"5"}, sizes={5: 1}))
    assert list(worker.data) == [5]
    assert not worker.comm.of(Erred)
