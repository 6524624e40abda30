"""checkpoint, wait_on, bind and clone, on delayed objects, on grids and on plain dicts."""

from __future__ import annotations

import pickle
from operator import add

import pytest

from minidask import annotate, compute, delayed, persist
from minidask.base import DaskMethodsMixin
from minidask.collection import rebuilt_layer
from minidask.delayed import Delayed
from minidask.graph import LayeredGraph, blockwise, source, tree_reduction
from minidask.graph_manipulation import After, BoundLayer, bind, checkpoint, clone, wait_on
from minidask.local import get_sync
from tests.collection.samples import Grid, Tuple, numbers


class Blocks(DaskMethodsMixin):
    """Numbers in blocks, on symbolic layers."""

    def __init__(self, layer):
        self.layer = layer

    def map(self, func, *others):
        return Blocks(blockwise(func, "i", *[(other.layer, "i") for other in (self, *others)]))

    def total(self):
        return Blocks(tree_reduction(self.layer, sum, sum, split_every=2))

    def __dask_graph__(self):
        return LayeredGraph([self.layer])

    def __dask_keys__(self):
        return self.layer.nested_keys()

    def __dask_layers__(self):
        return (self.layer.name,)

    def __dask_tokenize__(self):
        return self.layer.name

    __dask_scheduler__ = staticmethod(get_sync)

    def __dask_postcompute__(self):
        return list, ()

    def __dask_postpersist__(self):
        return self._rebuild, ()

    def _rebuild(self, graph, *, rename=None):
        name = (rename or {}).get(self.layer.name, self.layer.name)
        return Blocks(rebuilt_layer(graph, name, [(name, i) for i in range(self.layer.numblocks[0])]))


@pytest.fixture
def log():
    """A list of what ran, in order."""
    return []


def recorded(log, tag, result=None):
    def call(*args):
        log.append(tag)
        return result

    return delayed(call)


def blocks(log, tag, n=3):
    return Blocks(source(lambda i: log.append(f"{tag}{i}") or i, list(range(n)), prefix=tag))


def run(*collections):
    return compute(*collections, scheduler="sync")


# -- checkpoint ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split_every", [None, False, 2, 3, 100])
def test_a_checkpoint_waits_for_all_blocks(log, split_every):
    parts = [recorded(log, i)() for i in range(20)]
    done = checkpoint({"a": parts[:5]}, parts[5:], blocks(log, "x"), split_every=split_every)
    assert isinstance(done, Delayed)
    assert done.compute(scheduler="sync") is None
    assert sorted(map(str, log)) == sorted([*map(str, range(20)), "x0", "x1", "x2"])


def test_a_checkpoint_is_a_tree():
    parts = [delayed(i) for i in range(20)]
    for split_every, width in [(2, 2), (8, 8), (False, 20)]:
        tasks = checkpoint(parts, split_every=split_every).dask.values()
        assert max(len(task.dependencies) for task in tasks) == width


def test_equal_checkpoints_have_equal_keys():
    x = delayed(1)
    assert checkpoint(x).key == checkpoint([x]).key != checkpoint(x, split_every=2).key
    assert checkpoint().compute() is None


@pytest.mark.parametrize(
    ("split_every", "error", "message"),
    [
        (1, ValueError, "at least 2"),
        (-3, ValueError, "at least 2"),
        (True, TypeError, "an int"),
        ("8", TypeError, "an int"),
    ],
)
def test_split_every_is_checked(split_every, error, message):
    for call in (
        lambda: checkpoint(delayed(1), split_every=split_every),
        lambda: wait_on(delayed(1), split_every=split_every),
        lambda: bind(delayed(1), delayed(2), split_every=split_every),
    ):
        with pytest.raises(error, match=f"split_every must be {message}"):
            call()


# -- wait_on -------------------------------------------------------------------------------------------------------


def test_nothing_goes_on_before_all_is_there(log):
    x, y = recorded(log, "x", 1)(), recorded(log, "y", 2)()
    wx, wy = wait_on(x, y)
    after = recorded(log, "after", 3)
    assert run(after(wx), after(wy), wx) == (3, 3, 1)
    assert sorted(log[:2]) == ["x", "y"]
    assert log[2:] == ["after", "after"]


