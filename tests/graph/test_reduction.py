from __future__ import annotations

import pickle
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minidask.graph import LayeredGraph, TreeReduction, annotate, tree_reduction
from tests.graph.samples import run
from tests.graph.test_blockwise import grid


def flat(blocks):
    """Leaves of nested lists, in order."""
    return [leaf for block in blocks for leaf in flat(block)] if isinstance(blocks, list) else [blocks]


def gather(blocks):
    """Combine: a tuple of all leaves, tuples of earlier levels opened."""
    return tuple(leaf for item in flat(blocks) for leaf in (item if item[:1] != ("x",) else (item,)))


def finish(blocks):
    return ("done", gather(blocks))


def computed(layer, wanted=None):
    graph = LayeredGraph([layer])
    keys = list(layer.output_keys()) if wanted is None else wanted
    tasks = graph.lower(keys)
    return dict(zip(keys, run(tasks, keys), strict=True)), tasks


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=3),
    st.data(),
    st.booleans(),
    st.sampled_from([None, 2, 3, {0: 2, 1: 4}]),
)
def test_every_block_is_taken_once_and_in_order_along_each_axis(blocks, data, keepdims, split_every):
    axes = data.draw(st.permutations(range(len(blocks))))[: data.draw(st.integers(0, len(blocks)))]
    layer = tree_reduction(
        grid("x", *blocks), gather, finish, axes=axes, split_every=split_every, keepdims=keepdims, name="r"
    )
    results, tasks = computed(layer)
    kept = [at for at in range(len(blocks)) if at not in axes]
    assert layer.numblocks == tuple(n if at in kept else 1 for at, n in enumerate(blocks) if keepdims or at in kept)
    for key, (done, leaves) in results.items():
        assert done == "done"
        index = key[1:]
        where = {at: index[at if keepdims else place] for place, at in enumerate(kept)}
        spans = [[where[at]] if at in kept else range(n) for at, n in enumerate(blocks)]
        assert sorted(leaves) == [("x", *block) for block in product(*spans)]
        if len(axes) == 1:
            assert list(leaves) == sorted(leaves)
    for task in tasks.values():
        assert len(task.dependencies) <= prod(layer.split_every)


@pytest.mark.slow
@example(300, 16)
@example(256, 16)
@example(257, 16)
@example(1, 2)
@example(0, 2)
@given(st.integers(0, 300), st.integers(2, 20))
def test_one_axis_of_many_blocks(count, every):
    layer = tree_reduction(grid("x", count), gather, finish, split_every=every, keepdims=False, name="r")
    results, tasks = computed(layer)
    assert results == {("r",): ("done", tuple(("x", i) for i in range(count)))}
    assert all(len(task.dependencies) <= every for task in tasks.values())
    inner = [key for key in tasks if key[0] == "r"]
    levels, width = 0, count
    total = 1
    while width > every:
        width = -(-width // every)
        total += width
        levels += 1
    assert len(inner) == total
    assert max([key[2] for key in inner if key[1:2] == ("level",)], default=0) == levels


def test_nesting_follows_the_grid_in_whatever_order_the_axes_are_given():
    shapes = []

    def note(blocks):
        shapes.append(blocks)
        return blocks

    for axes in [(0, 1), (1, 0)]:
        computed(tree_reduction(grid("x", 2, 3), note, note, axes=axes, split_every=4, name="r"))
    assert shapes == [[[("x", i, j) for j in range(3)] for i in range(2)]] * 2
    single = tree_reduction(grid("x", 1), note, note, name="r")
    assert computed(single)[0] == {("r", 0): [("x", 0)]}


def test_zero_blocks_along_one_of_two_axes():
    layer = tree_reduction(grid("x", 2, 0), list, list, axes=(0, 1), name="r")
    assert computed(layer)[0] == {("r", 0, 0): [[], []]}
    kept = tree_reduction(grid("x", 2, 0), list, list, axes=(0,), name="r")
    assert computed(kept)[0] == {}
    assert computed(tree_reduction(grid("x", 0), list, list, name="r"))[0] == {("r", 0): []}


def test_only_the_wanted_trees_are_made():
    layer = tree_reduction(grid("x", 40, 5), gather, finish, axes=(0,), name="r", split_every=4)
    results, tasks = computed(layer, [("r", 0, 3)])
    assert results["r", 0, 3] == ("done", tuple(("x", i, 3) for i in range(40)))
    assert sum(1 for key in tasks if key[0] == "x") == 40
    assert sum(1 for key in tasks if key[0] == "r") == 10 + 3 + 1
    assert layer.lower([("r", 0, 9), ("other", 0, 0)]) == {}


def test_tasks_of_one_shape_share_a_program():
    tasks = tree_reduction(grid("x", 64), gather, finish, split_every=4, name="r").lower()
    assert len({id(task.func) for task in tasks.values()}) == 2


def test_names_say_what_is_computed():
    x = grid("x", 8, 8)
    names = [
        tree_reduction(x, sum, sum).name,
        tree_reduction(x, sum, max).name,
        tree_reduction(x, max, sum).name,
        tree_reduction(x, sum, sum, axes=(1,)).name,
        tree_reduction(x, sum, sum, axes=(0, 1)).name,
        tree_reduction(x, sum, sum, keepdims=False).name,
        tree_reduction(x, sum, sum, split_every=3).name,
        tree_reduction(grid("y", 8, 8), sum, sum).name,
    ]
    assert len(set(names)) == len(names)
    assert names[0] == tree_reduction(x, sum, sum, split_every=np.int64(16), axes=(np.int64(0),)).name
    assert names[0].startswith("sum-")


@pytest.mark.parametrize("axes", [(2,), (-1,), (0, 0)])
def test_axes_that_are_none(axes):
    with pytest.raises(ValueError, match=r"axes must be different ones of 0\.\.1, got"):
        tree_reduction(grid("x", 2, 2), sum, sum, axes=axes)


@pytest.mark.parametrize("every", [1, 0, -3, 2.5, True, "4", {0: 1}])
def test_split_every_that_splits_nothing(every):
    with pytest.raises(ValueError, match="split_every must be an integer of at least 2, got"):
        tree_reduction(grid("x", 2), sum, sum, split_every=every)


def test_annotations_rebuilding_and_pickling():
    with annotate(priority=len):
        layer = tree_reduction(grid("x", 9), gather, finish, split_every=3, name="r")
    priorities = {key: task.annotations["priority"] for key, task in layer.lower().items()}
    assert priorities == {key: len(key) for key in layer.lower()}
    moved = layer.rebuild((grid("y", 9),), "s")
    assert moved.lower()["s", "level", 1, 0].dependencies == (("y", 0), ("y", 1), ("y", 2))
    copy = pickle.loads(pickle.dumps(layer))
    assert type(copy) is TreeReduction
    assert copy.lower().keys() == layer.lower().keys()
    assert repr(layer) == "<TreeReduction 'r' of 1 blocks from (x)>"
