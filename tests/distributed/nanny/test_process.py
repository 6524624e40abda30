"""A worker's process as its nanny sees it: output, reports, end, and nothing left behind. Real processes."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque

import cloudpickle
import psutil
import pytest

from minidask_distributed.nanny.process import ChildProcess
from minidask_distributed.protocol.pickling import dumps

cloudpickle.register_pickle_by_value(sys.modules[__name__])

pytestmark = pytest.mark.slow


class Play:
    """Stands for a worker: does what a test wants in the child, without a scheduler."""

    local_directory = "/nowhere"
    address = "tcp://127.0.0.1:1"
    name = "play"
    failed = False

    def __init__(self, scheduler_address, act, plugins):
        self.act = act
        self.plugins = plugins
        self.ended = asyncio.Event()

    def connect_over(self, sock):
        self.over = sock

    async def start(self):
        for plugin in self.plugins:
            plugin.setup(self)
        self.act(self)

    async def close(self, reason="", timeout_s=0.0):
        self.reason = reason
        self.ended.set()

    async def close_gracefully(self, reason=""):
        print("gracefully", flush=True)
        await self.close(reason)

    async def finished(self):
        await self.ended.wait()
        return self.reason


def specification(act, worker_class=Play):
    return dumps(
        {
            "scheduler_address": "tcp://127.0.0.1:9",
            "worker_class": worker_class,
            "options": {"act": act},
            "log_level": "INFO",
            "log_format": "%(levelname)s %(message)s",
        }
    )


def is_running(pid):
    """Whether it runs; what nobody has reaped yet doesn't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Watched:
    """A child process with everything that it reported."""

    def __init__(self, **environ):
        self.log, self.reports = deque(), []
        self.exited = asyncio.get_running_loop().create_future()
        self.reported = asyncio.Condition()
        self.process = ChildProcess(
            "test", {**os.environ, **environ}, self.on_report, self.exited.set_result, self.log.append
        )

    def on_report(self, report):
        self.reports.append(report)
        self.woken = asyncio.ensure_future(self.wake())

    async def wake(self):
        async with self.reported:
            self.reported.notify_all()

    async def report(self, event):
        async with self.reported:
            await self.reported.wait_for(lambda: any(report["event"] == event for report in self.reports))
        return next(report for report in self.reports if report["event"] == event)


@contextlib.asynccontextmanager
async def child(act=None, worker_class=Play, **environ):
    before = set(threading.enumerate())
    watched = Watched(**environ)
    try:
        if act is not None:
            watched.process.give(specification(act, worker_class))
        async with asyncio.timeout(20):
            yield watched
    finally:
        watched.process.kill()
        await watched.exited
    assert not psutil.pid_exists(watched.process.pid)
    assert not [thread for thread in set(threading.enumerate()) - before if "nanny" in thread.name]


def test_it_runs_reports_and_leaves():
    async def main():
        async with child(lambda worker: None) as watched:
            assert (await watched.report("running"))["name"] == Play.name
            assert watched.reports[0] == {"event": "able", "address": Play.address, "directory": Play.local_directory}
            assert psutil.Process(watched.process.pid).is_running()
            watched.process.hang_up()
            assert await watched.exited == 0
            assert watched.reports[-1] == {"event": "left", "reason": "its nanny closed it", "ok": True}

    asyncio.run(main())


def test_hanging_up_before_it_knows_what_to_do():
    async def main():
        async with child() as watched:
            watched.process.hang_up()
            assert await watched.exited == 0
            assert watched.reports == []

    asyncio.run(main())


def test_killing_it_twice_and_late_does_no_harm():
    async def main():
        async with child() as watched:
            watched.process.kill()
            watched.process.kill()
            assert await watched.exited == -signal.SIGKILL
            watched.process.kill()
            watched.process.terminate()
            watched.process.hang_up()

    asyncio.run(main())


def test_sigterm_closes_gracefully():
    async def main():
        async with child(lambda worker: None) as watched:
            await watched.report("running")
            watched.process.terminate()
            assert await watched.exited == 0
            assert "gracefully" in watched.log
            assert watched.reports[-1]["reason"] == "it was asked to end (SIGTERM)"

    asyncio.run(main())


def test_sigint_is_the_nannys():
    async def main():
        async with child(lambda worker: None) as watched:
            await watched.report("running")
            os.kill(watched.process.pid, signal.SIGINT)
            watched.process.hang_up()
            assert await watched.exited == 0

    asyncio.run(main())


def test_a_start_that_fails_says_why():
    def act(worker):
        raise ValueError("no such directory")

    async def main():
        async with child(act) as watched:
            assert await watched.exited == 1
            report = watched.reports[-1]
            assert (report["event"], report["type"], report["text"]) == ("failed", "ValueError", "no such directory")
            assert "in act" in report["traceback"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("worker_class", "message"),
    [
        ("minidask_distributed.nanny.child.Nothing", "minidask_distributed.nanny.child has no class 'Nothing'"),
        ("no_such_module.Worker", "No module named 'no_such_module'"),
        ("Worker", "named with its module"),
    ],
)
def test_a_class_that_is_not_there(worker_class, message):
    async def main():
        async with child(lambda worker: None, worker_class) as watched:
            assert await watched.exited == 1
            assert message in watched.reports[0]["text"]

    asyncio.run(main())


