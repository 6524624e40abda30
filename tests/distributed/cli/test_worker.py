"""``minidask-worker`` as a real process, with a real scheduler: joining, computing, retiring, dying."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys

import click
import psutil
import pytest
from click.testing import CliRunner

from minidask_distributed.cli import worker as program
from minidask_distributed.cli.worker import main
from minidask_distributed.client.client import Client
from minidask_distributed.loops import LoopThread
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

slow = pytest.mark.slow
network = pytest.mark.network

COMMAND = [sys.executable, "-W", "error", "-m", "minidask_distributed.cli.worker"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A scheduler on a thread of its own, with a scheduler file, for all tests here."""
    path = tmp_path_factory.mktemp("cluster") / "scheduler.json"
    thread = LoopThread("scheduler of the tests")
    thread.start()

    async def start():
        return await Scheduler(port=0, security=Security(token=new_token()), scheduler_file=path).start()

    scheduler = thread.run(start())
    scheduler.path, scheduler.thread = path, thread
    yield scheduler
    thread.run(scheduler.close())
    thread.stop()


@contextlib.contextmanager
def worker(server, *flags, address=None):
    command = [*COMMAND, *([address] if address else ["--scheduler-file", str(server.path)]), *flags]
    environ = {**os.environ, "MINIDASK_TOKEN": server.security.token_for(False)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(server, condition):
    assert server.thread.run(server.until(condition, 20)), server.workers


def names(server):
    return sorted(one.name for one in server.workers.values())


def end(process, number=signal.SIGTERM):
    process.send_signal(number)
    return process.communicate(timeout=20)


def gone(server):
    wait_for(server, lambda: not server.workers)


@slow
@network
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_workers_join_compute_and_leave(server, tmp_path, number):
    flags = ["--nworkers", "2", "--nthreads", "1", "--name", "alice", "--memory-limit", "0", "--resources", "GPU=1"]
    with worker(server, *flags, "--local-directory", str(tmp_path)) as process:
        wait_for(server, lambda: names(server) == ["alice-0", "alice-1"])
        with Client(scheduler_file=server.path) as client:
            assert client.gather(client.map(pow, range(10), [2] * 10)) == [n * n for n in range(10)]
            assert client.submit(os.getppid, resources={"GPU": 1}).result() == process.pid
            client.submit(print, "hello from a task").result()
            children = psutil.Process(process.pid).children()
            assert len(children) == 2
            assert len(list(tmp_path.rglob("worker-*.lock"))) == 2
            out, err = end(process, number)
    assert process.returncode == 0, err
    assert "hello from a task" in out
    assert "Traceback" not in err
    assert f"{number.name}: ending" in err
    for child in children:
        assert_gone(child)
    assert not list(tmp_path.rglob("worker-*"))
    gone(server)


@slow
@network
def test_data_are_handed_over_when_one_leaves(server):
    with worker(server, "--nthreads", "1", "--name", "stays") as stays, Client(scheduler_file=server.path) as client:
        with worker(server, "--nthreads", "1", "--name", "leaves") as leaves:
            wait_for(server, lambda: names(server) == ["leaves", "stays"])
            futures = client.map(
                lambda n: bytes(5000) + bytes([n]), range(20), workers="leaves", allow_other_workers=False
            )
            scattered = client.scatter([b"y" * 7000], workers=["leaves"])
            client.gather(futures)
            end(leaves)
            assert leaves.returncode == 0
        assert [value[-1] for value in client.gather(futures)] == list(range(20))
        assert client.gather(scattered) == [b"y" * 7000]
        end(stays)
    gone(server)


@slow
@network
def test_by_address_without_a_nanny(server):
    with worker(server, "--no-nanny", "--nthreads", "2", "--name", "bare", address=server.address) as process:
        wait_for(server, lambda: names(server) == ["bare"])
        with Client(scheduler_file=server.path) as client:
            assert client.submit(os.getpid).result() == process.pid
        _, err = end(process)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    gone(server)


@slow
@network
def test_a_worker_that_is_killed_is_replaced(server):
    with worker(server, "--nthreads", "1", "--name", "phoenix") as process:
        wait_for(server, lambda: names(server) == ["phoenix"])
        (first,) = server.workers
        (child,) = psutil.Process(process.pid).children()
        child.kill()
        wait_for(server, lambda: names(server) == ["phoenix"] and first not in server.workers)
        _, err = end(process)
    assert process.returncode == 0
    assert "worker phoenix has ended, another one is started: was killed by SIGKILL (often because" in err
    gone(server)


@slow
@network
def test_a_second_signal_kills_the_workers_too(server):
    with worker(server, "--nthreads", "1", "--name", "busy") as process, Client(scheduler_file=server.path) as client:
        wait_for(server, lambda: names(server) == ["busy"])
        (child,) = psutil.Process(process.pid).children()
        future = client.submit(_sleep_long)
        wait_for(server, lambda: any(one.processing for one in server.workers.values()))
        process.send_signal(signal.SIGTERM)
        while "ending; once more" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 128 + signal.SIGTERM
        assert_gone(child)
        future.cancel()
    gone(server)


def assert_gone(child):
    try:
        child.wait(10)
    except psutil.TimeoutExpired:
        # Whoever inherits it need not have reaped it yet.
        assert child.status() == psutil.STATUS_ZOMBIE


def _sleep_long():
    import time

    time.sleep(600)


@slow
@network
def test_a_killed_nanny_leaves_no_worker(server, tmp_path):
    with worker(server, "--nthreads", "1", "--local-directory", str(tmp_path)) as process:
        wait_for(server, lambda: len(server.workers) == 1)
        process.kill()
    gone(server)
    # Folders go while they are listed, which os.walk takes and rglob doesn't.
    while any(name.startswith("worker-") for _, folders, files in os.walk(tmp_path) for name in folders + files):
        asyncio.run(asyncio.sleep(0))


@slow
@network
@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_a_scheduler_that_ends_takes_its_workers_along(tmp_path, nanny):
    path = tmp_path / "scheduler.json"

    async def main_():
        async with Scheduler(port=0, security=Security(token=new_token()), scheduler_file=path) as own:
            process = await asyncio.create_subprocess_exec(
                *COMMAND, "--scheduler-file", str(path), "--nthreads", "1", nanny, stderr=asyncio.subprocess.PIPE
            )
            await own.until(lambda: len(own.workers) == 1, 20)
        _, err = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0, err.decode()
        assert b"Traceback" not in err

    asyncio.run(main_())


@slow
@network
@pytest.mark.parametrize("nanny", ["--nanny", "--no-nanny"])
def test_a_scheduler_that_is_not_there(nanny):
    done = subprocess.run(
        [*COMMAND, "tcp://127.0.0.1:1", "--death-timeout", "500 ms", nanny],
        capture_output=True,
        text=True,
        timeout=20,
        env={**os.environ, "MINIDASK_TOKEN": new_token()},
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "tcp://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


@slow
@network
def test_a_wrong_token(server, tmp_path):
    path = tmp_path / "token"
    path.write_text(new_token())
    path.chmod(0o600)
    with worker(server, "--token-file", str(path), address=server.address) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "token" in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "give the scheduler's ADDRESS (tcp://host:8786) or --scheduler-file"),
        (["tcp://h", "--scheduler-file", "f"], "one of them"),
        (["tcp://h", "--nworkers", "many"], "must be a number or auto, got 'many'"),
        (["tcp://h", "--nworkers", "0"], "0 leaves no worker"),
        (["tcp://h", "--nworkers", "-99999"], "-99999 leaves no worker"),
        (["tcp://h", "--nworkers", "auto", "--nthreads", "2"], "leave out --nthreads"),
        (["tcp://h", "--nthreads", "0"], "0 is not in the range"),
        (["tcp://h", "--no-nanny", "--nworkers", "2"], "goes with --nworkers 1 only"),
        (["tcp://h", "--no-nanny", "--preload-nanny", "x"], "--preload-nanny needs a nanny"),
        (["tcp://h", "--listen-address", "tcp://:1", "--host", "x"], "leave out --host"),
        (["tcp://h", "--listen-address", "tcp://:1", "--nworkers", "2"], "are for one worker"),
        (["tcp://h", "--worker-port", "3000", "--nworkers", "2"], "write a range as 3000:3001"),
        (["tcp://h", "--resources", "GPU"], "write NAME=NUMBER"),
        (["tcp://h", "--memory-limit", "lots"], "memory_limit: can't read 'lots'"),
        (
            ["tcp://h", "--death-timeout", "soon"],
            "Invalid value for --death-timeout: can't read 'soon' as a span of time",
        ),
        (["tcp://h", "--interface", "none"], "Invalid value for --interface: there is no network interface 'none'"),
        (["tcp://h", "--lifetime", "1h"], "--lifetime isn't built; instead: send the process SIGTERM"),
        (["tcp://h", "--nanny-port", "1"], "--nanny-port isn't built; instead: a nanny listens on no port"),
        (["tcp://h", "--tls-key", "k"], "--tls-key needs --tls-cert"),
    ],
)
def test_wrong_command_lines(flags, message):
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 2
    assert message in result.output


