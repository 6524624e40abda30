"""The nanny with a real scheduler and real worker processes: starts, deaths, restarts, limits, ends."""

import asyncio
import contextlib
import os
import signal
import sys
import threading

import cloudpickle
import psutil
import pytest

from minidask import config
from minidask_distributed.nanny.server import Nanny, WorkerStartError
from minidask_distributed.plugins import NannyPlugin
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker

cloudpickle.register_pickle_by_value(sys.modules[__name__])

slow = pytest.mark.slow
network = pytest.mark.network


def run(main, limit_s=30):
    """Run a test's coroutine function; whatever it started must be gone afterwards."""

    async def limited():
        async with asyncio.timeout(limit_s):
            await main()

    asyncio.run(limited())
    assert not [thread.name for thread in threading.enumerate() if "nanny" in thread.name]
    assert not [child for child in psutil.Process().children() if "minidask-worker" in " ".join(child.cmdline())]


@contextlib.asynccontextmanager
async def scheduler(**options):
    async with Scheduler(port=0, security=Security(token=new_token()), **options) as started:
        yield started


def nanny_of(server, **options):
    return Nanny(server.address, security=server.security, **{"nthreads": 1, "memory_limit": 0, **options})


async def worker_count(server, count, after=0):
    # By their numbers: a new one may have got the port, and so the address, of one that is gone.
    await server.until(
        lambda: len(server.workers) == count and all(one.number > after for one in server.workers.values())
    )
    return list(server.workers)


def newest(server):
    return max(one.number for one in server.workers.values())


async def events_of(server, action):
    return [content for _, content in server.events.of("all") if content.get("action") == action]


@slow
@network
def test_start_and_end(tmp_path):
    async def main():
        async with scheduler() as server:
            nanny = nanny_of(server, name="alice", local_directory=tmp_path)
            assert nanny.status == "idle"
            assert nanny.pid is None
            assert await nanny is nanny
            assert nanny.status == "running"
            (address,) = server.workers
            assert nanny.worker_address == address
            assert psutil.Process(nanny.pid).ppid() == os.getpid()
            assert "alice" in repr(nanny)
            assert list(tmp_path.rglob("worker-*"))
            await nanny.close()
            await nanny.close()
            assert nanny.status == "ended"
            assert not nanny.failed
            await worker_count(server, 0)
            assert not list(tmp_path.rglob("worker-*"))

    run(main)


@slow
@network
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_is_replaced_and_its_death_told(number):
    async def main():
        async with scheduler() as server, nanny_of(server) as nanny:
            first, pid = newest(server), nanny.pid
            os.kill(pid, number)
            await worker_count(server, 1, after=first)
            assert nanny.pid != pid
            assert not psutil.pid_exists(pid)
            assert number.name in nanny.reason
            assert nanny._machine.deaths == 1

    run(main)


@slow
@network
def test_what_it_wrote_last_is_part_of_the_reason():
    async def main():
        async with scheduler() as server, nanny_of(server, worker_class=Speaking) as nanny:
            first = newest(server)
            os.kill(nanny.pid, signal.SIGKILL)
            await worker_count(server, 1, after=first)
            assert "\n    the last words" in nanny.reason

    run(main)


class Speaking(Worker):
    """Says something."""

    async def start(self):
        await super().start()
        print("the last words", file=sys.stderr)


@slow
@network
def test_a_start_that_fails_raises_and_leaves_nothing(tmp_path):
    async def main():
        async with scheduler() as server:
            nanny = nanny_of(server, worker_class=Refusing, name="bob", local_directory=tmp_path)
            with pytest.raises(WorkerStartError, match="worker bob couldn't start: ValueError: not today") as caught:
                await nanny
            assert "in start" in "".join(caught.value.__notes__)
            assert nanny.status == "ended"
            assert nanny.failed
            assert not list(tmp_path.rglob("worker-*"))
            with pytest.raises(WorkerStartError):
                await nanny_of(server, no_such_argument=1)

    run(main)


