import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.collection import new_array
from minidask.array.deliver import AllDelivered
from minidask.array.optimize.coalesce import Classes, coalesce
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync
from tests.array.arrays import few, pairs
from tests.array.optimize.operations import OPERATIONS

# The function of the same name stands for the module in its package.
module = sys.modules[coalesce.__module__]


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Merge from two blocks on, so that small arrays show it, and to several blocks."""
    monkeypatch.setattr(module, "_MANY", 2)
    monkeypatch.setattr(module, "TARGET", 64)
    monkeypatch.setattr(module, "_WORTH", 1)


@few
@given(pairs(["f8", "i8"], max_dims=3, max_side=9), st.sampled_from(sorted(OPERATIONS)))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_are_the_same(pair, name):
    _, x = pair
    y = OPERATIONS[name](x)
    expected = sync.get(y.dask, list(nested_keys(y.__dask_keys__())))
    keys = list(nested_keys(y.__dask_keys__()))
    for one, other in zip(sync.get(coalesce(y.dask, keys), keys), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)
    whole = y.compute(scheduler="sync")
    np.testing.assert_allclose(whole, y.compute(scheduler="sync", optimize_graph=False), rtol=1e-6, atol=1e-9)
    assert_eq(y, whole, rtol=1e-6, atol=1e-9)


def blocks_of(x, graph):
    return sum(len(layer) for layer in graph.layers.values())


def test_few_tasks_are_left(monkeypatch):
    monkeypatch.setattr(module, "TARGET", 1000)
    x = da.from_array(np.arange(1000.0), chunks=10)
    for _ in range(10):
        x = x + 1
    y = x.sum()
    plan = coalesce(y.dask, [(y.name,)])
    assert blocks_of(y, y.dask) > 1000
    assert blocks_of(y, plan) == 13
    np.testing.assert_allclose(sync.get(plan, (y.name,)), np.arange(1000.0).sum() + 10_000)
    assert blocks_of(x, coalesce(x.dask, x.__dask_keys__())) == blocks_of(x, x.dask)


def test_the_last_axes_are_merged_first():
    x = da.from_array(np.ones((16, 16)), chunks=2)
    y = x.sum()
    plan = coalesce(y.dask, [(y.name,)])
    source = next(iter(plan.layers.values()))
    assert source.numblocks == (4, 1)


def test_what_depends_on_the_cut_keeps_it():
    seen = []

    def watch(block):
        seen.append(block.shape)
        return block

    x = da.ones(64, chunks=2) + 1
    x.map_blocks(watch, dtype=float).compute()
    assert set(seen) == {(2,)}
    assert len((da.ones(64, chunks=2) + 1).persist().dask) == 32


def test_large_or_few_blocks_stay(monkeypatch):
    y = da.ones(640, chunks=65).sum()
    assert coalesce(y.dask, [(y.name,)]) is y.dask
    monkeypatch.setattr(module, "_MANY", 100)
    z = da.ones(64, chunks=1).sum()
    assert coalesce(z.dask, [(z.name,)]) is z.dask
    assert coalesce({"x": 1}, ["x"]) == {"x": 1}


def test_unknown_sizes_and_slices_with_steps():
    x = da.arange(64, chunks=2)
    assert x[x > 5].sum().compute() == np.arange(6, 64).sum()
    assert da.from_array(np.arange(64), chunks=2)[::3].sum().compute() == np.arange(64)[::3].sum()


def test_classes_of_axes():
    classes = Classes()
    a, b, c = ("a", 0), ("b", 0), ("c", 0)
    classes.know(b, (1, 2))
    classes.join(a, b)
    classes.join(b, c)
    classes.fixed.add(classes.find(c))
    assert classes.find(a) == classes.find(c)
    assert classes.sizes[classes.find(c)] == (1, 2)
    layer = da.ones(4, chunks=2)._layer
    classes.fix(layer)
    assert classes.find((layer.name, 0)) in classes.fixed
    assert isinstance(AllDelivered("x", layer), AllDelivered)
    assert new_array(layer, ((2, 2),), np.empty(0)).shape == (4,)