def test_a_scheduler_file_that_does_not_come(tmp_path):
    flags = ["--scheduler-file", str(tmp_path / "none.json"), "--death-timeout", "50 ms"]
    result = CliRunner().invoke(main, flags)
    assert result.exit_code == 1
    assert "there is no scheduler file" in result.output


@pytest.mark.parametrize(
    ("nworkers", "nthreads", "expected"),
    [
        ("1", None, (1, 8)),
        ("2", None, (2, 4)),
        ("3", 5, (3, 5)),
        ("auto", None, (4, 2)),
        ("-1", None, (8, 1)),
        ("-2", None, (7, 1)),
    ],
)
def test_how_processors_are_shared(monkeypatch, nworkers, nthreads, expected):
    monkeypatch.setattr(program, "cpu_count", lambda: 8)
    assert program._count(nworkers, nthreads) == expected


def test_numbers_of_workers_that_make_no_sense(monkeypatch):
    monkeypatch.setattr(program, "cpu_count", lambda: 2)
    with pytest.raises(click.BadParameter, match="-3 leaves no worker on a machine of 2 processors"):
        program._count("-3", None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("tcp://node7", "tcp://node7:8786"),
        ("tcp://node7:5000", "tcp://node7:5000"),
        ("node7", "node7:8786"),
        ("tls://[::1]", "tls://[::1]:8786"),
        ("tls://[::1]:4", "tls://[::1]:4"),
    ],
)
def test_the_default_port_is_filled_in(given, expected):
    assert program._complete(given) == expected


def test_help_teaches():
    text = CliRunner().invoke(main, ["--help"], prog_name="minidask-worker").output
    for part in ("tcp://HOST:PORT", "GPU=1", "4GiB", "SIGTERM", "--scheduler-file", "--death-timeout", "3000:3010"):
        assert part in text
    assert all(len(parameter.help) > 10 for parameter in main.params if isinstance(parameter, click.Option))
