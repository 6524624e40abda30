"""What the dashboard costs the scheduler: processor time with it beside without it, nobody looking and somebody looking.

Two clusters run at a time, and take turns within each measure, so that whatever else the machine does meets both. The reader is
a bare websocket in this process with the feeds of the page *status*: a browser on the same machine would measure itself.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count, pairwise
from typing import Any
from urllib.parse import urlsplit

from benchmarks.bench_cluster import Measure, Measured, same, scheduler_s
from benchmarks.clusters import Apart, apart
from benchmarks.workload import size, workload

N = size(100_000, 600)
MILLION = size(1_000_000, 1200)
TURNS = size(8, 1)


class Reader:
    """Somebody who looks at a page: takes frames of its feeds, and notes when each was made."""

    def __init__(self, link: str, page: str) -> None:
        self._link, self._page = link, page
        self.times: list[float] = []
        self.rows = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._first = threading.Event()
        self._ended = asyncio.Event()

    def __enter__(self) -> Reader:
        self._thread.start()
        self._reading = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        if not self._first.wait(60):
            raise TimeoutError("no frame came within a minute")
        return self

    def __exit__(self, *error: Any) -> None:
        self._reading.cancel()
        asyncio.run_coroutine_threadsafe(self._ended.wait(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _read(self) -> None:
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        from minidask_distributed.dashboard.pages import PAGES

        [feeds] = [page.feeds() for page in PAGES if page.route == self._page]
        link = urlsplit(self._link)
        token = link.query.removeprefix("token=")
        request = HTTPRequest(
            f"ws://{link.netloc}/feeds/ws?feeds={','.join(feeds)}", headers={"Authorization": f"Bearer {token}"}
        )
        socket = await websocket_connect(request)
        try:
            while (frame := await socket.read_message()) is not None:
                told = json.loads(frame)
                # When it was made: this process has a client to run besides.
                self.times.append(told["time"])
                stream = told["feeds"].get("task-stream", {})
                self.rows += len((stream.get("append") or stream.get("set") or {"y": []})["y"])
                self._first.set()
        finally:
            socket.close()
            self._ended.set()

    def gaps(self, since: float, until: float) -> list[float]:
        """Return the times between frames of between two moments, in seconds, the longest last."""
        times = [since, *(when for when in self.times if since < when < until), until]
        return sorted(after - before for before, after in pairwise(times))


@contextmanager
def looked_at(cluster: Apart, page: str = "status") -> Iterator[Reader]:
    """Have somebody look at a page of a cluster."""
    with Reader(cluster.client.dashboard_link, page) as reader:
        yield reader


def in_turns(plain: Apart, other: Apart) -> Callable[[], Measured]:
    """Measure by how much the scheduler of one cluster needs more processor time than that of another."""
    starts = count(0, N)
    for cluster in (plain, other):
        scheduler_s(cluster, min(N, 2000), 1, starts)

    def measure() -> Measured:
        spent = {False: 0.0, True: 0.0}
        for turn in range(2 * TURNS):
            # The order changes, as in A B B A: what one leaves behind meets both.
            second = turn % 4 in (1, 2)
            spent[second] += scheduler_s(other if second else plain, N, 1, starts)
        # At sizes that only try, the clock may not have moved.
        return max(spent[True], 1e-2) / max(spent[False], 1e-2), True

    return measure


unseen = workload(
    "dashboard-unseen",
    f"scheduler's processor time for {N} no-op calls: with a dashboard that nobody looks at / without one",
    kind="measure",
    unit="number",
    bound=1.03,
    rounds=1,
)


@unseen.case("minidask")
def _() -> Iterator[Measure]:
    with apart("minidask", dashboard=False) as plain, apart("minidask") as other:
        yield in_turns(plain, other)


seen = workload(
    "dashboard-seen",
    f"scheduler's processor time for {N} no-op calls: with a websocket of /status / without a dashboard",
    kind="measure",
    unit="number",
    bound=1.15,
    rounds=1,
)


@seen.case("minidask")
def _() -> Iterator[Measure]:
    with ExitStack() as stack:
        plain = stack.enter_context(apart("minidask", dashboard=False))
        other = stack.enter_context(apart("minidask"))
        stack.enter_context(looked_at(other))
        yield in_turns(plain, other)


def time_between_updates(share: float) -> Iterator[Measure]:
    """Measure the time that so large a share of the updates takes at most."""
    with apart("minidask") as cluster, looked_at(cluster) as reader:
        starts = count(0, MILLION)
        scheduler_s(cluster, min(MILLION, 2000), 1, starts)

        def measure() -> Measured:
            begin, start = time.time(), next(starts)
            futures = cluster.client.map(same, range(start, start + MILLION))
            cluster.client.gather(futures)
            # Before all results are released, in one message.
            gaps = reader.gaps(begin, time.time())
            return gaps[int(share * (len(gaps) - 1))], reader.rows > 0

        yield measure


for _name, _about, _share in (("updates", "90 % of the updates", 0.9), ("longest", "all updates", 1.0)):
    _made = workload(
        f"dashboard-{_name}",
        f"{_about} of /status come within this time of the one before, while {MILLION} no-op calls run",
        kind="measure",
        unit="s",
        bound=0.25,
        rounds=1,
    )

    @_made.case("minidask")
    def _(share: float = _share) -> Iterator[Measure]:
        yield from time_between_updates(share)
