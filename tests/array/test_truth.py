"""Where elements aren't zero: of numbers, texts, records; NumPy's answer, nothing computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from minidask.array.truth import is_true
from tests.array.arrays import few, forget, pairs, raising

RECORDS = np.array([(0, 0.0), (1, 0.0), (0, 2.0)], [("a", "i4"), ("b", "f8")])


def same(x, a):
    for found, expected in zip(da.nonzero(x), np.nonzero(a), strict=True):
        assert_eq(found, expected, check_shape=False)
    assert_eq(np.argwhere(x), np.argwhere(a), check_shape=False)
    assert_eq(np.flatnonzero(x), np.flatnonzero(a), check_shape=False)
    assert_eq(np.count_nonzero(x), np.count_nonzero(a))


@few
@given(pairs(["i2", "f8", "?", "c8"], min_dims=1))
def test_positions(pair):
    same(pair[1], pair[0])


@pytest.mark.parametrize("a", [RECORDS, np.array([["a", ""], ["", "b"]]), np.array([b"", b"b"])])
def test_records_and_texts(a):
    same(da.from_array(a, chunks=1), a)


def test_arrays_without_axes():
    assert_eq(np.argwhere(da.from_array(np.array(1))), np.argwhere(np.array(1)))
    assert is_true(RECORDS[1:2].reshape(())).tolist() is True
    with pytest.raises(ValueError, match="0d arrays"):
        da.nonzero(da.from_array(np.array(1)))


def test_unknown_sizes_and_laziness():
    with pytest.raises(ValueError, match="nonzero needs chunk sizes"):
        da.nonzero(forget(da.ones(3)))
    with config.set(scheduler=raising):
        da.argwhere(da.ones((2, 3), chunks=1))
