from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.graph import CycleError, Task, TaskRef, convert, order, toposort
from tests.graph.samples import record


def tasks_of(needs):
    return {key: Task(record, tuple(map(TaskRef, needed))) for key, needed in needs.items()}


def held(needs, outputs, sequence):
    """Return the most results that are held at a time, after checking that the order is valid."""
    users = dict.fromkeys(needs, 0)
    for needed in needs.values():
        for key in needed:
            users[key] += 1
    for key in outputs:
        users[key] += 1
    done: set = set()
    now = most = 0
    for key in sequence:
        assert done.issuperset(needs[key])
        done.add(key)
        now += 1
        most = max(most, now)
        for need in needs[key]:
            users[need] -= 1
            now -= not users[need]
        now -= not users[key]
    return most


def peak(needs, outputs):
    places = order(tasks_of(needs), outputs)
    assert list(places.values()) == list(range(len(needs)))
    return held(needs, outputs, places)


def tree(blocks, width=2, name="t"):
    needs = {("x", i): () for i in range(blocks)}
    level = list(needs)
    depth = 0
    while len(level) > 1:
        depth += 1
        groups = [level[at : at + width] for at in range(0, len(level), width)]
        needs |= {(name, depth, at): tuple(group) for at, group in enumerate(groups)}
        level = [(name, depth, at) for at in range(len(groups))]
    return needs, level


def anomaly(rows, columns):
    """x - x.mean(axis=0), outputs row by row."""
    cells = [(i, j) for i in range(rows) for j in range(columns)]
    needs = {("x", *cell): () for cell in cells}
    needs |= {("part", *cell): (("x", *cell),) for cell in cells}
    needs |= {("mean", j): tuple([("part", i, j) for i in range(rows)]) for j in range(columns)}
    needs |= {("out", i, j): (("x", i, j), ("mean", j)) for i, j in cells}
    return needs, [("out", *cell) for cell in cells]


def summed(needs, outputs):
    """The same, each output reduced to a small thing, and these to one by pairs."""
    level = [("small", *key) for key in outputs]
    needs = needs | {("small", *key): (key,) for key in outputs}
    while len(level) > 1:
        pairs = [tuple(level[at : at + 2]) for at in range(0, len(level), 2)]
        level = [("sum", *pair[0]) for pair in pairs]
        needs |= dict(zip(level, pairs, strict=True))
    return needs, level


def stencil(blocks, steps):
    needs = {("x", 0, i): () for i in range(blocks)}
    for step in range(1, steps + 1):
        for i in range(blocks):
            needs["x", step, i] = tuple(("x", step - 1, j) for j in (i - 1, i, i + 1) if 0 <= j < blocks)
    return needs, [("x", steps, i) for i in range(blocks)]


def matmul(size):
    cells = [(i, j) for i in range(size) for j in range(size)]
    needs = {(name, *cell): () for name in "ab" for cell in cells}
    for i, j in cells:
        needs |= {("p", i, j, k): (("a", i, k), ("b", k, j)) for k in range(size)}
        needs["c", i, j] = tuple(("p", i, j, k) for k in range(size))
    return needs, [("c", *cell) for cell in cells]


