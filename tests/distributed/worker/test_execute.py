"""Threads: what is reported when, slots that are left, stopped and rejoined."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

import pytest

from minidask_distributed.messages import Finished, Free, LongRunning, Recall, Recalled, Stop
from minidask_distributed.worker.calls import TaskStopped
from minidask_distributed.worker.context import rejoin, running_task, secede
from minidask_distributed.worker.execute import Numbers
from tests.distributed.worker.shells import PATIENCE_S, Dep, shell


@pytest.fixture
def worker(tmp_path):
    """A worker with one thread, to which functions pass as they are."""
    with shell(tmp_path, serialize=False) as made:
        yield made


class Gate:
    """A task's function that begins, waits, and ends when told."""

    def __init__(self):
        self.began, self.go = threading.Event(), threading.Event()
        self.stopped = threading.Event()

    def __call__(self, *args):
        self.began.set()
        assert self.go.wait(PATIENCE_S)
        return args

    def spin(self):
        """Run Python code until stopped."""
        self.began.set()
        try:
            end = time.monotonic() + PATIENCE_S
            while time.monotonic() < end:
                pass
        except TaskStopped:
            self.stopped.set()
            raise

    def until_begun(self):
        assert self.began.wait(PATIENCE_S)


class Told(deque):
    """A deque that tells when something is appended."""

    def __init__(self):
        super().__init__()
        self.event = threading.Event()

    def append(self, item):
        super().append(item)
        self.event.set()

    def until_told(self):
        assert self.event.wait(PATIENCE_S)


TRACED_AFTER_STOPPING = """
import sys, threading
from pathlib import Path
from minidask_distributed.messages import Stop
from minidask_distributed.worker.calls import TaskStopped
from tests.distributed.worker.shells import shell

class Stubborn:
    def __init__(self, swallow):
        self.began, self.stopped, self.swallow = threading.Event(), threading.Event(), swallow
    def __call__(self):
        self.began.set()
        try:
            while True:
                pass
        except TaskStopped:
            self.stopped.set()
            if not self.swallow:
                raise

def traced():
    return 1

def trace(frame, event, argument):
    print(event)
    return trace

with shell(Path(sys.argv[1]), serialize=False) as worker:
    for swallow in (False, True):
        stubborn = Stubborn(swallow)
        (task,) = worker.submit((stubborn,))
        stubborn.began.wait()
        (slot,) = worker.pool.slots
        worker.handle(Stop([task], "cancelled"))
        slot.thread.join()
        sys.settrace(trace)
        traced()
        sys.settrace(None)
"""


class TestReports:
    def test_a_batch_of_short_tasks_is_reported_in_few_messages(self, worker):
        message = worker.compute(*[(abs, n) for n in range(1000)], expected={0: 1})
        worker.engine.machine.validate = False
        worker.handle(message)
        worker.comm.until_finished(*message.tasks)
        assert worker.comm.finished == message.tasks
        # About one a millisecond, however slow the machine is at the moment.
        messages = worker.comm.of(Finished)
        assert len(messages) <= 3 + sum(len(m.durations) for m in messages) // 5

    def test_a_short_task_before_one_that_was_never_measured(self, worker):
        gate = Gate()
        short, long = worker.submit((abs, -1), (gate,), expected={0: 1, 1: -1})
        gate.until_begun()
        # It is told before the long one ends, by its own thread.
        worker.comm.until_finished(short)
        assert long not in worker.comm.finished
        gate.go.set()
        worker.comm.until_finished(long)

    def test_a_short_task_before_one_that_is_expected_to_be_long(self, worker):
        gate = Gate()
        short, _ = worker.submit((abs, -1), (gate,), expected={0: 1, 1: 5000})
        gate.until_begun()
        worker.comm.until_finished(short)
        gate.go.set()

    def test_a_short_task_before_one_that_takes_longer_than_expected(self, worker):
        gate = Gate()
        short, _ = worker.submit((abs, -1), (gate,), expected={0: 1, 1: 1})
        # Nobody but the loop's timer can tell.
        worker.comm.until_finished(short)
        assert worker.comm.finished == [short]
        gate.go.set()

    def test_several_reports_behind_one_another_are_all_looked_after(self, worker):
        for _ in range(3):
            gate = Gate()
            short, long = worker.submit((abs, -1), (gate,), expected={0: 1, 1: 1})
            worker.comm.until_finished(short)
            gate.go.set()
            worker.comm.until_finished(long)

    def test_a_chain_in_one_batch(self, worker):
        first = worker.next
        calls = [(int, 0), *[(lambda x: x + 1, Dep(first + n)) for n in range(50)]]
        tasks = worker.submit(*calls)
        worker.comm.until_finished(*tasks)
        assert worker.data[tasks[-1]] == 50
        assert worker.comm.finished == tasks

    def test_blame(self, worker):
        gate = Gate()
        _, long = worker.submit((abs, -1), (gate,))
        gate.until_begun()
        assert worker.numbers.cells[0] == long
        gate.go.set()
        worker.comm.until_finished(long)
        (last,) = worker.submit((lambda: worker.numbers.cells[0],))
        worker.comm.until_finished(last)
        assert worker.data[last] == last


