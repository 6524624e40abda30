import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.reductions.cumulative import add_last
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, few, forget, pairs

NAMES = ["cumsum", "cumprod", "nancumsum", "nancumprod"]


@few
@given(pairs(NUMBERS, nan=True), st.sampled_from(NAMES), st.sampled_from([None, "f8"]), st.data())
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
def test_running_totals_are_numpys(pair, name, dtype, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    expected = getattr(np, name)(a, axis=axis, dtype=dtype)
    options = {"method": data.draw(st.sampled_from(["sequential", "blelloch"]))}
    assert_eq(getattr(da, name)(x, axis=axis, dtype=dtype, **options), expected, rtol=1e-4, atol=1e-4)
    assert_eq(getattr(np, name)(x, axis=axis, dtype=dtype), expected, rtol=1e-4, atol=1e-4)


def test_parts_of_the_result_need_the_blocks_before_alone():
    x = da.ones(100, chunks=10).cumsum(axis=0)
    assert_eq(x[25:32], np.arange(26.0, 33))
    assert_eq(forget(da.ones(6, chunks=2)).cumsum(axis=0), np.arange(1.0, 7), check_shape=False)
    assert_eq(da.from_array(np.ones((3, 4)), chunks=2).cumsum(axis=1), np.ones((3, 4)).cumsum(axis=1))


def test_bad_calls():
    x = da.ones((2, 3))
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        x.cumsum(axis=2)
    with pytest.raises(ValueError, match="method must be"):
        x.cumsum(axis=0, method="mine")
    with pytest.raises(TypeError, match="out= must be a chunked array"):
        np.cumsum(x, axis=0, out=np.zeros(6))


def test_blocks_of_no_length_add_nothing():
    assert add_last(np.add, 0, np.zeros(0)).tolist() == [0]
    assert add_last(np.multiply, 0, np.zeros(0), np.array([5])).tolist() == [5]


@few
@given(pairs(["f8", "i4", "c16"], min_dims=1), st.booleans(), st.data())
def test_the_array_apis_names(pair, initial, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    for name in ("cumulative_sum", "cumulative_prod"):
        assert_eq(
            getattr(np, name)(x, axis=axis, include_initial=initial),
            getattr(np, name)(a, axis=axis, include_initial=initial),
        )
    if a.ndim == 1:
        assert_eq(np.cumulative_sum(x, dtype="c8"), np.cumulative_sum(a, dtype="c8"), rtol=1e-5)


def test_the_array_api_wants_an_axis():
    with pytest.raises(ValueError, match="more than one dimension"):
        da.cumulative_sum(da.ones((2, 2)))


def test_arrays_without_axes():
    a = np.array(5.0)
    x = da.from_array(a)
    for axis in (0, -1):
        for name in ("cumsum", "cumprod", "nancumsum", "cumulative_sum", "cumulative_prod"):
            assert_eq(getattr(da, name)(x, axis=axis), getattr(np, name)(a, axis=axis))
        for name in ("nanmean", "nanstd", "nanvar"):
            assert_eq(getattr(da, name)(x, axis=axis), getattr(np, name)(a, axis=axis))
    assert_eq(da.argsort(x, axis=0), np.argsort(a, axis=0))
    with pytest.raises(np.exceptions.AxisError):
        da.cumsum(x, axis=1)


def test_an_axis_in_a_tuple():
    a = np.arange(5)
    assert_eq(da.cumulative_sum(da.from_array(a, chunks=2), axis=(0,)), np.cumulative_sum(a, axis=(0,)))
