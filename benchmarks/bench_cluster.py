"""What a task costs on a cluster: many calls, trees of calls, an array's graph, round trips, tasks of a millisecond.

The limits are the project's goals beside dask.distributed (in its default and in its best setting), Ray and the standard
library's pool, in one run; each has two processes with one thread. What takes a peer minutes is measured once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks.clusters import BEST, FAMILY, local, pool, ray
from benchmarks.workload import Workload, size, workload

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
    rounds=2,
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
