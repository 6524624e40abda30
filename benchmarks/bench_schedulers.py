"""What a task costs: running no-op tasks locally, reading and ordering graphs, importing, and memory.

The limits are the project's goals beside Dask in one run; `README.rst` says how the figures are made.
"""

from __future__ import annotations

import random
from typing import Any

from benchmarks.workload import timed_import, workload

Graph = dict[Any, Any]


def same(value: int) -> int:
    """Do nothing."""
    return value


def largest(*values: int) -> int:
    """Do next to nothing with several values."""
    return max(values)


def independent(n: int) -> tuple[Graph, Any]:
    """`n` tasks that need nothing, all asked for."""
    return {("x", i): (same, i) for i in range(n)}, [("x", i) for i in range(n)]


def chain(n: int) -> tuple[Graph, Any]:
    """`n` tasks in a row."""
    return {("x", 0): (same, 1)} | {("x", i): (same, ("x", i - 1)) for i in range(1, n)}, ("x", n - 1)


def tree(leaves: int) -> tuple[Graph, Any]:
    """A binary tree over so many leaves (a power of two), twice as many tasks less one."""
    graph: Graph = {(0, i): (same, i) for i in range(leaves)}
    level, width = 0, leaves
    while width > 1:
        level, width = level + 1, width // 2
        graph |= {(level, i): (largest, (level - 1, 2 * i), (level - 1, 2 * i + 1)) for i in range(width)}
    return graph, (level, 0)


def random_dag(n: int) -> tuple[Graph, Any]:
    """`n` tasks, each of which needs up to three of the hundred before it; the sinks are asked for."""
    dice = random.Random(2)
    graph: Graph = {("x", 0): (same, 0)}
    used = set()
    for i in range(1, n):
        needs = dice.sample(range(max(0, i - 100), i), min(i, dice.randrange(4)))
        used.update(needs)
        graph["x", i] = (largest, *(("x", j) for j in needs), i)
    return graph, [("x", i) for i in range(n) if i not in used]


def summary(result: Any) -> int:
    """Reduce what `get` returned to one number that all libraries must agree on."""
    return sum(result) if isinstance(result, list | tuple) else result


SHAPES = {
    "independent": (independent, 20_000, 20_000),
    "chain": (chain, 10_000, 10_000),
    "tree": (tree, 16_384, 32_767),
    "random": (random_dag, 10_000, 10_000),
}


def declare(shape: str) -> None:
    """Declare one shape of graph for the threaded and for the synchronous scheduler."""
    make, size, tasks = SHAPES[shape]
    threads = workload(f"threads-{shape}", f"{tasks} no-op tasks, threads", per=tasks, limit=1 / 5)
    sync = workload(f"sync-{shape}", f"{tasks} no-op tasks, one after the other", per=tasks, limit=1 / 5)

    @threads.case("minidask")
    def _() -> Any:
        from minidask.threaded import get

        graph, keys = make(size)
        return lambda: summary(get(graph, keys))

    @threads.case("dask")
    def _() -> Any:
        from dask.threaded import get

        graph, keys = make(size)
        return lambda: summary(get(graph, keys))

    @sync.case("minidask")
    def _() -> Any:
        from minidask.local import get_sync

        graph, keys = make(size)
        return lambda: summary(get_sync(graph, keys))

    @sync.case("dask")
    def _() -> Any:
        from dask.local import get_sync

        graph, keys = make(size)
        return lambda: summary(get_sync(graph, keys))


for _shape in SHAPES:
    declare(_shape)


def mapped_tree(leaves: int) -> tuple[Graph, Any]:
    """A tree whose leaves come from two tasks before, four times as many tasks less one; the root is asked for."""
    graph, root = tree(leaves)
    for i in range(leaves):
        graph["read", i] = (same, i)
        graph["map", i] = (same, ("read", i))
        graph[0, i] = (same, ("map", i))
    return graph, root


# What stands before the first task: reading the user's dict, leaving out what is not needed, and the order.
prepare = workload("graph-prepare-tree", "read, cull and order a dict: maps and a tree", per=131_071, bound=1.0)
# Dask takes most of a minute for this one, hence no case for it.
prepare_random = workload("graph-prepare-random", "the same with a random graph", per=100_000, bound=1.0)


@prepare.case("minidask")
def _() -> Any:
    from minidask.graph import convert, order
    from minidask.optimize import cull

    graph, root = mapped_tree(32_768)
    return lambda: len(order(cull(convert(graph), [root]), [root]))


@prepare_random.case("minidask")
def _() -> Any:
    from minidask.graph import convert, order
    from minidask.optimize import cull

    graph, keys = random_dag(100_000)
    return lambda: len(order(cull(convert(graph), keys[::2]), keys[::2]))


@prepare.case("dask")
def _() -> Any:
    from dask._task_spec import convert_legacy_graph
    from dask.optimization import cull
    from dask.order import order

    graph, root = mapped_tree(32_768)
    return lambda: len(order(cull(convert_legacy_graph(graph), [root])[0]))


# What a user writes is `y = y + 1` on an array, which also infers a data type; the bare layers stand beside it.
build = workload("layers-build", "100 times y + 1 over 1000 blocks, declared (Dask: its array)", per=100, limit=1 / 20)
build_bare = workload("layers-build-bare", "the same with the bare layers of both", per=100)
run_layers = workload(
    "layers-run", "bare layers: declare, optimise, run one after the other", per=100_000, limit=1 / 20
)

