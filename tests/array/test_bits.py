import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.bits import whole_bytes
from minidask.array.testing import assert_eq
from tests.array.arrays import INTEGERS, few, forget, pairs, raising


@few
@given(pairs(["?", *INTEGERS], max_side=20), st.data())
def test_packed_as_numpy_does(pair, data):
    a, x = pair
    axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)]))
    order = data.draw(st.sampled_from(["big", "little"]))
    with config.set(scheduler=raising):
        made = np.packbits(x, axis, order)
    assert_eq(made, np.packbits(a, axis, order))


@few
@given(pairs(["u1"], min_dims=1, min_side=1), st.data())
def test_unpacked_as_numpy_does(pair, data):
    a, x = pair
    axis = data.draw(st.sampled_from([None, *range(-a.ndim, a.ndim)]))
    count = data.draw(st.sampled_from([None, 0, 3, 8, 100, -2, -8]))
    order = data.draw(st.sampled_from(["big", "little"]))
    assert_eq(np.unpackbits(x, axis, count, order), np.unpackbits(a, axis, count, order))


def test_there_and_back():
    bits = np.random.default_rng(0).integers(0, 2, (5, 21)).astype(bool)
    packed = da.packbits(da.from_array(bits, chunks=(2, 6)), axis=1)
    assert packed.chunks == ((2, 2, 1), (1, 1, 1))
    assert_eq(da.unpackbits(packed, axis=1, count=21), bits.astype("u1"))
    assert packed.name == da.packbits(da.from_array(bits, chunks=(2, 6)), axis=1).name
    assert packed.name != da.packbits(da.from_array(bits, chunks=(2, 6)), axis=1, bitorder="little").name


def test_nothing_has_no_bits():
    empty = da.zeros(0, dtype="u1")
    assert_eq(da.packbits(empty), np.zeros(0, "u1"))
    assert_eq(da.unpackbits(empty), np.zeros(0, "u1"))
    # NumPy leaves what is filled up as it was in memory here.
    assert_eq(da.unpackbits(empty, count=3), np.zeros(3, "u1"))
    assert_eq(da.packbits(da.asarray(3)), np.packbits(np.array(3)))
    assert whole_bytes((0, 0)) == (0,)
    assert whole_bytes((7, 1, 9)) == (8, 9)


def test_sizes_that_are_not_known():
    x = forget(da.from_array(np.arange(6, dtype="u1").reshape(3, 2), chunks=2))
    assert_eq(da.unpackbits(x, axis=0), np.unpackbits(x.compute(), axis=0))
    assert_eq(da.packbits(x, axis=1), np.packbits(x.compute(), axis=1))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.packbits(x.astype(float)), TypeError, "integer or boolean data type"),
        (lambda x: da.packbits(x, axis=2), np.exceptions.AxisError, "axis 2 is out of bounds"),
        (lambda x: da.packbits(x, bitorder="middle"), ValueError, "either 'little' or 'big', got 'middle'"),
        (lambda x: da.packbits(forget(x), axis=0), ValueError, "compute_chunk_sizes"),
        (lambda x: da.unpackbits(x.astype(int)), TypeError, "unsigned byte"),
        (lambda x: da.unpackbits(x, count=1.5), TypeError, "integer"),
        (lambda x: da.unpackbits(x, count=-100), ValueError, "-count larger than number of elements"),
        (lambda x: da.unpackbits(forget(x), axis=0, count=3), ValueError, "compute_chunk_sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((3, 3), chunks=2, dtype="u1"))
