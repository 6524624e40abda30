"""The child's side, driven over a real pipe by hand."""

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys

import cloudpickle
import psutil
import pytest

from minidask.graph.task import Task
from minidask.schedulers.serve import READY, SMALL_BYTES, STOP, serve

FORK = multiprocessing.get_context("fork")


class Child:
    def __init__(self, environment=None, initializer=None, context=FORK):
        self.connection, theirs = context.Pipe()
        packed = cloudpickle.dumps(initializer) if initializer else None
        environment = dict(os.environ) if environment is None else environment
        self.process = context.Process(target=serve, args=(theirs, environment, packed))
        self.process.start()
        theirs.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.connection.close()
        self.process.kill()
        self.process.join()
        self.process.close()

    def ask(self, *tasks):
        data = cloudpickle.dumps(list(tasks))
        if len(data) < SMALL_BYTES:
            self.connection.send_bytes(b"%d " % len(tasks) + data)
        else:
            self.connection.send_bytes(b"%d " % len(tasks))
            self.connection.send_bytes(data)
        worker, small = pickle.loads(self.connection.recv_bytes())
        return worker, [pickle.loads(value or self.connection.recv_bytes()) for value in small]


def test_large_values_are_messages_of_their_own():
    large = bytes(SMALL_BYTES)
    with Child() as child:
        assert child.connection.recv_bytes() == READY
        assert child.ask(Task(len, (large,)), Task(bytes, (large,)), Task(abs, (-1,)))[1] == [len(large), large, 1]
        assert child.ask(Task(abs, (-2,)))[1] == [2]


def test_a_batch_is_answered_together():
    with Child() as child:
        assert child.connection.recv_bytes() == READY
        worker, values = child.ask(Task(abs, (-3,)), Task(os.getpid))
        assert values == [3, child.process.pid]
        assert worker.startswith(f"{child.process.pid}-")
        child.connection.send_bytes(STOP)
        child.process.join(20)
        assert child.process.exitcode == 0


@pytest.mark.slow
def test_the_end_of_the_pipe_means_stop():
    # A forked child would hold a copy of the parent's end itself.
    with Child(context=multiprocessing.get_context("spawn")) as child:
        assert child.connection.recv_bytes() == READY
        child.connection.close()
        child.process.join(20)
        assert child.process.exitcode == 0


def test_an_interrupt_is_left_to_the_parent():
    with Child() as child:
        assert child.connection.recv_bytes() == READY
        os.kill(child.process.pid, signal.SIGINT)
        assert child.ask(Task(abs, (-3,)))[1] == [3]


def test_programs_of_tasks_die_of_interrupts_as_ever():
    program = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    with Child() as child:
        assert child.connection.recv_bytes() == READY
        task = Task(subprocess.run, ([sys.executable, "-c", program],), {"capture_output": True, "text": True})
        assert child.ask(task)[1][0].stdout == "True\n"


def test_the_environment_and_the_initializer():
    def prepare():
        os.environ["PREPARED"] = os.environ["GIVEN"]

    environment = {**os.environ, "GIVEN": "yes"}
    del environment["HOME"]
    with Child(environment, prepare) as child:
        assert child.connection.recv_bytes() == READY
        tasks = [Task(lambda name: os.environ.get(name), (name,)) for name in ("PREPARED", "HOME", "OMP_NUM_THREADS")]
        values = child.ask(*tasks)[1]
        assert values[:2] == ["yes", None]
        assert values[2] == os.environ.get("OMP_NUM_THREADS", "1")


def test_settings_are_taken_over():
    from minidask import config

    with config.set(num_workers=17):
        environment = config.child_environment()
    with Child(environment) as child:
        assert child.connection.recv_bytes() == READY
        assert child.ask(Task(config.get, ("num_workers",)))[1] == [17]
    assert config.get("num_workers") != 17


def test_a_failing_initializer_is_reported():
    with Child(initializer=lambda: 1 / 0) as child:
        failure = pickle.loads(child.connection.recv_bytes())
        assert isinstance(failure.error(), ZeroDivisionError)
        child.process.join(20)


@pytest.mark.slow
def test_a_child_ends_with_its_parent():
    program = (
        "import multiprocessing, os, time\n"
        "from minidask.schedulers.serve import serve\n"
        "fork = multiprocessing.get_context('fork')\n"
        "ours, theirs = fork.Pipe()\n"
        "child = fork.Process(target=serve, args=(theirs, dict(os.environ), None))\n"
        "child.start()\n"
        "ours.recv_bytes()\n"
        "print(child.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)
    if psutil.pid_exists(pid):
        process = psutil.Process(pid)
        _, alive = psutil.wait_procs([process], timeout=20)
        assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
