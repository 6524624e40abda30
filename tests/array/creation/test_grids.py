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


def test_sparse_indices():
    for own, numpys in zip(da.indices((3, 2), chunks=2, sparse=True), np.indices((3, 2), sparse=True), strict=True):
        assert_eq(own, numpys)


@pytest.mark.parametrize(
    "index",
    [
        np.s_[:3],
        np.s_[1:7:2, :2],
        np.s_[:3:4j],
        np.s_[0:1:3j, 2:5],
        np.s_[0.5:3, -1:1:1j],
        np.s_[5:0:-2, 3:3],
        np.s_[0:3,],
        np.s_[0.0:3],
    ],
)
def test_grids_by_slices(index):
    assert_eq(da.mgrid[index], np.mgrid[index])
    own, numpys = da.ogrid[index], np.ogrid[index]
    if not isinstance(index, tuple):
        own, numpys = (own,), (numpys,)
    for one, other in zip(own, numpys, strict=True):
        assert_eq(one, other)


@pytest.mark.parametrize("index", [3, np.s_[0:], np.s_[:3, 1]])
def test_grids_are_made_of_slices(index):
    with pytest.raises(TypeError, match="made of slices with a stop"):
        _ = da.mgrid[index]


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
    with pytest.raises(TypeError, match="dtype float64 where int64 was declared: correct it to return one dtype"):
        da.fromfunction(lambda i: i.astype(int) if i[0] < 2 else i + 0.5, shape=(4,), chunks=2).compute()
    with pytest.raises(ValueError, match=r"shape \(1,\) where \(2,\) was declared"):
        da.fromfunction(lambda i: i[:1], shape=(4,), chunks=2).compute()
    call = FromFunction(max, np.dtype(int), {})
    assert pickle.loads(pickle.dumps(call)).short_name == "max"
    with pytest.raises(TypeError, match="fromfunction needs a function"):
        da.fromfunction(5, shape=(3,))