class Refusing(Worker):
    """Can't start."""

    async def start(self):
        raise ValueError("not today")


@slow
@network
def test_a_process_that_dies_while_it_starts_raises():
    async def main():
        async with scheduler() as server:
            with pytest.raises(WorkerStartError, match="couldn't start: it exited with status 7"):
                await nanny_of(server, worker_class=Dying)

    run(main)


class Dying(Worker):
    """Ends its process before it registers."""

    async def start(self):
        os._exit(7)


@slow
@network
def test_a_worker_over_its_memory_limit_is_replaced():
    async def main():
        with config.set({"distributed.worker.memory.monitor-interval": "20 ms"}):
            async with scheduler() as server:
                async with nanny_of(server, memory_limit="300 MB", worker_class=Growing) as nanny:
                    first = newest(server)
                    os.kill(nanny.pid, signal.SIGUSR1)
                    await worker_count(server, 1, after=first)
                    assert "was ended by its nanny: its memory reached" in nanny.reason
                    assert "more than 95% of its limit of 286.10 MiB" in nanny.reason
                    assert nanny._machine.deaths == 0

    run(main)


class Growing(Worker):
    """Takes memory at SIGUSR1."""

    async def start(self):
        signal.signal(signal.SIGUSR1, self.grow)
        await super().start()

    def grow(self, number, frame):
        self.much = b"x" * 400_000_000


@slow
@network
def test_restart_by_request():
    async def main():
        async with scheduler() as server, nanny_of(server) as nanny:
            first = newest(server)
            await nanny.restart("for the test")
            assert nanny.reason == "for the test"
            await worker_count(server, 1, after=first)

    run(main)


@slow
@network
def test_the_scheduler_restarts_and_ends_workers():
    async def main():
        async with scheduler() as server, nanny_of(server, name="alice") as nanny:
            first = newest(server)
            (worker,) = server.machine.workers.values()
            server.machine.kill(worker.number, asyncio.get_running_loop().time(), True, "somebody asked")
            server.flush()
            await worker_count(server, 1, after=first)
            assert nanny.reason == "somebody asked"
            (worker,) = [one for one in server.machine.workers.values() if one.status == "running"]
            server.machine.kill(worker.number, asyncio.get_running_loop().time(), False, "for good")
            server.flush()
            assert await nanny.finished() == "for good"
            assert not nanny.failed

    run(main)


@slow
@network
def test_a_worker_that_retires_is_not_replaced():
    async def main():
        async with scheduler() as server, nanny_of(server, name="alice") as nanny:
            (worker,) = server.machine.workers
            server.machine.retire([worker], asyncio.get_running_loop().time())
            server.flush()
            await nanny.finished()
            assert nanny.status == "ended"
            assert not nanny.failed

    run(main)


@slow
@network
def test_closing_gracefully():
    async def main():
        async with scheduler() as server:
            nanny = await nanny_of(server, name="alice")
            await nanny.close_gracefully(10)
            assert nanny.reason == "it was asked to end (SIGTERM)"
            assert not nanny.failed
            await worker_count(server, 0)

    run(main)


@slow
@network
def test_killing_needs_no_loop():
    async def main():
        async with scheduler() as server:
            nanny = await nanny_of(server)
            nanny.kill()
            await nanny.finished()
            assert "SIGKILL" in nanny.reason
            await nanny.close()

    run(main)


@slow
@network
def test_the_end_of_the_scheduler_is_the_workers_too():
    async def main():
        async with scheduler() as server:
            nanny = await nanny_of(server)
            await server.close("enough")
            assert "enough" in await nanny.finished()
            await nanny.close()

    run(main)


@slow
@network
def test_a_wrong_token_is_the_first_thing_to_be_told():
    async def main():
        async with scheduler() as server:
            nanny = Nanny(server.address, security=Security(token=new_token()), nthreads=1)
            with pytest.raises(PermissionError, match="token"):
                await nanny
            assert nanny.status == "ended"

    run(main)