@pytest.mark.parametrize(
    ("shape", "bound"),
    [
        (tree(256), 9 + 1),
        (tree(243, 3), 2 * 5 + 2),
        # All outputs are held; beside them one column.
        (anomaly(20, 10), 20 * 10 + 20 + 1),
        # Some sums of outputs wait for their partners, which stand in another column.
        (summed(*anomaly(20, 10)), 20 * 10 // 2 + 3 * 20),
        (summed(*stencil(60, 3)), 3 * 4 + 8),
        # One row of a, all of b, and the outputs.
        (matmul(6), 36 + 36 + 6 + 6 + 1),
    ],
    ids=["tree", "tree of threes", "anomaly", "anomaly summed", "stencil summed", "matmul"],
)
def test_few_results_are_held(shape, bound):
    needs, outputs = shape
    assert peak(needs, outputs) <= bound
    assert peak(needs, outputs) <= held(needs, outputs, toposort(tasks_of(needs)))


def test_two_reductions_of_the_same_blocks_run_side_by_side():
    first, (top,) = tree(128)
    second, (other,) = tree(128, 2, "u")
    assert peak(first | second, [top, other]) <= 2 * 9


class Summing:
    small = True

    def __call__(self, *args):
        return args


def test_small_results_are_made_as_soon_as_they_can_be():
    def graph_of(func):
        needs = {("x", i): () for i in range(64)}
        for name in "abcd":
            needs |= {(name, i): (("x", i),) for i in range(64)}
            needs[name] = tuple([(name, i) for i in range(64)])
        graph = {
            key: Task(func if isinstance(key, tuple) and key[0] != "x" else record, tuple(map(TaskRef, needed)))
            for key, needed in needs.items()
        }
        return needs, graph

    outputs = ["a", "b", "c", "d"]
    for func, most in ((Summing(), 1), (record, 64)):
        needs, graph = graph_of(func)
        sequence = list(order(graph, outputs))
        held(needs, outputs, sequence)
        blocks = now = 0
        left = dict.fromkeys(range(64), 4)
        for key in sequence:
            if key[0] == "x":
                now += 1
            elif isinstance(key, tuple):
                left[key[1]] -= 1
                now -= not left[key[1]]
            blocks = max(blocks, now)
        assert blocks == most


def test_the_longer_branch_is_made_first():
    needs = {"short": (), "a": (), "b": ("a",), "c": ("b",), "top": ("short", "c")}
    assert list(order(tasks_of(needs))) == ["a", "b", "c", "short", "top"]


def test_arguments_order_decides_among_equals():
    graph = convert({"t": (record, "b", "a", "c"), "a": 1, "b": 2, "c": 3})
    assert list(order(graph)) == ["b", "a", "c", "t"]


@st.composite
def dags(draw):
    size = draw(st.integers(1, 30))
    return {
        ("k", at): tuple(("k", i) for i in draw(st.lists(st.integers(0, at - 1), max_size=4, unique=True)))
        if at
        else ()
        for at in range(size)
    }


@pytest.mark.slow
@given(dags(), st.data())
def test_the_order_is_topological_and_culls(needs, data):
    graph = tasks_of(needs)
    shuffled = dict(data.draw(st.permutations(list(graph.items()))))
    everything = order(shuffled)
    assert set(everything) == set(needs)
    held(needs, [], everything)
    outputs = data.draw(st.lists(st.sampled_from(list(needs)), max_size=3))
    some = order(shuffled, outputs)
    assert list(some.values()) == list(range(len(some)))
    wanted = set(outputs)
    for key in sorted(needs, reverse=True):
        if key in wanted:
            wanted.update(needs[key])
    assert set(some) == wanted
    held({key: needs[key] for key in some}, outputs, some)


@pytest.mark.parametrize("seed", range(5))
def test_random_trees_hold_no_more_than_in_naive_orders(seed):
    rng = random.Random(seed)
    needs = {at: () for at in range(300)}
    for at in range(1, 300):
        above = rng.randrange(max(0, at - 6), at)
        needs[above] = (*needs[above], at)
    mine = peak(needs, [0])
    assert mine <= 12
    assert mine <= held(needs, [0], toposort(tasks_of(needs)))
    assert mine <= held(needs, [0], reversed(range(300)))


def test_outputs_of_all_kinds():
    graph = convert({"x": 1, "y": (abs, "x"), "z": (abs, "y")})
    assert order(graph, ["y", "y", "x"]) == {"x": 0, "y": 1}
    assert order(graph, []) == {}
    assert order({}) == {}
    assert order({}, []) == {}


@pytest.mark.parametrize(
    "needs", [{"a": ("a",)}, {"a": ("b",), "b": ("a",)}, {"o": ("a", "z"), "a": ("b", "z"), "b": ("a", "z"), "z": ()}]
)
@pytest.mark.parametrize("whole", [True, False])
def test_cycles_are_named(needs, whole):
    with pytest.raises(CycleError, match=r"the graph has a cycle .*: '.' -> ") as caught:
        order(tasks_of(needs), None if whole else list(needs)[:1])
    cycle = caught.value.cycle
    assert cycle[0] == cycle[-1]
    assert all(right in needs[left] for left, right in pairwise(cycle))


def test_a_cycle_that_no_output_needs():
    graph = tasks_of({"a": ("b",), "b": ("a",), "x": ()})
    assert order(graph, ["x"]) == {"x": 0}
    with pytest.raises(CycleError):
        order(graph)


def test_missing_keys():
    graph = tasks_of({"value": (), "y": ("valeu",)})
    with pytest.raises(
        KeyError, match="the key 'valeu' is not in the graph, but the task 'y' needs it; did you mean 'value'"
    ):
        order(graph)
    with pytest.raises(KeyError, match="the key 'vale' is not in the graph; did you mean 'value'"):
        order(graph, ["vale"])


@pytest.mark.slow
def test_a_chain_of_any_length():
    needs = {at: (at - 1,) if at else () for at in range(100_000)}
    assert list(order(tasks_of(needs))) == list(range(100_000))
