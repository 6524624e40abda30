import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array.optimize.push_slices import push_slices
from minidask.array.slicing.layers import SliceBlocks
from minidask.array.sources import ArraySource
from minidask.array.testing import assert_eq
from minidask.graph import nested_keys
from minidask.schedulers import sync
from tests.array.arrays import chunkings, few, outcome, sample, shapes


class Data:
    """Reads are counted; only plain slices and ints are allowed."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.reads = array, array.shape, array.dtype, []

    def __getitem__(self, index):
        assert all(isinstance(part, slice | int) for part in index)
        self.reads.append(index)
        return self.array[index]


ENDS = st.none() | st.integers(-8, 8)


@few
@given(shapes(min_dims=1), st.data())
def test_sources_read_what_is_kept_and_values_are_the_same(shape, data):
    a = sample(shape)
    chunks = data.draw(chunkings(shape))
    for source in (a, Data(a)):
        x, expected = da.from_array(source, chunks=chunks, name="x" if source is a else "y"), a
        for _ in range(2):
            index = tuple(
                data.draw(st.one_of(st.just(0), st.builds(slice, ENDS, ENDS, st.sampled_from([None, 1, 2, 3, -1]))))
                for _ in expected.shape
            )
            if not isinstance(outcome(lambda index=index, expected=expected: expected[index]), type):
                x, expected = x[index], expected[index]
        keys = list(nested_keys(x.__dask_keys__()))
        pushed = push_slices(x.dask, keys)
        for one, other in zip(sync.get(pushed, keys), sync.get(x.dask, keys), strict=True):
            np.testing.assert_array_equal(one, other)
        assert_eq(x, expected)


def test_little_is_read():
    data = Data(np.arange(100).reshape(10, 10))
    x = da.from_array(data, chunks=5)
    assert x[3, 2:4].compute().tolist() == [32, 33]
    assert data.reads == [(3, slice(2, 4))]
    data.reads.clear()
    assert (x[1:3] + 1)[:, ::4].compute().shape == (2, 3)


def test_a_source_that_others_use_is_read_once():
    data = Data(np.arange(10))
    x = da.from_array(data, chunks=5)
    y = x[2:4] + x.sum()
    graph = push_slices(y.dask, list(nested_keys(y.__dask_keys__())))
    assert any(isinstance(layer, SliceBlocks) for layer in graph.layers.values())
    y.compute()
    assert len(data.reads) == 2


def test_new_axes_and_steps_back_stay_slices():
    x = da.from_array(np.arange(10), chunks=5)
    for y in (x[::-1], x[None, 2:5]):
        graph = push_slices(y.dask, list(nested_keys(y.__dask_keys__())))
        assert any(isinstance(layer, SliceBlocks) for layer in graph.layers.values())
    z = x[2:5]
    assert [type(layer) for layer in push_slices(z.dask, list(nested_keys(z.__dask_keys__()))).layers.values()] == [
        ArraySource
    ]


def test_annotations_and_dicts():
    with minidask.annotate(priority=1):
        y = da.from_array(np.arange(10), chunks=5)
    graph = push_slices(y[1:3].dask, list(nested_keys(y[1:3].__dask_keys__())))
    assert any(isinstance(layer, SliceBlocks) for layer in graph.layers.values())
    assert push_slices({"x": 1}, ["x"]) == {"x": 1}
