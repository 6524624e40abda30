import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs


@few
@given(pairs(EVERY_DTYPE, min_dims=1), st.data())
def test_parts_are_numpys(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    places = data.draw(st.one_of(st.integers(1, 4), st.lists(st.integers(-8, 8), max_size=3)))
    for one, other in zip(np.array_split(x, places, axis), np.array_split(a, places, axis), strict=True):
        assert_eq(one, other)
    for one, other in zip(np.unstack(x, axis=axis), np.unstack(a, axis=axis), strict=True):
        assert_eq(one, other)


@pytest.mark.parametrize("name", ["split", "hsplit", "vsplit", "dsplit"])
def test_splits(name):
    a = np.arange(64).reshape(4, 4, 4)
    for places in (2, [1, 3], np.array([2])):
        made = getattr(np, name)(da.from_array(a, chunks=3), places)
        for one, other in zip(made, getattr(np, name)(a, places), strict=True):
            assert_eq(one, other)
    assert [part.shape for part in np.hsplit(da.ones(4), 2)] == [(2,), (2,)]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.split(x, 2), ValueError, "does not result in an equal division: 3 elements in 2 sections"),
        (lambda x: da.array_split(x, 0), ValueError, "larger than 0"),
        (lambda x: da.array_split(x, 1.5), TypeError, "float"),
        (lambda x: da.array_split(x, x), TypeError, "in memory"),
        (lambda x: da.split(x, 3, axis=1), np.exceptions.AxisError, "axis 1"),
        (lambda x: da.split(x[0], 1), ValueError, "1 or more dimensions"),
        (lambda x: da.hsplit(x[0], 1), ValueError, "1 or more dimensions"),
        (lambda x: da.vsplit(x, 1), ValueError, "2 or more dimensions"),
        (lambda x: da.dsplit(x[None], 1), ValueError, "3 or more dimensions"),
        (lambda x: da.unstack(x[0]), ValueError, "at least 1-d"),
        (lambda x: da.unstack(forget(x)), ValueError, "unstack needs chunk sizes"),
        (lambda x: da.array_split(forget(x), 2), ValueError, "array_split needs chunk sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))
