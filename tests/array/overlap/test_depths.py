from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.exceptions import AxisError

import minidask.array as da
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.overlap.depths import (
    check_array,
    coerce_boundary,
    coerce_depth,
    ensure_minimum_chunksize,
    fit,
    reaches,
    read_boundary,
    read_depth,
)
from tests.array.arrays import few, forget


def test_depths_are_read_in_each_form():
    assert read_depth(2, 1) == ((1, 1), (1, 1))
    assert read_depth(2, (1, (0, 2))) == ((1, 1), (0, 2))
    assert read_depth(2, {-1: 3}) == ((0, 0), (3, 3))
    assert read_depth(2, None) == ((0, 0), (0, 0))
    assert read_depth(1, {0: np.int64(2)}) == ((2, 2),)
    assert coerce_depth(3, {0: (1, 2), 1: 4}) == {0: (1, 2), 1: 4, 2: 0}
    assert reaches(read_depth(2, {0: (1, 2)})) == {0: 2}


@pytest.mark.parametrize(
    ("depth", "error", "text"),
    [
        (-1, ValueError, "must not be negative"),
        (1.5, TypeError, "must be an integer"),
        (True, TypeError, "must be an integer"),
        ((1, 2, 3), ValueError, "3 entries, but the array has 2 dimensions"),
        ({0: (1, 2, 3)}, ValueError, "a pair"),
        ({2: 1}, AxisError, "out of bounds"),
    ],
)
def test_wrong_depths_are_named(depth, error, text):
    with pytest.raises(error, match=text):
        read_depth(2, depth)


def test_boundaries_are_read_in_each_form():
    assert read_boundary(2, None) == ("none", "none")
    assert read_boundary(2, "reflect") == ("reflect", "reflect")
    assert read_boundary(2, {1: 5}) == ("none", 5)
    assert read_boundary(2, ("periodic", None)) == ("periodic", "none")
    assert coerce_boundary(2, {0: "nearest"}) == {0: "nearest", 1: "none"}
    assert read_boundary(1, "x", np.dtype("U1")) == ("x",)


@pytest.mark.parametrize(
    ("boundary", "dtype", "text"),
    [
        ("mirror", None, "must be one of"),
        (np.nan, "i8", "doesn't fit the dtype int64.*astype"),
        ([1, 2, 3], None, "3 entries"),
        ({0: [1, 2]}, None, "must be a scalar"),
    ],
)
def test_wrong_boundaries_are_named(boundary, dtype, text):
    with pytest.raises(ValueError, match=text):
        read_boundary(2, boundary, None if dtype is None else np.dtype(dtype))


@few
@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(1, 12))
def test_sizes_are_merged_until_they_suffice(sizes, least):
    sizes = tuple(sizes)
    if sum(sizes) < least:
        with pytest.raises(ValueError, match="larger than your array"):
            ensure_minimum_chunksize(least, sizes)
        return
    merged = ensure_minimum_chunksize(least, sizes)
    assert sum(merged) == sum(sizes)
    assert min(merged) >= least
    assert set(np.cumsum(merged)) <= set(np.cumsum(sizes))


def test_arrays_that_are_paired_are_cut_alike():
    x, y = da.ones((4, 10), chunks=(2, (3, 3, 4))), da.ones(10, chunks=((3, 3, 4),))
    x, y = fit([x, y], [read_depth(2, {1: 1}), read_depth(1, 4)], True)
    assert x.chunks == ((2, 2), (6, 4))
    assert y.chunks == ((6, 4),)


def test_small_blocks_and_small_arrays_raise():
    x = da.ones(10, chunks=3)
    with pytest.raises(ValueError, match=r"larger than smallest chunksize.*allow_rechunk=True"):
        fit([x], [read_depth(1, 4)], False)
    with pytest.raises(ValueError, match="overlapping depth 11 is larger than your array 10"):
        fit([x], [read_depth(1, 11)], False)
    with pytest.raises(UnknownChunkSizes, match="compute_chunk_sizes"):
        fit([forget(x)], [read_depth(1, 1)], True)


def test_only_chunked_arrays_are_taken():
    with pytest.raises(TypeError, match="overlap needs a chunked array, got ndarray"):
        check_array("overlap", np.ones(3))
