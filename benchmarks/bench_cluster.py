"""What a task costs on a cluster: throughput, round trips, the scheduler's processor time, messages and memory, starting.

The limits are the project's goals beside dask.distributed (in its default and in its best setting), Ray and the standard
library's pool, in one run; each has two processes with one thread. What takes a peer minutes is measured once.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.clusters import BEST, FAMILY, apart, count_messages, local, make_local, package, pool, ray, settings
from benchmarks.workload import Workload, size, timed_import, workload

Measured = tuple[float, Any]
Measure = Callable[[], Measured]


def same(value: Any) -> Any:
    """Do nothing."""
    return value


def add(left: int, right: int) -> int:
    """Do next to nothing with two results."""
    return left + right


def timed(call: Callable[[], Any]) -> Measured:
    """Call; return the seconds that it took, and the result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def require(right: bool) -> None:
    """Raise RuntimeError if a result is wrong: equally wrong ones would compare as equal."""
    if not right:
        raise RuntimeError("the result is wrong")


def of_family(made: Workload, *libraries: str, processes: bool = True) -> Callable[[Callable[[Any], Measure]], None]:
    """Register a function that makes a measure of a client, for all of `FAMILY` or for some."""

    def register(make: Callable[[Any], Measure]) -> None:
        for library in libraries or FAMILY:

            @made.case(library)
            def _(library: str = library) -> Iterator[Measure]:
                with local(library, processes) as client:
                    yield make(client)

    return register


# ---------------------------------------------------------------- many independent calls


def mapping(run: Callable[[range], list[int]], n: int) -> Measure:
    """Measure `run`, which calls `same` with each number of a range; numbers that weren't there before each time."""
    starts = count(0, n)
    run(range(-min(n, 2000), 0))

    def measure() -> Measured:
        start = next(starts)
        numbers = range(start, start + n)
        seconds, results = timed(lambda: run(numbers))
        require(results == list(numbers))
        return seconds, n

    return measure


def map_on(client: Any) -> Callable[[range], list[int]]:
    """Map on a client and gather."""
    return lambda numbers: client.gather(client.map(same, numbers))


def declare_map(name: str, n: int, **options: Any) -> None:
    """Declare the map with so many tasks."""
    made = workload(
        f"map-{name}",
        f"client.map of {n} no-op calls, and gather",
        kind="measure",
        per=n,
        limit={"distributed": 1 / 40, BEST: 1 / 10, "pool": 1},
        goal=n * 10e-6,
        **options,
    )
    of_family(made)(lambda client: mapping(map_on(client), n))

    @made.case("ray")
    def _() -> Iterator[Measure]:
        with ray() as library:
            remote = library.remote(same)
            yield mapping(lambda numbers: library.get([remote.remote(i) for i in numbers]), n)

    @made.case("pool")
    def _() -> Iterator[Measure]:
        with pool() as executor:
            yield mapping(lambda numbers: list(executor.map(same, numbers)), n)


declare_map("10k", size(10_000, 300))
declare_map("100k", size(100_000, 600), rounds=1)


# ---------------------------------------------------------------- calls that need others' results


