"""The base of clusters: what scripts and coroutines call, on parts that only note what is wanted of them."""

import asyncio
import logging
import threading

import pytest

from minidask_distributed.deploy.cluster import Cluster


class Parts:
    """Starts and closes, or doesn't."""

    def __init__(self, fails=None, slow=False):
        self.status, self.fails, self.slow = "created", fails, slow
        self.killed = False

    async def start(self):
        if self.fails:
            raise self.fails
        self.status = "running"

    async def close(self):
        if self.slow:
            await asyncio.sleep(0.2)
        self.status = "closed"

    def kill(self):
        self.killed = True


class Small(Cluster):
    """A cluster with an address."""

    scheduler_address = "tcp://10.0.0.1:8786"


@pytest.fixture(autouse=True)
def nothing_left():
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    assert not set(threading.enumerate()) - before


def test_a_script():
    with Small(Parts(), name="tiny") as cluster:
        assert cluster.status == "running"
        assert not cluster.asynchronous
        assert cluster.loop.is_running()
        assert cluster.sync(asyncio.sleep, 0, "x") == "x"
        assert repr(cluster) == "Small(tiny, 'tcp://10.0.0.1:8786', workers=0, threads=0)"
        assert "<caption>Small tiny</caption>" in cluster._repr_html_()
    assert cluster.status == "closed"
    assert cluster.loop is None
    cluster.close()
    with pytest.raises(RuntimeError, match="is closed"):
        cluster.sync(asyncio.sleep, 0)


def test_a_start_that_fails():
    parts = Parts(fails=OSError("no room"))
    with pytest.raises(OSError, match="no room"):
        Small(parts)
    assert parts.status == "closed"

    async def main():
        with pytest.raises(OSError, match="no room"):
            await Small(parts, asynchronous=True)

    parts.status = "created"
    asyncio.run(main())
    assert parts.status == "closed"


def test_closing_takes_too_long():
    cluster = Small(Parts(slow=True))
    with pytest.raises(TimeoutError, match=r"hasn't closed within 0\.01 s; it still does"):
        cluster.close(timeout="10 ms")
    cluster.close()
    assert cluster.status == "closed"


def test_coroutines():
    async def main():
        async with Small(Parts(), asynchronous=True) as cluster:
            assert await cluster.sync(asyncio.sleep, 0, "x") == "x"
            assert cluster.loop is asyncio.get_running_loop()
        assert cluster.status == "closed"

    asyncio.run(main())


def test_a_loop_that_ended_before_its_cluster_has_the_processes_killed():
    async def main():
        return await Small(Parts(), asynchronous=True)

    cluster = asyncio.run(main())
    parts = cluster._parts
    with pytest.warns(ResourceWarning, match="was never closed"):
        del cluster
    assert parts.killed


def test_what_a_base_cannot_do_says_so():
    with Small(Parts()) as cluster:
        with pytest.raises(NotImplementedError, match="fixed number of workers"):
            cluster.scale(3)
        with pytest.raises(NotImplementedError, match=r"cluster\.scale\(n\)"):
            cluster.adapt()
        with pytest.raises(NotImplementedError, match=r"Client\.wait_for_workers"):
            cluster.wait_for_workers(1)
        assert cluster.workers == {}
        assert cluster.dashboard_link == ""
    with Cluster(Parts()) as bare, pytest.raises(NotImplementedError, match="must say its scheduler's address"):
        _ = bare.scheduler_address


def test_levels_of_loggers():
    logger = logging.getLogger("minidask_distributed")
    before = logger.level
    one = Small(Parts(), silence_logs="warning")
    two = Small(Parts(), silence_logs=logging.ERROR)
    assert logger.level == logging.ERROR
    one.close()
    assert logger.level == logging.ERROR
    two.close()
    assert logger.level == before
    for wrong in ("loud", True, 2.5):
        with pytest.raises(ValueError, match="silence_logs must be a level of logging"):
            Small(Parts(), silence_logs=wrong)


def test_a_cluster_isnt_entered_the_wrong_way():
    cluster = Small(Parts(), asynchronous=True)
    with pytest.raises(TypeError, match="`async with`"):
        cluster.__enter__()
