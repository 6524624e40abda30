"""The parent's side of child processes: starting, talking, dying, stopping."""

import multiprocessing
import os
import signal
import sys
import types

import psutil
import pytest

from minidask.graph.task import Task
from minidask.schedulers import children as module
from minidask.schedulers.children import Children
from minidask.schedulers.failure import BrokenWorkerError
from minidask.schedulers.remote import Parcel
from minidask.schedulers.state import State

STATE = State({"x": Task(int), "y": Task(abs, (-1,))}, ["x", "y"])


def make(limit=2, method="fork", initializer=None):
    return Children(limit, method, dict(os.environ), initializer, STATE)


def send(children, batch, *tasks):
    children.send(batch, Parcel([STATE.keys[at] for at in batch], list(tasks)))


def ready(children):
    while children.room()[1]:
        assert children.receive() is None
    return children


def test_children_start_when_they_are_expected_and_stop_at_the_end():
    with make() as children:
        assert children.room() == (0, 0)
        children.expect(1)
        assert children.room() == (0, 1)
        children.expect(1)
        assert children.room() == (0, 1)
        children.expect(5)
        assert children.room() == (0, 2)
        ready(children)
        assert children.room() == (2, 0)
        send(children, [0], Task(int))
        assert children.room() == (1, 0)
        batch, answer = children.receive()
        assert (batch, answer.take(0)) == ([0], 0)
        assert children.room() == (2, 0)
        pids = [child.process.pid for child in children.children]
        assert all(map(psutil.pid_exists, pids))
    assert not any(map(psutil.pid_exists, pids))


def test_a_batch_comes_back_together():
    with make(1) as children:
        children.expect(1)
        ready(children)
        send(children, [0, 1], Task(int), Task(os.getpid))
        batch, answer = children.receive()
        assert batch == [0, 1]
        assert answer.take(1) == children.children[0].process.pid
        assert answer.worker.startswith(f"{children.children[0].process.pid}-")


def test_messages_larger_than_a_pipe():
    data = bytes(range(256)) * 40_000
    with make(1) as children:
        children.expect(1)
        ready(children)
        send(children, [0], Task(bytes.__add__, (data, b"end")))
        assert children.receive()[1].take(0) == data + b"end"


def test_a_death_while_working_names_the_task():
    with (
        pytest.raises(BrokenWorkerError, match=r"exited with status 7 while it ran the task 'y' \(abs\)"),
        make() as children,
    ):
        children.expect(2)
        ready(children)
        send(children, [1], Task(os._exit, (7,)))
        children.receive()
    assert multiprocessing.active_children() == []


def test_a_death_while_waiting():
    with make(1) as children:
        children.expect(1)
        ready(children)
        os.kill(children.children[0].process.pid, signal.SIGKILL)
        with pytest.raises(BrokenWorkerError, match=r"was killed by SIGKILL .* while it waited for tasks"):
            children.receive()


def test_a_death_that_is_noticed_when_sending():
    with make(1) as children:
        children.expect(1)
        ready(children)
        process = children.children[0].process
        process.kill()
        process.join()
        with pytest.raises(BrokenWorkerError, match=r"was killed by SIGKILL .* while it ran the task 'x'"):
            send(children, [0], Task(int))


def test_a_death_while_starting():
    with make(1, initializer=lambda: os._exit(5)) as children:
        children.expect(1)
        with pytest.raises(
            BrokenWorkerError, match=r"a child process could not start: it exited with status 5"
        ) as caught:
            children.receive()
    assert "`if __name__ == '__main__':`" in str(caught.value)


def test_unknown_signals_have_numbers():
    assert module._how_it_ended(-64 + 20) == "was killed by signal 44"
    assert module._how_it_ended(None) == "closed its connection"


def test_an_error_kills_without_waiting():
    with pytest.raises(KeyError), make(1) as children:
        children.expect(1)
        ready(children)
        pid = children.children[0].process.pid
        send(children, [0], Task(signal.pause))
        raise KeyError
    assert not psutil.pid_exists(pid)


def test_a_script_that_is_no_file_is_refused(monkeypatch):
    main = types.ModuleType("__main__")
    main.__file__ = "<stdin>"
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(RuntimeError, match=r"the running script, <stdin>, is no file"):
        make(method="spawn")
    with make():
        """Forked children import nothing."""
    main.__file__ = __file__
    with make(method="spawn"):
        """A file is fine."""


def test_interrupts_are_let_in_again():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with make() as children:
        children.expect(2)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
        ready(children)
