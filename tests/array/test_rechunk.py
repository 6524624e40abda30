import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.rechunk import balanced, one_block_each, rechunk, rechunk_to
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, chunkings, few, forget, pairs


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_any_chunks_to_any_chunks(pair, data):
    a, x = pair
    chunks = data.draw(chunkings(a.shape))
    y = x.rechunk(chunks)
    assert y.chunks == chunks
    assert_eq(y, a)


def test_descriptions():
    x = da.ones((10, 4), chunks=(5, 4))
    assert x.rechunk({0: 2}).chunks == ((2,) * 5, (4,))
    assert x.rechunk({0: None, 1: 2}).chunks == ((5, 5), (2, 2))
    assert x.rechunk(-1).chunks == ((10,), (4,))
    assert x.rechunk("64 B").chunks == rechunk(x, block_size_limit="64 B").chunks
    assert x.rechunk((5, 4)) is x
    assert x.rechunk(None) is x
    assert x.rechunk((7, 4), balance=True).chunks == ((5, 5), (4,))
    assert balanced(()) == ()
    assert len(balanced((math.nan,))) == 1
    assert x.rechunk(3, method="tasks").chunks[1] == (3, 1)


def test_unknown_sizes_stay_what_they_are():
    x = forget(da.ones((6, 4), chunks=(3, 2)))
    y = x.rechunk({1: 4})
    assert_eq(y, np.ones((6, 4)), check_shape=False)
    assert x.rechunk({1: 2}) is x
    with pytest.raises(ValueError, match=r"can't be rechunked: call x\.compute_chunk_sizes"):
        rechunk_to(x, ((6,), (2, 2)))


def test_axes_of_length_one_get_one_block():
    x = da.from_array(np.ones((1, 3)), chunks=((0, 1, 0), (3,)))
    assert one_block_each(x).chunks == ((1,), (3,))
    assert_eq(one_block_each(x), np.ones((1, 3)))


def test_bad_arguments():
    x = da.ones((10, 4), chunks=(5, 4))
    with pytest.raises(ValueError, match="do not add up"):
        x.rechunk(((5, 4), (4,)))
    with pytest.raises(ValueError, match="method must be"):
        x.rechunk(3, method="mine")
    assert x.rechunk(3, method="p2p").name == x.rechunk(3, method="tasks").name
    with pytest.raises(ValueError, match="threshold must be at least 1, got 0"):
        x.rechunk(3, threshold=0)


def test_one_block_of_unknown_length_takes_values_of_one_block():
    for a in (np.ones(3), np.ones(0)):
        x = forget(da.from_array(a, chunks=-1))
        y = rechunk_to(da.zeros(len(a), chunks=-1), x.chunks)
        assert y.chunks == ((len(a),),)
        x[...] = np.arange(len(a))
        assert_eq(x, np.arange(len(a)).astype(float), check_shape=False)
    x = forget(da.ones((2, 2), chunks=(2, 1)))
    x[:] = da.zeros((2, 2), chunks=2)
    assert_eq(x, np.zeros((2, 2)), check_shape=False)
