"""A nanny's connection to its scheduler: a real scheduler, which goes and comes back; no worker process."""

import asyncio
import time

import pytest

from minidask_distributed.messages import Call, Free, KillWorker
from minidask_distributed.nanny import reporting
from minidask_distributed.nanny.reporting import Reporting
from minidask_distributed.scheduler.server import Scheduler
from minidask_distributed.security import Security, new_token

SECURITY = Security(token=new_token())

network = pytest.mark.network


class Owner:
    """What a connection needs of a nanny."""

    id, name, nthreads, memory_limit, security, status = "nanny-1", "alice", 1, 0, SECURITY, "running"

    def __init__(self, scheduler_address):
        self.scheduler_address = scheduler_address
        self.orders, self.tasks = [], []

    def kill_worker(self, reason, restart):
        self.orders.append((reason, restart))

    def run_in_background(self, work):
        self.tasks.append(asyncio.ensure_future(work))


def run(main, **options):
    async def whole():
        async with asyncio.timeout(20):
            async with Scheduler(port=0, security=SECURITY, **options) as scheduler:
                owner = Owner(scheduler.address)
                link = Reporting(owner, 5.0)
                try:
                    await main(scheduler, owner, link)
                finally:
                    await link.close("the test ends")
                    for task in owner.tasks:
                        task.cancel()
                    await asyncio.gather(*owner.tasks, return_exceptions=True)

    asyncio.run(whole())


async def connected(scheduler):
    while not scheduler.machine.state.nanny_peers:
        await asyncio.sleep(0)
    (number,) = scheduler.machine.state.nanny_peers.values()
    return scheduler.connections[number]


@network
def test_it_registers_takes_orders_and_answers():
    async def main(scheduler, owner, link):
        assert not link.is_open
        await link.register()
        peer = await connected(scheduler)
        assert link.is_open
        assert peer.role == "nanny"
        assert peer.name == "alice"
        scheduler.send(peer, [KillWorker(True, "somebody asked")])
        while not owner.orders:
            await asyncio.sleep(0)
        assert owner.orders == [("somebody asked", True)]
        assert "minidask" in await scheduler.questions.ask(peer, "versions", {})
        with pytest.raises(Exception, match="no handler 'nothing'"):
            await scheduler.questions.ask(peer, "nothing", {})
        await link.close("enough")
        assert not link.is_open
        link.tell(Call(1, "nobody hears it", {}))

    run(main)


@network
def test_it_comes_back_to_a_scheduler_that_comes_back(monkeypatch):
    monkeypatch.setattr(reporting, "RECONNECT_S", 0.01)

    async def main(scheduler, owner, link):
        await link.register()
        await connected(scheduler)
        port = int(scheduler.address.rpartition(":")[2])
        await scheduler.close()
        async with Scheduler(port=port, security=SECURITY) as another:
            await connected(another)
            assert link.is_open

    run(main)


@network
def test_it_gives_up_on_a_scheduler_with_another_token(monkeypatch, caplog):
    monkeypatch.setattr(reporting, "RECONNECT_S", 0.01)

    async def main(scheduler, owner, link):
        await link.register()
        await connected(scheduler)
        port = int(scheduler.address.rpartition(":")[2])
        await scheduler.close()
        async with Scheduler(port=port, security=Security(token=new_token())):
            await asyncio.gather(*owner.tasks)
        assert not link.is_open

    run(main)
    assert "can't come back" in caplog.text


@network
def test_what_is_no_nannys_ends_the_connection(caplog):
    async def main(scheduler, owner, link):
        await link.register()
        peer = await connected(scheduler)
        scheduler.send(peer, [Free([1])])
        while link.is_open:
            await asyncio.sleep(0)

    run(main)
    assert "a nanny takes no Free" in caplog.text


@network
def test_an_unreachable_scheduler():
    async def main(scheduler, owner, link):
        owner.scheduler_address = "tcp://127.0.0.1:1"
        begin = time.monotonic()
        with pytest.raises(TimeoutError, match="127"):
            await Reporting(owner, 0.1).register()
        assert time.monotonic() - begin < 5

    run(main)
