"""How a client waits."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from operator import add

import pytest

from minidask_distributed.client.client import Client
from tests.distributed.client.scripted import Scripted, connected, in_loop

pytestmark = pytest.mark.network


def test_many_threads_wait_for_one_result() -> None:
    with connected(auto=False) as (made, client):
        future = client.submit(add, 1, 2)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = [pool.submit(future.result) for _ in range(8)]
            client.sync(client.call, "locate", tasks=[])
            made.run(made.sessions[0])
            assert [result.result(5) for result in results] == [3] * 8


def test_many_coroutines_wait_for_one_result() -> None:
    async def work(made: Scripted, client: Client) -> None:
        made.auto = False
        future = client.submit(add, 1, 2)
        waiting = [asyncio.ensure_future(future.result()) for _ in range(8)]
        await client.call("locate", tasks=[])
        waiting[0].cancel()
        made.run(made.sessions[0])
        assert await asyncio.gather(*waiting[1:]) == [3] * 7
        assert waiting[0].cancelled()

    in_loop(work)


def test_late() -> None:
    with connected(auto=False) as (_, client):
        futures = client.map(abs, range(5))
        states = [future._state for future in futures]
        with pytest.raises(TimeoutError, match=r"5 tasks aren't done after 0\.001 s"):
            client._wait(states, 0.001)
        with pytest.raises(TimeoutError, match="5 tasks aren't done after 1 ms"):
            client.sync(client._wait_async, states, "1 ms")
        assert not any(client._session.waiters.values())


def test_results_arrive_without_anyone_waiting() -> None:
    with connected() as (_, client):
        arrived = threading.Event()
        future = client.submit(add, 1, 2)
        future._state.add_waiter(arrived.set)
        assert arrived.wait(5)


def test_interrupted_waiting_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(auto=False) as (_, client):
        future = client.submit(add, 1, 2)

        class Interrupted:
            def acquire(self, timeout: float = -1) -> bool:
                if timeout == -1 and not hasattr(self, "once"):
                    self.once = True
                    return True
                raise KeyboardInterrupt

            def release(self) -> None:
                return

        monkeypatch.setattr("minidask_distributed.client.connection.threading.Lock", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            future.result()
        monkeypatch.undo()
        assert not any(client._session.waiters.values())