def test_two_threads_share_the_work(tmp_path):
    with shell(tmp_path, nthreads=2, serialize=False) as worker:
        barrier = threading.Barrier(2)
        tasks = worker.submit((barrier.wait,), (barrier.wait,), expected={0: 1})
        worker.comm.until_finished(*tasks)
        threads = {thread for m in worker.comm.of(Finished) for thread in m.threads}
        assert threads == {0, 1}


def test_a_task_that_another_pool_made_ready(tmp_path):
    with shell(tmp_path, serialize=False, executors={"own": 1}) as worker:
        first = worker.next
        options = [{"annotations": {"executor": "own"}}, {}, {"annotations": {"executor": "own"}}]
        tasks = worker.submit((int, 1), (abs, Dep(first)), (abs, Dep(first + 1)), options=options)
        worker.comm.until_finished(*tasks)


def test_many_tasks_on_many_threads(tmp_path):
    with shell(tmp_path, nthreads=4, serialize=False) as worker:
        worker.engine.machine.validate = False
        sent = []
        for _ in range(20):
            message = worker.compute(*[(abs, n) for n in range(50)], expected={0: 1})
            worker.handle(message, Free(message.tasks[:10]))
            sent += message.tasks[10:]
        worker.comm.until_finished(*sent)
        with worker.engine.lock:
            worker.engine.check()
            assert not worker.engine.machine.unwanted or worker.engine.machine.running
        worker.engine.machine.validate = True


def test_a_paused_worker_begins_nothing(worker):
    gate = Gate()
    worker.submit((gate,))
    gate.until_begun()
    worker.engine.set_status("paused")
    (task,) = worker.submit((abs, -1))
    gate.go.set()
    worker.handle(Recall([task + 1]))
    assert worker.comm.first(Recalled).kept == [task + 1]
    assert task not in worker.comm.finished
    worker.engine.set_status("running")
    worker.comm.until_finished(task)


class TestSecede:
    def test_another_task_runs_meanwhile(self, worker):
        seceded = Gate()

        def outer():
            secede()
            secede()
            return seceded()

        (long,) = worker.submit((outer,))
        seceded.until_begun()
        assert worker.comm.first(LongRunning).tasks == [long]
        assert worker.result(abs, -1) == 1
        seceded.go.set()
        worker.comm.until_finished(long)
        assert worker.result(abs, -2) == 2

    def test_a_task_knows_whether_it_left(self, worker):
        def outer():
            task = running_task()
            before = task.seceded
            secede()
            left = task.seceded
            rejoin()
            return before, left, task.seceded

        assert worker.result(outer) == (False, True, False)

    def test_rejoin_waits_for_a_slot(self, worker):
        seceded, other, back = Gate(), Gate(), Gate()
        worker.pool.rejoining = Told()

        def outer():
            secede()
            seceded()
            rejoin()
            rejoin()
            return back()

        (long,) = worker.submit((outer,))
        seceded.until_begun()
        (second,) = worker.submit((other,))
        other.until_begun()
        seceded.go.set()
        worker.pool.rejoining.until_told()
        assert not back.began.is_set()
        other.go.set()
        back.until_begun()
        # Its slot is taken again: nothing else runs.
        (third,) = worker.submit((abs, -1))
        assert len([slot for slot in worker.pool.slots if not slot.seceded]) == 1
        back.go.set()
        worker.comm.until_finished(long, second, third)

    def test_rejoin_takes_an_idle_slot_at_once(self, worker):
        def outer():
            secede()
            rejoin()
            return "back"

        assert worker.result(outer) == "back"
        assert worker.result(abs, -1) == 1

    def test_nested_without_a_deadlock(self, worker):
        def outer():
            secede()
            tasks = worker.submit((abs, -3))
            worker.comm.until_finished(*tasks)
            rejoin()
            return worker.data[tasks[0]]

        assert worker.result(outer) == 3


