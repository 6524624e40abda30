"""The scheduler and workers of a cluster on an event loop: matched to what is wanted, and ended with all that belongs to it."""

import asyncio

import pytest

from minidask_distributed.deploy.crew import Crew
from minidask_distributed.deploy.spec import ProcessInterface
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker

SECURITY = Security(token=new_token())
SCHEDULER = {"cls": Scheduler, "options": {"addresses": ["inproc://"], "security": SECURITY}}
WORKER = {"cls": Worker, "options": {"nthreads": 1, "memory_limit": 0, "security": SECURITY}}


class Job(ProcessInterface):
    """Something that is started elsewhere; here it only notes what happens to it."""

    history: list = []

    def __init__(self, scheduler=None, name=None, fails=False):
        super().__init__(scheduler, name)
        self.fails = fails

    async def start(self):
        if self.fails:
            raise OSError("the queue is closed")
        self.history.append((self.name, "start"))
        await super().start()

    async def close(self):
        self.history.append((self.name, "close"))
        await super().close()


@pytest.fixture(autouse=True)
def clean_history():
    Job.history.clear()


def run(main, workers, scheduler=SCHEDULER):
    async def whole():
        async with asyncio.timeout(20):
            crew = Crew(scheduler, workers, SECURITY, 5.0)
            try:
                await main(crew)
            finally:
                await crew.close()
            assert crew.status == "closed"
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(whole())


def test_start_correct_and_end():
    async def main(crew):
        assert (crew.status, crew.address) == ("created", "")
        await crew.start()
        assert crew.status == "running"
        first = crew.workers["a"]
        assert set(crew.scheduler.workers) == {first.address}
        crew.spec["b"] = WORKER
        await crew.correct()
        assert {worker.name for worker in crew.scheduler.workers.values()} == {"a", "b"}
        assert crew.workers["a"] is first
        del crew.spec["a"]
        await crew.correct()
        assert set(crew.workers) == {"b"}
        assert first.status == "closed"
        assert first.reason != "the worker was closed"  # it retired first

    run(main, {"a": WORKER})


def test_other_kinds_of_workers_are_started_and_closed():
    async def main(crew):
        await crew.start()
        assert Job.history == [(0, "start"), (1, "start")]
        assert crew.workers[0].scheduler == crew.address
        del crew.spec[1]
        await crew.correct()
        assert Job.history[-1] == (1, "close")

    run(main, {0: {"cls": Job}, 1: {"cls": Job, "options": {}}})
    assert Job.history[-1] == (0, "close")


def test_a_worker_that_fails_at_the_start_ends_all():
    async def main(crew):
        with pytest.raises(OSError, match="the queue is closed"):
            await crew.start()
        assert crew.status == "closed"
        assert crew.scheduler.status == "closed"

    run(main, {0: {"cls": Job}, 1: {"cls": Job, "options": {"fails": True}}})
    assert (0, "close") in Job.history


def test_a_scheduler_that_fails_leaves_nothing():
    async def main(crew):
        with pytest.raises(OSError, match="queue"):
            await crew.start()
        assert not crew.workers

    run(main, {0: WORKER}, {"cls": Job, "options": {"fails": True}})


def test_a_worker_that_fails_later_is_out_of_the_specification():
    async def main(crew):
        await crew.start()
        crew.spec[1] = {"cls": Job, "options": {"fails": True}}
        crew.spec[2] = {"cls": Job}
        with pytest.raises(OSError, match="queue"):
            await crew.correct()
        assert set(crew.spec) == set(crew.workers) == {0, 2}

    run(main, {0: {"cls": Job}})


def test_a_worker_that_leaves_by_itself_leaves_the_specification():
    async def main(crew):
        await crew.start()
        leaving = crew.workers[0]
        await leaving.close("it had enough")
        while crew.workers:
            await asyncio.sleep(0)
        assert not crew.spec

    run(main, {0: WORKER})


def test_the_end_of_the_scheduler_is_the_end():
    async def main(crew):
        await crew.start()
        await crew.scheduler.close()
        while crew.status != "closed":
            await asyncio.sleep(0)
        assert not crew.workers

    run(main, {0: WORKER})


def test_corrections_at_the_same_time_do_one_thing():
    async def main(crew):
        await crew.start()
        crew.spec[1] = {"cls": Job}
        await asyncio.gather(*(crew.correct() for _ in range(5)))
        crew.spec[2] = {"cls": Job}
        await asyncio.gather(crew.correct_soon(), crew.correct_soon())
        assert Job.history == [(0, "start"), (1, "start"), (2, "start")]

    run(main, {0: {"cls": Job}})


def test_closing_while_it_starts():
    class Slow(Job):
        async def start(self):
            begun.set()
            await asyncio.Event().wait()

    async def main(crew):
        nonlocal begun
        begun = asyncio.Event()
        starting = asyncio.ensure_future(crew.start())
        await begun.wait()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert crew.status == "closed"

    begun = None
    run(main, {0: {"cls": Slow}, 1: WORKER})


def test_errors_of_the_end_are_logged_and_stop_nothing(caplog):
    class Stuck(Job):
        async def close(self):
            await super().close()
            raise OSError("the queue doesn't answer")

    async def main(crew):
        await crew.start()

    run(main, {0: {"cls": Stuck}, 1: WORKER})
    assert "the queue doesn't answer" in caplog.text


def test_what_is_wanted_may_change_while_workers_are_made():
    class Growing(Job):
        """Made while another thread scales the cluster."""

        wanted: dict = {}

        def __init__(self, scheduler=None, name=None):
            super().__init__(scheduler, name)
            if len(self.wanted) < 5:
                self.wanted[f"{name}+"] = {"cls": Growing}

    async def main(crew):
        Growing.wanted = crew.spec
        crew.spec["a"] = {"cls": Growing}
        await crew.start()
        while set(crew.workers) != set(crew.spec):
            await crew.correct()
        assert len(crew.workers) == 5

    run(main, {})
