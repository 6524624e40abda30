"""`SpecCluster` and `ProcessInterface`: clusters of any parts."""

import asyncio
import threading

import pytest

from minidask_distributed.client.client import Client
from minidask_distributed.deploy.spec import ProcessInterface, SpecCluster
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token
from minidask_distributed.worker.server import Worker

SECURITY = Security(token=new_token())
SCHEDULER = {"cls": Scheduler, "options": {"addresses": ["inproc://"], "security": SECURITY}}
WORKER = {"cls": Worker, "options": {"nthreads": 2, "memory_limit": 0, "security": SECURITY}}


def cluster(**options):
    return SpecCluster(**{"scheduler": SCHEDULER, "worker": WORKER, "security": SECURITY, **options})


def test_a_cluster_of_named_parts():
    with cluster(workers={"alice": WORKER, "bob": WORKER}) as made, Client(made) as client:
        assert set(made.workers) == made.plan == made.requested == made.observed == {"alice", "bob"}
        assert client.submit(pow, 2, 3, workers="alice").result() == 8
        assert made.new_worker_spec() == {0: made.new_spec}
        made.scale(3)
        made.wait_for_workers(3, timeout=10)
        assert set(made.worker_spec) == {"alice", "bob", 0}
        assert repr(made).startswith(f"SpecCluster({made.name}, 'inproc://")
        assert made.nthreads == 6
        assert made.memory_limit == 0


def test_awaited():
    async def main():
        made = cluster(workers={0: WORKER}, asynchronous=True)
        made.scale(2)
        assert made.status == "created"
        async with made:
            assert set(made.workers) == {0, 1}
            await made.wait_for_workers(2)
            await made.scale(1)
            assert set(made.workers) == {0}
            assert "Scheduler" in await made.get_logs()

    asyncio.run(main())


def test_without_a_specification_of_new_workers_it_does_not_grow():
    with cluster(worker=None) as made:
        with pytest.raises(ValueError, match="doesn't know how to add workers"):
            made.scale(1)
        assert not made.worker_spec


def test_scaling_by_what_is_not_known():
    with cluster() as made:
        with pytest.raises(ValueError, match="needs to know the memory_limit of a new worker"):
            made.scale(memory="4 GB")
        made.scale(cores=3)
        assert len(made.worker_spec) == 2


def test_groups_of_workers_in_one_part():
    group = {**WORKER, "group": ["-0", "-1"]}
    with cluster(workers={"job": group}) as made:
        assert made.plan == made.requested == {"job-0", "job-1"}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"scheduler": None}, TypeError, "needs a scheduler, as"),
        ({"shutdown_on_close": False}, NotImplementedError, "always ends what it started"),
        ({"shutdown_scheduler": False}, NotImplementedError, "always ends what it started"),
        ({"scheduler": {"options": {}}}, TypeError, "scheduler must be a mapping with a class under 'cls'"),
        ({"worker": Worker}, TypeError, "worker must be a mapping with a class"),
        ({"workers": {"a": {"cls": "Worker"}}}, TypeError, r"workers\['a'\] must be a mapping with a class"),
        ({"worker": {"cls": Worker, "options": [1]}}, TypeError, "options of worker must be a mapping, got list"),
        ({"worker": {"cls": Worker, "opts": {}}}, ValueError, r"unknown entries \['opts'\]"),
    ],
)
def test_specifications_that_are_none(options, error, message):
    with pytest.raises(error, match=message):
        cluster(**options)


def test_a_process_of_ones_own():
    class Job(ProcessInterface):
        async def start(self):
            self.address = "tcp://10.0.0.7:4000"
            await super().start()

    async def main():
        job = Job("tcp://10.0.0.1:8786", name=3)
        assert repr(job) == "<Job: created>"
        assert await job is job
        assert await job is job
        assert (job.status, job.name, job.scheduler) == ("running", 3, "tcp://10.0.0.1:8786")
        waiting = asyncio.ensure_future(job.finished())
        async with job:
            assert not waiting.done()
        await waiting
        assert job.status == "closed"

    asyncio.run(main())


def test_scaling_down_by_name_and_by_address():
    async def main():
        async with cluster(workers={"alice": WORKER, 1: WORKER, 2: WORKER, 3: WORKER}, asynchronous=True) as made:
            async with made.get_client() as client:
                held = await client.scatter([5], workers=["alice"])
                await made.scale_down(["alice", made.workers[2].address])
                assert set(made.workers) == set(made.worker_spec) == {1, 3}
                # What they held was handed over.
                assert await client.gather(held) == [5]
            await made.scale_down("3")
            assert set(made.workers) == {1}
            for unknown in ("alice", 7, [1, "nobody"]):
                with pytest.raises(ValueError, match=r"there is no worker .*; there are 1"):
                    made.scale_down(unknown)
            await made.scale_up(2)
            assert len(made.workers) == 2
            await made.scale_down([])
            assert len(made.workers) == 2
        with pytest.raises(RuntimeError, match="is closed"):
            made.scale_down(1)

    asyncio.run(main())


def test_workers_that_somebody_retired_do_not_count():
    """Scaling means workers that are there when they have gone, however long that takes them."""
    begun, gate = threading.Event(), threading.Event()

    def hold():
        begun.set()
        return gate.wait(60)

    with cluster(workers={0: WORKER, 1: WORKER}) as made, Client(made) as client:
        leaving = made.workers[0].address
        held = client.submit(hold, workers=leaving)
        begun.wait(60)
        retiring = threading.Thread(target=client.retire_workers, args=([leaving],))
        retiring.start()
        try:
            while leaving not in made.scheduler.machine.state.leaving:
                client.nthreads()
            made.scale(2)
            assert len(made.worker_spec) == 3
            made.scale(2)
            made.scale(1)
            assert set(made.worker_spec) == {0, 1}
            made.scale(2)
            assert len(made.worker_spec) == 3
        finally:
            gate.set()
            retiring.join()
        assert held.result(10) is True
        made.wait_for_workers(2, timeout=10)
        while 0 in made.workers:
            client.nthreads()
        assert len(made.worker_spec) == len(made.workers) == 2
        assert leaving not in client.nthreads()
        made.scale(2)
        assert len(made.worker_spec) == 2


def test_what_clusters_cannot_do_says_what_to_do_instead():
    with cluster() as made:
        with pytest.raises(NotImplementedError, match=r"call cluster.scale\(n\)"):
            made.start_worker()
        with pytest.raises(NotImplementedError, match=r"Client\(cluster.scheduler_address\)"):
            SpecCluster.from_name(made.name)
