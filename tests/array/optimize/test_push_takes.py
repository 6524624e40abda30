import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array.optimize.push_takes import Taking, Takings, push_takes, take_now
from minidask.array.slicing.layers import TakePositions
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync
from tests.array.arrays import EVERY_DTYPE, few, pairs


@few
@given(pairs(EVERY_DTYPE, min_dims=1, min_side=1), st.data())
def test_values_are_the_same(pair, data):
    a, x = pair
    axis = data.draw(st.integers(0, a.ndim - 1))
    positions = np.array(data.draw(st.lists(st.integers(0, a.shape[axis] - 1), max_size=5)), int)
    before = tuple(
        data.draw(st.sampled_from([slice(None), slice(0, 1), 0])) if at != axis else slice(None) for at in range(a.ndim)
    )
    index = (*[slice(None)] * sum(isinstance(part, slice) for part in before[:axis]), positions)
    y = x[before][index]
    keys = list(nested_keys(y.__dask_keys__()))
    for one, other in zip(sync.get(push_takes(y.dask, keys), keys), sync.get(y.dask, keys), strict=True):
        np.testing.assert_array_equal(one, other)
    assert_eq(y, a[before][index])


def layers_of(x):
    graph, keys = x.dask, list(nested_keys(x.__dask_keys__()))
    return [type(layer) for layer in push_takes(graph, keys).layers.values()]


def test_only_views_of_one_array_are_asked():
    x = da.from_array(np.arange(20.0), chunks=5)
    assert TakePositions not in layers_of(x[[3, 19, 0]])
    assert TakePositions in layers_of((x + 1)[[3, 19, 0]])
    assert TakePositions in layers_of(da.from_array(np.ma.arange(20), chunks=5)[[3, 19, 0]])
    with minidask.annotate(priority=1):
        marked = da.from_array(np.arange(20.0), chunks=5)
    assert TakePositions in layers_of(marked[[3, 19, 0]])
    assert push_takes({"x": 1}, ["x"]) == {"x": 1}
    assert push_takes(x.dask, [(x.name, 0)]) is x.dask


def test_a_task_that_travels_takes_only_its_positions_along():
    x = da.from_array(np.arange(100_000.0), chunks=10_000)
    taking = Taking(np.arange(100_000.0), 0, np.array([5, 7]))
    data = pickle.dumps(taking)
    assert len(data) < 1000
    assert take_now(pickle.loads(data)).tolist() == [5, 7]
    takings = Takings(x._layer, 0, (np.array([5, 7]),))
    assert len(takings) == 10
    assert takings[(0,)]().tolist() == takings[0]().tolist() == [5, 7]
    assert pickle.loads(pickle.dumps(takings))[0]().tolist() == [5, 7]