LAYERS, BLOCKS = 100, 1000


def add_one(value: int) -> int:
    """Return one more."""
    return value + 1


@build_bare.case("minidask")
@build.case("minidask")
def _() -> Any:
    from minidask.graph import LayeredGraph, blockwise, source

    def run() -> int:
        y = source(same, range(BLOCKS), prefix="start")
        for _ in range(LAYERS):
            y = blockwise(add_one, "i", (y, "i"))
        return len(LayeredGraph((y,)).layers)

    return run


def dask_layers() -> tuple[Any, str]:
    """Make the same layers with Dask; return its graph and the last layer's name."""
    from dask.blockwise import blockwise
    from dask.highlevelgraph import HighLevelGraph

    name = "start"
    graph = HighLevelGraph({name: {(name, i): (same, i) for i in range(BLOCKS)}}, {name: set()})
    for k in range(LAYERS):
        new = f"add-{k}"
        layer = blockwise(add_one, new, "i", name, "i", numblocks={name: (BLOCKS,)})
        graph = HighLevelGraph(graph.layers | {new: layer}, graph.dependencies | {new: {name}})
        name = new
    return graph, name


@build_bare.case("dask")
def _() -> Any:
    return lambda: len(dask_layers()[0].layers)


@build.case("dask")
def _() -> Any:
    import dask.array

    def run() -> int:
        y = dask.array.ones(BLOCKS, chunks=1)
        for _ in range(LAYERS):
            y = y + 1
        return len(y.dask.layers)

    return run


@run_layers.case("minidask")
def _() -> Any:
    from minidask.graph import LayeredGraph, blockwise, source
    from minidask.optimize import fuse_blockwise
    from minidask.optimize.pipeline import finish
    from minidask.schedulers.sync import get

    def run() -> int:
        y = source(same, range(BLOCKS), prefix="start")
        for _ in range(LAYERS):
            y = blockwise(add_one, "i", (y, "i"))
        keys = [(y.name, i) for i in range(BLOCKS)]
        return sum(get(finish(fuse_blockwise(LayeredGraph((y,)), keys), keys), keys))

    return run


@run_layers.case("dask")
def _() -> Any:
    from dask.blockwise import optimize_blockwise
    from dask.local import get_sync
    from dask.optimization import fuse

    def run() -> int:
        graph, name = dask_layers()
        keys = [(name, i) for i in range(BLOCKS)]
        optimized = optimize_blockwise(graph, keys=keys).cull(set(keys))
        return sum(get_sync(fuse(optimized.to_dict(), keys)[0], keys))

    return run


light = workload("import", "import the package alone", kind="process", limit=1 / 3)
names = workload("import-names", "import and touch delayed, compute, config, the threaded get", kind="process")
frames = workload("import-dataframe", "import the dataframe, after pandas and pyarrow", kind="process", bound=0.15)

for _library in ("minidask", "dask"):

    def _light(library: str = _library) -> str:
        return timed_import(f"import {library}")

    def _names(library: str = _library) -> str:
        touch = ", ".join(f"{library}.{name}" for name in ("delayed", "compute", "config.get", "base"))
        return timed_import(f"import {library}, {library}.threaded; {touch}")

    def _frames(library: str = _library) -> str:
        return timed_import(
            f"import {library}.dataframe; {library}.dataframe.read_csv", before="import pandas, pyarrow"
        )

    light.case(_library)(_light)
    names.case(_library)(_names)
    frames.case(_library)(_frames)


# The allocator's own count, of the graph alone: resident memory would count pages that Python keeps for later, too.
MEMORY = """
import gc, json, tracemalloc
{imports}
tracemalloc.start()
graph = {graph}
gc.collect()
held = tracemalloc.get_traced_memory()[0]
print(json.dumps([held, {count}]))
"""
USER_DICT = '{("x", i): (abs, ("x", i - 1)) if i % 10 else (abs, i) for i in range(1_000_000)}'

materialised = workload(
    "memory-tasks",
    "a graph of a million tasks, its dict of tuples let go",
    kind="process",
    unit="bytes",
    per=1_000_000,
    bound=600,
    rounds=1,
)
symbolic = workload(
    "memory-layers",
    "a graph of a million tasks in layers",
    kind="process",
    unit="bytes",
    per=1_000_000,
    bound=50,
    rounds=1,
)


@materialised.case("minidask")
def _() -> str:
    return MEMORY.format(
        imports="from minidask.graph import convert", graph=f"convert({USER_DICT})", count="len(graph)"
    )


@materialised.case("dask")
def _() -> str:
    imports = "from dask._task_spec import convert_legacy_graph"
    return MEMORY.format(imports=imports, graph=f"convert_legacy_graph({USER_DICT})", count="len(graph)")


@symbolic.case("minidask")
def _() -> str:
    imports = """
from benchmarks.bench_schedulers import add_one, same
from minidask.graph import LayeredGraph, blockwise, source
def make():
    y = source(same, range(10_000), prefix="start")
    for _ in range(99):
        y = blockwise(add_one, "i", (y, "i"))
    return LayeredGraph((y,))
"""
    return MEMORY.format(imports=imports, graph="make()", count="len(graph.layers) * 10_000")
