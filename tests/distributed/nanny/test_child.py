"""What runs in a worker process: its class, and its end when the nanny is gone, however that went."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from minidask_distributed.nanny.child import find_class
from minidask_distributed.worker.server import Worker


class Other(Worker):
    """A class of a user's own."""


def test_the_class_to_run():
    assert find_class(None) is Worker
    assert find_class(Other) is Other
    assert find_class("minidask_distributed.worker.server.Worker") is Worker


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Worker", "as 'package.module.Class', not 'Worker'"),
        ("os.path.nothing", "os.path has no class 'nothing'"),
        ("os.path", "os has no class 'path'"),
        ("no_such_module.Worker", "No module named 'no_such_module'"),
    ],
)
def test_a_class_that_is_not_there(name, message):
    with pytest.raises(ImportError, match=message):
        find_class(name)


NANNY = """
import asyncio, signal, sys
from minidask_distributed.nanny.server import Nanny
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

async def main():
    security = Security(token=new_token())
    async with Scheduler(port=0, security=security) as scheduler:
        async with Nanny(scheduler.address, nthreads=1, security=security, local_directory=sys.argv[1]) as nanny:
            print(nanny.pid, flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_and_tidies_up_when_its_nanny_is_killed(number, tmp_path):
    command = [sys.executable, "-c", NANNY, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            child = psutil.Process(int(process.stdout.readline()))
            assert list(tmp_path.rglob("worker-*"))
            process.send_signal(number)
            process.wait(10)
        finally:
            process.kill()
    try:
        child.wait(10)
    except psutil.TimeoutExpired:
        # Whoever inherits it need not have reaped it yet.
        assert child.status() == psutil.STATUS_ZOMBIE
    assert not list(tmp_path.rglob("worker-*"))


@pytest.mark.slow
@pytest.mark.network
def test_a_nanny_that_is_killed_while_a_task_blocks_the_loop_is_followed(tmp_path):
    program = NANNY.replace("await asyncio.Event().wait()", "await block(security, scheduler)").replace(
        "async def main():",
        """
from minidask_distributed.client.client import Client

async def forever():
    while True:
        pass

async def block(security, scheduler):
    async with Client(scheduler.address, security=security, asynchronous=True) as client:
        future = client.submit(forever)
        await asyncio.Event().wait()

async def main():""",
    )
    program = program.replace("print(nanny.pid", "print(nanny.pid, os.getpid()").replace(
        "import asyncio,", "import asyncio, os,"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        try:
            pid, _ = map(int, process.stdout.readline().split())
            child = psutil.Process(pid)
            while child.cpu_times().user < 0.5:  # the task holds the loop by then
                os.sched_yield()
            process.kill()
        finally:
            process.kill()
    try:
        child.wait(15)
    except psutil.TimeoutExpired:
        assert child.status() == psutil.STATUS_ZOMBIE
