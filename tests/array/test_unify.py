import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from minidask.array.unify import align, broadcast_shape, common_sizes, unify_chunks
from tests.array.arrays import chunkings, cuttings, few, forget, sample, shapes


@given(st.lists(shapes(max_side=3), min_size=1, max_size=3))
def test_broadcast_shapes_are_numpys(many):
    try:
        expected = np.broadcast_shapes(*many)
    except ValueError:
        with pytest.raises(ValueError, match="could not be broadcast together"):
            broadcast_shape(many)
    else:
        assert broadcast_shape(many) == expected


def test_unknown_lengths_match_anything():
    assert broadcast_shape([(math.nan,), (3,)]) == (3,)
    assert math.isnan(broadcast_shape([(math.nan,), (1,)])[0])


@given(st.integers(0, 12), st.data())
def test_common_sizes_cut_at_every_boundary(length, data):
    one, other = data.draw(cuttings(length)), data.draw(cuttings(length))
    sizes = common_sizes([one, other])
    assert sum(sizes) == length
    edges = set(np.cumsum((0, *sizes)).tolist())
    assert set(np.cumsum((0, *one)).tolist()) <= edges
    assert set(np.cumsum((0, *other)).tolist()) <= edges


def test_lengths_and_unknown_sizes_must_agree():
    with pytest.raises(ValueError, match="different lengths along one axis"):
        common_sizes([(3,), (4,)])
    with pytest.raises(ValueError, match=r"equal numbers of blocks, got \[2, 1\]"):
        common_sizes([(math.nan, math.nan), (4,)])
    assert common_sizes([(math.nan, math.nan), (2, 3)]) == (2, 3)


@few
@given(shapes(), st.data())
def test_align_gives_equal_chunks(shape, data):
    arrays = [da.from_array(sample(shape), chunks=data.draw(chunkings(shape))) for _ in range(2)]
    aligned, chunks, found = align(arrays)
    assert found == shape
    assert all(x.chunks == chunks for x in aligned)
    assert_eq(aligned[0], sample(shape))


def test_equal_chunks_cost_nothing():
    x, y = da.ones(10, chunks=3), da.zeros(10, chunks=3)
    assert align([x, y])[0][1] is y


def test_unify_along_symbols():
    x, y = da.ones((10, 4), chunks=(5, 2)), da.ones((4, 1), chunks=(1, 1))
    sizes, (a, b, literal) = unify_chunks(x, "ij", y, "jk", 5, None)
    assert sizes == {"i": (5, 5), "j": (1, 1, 1, 1), "k": (1,)}
    assert (a.chunks, b.chunks, literal) == (((5, 5), (1, 1, 1, 1)), ((1, 1, 1, 1), (1,)), 5)
    assert unify_chunks() == ({}, [])
    with pytest.raises(ValueError, match="has 1 symbols, but the array has 2"):
        unify_chunks(x, "i")
    one = unify_chunks(forget(x), "ij", x, "ij")[1][0]
    assert math.isnan(one.shape[0])


def test_blocks_of_no_length_beside_one_of_length_one():
    a = np.full((1, 1), 2.0)
    x = da.from_array(a, chunks=((1, 0), (1,)))
    assert_eq(da.einsum("ii", x), np.einsum("ii", a))
    assert da.unify_chunks(x, "ij", x.T, "ij")[0] == {"i": (1,), "j": (1,)}