def test_wait_on_keeps_kinds_shapes_and_containers(log):
    grid, values, x, b = Grid.of([[1, 2], [3, 4]]), numbers(), delayed(5), blocks(log, "b")
    (wg, [wv]), named, wb = wait_on((grid, [values]), {"x": x}, b)
    assert [type(each) for each in (wg, wv, named["x"], wb)] == [Grid, Tuple, Delayed, Blocks]
    assert run(wg, wv, named, wb) == ([[1, 2], [3, 4]], (1, 2, 3), {"x": 5}, [0, 1, 2])
    assert run(wg + 1, wb.map(abs).total()) == ([[2, 3], [4, 5]], [3])
    assert wg.name != grid.name
    single = wait_on(x)
    assert isinstance(single, Delayed)
    assert single.key.startswith("wait_on-")


def test_wait_on_works_with_tuples_for_keys():
    x = delayed(1, name=("x", 1))
    assert wait_on(x).compute() == 1
    assert wait_on(x).key[1:] == (1,)


# -- bind ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assume_layers", [True, False])
def test_children_are_not_begun_before_the_parents_are_done(log, assume_layers):
    parent = recorded(log, "parent")(recorded(log, "grandparent")())
    child = recorded(log, "top", 7)(recorded(log, "left")(), recorded(log, "right")())
    bound = bind(child, parent, assume_layers=assume_layers)
    assert run(bound) == (7,)
    assert log[:2] == ["grandparent", "parent"]
    assert sorted(log[2:4]) == ["left", "right"]
    assert log[4:] == ["top"]
    assert set(bound.dask).isdisjoint(child.dask)


@pytest.mark.parametrize("assume_layers", [True, False])
def test_what_is_omitted_is_shared_and_what_stands_on_it_waits(log, assume_layers):
    base = recorded(log, "base", 1)()
    child = recorded(log, "child", 2)(base, recorded(log, "other")())
    bound = bind(child, recorded(log, "parent")(), omit=[base], assume_layers=assume_layers)
    assert run(bound, base) == (2, 1)
    assert log.count("base") == 1
    assert log.index("parent") < log.index("other") < log.index("child")
    assert base.key in bound.dask


def test_omitting_the_child_itself_changes_nothing():
    x = delayed(1) + 1
    assert bind(x, delayed(2), omit=x) is x
    assert bind(x, delayed(2), omit=x, assume_layers=False) is x


@pytest.mark.parametrize("assume_layers", [True, False])
def test_grids_are_bound(log, assume_layers):
    x = blocks(log, "x")
    y = x.map(lambda i: log.append(f"y{i}") or i + 1).total()
    bound = bind(y, recorded(log, "parent")(), assume_layers=assume_layers)
    assert run(bound) == ([6],)
    assert log[0] == "parent"
    assert len(log) == 7
    assert bound.layer.numblocks == y.layer.numblocks
    assert run(bound.map(abs), y) == ([6], [6])


def test_grids_stay_symbolic():
    x = Blocks(source(abs, range(1000), prefix="x"))
    y = x.map(abs)
    bound = bind(y.total(), delayed(1))
    kinds = [type(layer).__name__ for layer in bound.__dask_graph__().layers.values() if len(layer) == 1000]
    assert kinds == ["BoundLayer", "Blockwise"]


def test_grids_on_omitted_grids_wait(log):
    x = blocks(log, "x")
    y = x.map(lambda i: log.append(f"y{i}") or i)
    z = y.map(add, x)
    bound = bind(z, recorded(log, "parent")(), omit=x)
    assert run(bound, x) == ([0, 2, 4], [0, 1, 2])
    assert [each for each in log if each.startswith("x")] == ["x0", "x1", "x2"]
    assert all(log.index("parent") < log.index(f"y{i}") for i in range(3))


@pytest.mark.slow
def test_bound_grids_pickle_flat():
    x = Blocks(source(abs, [1, 2], prefix="x"))
    for _ in range(2000):
        x = x.map(abs)
    bound = bind(x, delayed(1), omit=None)
    again = pickle.loads(pickle.dumps(bound.layer))
    assert run(Blocks(again)) == ([1, 2],)
    renamed = clone(bound)
    assert run(renamed) == ([1, 2],)
    assert any(isinstance(layer, BoundLayer) for layer in LayeredGraph([again]).layers.values())


