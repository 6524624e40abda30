import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.creation.grids import FromFunction
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, shapes


@few
@given(shapes(), st.sampled_from([int, "f4"]), st.data())
def test_indices(shape, dtype, data):
    assert_eq(da.indices(shape, dtype, data.draw(chunkings(shape))), np.indices(shape, dtype))


@few
@given(st.lists(st.integers(0, 4), max_size=3), st.booleans(), st.sampled_from(["xy", "ij"]))
def test_meshgrid(lengths, sparse, indexing):
    vectors = [np.arange(n) * 1.5 for n in lengths]
    found = da.meshgrid(*[da.from_array(v, chunks=2) for v in vectors], sparse=sparse, indexing=indexing)
    expected = np.meshgrid(*vectors, sparse=sparse, indexing=indexing)
    for one, other in zip(found, expected, strict=True):
        assert_eq(one, other)


def test_meshgrid_by_numpy_and_unknown_sizes():
    x = forget(da.arange(4, chunks=2))
    one, _ = np.meshgrid(x, x)
    assert_eq(one, np.meshgrid(range(4), range(4))[0], check_shape=False)
    with pytest.raises(ValueError, match="Valid values for `indexing`"):
        da.meshgrid(x, indexing="ab")


def test_functions_of_coordinates():
    def func(i, j, by=1):
        return i * 10 + j * by

    assert_eq(da.fromfunction(func, chunks=2, shape=(3, 4), dtype=int), np.fromfunction(func, (3, 4), dtype=int))
    assert_eq(da.fromfunction(func, shape=(3, 4), by=2), np.fromfunction(func, (3, 4), by=2))
    assert_eq(da.fromfunction(func, chunks=((2, 1), (4,))), np.fromfunction(func, (3, 4)))
    assert_eq(da.fromfunction(lambda i: 5, shape=(3,), chunks=2), np.full(3, 5))
    call = FromFunction(max, np.dtype(int), {})
    assert pickle.loads(pickle.dumps(call)).short_name == "max"
    with pytest.raises(TypeError, match="fromfunction needs a function"):
        da.fromfunction(5, shape=(3,))