class TestStop:
    def test_python_code(self, worker):
        gate = Gate()
        (task,) = worker.submit((gate.spin,))
        gate.until_begun()
        worker.handle(Stop([task], "cancelled"))
        assert gate.stopped.wait(PATIENCE_S)
        assert worker.result(abs, -1) == 1
        assert task not in worker.comm.finished
        assert worker.comm.failures == {}

    def test_the_slot_is_free_at_once_though_the_code_does_not_listen(self, worker):
        gate = Gate()
        (task,) = worker.submit((gate,))
        gate.until_begun()
        worker.handle(Stop([task], "cancelled"))
        assert worker.result(abs, -1) == 1
        gate.go.set()

    def test_code_that_catches_everything(self, worker):
        gate = Gate()

        def stubborn():
            try:
                gate.spin()
            except BaseException:
                return "survived"

        (task,) = worker.submit((stubborn,))
        gate.until_begun()
        worker.handle(Stop([task], "cancelled"))
        assert worker.result(abs, -1) == 1
        assert task not in worker.comm.finished

    def test_a_coroutine(self, worker):
        began, cancelled = threading.Event(), threading.Event()

        async def forever():
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        (task,) = worker.submit((forever,))
        assert began.wait(PATIENCE_S)
        worker.handle(Stop([task], "cancelled"))
        assert cancelled.wait(PATIENCE_S)
        assert worker.result(abs, -1) == 1

    def test_a_seceded_task(self, worker):
        gate = Gate()

        def outer():
            secede()
            gate.spin()

        (task,) = worker.submit((outer,))
        gate.until_begun()
        worker.comm.first(LongRunning)
        worker.handle(Stop([task], "cancelled"))
        assert gate.stopped.wait(PATIENCE_S)
        assert worker.result(abs, -1) == 1

    def test_one_that_waits_to_rejoin(self, worker):
        seceded, other = Gate(), Gate()
        worker.pool.rejoining = Told()
        stopped = threading.Event()

        def outer():
            secede()
            seceded()
            try:
                rejoin()
                while True:
                    pass
            except TaskStopped:
                stopped.set()
                raise

        (task,) = worker.submit((outer,))
        seceded.until_begun()
        worker.submit((other,))
        other.until_begun()
        seceded.go.set()
        worker.pool.rejoining.until_told()
        worker.handle(Stop([task], "cancelled"))
        assert stopped.wait(PATIENCE_S)
        other.go.set()

    @pytest.mark.slow
    def test_leaves_the_interpreter_as_it_was(self, tmp_path):
        # An exception that is withdrawn or never taken makes CPython 3.11 hang in whatever traces: in a process of its own.
        run = subprocess.run(
            [sys.executable, "-c", TRACED_AFTER_STOPPING, str(tmp_path)],
            cwd=Path(__file__).parents[3],
            timeout=2 * PATIENCE_S,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.split() == ["call", "line", "return"] * 2

    def test_while_its_arguments_are_read(self, tmp_path):
        with shell(tmp_path) as worker:
            (task,) = worker.submit((abs, Slow()))
            assert Slow.began.wait(PATIENCE_S)
            worker.handle(Stop([task], "cancelled"))
            Slow.go.set()
            assert worker.result(abs, -1) == 1
            assert task not in worker.comm.finished

    @pytest.mark.slow
    def test_at_any_moment_only_the_task_is_hit(self, tmp_path):
        with shell(tmp_path, nthreads=2, serialize=False) as worker:
            worker.engine.machine.validate = False

            def spin(turns):
                for _ in range(turns):
                    pass
                return turns

            kept = []
            for turn in range(300):
                tasks = worker.submit(*[(spin, 10 * (turn % 40))] * 6, expected={0: 1})
                worker.handle(Stop(tasks[::2], "cancelled"))
                kept += tasks[1::2]
            worker.comm.until_finished(*kept)
            worker.result(abs, -1)
            assert worker.comm.failures == {}


class Slow:
    began, go = threading.Event(), threading.Event()

    def __reduce__(self):
        return read_slowly, ()


def read_slowly():
    Slow.began.set()
    assert Slow.go.wait(PATIENCE_S)
    return -1


class TestEnd:
    def test_what_runs_is_stopped(self, tmp_path):
        gate = Gate()
        with shell(tmp_path, serialize=False) as worker:
            worker.submit((gate.spin,))
            gate.until_begun()
        assert gate.stopped.is_set()

    def test_what_does_not_listen_is_left(self, tmp_path):
        gate = Gate()
        with shell(tmp_path, serialize=False) as worker:
            worker.submit((gate,))
            gate.until_begun()
            assert worker.pool.close(timeout_s=0.05) == 1
            gate.go.set()

    def test_seceded_ones_too(self, tmp_path):
        gate = Gate()

        def outer():
            secede()
            gate.spin()

        with shell(tmp_path, serialize=False) as worker:
            worker.submit((outer,))
            gate.until_begun()
            worker.comm.first(LongRunning)

    def test_a_defect_is_told(self, tmp_path):
        with shell(tmp_path, serialize=False) as worker:
            worker.errors = errors = Told()
            worker.pool._on_broken = errors.append
            worker.pool._hand_in = None
            worker.submit((abs, "x"))
            errors.until_told()
            assert type(errors.pop()) is TypeError
            worker.errors = []


def test_no_more_threads(tmp_path, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    with shell(tmp_path, serialize=False) as worker:
        gate = Gate()

        def outer():
            with monkeypatch.context() as patch:
                patch.setattr(threading.Thread, "start", refuse)
                secede()
            gate()

        (task,) = worker.submit((outer,))
        gate.until_begun()
        (error,) = worker.errors
        assert str(error) == "can't start new thread"
        worker.errors.clear()
        gate.go.set()
        worker.comm.until_finished(task)


def test_numbers():
    numbers = Numbers()
    assert [numbers.take() for _ in range(3)] == [0, 1, 2]
    numbers.give_back(2)
    numbers.give_back(0)
    assert [numbers.take() for _ in range(3)] == [0, 2, 3]


def test_no_threads(tmp_path):
    with pytest.raises(ValueError, match="the executor 'default' needs at least one thread, got 0"):
        with shell(tmp_path, nthreads=0):
            pass
