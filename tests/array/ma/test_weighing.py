"""Counts and averages of what is not masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, sample, shapes


@few
@given(shapes(1, 3, 1, 6), st.data(), st.booleans())
def test_count_and_average(shape, data, keepdims):
    m = np.ma.masked_array(sample(shape, "f8", 1), mask=sample(shape, "?", data.draw(st.integers(0, 50))))
    x = da.from_array(m, chunks=data.draw(chunkings(shape)))
    axis = data.draw(st.one_of(st.none(), st.integers(-m.ndim, m.ndim - 1)))
    assert_eq(da.ma.count(x, axis=axis, keepdims=keepdims), m.count(axis=axis, keepdims=keepdims))
    if axis is None and not m.count():
        return
    w = np.abs(sample(shape, "f8", 2)) + 0.5
    expected = np.ma.average(m, axis=axis, weights=w, returned=True, keepdims=keepdims)
    found = da.ma.average(x, axis=axis, weights=w, returned=True, keepdims=keepdims)
    for one, other in zip(found, expected, strict=True):
        assert_eq(one, other)
    assert_eq(da.ma.average(x, axis=axis, keepdims=keepdims), np.ma.average(m, axis=axis, keepdims=keepdims))


def test_weights_along_an_axis_and_whole_numbers():
    m = np.ma.masked_array(sample((4, 3), "i8", 1), mask=sample((4, 3), "?", 2))
    x = da.from_array(m, chunks=2)
    assert_eq(da.ma.average(x, axis=1, weights=[1, 2, 3]), np.ma.average(m, axis=1, weights=[1, 2, 3]))
    assert_eq(da.ma.average(x, returned=True)[1], np.ma.average(m, returned=True)[1])


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"axis": 2}, np.exceptions.AxisError, "out of bounds"),
        ({"weights": [1, 2]}, TypeError, "Axis must be specified"),
        ({"weights": [1, 2], "axis": 0}, ValueError, "Length of weights"),
        ({"weights": [[1, 2]], "axis": 0}, TypeError, "1D weights"),
    ],
)
def test_errors(kwargs, error, message):
    with pytest.raises(error, match=message):
        da.ma.average(da.ones((3, 3), chunks=2), **kwargs)