def tree(first: Callable[[int], Any], both: Callable[[Any, Any], Any], leaves: int) -> Any:
    """Call `first` for each leaf (a power of two of them), and `both` for each pair of results; return the root."""
    level = [first(i) for i in range(leaves)]
    while len(level) > 1:
        level = [both(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def reduction(run: Callable[[int], int], leaves: int) -> Measure:
    """Measure `run`, which adds up the leaves' numbers by a tree."""
    run(min(leaves, 1024))

    def measure() -> Measured:
        seconds, total = timed(lambda: run(leaves))
        require(total == leaves * (leaves - 1) // 2)
        return seconds, total

    return measure


def declare_tree(name: str, leaves: int, **options: Any) -> None:
    """Declare the tree with so many leaves."""
    made = workload(
        f"tree-{name}",
        f"delayed tree reduction of {leaves} leaves, from the first call of delayed to the sum",
        kind="measure",
        per=2 * leaves - 1,
        limit={"distributed": 1 / 40, BEST: 1 / 10},
        **options,
    )

    def delayed_tree(client: Any) -> Measure:
        if "minidask" in type(client).__module__:
            from minidask import delayed
        else:
            from dask import delayed
        # The client is the default, on which `compute` runs.
        lazy_same, lazy_add = delayed(same, pure=False), delayed(add, pure=False)
        return reduction(lambda n: tree(lazy_same, lazy_add, n).compute(), leaves)

    of_family(made)(delayed_tree)

    @made.case("ray")
    def _() -> Iterator[Measure]:
        with ray() as library:
            remote_same, remote_add = library.remote(same), library.remote(add)
            yield reduction(lambda n: library.get(tree(remote_same.remote, remote_add.remote, n)), leaves)


declare_tree("8k", size(8192, 128), rounds=3)
declare_tree("64k", size(65_536, 256), rounds=1)


Graph = dict[Any, Any]


def block(number: int) -> Any:
    """Return a small array."""
    import numpy

    return numpy.full(16, number)


def add_one(array: Any) -> Any:
    """The first step, of a block."""
    return array + 1


def double(array: Any) -> Any:
    """The second step."""
    return array * 2


def partial_sum(*parts: Any) -> int:
    """Add up arrays or numbers."""
    return sum(int(part.sum()) for part in parts)


def total_of(*parts: int) -> int:
    """Add up partial sums."""
    return sum(parts)


def blockwise_graph(name: str, blocks: int, split_every: int = 4) -> tuple[Graph, Any]:
    """Return blocks, two steps on each, and the sum of all by a tree, as an array's graph is before it is optimised."""
    graph: Graph = {}
    for i in range(blocks):
        graph[f"{name}-x", i] = (block, i)
        graph[f"{name}-y", i] = (add_one, (f"{name}-x", i))
        graph[f"{name}-z", i] = (double, (f"{name}-y", i))
    level, function, depth = [(f"{name}-z", i) for i in range(blocks)], partial_sum, 0
    while depth == 0 or len(level) > 1:
        groups = [level[i : i + split_every] for i in range(0, len(level), split_every)]
        level = [(f"{name}-sum", depth, i) for i in range(len(groups))]
        graph |= {key: (function, *group) for key, group in zip(level, groups, strict=True)}
        function, depth = total_of, depth + 1
    return graph, level[0]


BLOCKS = size(10_000, 100)
blockwise = workload(
    "blockwise-10k",
    f"an array's graph of {BLOCKS} blocks, two steps on each and their sum, from the dict to the number",
    kind="measure",
    per=len(blockwise_graph("x", BLOCKS)[0]),
    limit={"distributed": 1 / 40, BEST: 1 / 12},
    rounds=3,
)


@of_family(blockwise)
def _(client: Any) -> Measure:
    names = map("step-{}".format, count())

    def measure() -> Measured:
        graph, root = blockwise_graph(next(names), BLOCKS)
        seconds, total = timed(lambda: client.get(graph, root))
        require(total == 16 * 2 * BLOCKS * (BLOCKS + 1) // 2)
        return seconds, total

    graph, root = blockwise_graph(next(names), min(BLOCKS, 300))
    client.get(graph, root)
    return measure


# ---------------------------------------------------------------- one call after the other

TRIPS = size(500, 30)


def trips(call: Callable[[int], int], share: float) -> Measure:
    """Measure the round trip below which the given share of many stays."""
    arguments = count()
    for _ in range(20):
        call(next(arguments))

    def measure() -> Measured:
        times = []
        for _ in range(TRIPS):
            argument = next(arguments)
            seconds, result = timed(lambda: call(argument))
            require(result == argument)
            times.append(seconds)
        return sorted(times)[min(TRIPS - 1, int(share * TRIPS))], TRIPS

    return measure


def declare_trips(name: str, share: float, below_peer: float, goal: float, processes: bool) -> None:
    """Declare one measure of the round trips, and the limit of its ratio to distributed's; Ray's is 1."""
    peers = {"distributed": below_peer, BEST: below_peer} | ({"ray": 1} if processes else {})
    made = workload(
        f"roundtrip-{name}",
        f"submit().result(), {TRIPS} times one after the other: {'median' if share == 0.5 else f'{share:.0%} are below'}"
        f", workers in {'two processes' if processes else 'this process'}",
        kind="measure",
        limit=peers,
        goal=goal,
        rounds=3,
    )
    of_family(made, processes=processes)(lambda client: trips(lambda i: client.submit(same, i).result(), share))
    if not processes:
        return

    @made.case("ray")
    def _() -> Iterator[Measure]:
        with ray() as library:
            remote = library.remote(same)
            yield trips(lambda i: library.get(remote.remote(i)), share)

    @made.case("pool")
    def _() -> Iterator[Measure]:
        with pool() as executor:
            yield trips(lambda i: executor.submit(same, i).result(), share)


declare_trips("median", 0.5, 1 / 20, 0.25e-3, processes=True)
declare_trips("p99", 0.99, 1 / 10, 1e-3, processes=True)
declare_trips("inproc-median", 0.5, 1 / 20, 0.25e-3, processes=False)
declare_trips("inproc-p99", 0.99, 1 / 10, 1e-3, processes=False)


# ---------------------------------------------------------------- tasks of a millisecond


def spin(seconds: float) -> float:
    """Hold the interpreter for so long; return the seconds that it really took."""
    start = time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        pass
    return spent


def nap(seconds: float) -> float:
    """Let others run for so long; return the seconds that it really took."""
    start = time.perf_counter()
    time.sleep(seconds)
    return time.perf_counter() - start


SHORT_TASKS = size(1000, 100)


def efficiency(run: Callable[[Callable[[float], float]], list[float]], function: Callable[[float], float]) -> Measure:
    """Measure how many times as long as the tasks themselves, on two workers, all took."""
    run(function)

    def measure() -> Measured:
        seconds, spent = timed(lambda: run(function))
        require(len(spent) == SHORT_TASKS and min(spent) >= 0.001)
        return seconds / (sum(spent) / 2), SHORT_TASKS

    return measure


def declare_efficiency(name: str, function: Callable[[float], float]) -> None:
    """Declare a workload of tasks that take a millisecond each."""
    made = workload(
        f"efficiency-{name}",
        f"{SHORT_TASKS} x 1 ms of {function.__name__} on two workers: time taken / time of the tasks alone",
        kind="measure",
        unit="number",
        bound=1 / 0.9,
    )
    milliseconds = [0.001] * SHORT_TASKS

    @of_family(made)
    def _(client: Any) -> Measure:
        return efficiency(lambda f: client.gather(client.map(f, milliseconds, pure=False)), function)

    @made.case("ray")
    def _() -> Iterator[Measure]:
        with ray() as library:
            remote = library.remote(function)
            yield efficiency(lambda f: library.get([remote.remote(s) for s in milliseconds]), function)

    @made.case("pool")
    def _() -> Iterator[Measure]:
        with pool() as executor:
            yield efficiency(lambda f: list(executor.map(f, milliseconds)), function)


declare_efficiency("spin", spin)
declare_efficiency("sleep", nap)


# ---------------------------------------------------------------- the scheduler alone


def processor_s(process: Any) -> float:
    """Return the processor time that a process has used, in seconds (to 10 ms)."""
    times = process.cpu_times()
    return times.user + times.system


def scheduler_s(cluster: Any, n: int, repeats: int, starts: Iterator[int]) -> float:
    """Return the scheduler's processor seconds for a map of so many calls, the release of their results included."""
    run = map_on(cluster.client)
    before = processor_s(cluster.scheduler)
    for _ in range(repeats):
        start = next(starts)
        numbers = range(start, start + n)
        require(run(numbers) == list(numbers))
    start = next(starts)
    run(range(start, start + 1))  # by its answer the release of the last ones has been read
    return (processor_s(cluster.scheduler) - before) / repeats


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

flatness = workload(
    "scheduler-cpu-flat",
    f"the scheduler's processor time a task for {TEN_K}, {HUNDRED_K} and {MILLION} calls: largest / smallest",
    kind="measure",
    unit="number",
    bound=1.2,
    rounds=3,
)


@flatness.case("minidask")
def _() -> Iterator[Measure]:
    with apart("minidask") as cluster:
        starts = count(0, MILLION)
        scheduler_s(cluster, TEN_K, 2, starts)

        def measure() -> Measured:
            parts = ((TEN_K, size(40, 1)), (HUNDRED_K, size(4, 1)), (MILLION, 1))
            # At sizes that only try, the clock may not have moved.
            costs = [max(scheduler_s(cluster, n, repeats, starts), 1e-3) / n for n, repeats in parts]
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
