import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.computing import delivered
from minidask.array.optimize.skip_rechunks import skip_rechunks
from minidask.array.rechunked import Rechunked
from tests.array.arrays import chunkings, few, forget, pairs


@few
@given(pairs(min_dims=1), st.data())
def test_values_are_the_same(pair, data):
    a, x = pair
    y = (x + 1).rechunk(data.draw(chunkings(a.shape))).rechunk(data.draw(chunkings(a.shape)))
    np.testing.assert_array_equal(y.compute(scheduler="sync"), a + 1)
    np.testing.assert_array_equal(y.compute(scheduler="sync", optimize_graph=False), a + 1)


def rechunks_of(x):
    collection = delivered(x) if not np.isnan(x.shape).any() else x
    graph = skip_rechunks(collection.dask, collection.__dask_keys__())
    return sum(isinstance(layer, Rechunked) for layer in graph.layers.values())


def test_only_what_is_delivered_is_left_out():
    x = da.ones((4, 4), chunks=(1, 4))
    assert rechunks_of(x.rechunk((4, 1))) == 0
    assert rechunks_of(x.rechunk((4, 1)).rechunk((2, 2))) == 0
    assert rechunks_of(x.rechunk((4, 1)) + 1) == 1
    y = x.rechunk((4, 1))
    assert skip_rechunks(y.dask, []) is y.dask
    assert skip_rechunks({"x": 1}, ["x"]) == {"x": 1}
    unknown = forget(da.ones((4, 4), chunks=(2, 2))).rechunk({1: 4})
    assert unknown.compute().shape == (4, 4)
