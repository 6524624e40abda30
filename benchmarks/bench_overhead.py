"""What a cluster costs beside its tasks: the scheduler's processor time, messages and memory, starting, ending, importing.

The limits are the project's goals, beside dask.distributed where that has the like. What takes the peer minutes is
measured once.
"""

from __future__ import annotations

import gc
import statistics
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.bench_cluster import Measure, Measured, map_on, of_family, require, same, scheduler_s, timed
from benchmarks.clusters import BEST, FAMILY, apart, count_messages, make_local, package, settings
from benchmarks.workload import size, timed_import, workload

# ---------------------------------------------------------------- the scheduler alone


def declare_scheduler(name: str, n: int, libraries: tuple[str, ...], repeats: int, **options: Any) -> None:
    """Declare the processor time of the scheduler's process; minidask repeats, as the clock counts to 10 ms alone."""
    made = workload(
        f"scheduler-cpu-{name}",
        f"processor time of the scheduler's process for {n} no-op calls (peers that take minutes: once or not)",
        kind="measure",
        per=n,
        goal=n * 4e-6,
        **options,
    )
    for library in libraries:

        @made.case(library)
        def _(library: str = library) -> Iterator[Measure]:
            with apart(library) as cluster:
                starts = count(0, n)
                scheduler_s(cluster, min(n, 2000), 1, starts)
                yield lambda: (scheduler_s(cluster, n, repeats if library == "minidask" else 1, starts), n)


TEN_K, HUNDRED_K, MILLION = size(10_000, 300), size(100_000, 600), size(1_000_000, 1200)
declare_scheduler("10k", TEN_K, FAMILY, size(20, 1), limit=1 / 40, rounds=3)
declare_scheduler("100k", HUNDRED_K, FAMILY, size(4, 1), limit=1 / 40, rounds=1)
declare_scheduler("1m", MILLION, ("minidask",), 1, rounds=1)

FLAT_PASSES = size(5, 1)
"""A single cost differs from the next by up to a third on a machine that others use, whatever the size."""

flatness = workload(
    "scheduler-cpu-flat",
    f"the scheduler's processor time a task for {TEN_K}, {HUNDRED_K} and {MILLION} calls, medians of {FLAT_PASSES} in turn: "
    "largest / smallest",
    kind="measure",
    unit="number",
    bound=1.2,
    rounds=1,
)


@flatness.case("minidask")
def _() -> Iterator[Measure]:
    with apart("minidask") as cluster:
        starts = count(0, MILLION)
        scheduler_s(cluster, TEN_K, 2, starts)

        def measure() -> Measured:
            parts = ((TEN_K, size(40, 1)), (HUNDRED_K, size(4, 1)), (MILLION, 1))
            # At sizes that only try, the clock may not have moved.
            passes = [
                [max(scheduler_s(cluster, n, repeats, starts), 1e-3) / n for n, repeats in parts]
                for _ in range(FLAT_PASSES)
            ]
            costs = [statistics.median(found) for found in zip(*passes, strict=True)]
            return max(costs) / min(costs), True

        yield measure


messages = workload(
    "scheduler-messages",
    f"messages that the scheduler takes in and gives out for one of {TEN_K} mapped calls",
    kind="measure",
    unit="number",
    bound=0.1,
)


@of_family(messages, "minidask")
def _(client: Any) -> Measure:
    run = map_on(client)
    starts = count(0, TEN_K)
    run(range(-2000, 0))

    def measure() -> Measured:
        start = next(starts)
        numbers = range(start, start + TEN_K)
        with count_messages(client.cluster.scheduler) as counted:
            require(run(numbers) == list(numbers))
        return (counted.taken + counted.given) / TEN_K, True

    return measure


# What it holds doesn't depend on where tasks are queued, so the peer's slower setting isn't run.
def declare_memory(name: str, about: str, held: Callable[[Any], int], **options: Any) -> None:
    """Declare the scheduler's memory for tasks whose results are held."""
    made = workload(
        f"scheduler-memory{name}",
        f"bytes in the scheduler's process for each of {HUNDRED_K} tasks whose results are held, {about}",
        kind="measure",
        unit="bytes",
        per=HUNDRED_K,
        rounds=1,
        **options,
    )
    for library in ("minidask", BEST):

        @made.case(library)
        def _(library: str = library) -> Iterator[Measure]:
            with apart(library) as cluster:
                client = cluster.client
                client.gather(client.map(same, range(-2000, 0)))

                def measure() -> Measured:
                    before = held(cluster)
                    futures = client.map(same, range(HUNDRED_K))
                    package(library).wait(futures)
                    after = held(cluster)
                    return after - before, len(futures)

                yield measure


def traced() -> int:
    """Return the bytes that Python's allocator has given out since this was first called in a process, and not back."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


declare_memory("", "counted by Python's allocator", lambda cluster: cluster.client.run_on_scheduler(traced), bound=600)
declare_memory("-rss", "as the system sees it", lambda cluster: cluster.scheduler.memory_info().rss)


# ---------------------------------------------------------------- starting, ending, doing nothing


def declare_life(name: str, processes: bool, limit: float, goal: float, repeats: int) -> None:
    """Declare how long a `LocalCluster` takes to be ready, and to be closed."""
    place = "in two processes" if processes else "in this process"
    ready = workload(
        f"ready-{name}",
        f"LocalCluster with two workers {place}, until they are there",
        kind="measure",
        limit=limit,
        goal=goal,
    )
    closed = workload(f"close-{name}", f"the same LocalCluster closed, workers {place}", kind="measure", limit=limit)

    def measure(library: str, which: int) -> Measured:
        all_times = []
        for _ in range(repeats):
            with settings(library):
                start_s, cluster = timed(lambda: make_local(library, processes))
            with cluster:
                with package(library).Client(cluster) as client:
                    require(len(client.scheduler_info()["workers"]) == 2)
                end_s, _ = timed(cluster.close)
            all_times.append((start_s, end_s))
        return statistics.median(times[which] for times in all_times), 2

    for library in FAMILY[:2]:
        for which, made in enumerate((ready, closed)):

            @made.case(library)
            def _(library: str = library, which: int = which) -> Measure:
                measure(library, which)
                return lambda: measure(library, which)


declare_life("inproc", processes=False, limit=2.5, goal=0.02, repeats=size(10, 2))
declare_life("processes", processes=True, limit=1, goal=0.55, repeats=size(3, 1))

for _part in ("scheduler", "worker"):
    _idle = workload(
        f"idle-memory-{_part}",
        f"resident memory of a {_part}'s process that has done nothing yet",
        kind="measure",
        unit="bytes",
        bound=60e6,
        rounds=3,
    )
    for _library in FAMILY[:2]:

        @_idle.case(_library)
        def _(library: str = _library, part: str = _part) -> Measure:
            def measure() -> Measured:
                with apart(library, n_workers=1) as cluster:
                    process = cluster.scheduler if part == "scheduler" else cluster.workers[0]
                    return process.memory_info().rss, True

            return measure


packages = workload("import-cluster", "import the cluster's package", kind="process", bound=0.12)
names = workload("import-client", "import its Client and LocalCluster", kind="process", bound=0.12)

packages.case("minidask")(lambda: timed_import("import minidask_distributed"))
packages.case("distributed")(lambda: timed_import("import distributed"))
names.case("minidask")(lambda: timed_import("from minidask.distributed import Client, LocalCluster"))
names.case("distributed")(lambda: timed_import("from distributed import Client, LocalCluster"))