@slow
@network
def test_death_timeout():
    async def main():
        async with scheduler() as server:
            nanny = nanny_of(server, worker_class=Late, death_timeout="600 ms", name="late")
            with pytest.raises(TimeoutError, match=r"worker late couldn't join the cluster at tcp://.* within 0.6 s"):
                await nanny

    run(main)


class Late(Worker):
    """Never gets ready."""

    async def start(self):
        await asyncio.Event().wait()


@slow
@network
def test_the_workers_environment_and_settings():
    async def main():
        with config.set({"distributed.worker.memory.spill": 0.5}):
            async with scheduler() as server:
                nanny = nanny_of(server, worker_class=Telling, env={"COLOUR": "blue"}, config={"num_workers": 3})
                async with nanny:
                    pass
                assert "COLOUR=blue OMP_NUM_THREADS=1 spill=0.5 num_workers=3" in nanny.log

    run(main)


class Telling(Worker):
    """Tells of its environment."""

    async def start(self):
        await super().start()
        shown = [f"{name}={os.environ[name]}" for name in ("COLOUR", "OMP_NUM_THREADS")]
        spill, count = config.get("distributed.worker.memory.spill"), config.get("num_workers")
        print(*shown, f"spill={spill}", f"num_workers={count}")


@slow
@network
def test_a_plugin_may_restart_the_worker():
    async def main():
        async with scheduler() as server, nanny_of(server) as nanny:
            first = newest(server)
            await nanny.plugins.add("fresh", Restarting())
            await worker_count(server, 1, after=first)
            assert "plugin fresh" in nanny.reason
            await nanny.plugins.remove("fresh")

    run(main)


class Restarting(NannyPlugin):
    """Wants a fresh process."""

    restart = True


@slow
@network
def test_preloads_of_the_nanny(tmp_path):
    async def main():
        async with scheduler() as server:
            preload = "marks = []\ndef dask_setup(nanny): marks.append(nanny.id)\ndef dask_teardown(nanny): marks.append('end')\n"
            nanny = nanny_of(server, preload_nanny=[preload])
            marks = nanny._preloads.preloads[0].module.marks
            async with nanny:
                assert marks == [nanny.id]
            assert marks == [nanny.id, "end"]

    run(main)


@slow
@network
def test_closing_while_it_starts():
    async def main():
        async with scheduler() as server:
            nanny = nanny_of(server, worker_class=Late)
            starting = asyncio.ensure_future(nanny.start())
            while not server.machine.state.nanny_peers:
                await asyncio.sleep(0)
            await nanny.close()
            with pytest.raises(WorkerStartError, match="its nanny was closed"):
                await starting

    run(main)


# ---------------------------------------------------------------- without processes


def test_arguments_that_make_no_sense():
    with pytest.raises(TypeError, match="nthreads must be an int, got str"):
        Nanny("tcp://127.0.0.1:1", nthreads="two")
    with pytest.raises(ValueError, match="nthreads must be at least 1, got 0"):
        Nanny("tcp://127.0.0.1:1", nthreads=0)
    with pytest.raises(ValueError, match="memory_limit: can't read"):
        Nanny("tcp://127.0.0.1:1", memory_limit="lots")
    with pytest.raises(ValueError, match="needs the address of a scheduler"):
        asyncio.run(Nanny().start())


def test_an_unreachable_scheduler_is_a_clear_error():
    async def main():
        with config.set({"distributed.comm.timeouts.connect": "200 ms"}):
            nanny = Nanny("tcp://127.0.0.1:1", security=Security(token=new_token()), nthreads=1)
        with pytest.raises(OSError, match=r"tcp://127\.0\.0\.1:1"):
            await nanny
        assert nanny.status == "ended"

    run(main)


def test_closing_what_was_never_started():
    async def main():
        nanny = Nanny("tcp://127.0.0.1:1")
        await nanny.close()
        assert nanny.status == "ended"
        assert not nanny.failed

    run(main)
