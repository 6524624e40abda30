import math

import numpy as np
import pytest

import minidask.array as da
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.slicing.index import SPANNED, advanced, apart, checked, position_array, read_index


def test_entries():
    assert read_index(1, (3, 4)) == [1, slice(0, 4, 1)]
    assert read_index((slice(None, None, -1), ...), (3, 4, 5)) == [slice(2, -1, -1), slice(0, 4, 1), slice(0, 5, 1)]
    assert read_index((), ()) == []
    rows, columns = read_index(np.array([[True, False], [False, True]]), (2, 2))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [0, 1])
    assert read_index(([-1, 0],), (3,))[0].tolist() == [2, 0]
    assert read_index(([],), (3,))[0].dtype.kind == "i"
    assert read_index((np.int64(2),), (3,)) == [2]
    assert read_index(slice(None), (math.nan,)) == [slice(None)]


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        ((0, 0, 0), IndexError, "too many indices for array: array is 2-dimensional, but 3 were indexed"),
        ((..., ...), IndexError, "a single ellipsis"),
        (5, IndexError, "index 5 is out of bounds for axis 0 with size 2"),
        ((0, -4), IndexError, "index -4 is out of bounds for axis 1 with size 3"),
        (([0, 2],), IndexError, "index 2 is out of bounds for axis 0 with size 2"),
        (([True, False, True],), IndexError, "size of axis is 2 but size of corresponding boolean axis is 3"),
        (np.ones((2, 2), bool), IndexError, "along axis 1; size of axis is 3"),
        ((np.array([0.5]),), IndexError, "must be of integer"),
        (1.5, IndexError, "only integers, slices"),
        ({}, IndexError, "only integers, slices"),
        (slice(0.5), TypeError, "slice indices must be integers"),
        ((True, 0), NotImplementedError, "a single True or False"),
        (da.ones(3, dtype=bool), IndexError, "boolean index did not match"),
        (da.ones(3), IndexError, "must be of integer"),
        (da.ones((3, 3), dtype=bool), IndexError, "along axis 0; size of axis is 2"),
        ((np.array(True), 0), NotImplementedError, "one bool beside other indices"),
        (np.array([], float), IndexError, "must be of integer"),
        (object(), IndexError, "only integers"),
    ],
)
def test_bad_indices(index, kind, message):
    with pytest.raises(kind, match=message):
        read_index(index, (2, 3))


@pytest.mark.parametrize("index", [0, slice(1, 2), [0], np.array([True])])
def test_unknown_lengths(index):
    with pytest.raises(UnknownChunkSizes, match="compute_chunk_sizes"):
        read_index((index,), (math.nan,))
    with pytest.raises(UnknownChunkSizes):
        read_index(np.ones((2, 2), bool), (math.nan, 2))


def test_what_is_advanced():
    array = np.array([0])
    assert advanced([0, slice(None), array, None]) == [0, 2]
    assert apart((0, None, array))
    assert apart((0, ..., array))
    assert not apart((slice(None), array, array, 1))
    assert not apart([0, None, 1])
    assert position_array(np.array([], "u1"), 3, 0).dtype == np.intp


def test_a_mask_of_several_axes_is_the_entry_of_the_first():
    mask = da.ones((2, 3), dtype=bool)
    first, second, third = read_index((mask, None), (2, 3))
    assert (first is mask, second is SPANNED, third) == (True, True, None)


def test_positions_are_checked():
    assert checked(np.array([0, -3]), 3).tolist() == [0, 0]
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 1 with size 3"):
        checked(np.array([0, 3]), 3, 1)
