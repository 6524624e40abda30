import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.collection import new_array
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, RECORD, TIMES, few, forget, outcome, pairs, sample

NAMES = ["argmin", "argmax", "nanargmin", "nanargmax"]


@few
@given(pairs([*NUMBERS, *TIMES], nan=True), st.sampled_from(NAMES), st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_places_are_numpys(pair, name, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    keepdims = data.draw(st.booleans())
    expected = outcome(lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims))
    if isinstance(expected, type):
        with pytest.raises(expected):
            getattr(da, name)(x, axis=axis, keepdims=keepdims).compute()
        return
    found = getattr(da, name)(x, axis=axis, keepdims=keepdims, split_every=data.draw(st.sampled_from([None, 2])))
    assert_eq(found, expected)
    assert_eq(getattr(np, name)(x, axis=axis, keepdims=keepdims), expected)


def test_bad_calls():
    x = da.ones((2, 3), chunks=1)
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        x.argmin(axis=2)
    with pytest.raises(ValueError, match="attempt to get argmax of an empty sequence"):
        x[:0].argmax()
    with pytest.raises(UnknownChunkSizes, match="argmin needs"):
        forget(x).argmin()
    with pytest.raises(TypeError, match="an axis must be an integer"):
        x.argmin(axis=(0, 1))


@pytest.mark.parametrize("name", ["argmin", "argmax", "nanargmin", "nanargmax"])
def test_axes_of_known_length_beside_unknown_ones(name):
    a = sample((4, 6))
    x = da.from_array(a, chunks=(2, 3))
    unknown = new_array(x._layer, ((np.nan, np.nan), x.chunks[1]), x._meta)
    assert_eq(getattr(da, name)(unknown, axis=1), getattr(np, name)(a, axis=1), check_shape=False)
    with pytest.raises(UnknownChunkSizes, match=f"{name} needs"):
        getattr(da, name)(unknown, axis=0)
    # Positions in one block need no lengths.
    one = new_array(da.from_array(a[0])._layer, ((np.nan,),), np.empty(0))
    assert_eq(getattr(da, name)(one), getattr(np, name)(a[0]))


def test_arrays_without_axes():
    for axis in (0, -1):
        assert_eq(da.argmin(da.from_array(np.array(5.0)), axis=axis), np.argmin(np.array(5.0), axis=axis))
    with pytest.raises(np.exceptions.AxisError):
        da.argmax(da.from_array(np.array(5.0)), axis=1)


@pytest.mark.parametrize("name", ["argmin", "argmax", "nanargmin", "nanargmax"])
def test_records_have_no_order(name):
    for module, x in ((np, sample((4,), RECORD)), (da, da.from_array(sample((4,), RECORD), chunks=2))):
        with pytest.raises(TypeError):
            getattr(module, name)(x)