def test_plain_dicts_are_bound(log):
    x = Tuple({"a": (lambda: log.append("a") or 1,), "b": (add, "a", 1), "unused": 0}, ["b"])
    bound = bind(x, recorded(log, "parent")())
    assert isinstance(bound, Tuple)
    assert run(bound) == ((2,),)
    assert log == ["parent", "a"]
    assert bound.__dask_keys__() != x.__dask_keys__()


def test_layers_of_dicts_are_bound(log):
    x = Grid.of([[1, 2]]) + 1
    bound = bind(x, recorded(log, "parent")())
    assert run(bound, x) == ([[2, 3]], [[2, 3]])
    assert log == ["parent"]


def test_children_keep_their_containers_and_share_what_they_shared(log):
    shared = recorded(log, "shared", 1)()
    first, second = shared + 1, shared + 2
    bound = bind({"a": [first], "b": second}, recorded(log, "parent")())
    assert run(bound) == ({"a": [2], "b": 3},)
    assert log == ["parent", "shared"]
    assert bind([1, "x"], delayed(1)) == [1, "x"]


def test_the_seed_decides_the_keys():
    x, parent = delayed(1) + 1, delayed(2)
    assert bind(x, parent, seed=1).key == bind(x, parent, seed=1).key != bind(x, parent, seed=2).key
    assert bind(x, parent).key != bind(x, parent).key
    assert bind(x, parent, seed=1).key == bind(x, parent, seed=1, assume_layers=False).key


def test_persisted_collections_are_bound(log):
    (x,) = persist(Blocks(source(abs, [-1, -2], prefix="x")))
    (y,) = persist(delayed(3) + 0)
    bound_x, bound_y = bind([x, y], recorded(log, "parent")())
    assert run(bound_x, bound_y) == ([1, 2], 3)
    assert log == ["parent"]
    assert run(bound_x.map(abs)) == ([1, 2],)


def test_annotations_stay():
    with annotate(priority=5):
        x = Blocks(source(abs, [-1], prefix="x"))
        y = delayed(abs)(-1)
    bound_x, bound_y = bind([x, y], delayed(1))
    graph = LayeredGraph.merge(bound_x.__dask_graph__(), bound_y.dask)
    assert [graph[key].annotations for key in (*bound_x.__dask_keys__(), bound_y.key)] == [{"priority": 5}] * 2


# -- clone ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("assume_layers", [True, False])
def test_clones_are_computed_anew(log, assume_layers):
    x = recorded(log, "x", 1)()
    y = x + 1
    copied = clone(y, assume_layers=assume_layers)
    assert run(y, copied) == (2, 2)
    assert log == ["x", "x"]
    assert copied.key != y.key
    assert copied.key.startswith("add-")
    log.clear()
    assert run(y, clone(y, omit=x, assume_layers=assume_layers)) == (2, 2)
    assert log == ["x"]


def test_several_clones_are_a_tuple():
    x, y = delayed(1), Grid.of([[2]])
    copied = clone(x, [y])
    assert isinstance(copied, tuple)
    assert run(*copied) == (1, [[[2]]])


def test_clones_keep_length_and_tuple_keys():
    x = delayed(divmod, nout=2)(7, 2)
    assert [part.compute() for part in clone(x)] == [3, 1]
    y = delayed(abs)(-1, dask_key_name=("y", 0))
    assert clone(y).key[1:] == (0,)
    assert (clone(y).compute(), clone(y, assume_layers=False).compute()) == (1, 1)


@pytest.mark.slow
def test_long_chains_need_no_recursion(log):
    x = delayed(0)
    for _ in range(20_000):
        x = x + 1
    assert clone(x).compute() == 20_000
    assert clone(x, assume_layers=False).compute() == 20_000
    assert bind(x, recorded(log, "parent")()).compute() == 20_000
    assert log == ["parent"]


def test_after_compares_and_pickles_by_its_function():
    assert After(abs) == After(abs) != After(len)
    assert hash(After(abs)) == hash(After(abs))
    assert pickle.loads(pickle.dumps(After(abs)))(None, -1) == 1