def test_a_specification_that_cannot_be_read():
    async def main():
        async with child() as watched:
            watched.process.give(b"no pickle")
            assert await watched.exited == 1
            assert watched.reports[0]["type"] == "UnpicklingError"

    asyncio.run(main())


def test_output_is_passed_on_and_its_lines_are_kept(capfd):
    def act(worker):
        print("to standard output")
        print("to standard error", file=sys.stderr)
        os.write(1, b"past Python\nno end of line")

    async def main():
        async with child(act) as watched:
            await watched.report("running")
            watched.process.hang_up()
            await watched.exited
            assert set(watched.log) >= {"to standard output", "to standard error", "past Python", "no end of line"}

    asyncio.run(main())
    out, err = capfd.readouterr()
    assert "to standard output\n" in out
    assert "past Python\nno end of line" in out
    assert "to standard error\n" in err


def test_megabytes_of_output_pass(capfd):
    lines = 60_000

    def act(worker):
        for number in range(lines):
            print(f"line {number} " + "x" * 40)
        os.write(1, b"y" * 200_000)

    async def main():
        async with child(act) as watched:
            await watched.report("running")
            watched.process.hang_up()
            assert await watched.exited == 0
            assert max(map(len, watched.log)) <= 1000

    asyncio.run(main())
    out = capfd.readouterr().out
    assert out.count("\n") == lines
    assert out.endswith("y" * 200_000)


def test_a_crash_leaves_its_traceback_in_the_log(capfd):
    def act(worker):
        import ctypes

        ctypes.string_at(0)

    async def main():
        async with child(act) as watched:
            assert await watched.exited == -signal.SIGSEGV
            assert "Fatal Python error: Segmentation fault" in watched.log
            assert any("in act" in line for line in watched.log)

    asyncio.run(main())
    assert "Segmentation fault" in capfd.readouterr().err


def test_what_tasks_started_ends_with_the_process():
    def act(worker):
        started = subprocess.Popen(["sleep", "1000"])
        os.write(1, f"sleeper {started.pid}\n".encode())

    async def main():
        async with child(act) as watched:
            await watched.report("running")
            watched.process.kill()
            await watched.exited
            (line,) = [line for line in watched.log if line.startswith("sleeper")]
            # It was told to end when its parent did; the system may take its time.
            with contextlib.suppress(psutil.NoSuchProcess):
                await asyncio.to_thread(psutil.wait_procs, [psutil.Process(int(line.split()[1]))], 10)
            assert not is_running(int(line.split()[1]))

    asyncio.run(main())


def test_the_environment_is_the_given_one_and_the_path_the_parents():
    def act(worker):
        print("colour", os.environ["COLOUR"])
        print("path", sys.path)
        print("handed on", any("CHILD_PATH" in name for name in os.environ))

    async def main():
        sys.path.append("/a/path/of/the/parent")
        try:
            async with child(act, COLOUR="blue") as watched:
                await watched.report("running")
                watched.process.hang_up()
                await watched.exited
                log = list(watched.log)
        finally:
            sys.path.remove("/a/path/of/the/parent")
        assert "colour blue" in log
        assert "handed on False" in log
        assert any(line.startswith("path") and line.endswith("'/a/path/of/the/parent']") for line in log)

    asyncio.run(main())


def test_secrets_are_not_on_the_command_line():
    async def main():
        async with child(lambda worker: "a secret") as watched:
            await watched.report("running")
            line = " ".join(psutil.Process(watched.process.pid).cmdline())
            assert "secret" not in line
            assert line.endswith(" test")

    asyncio.run(main())


def test_without_a_python_program_there_are_no_processes(monkeypatch):
    async def main():
        monkeypatch.setattr(sys, "executable", "")
        with pytest.raises(RuntimeError, match=r"sys.executable is empty.*processes=False"):
            Watched()

    asyncio.run(main())


def test_a_program_that_is_not_there_leaves_nothing_open(monkeypatch):
    async def main():
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises(FileNotFoundError):
            Watched()

    asyncio.run(main())


def test_a_socket_goes_along_with_the_specification():
    def act(play):
        assert not play.over.get_inheritable()
        play.over.sendall(b"here I am")

    async def main():
        near, far = socket.socketpair()
        with far:
            async with child() as watched:
                watched.process.give(specification(act), near)
                await watched.report("running")
                assert near.fileno() == -1
                assert far.recv(100) == b"here I am"
                watched.process.hang_up()
                assert await watched.exited == 0
            # The process had the only other descriptor of it.
            assert far.recv(100) == b""

    asyncio.run(main())


def test_a_socket_that_nobody_takes_is_closed():
    async def main():
        near, far = socket.socketpair()
        with far:
            async with child() as watched:
                watched.process.hang_up()
                watched.process.give(b"too late", near)
            assert far.recv(1) == b""

    asyncio.run(main())
