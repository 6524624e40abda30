import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.reductions.cumulative import add_last
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, RECORD, few, forget, pairs, sample

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


def test_texts_among_objects_are_added_in_order():
    a = np.array(list("abcdefg"), object)
    assert_eq(da.from_array(a, chunks=2).cumsum(), np.cumsum(a))
    join = np.frompyfunc(lambda one, other: f"{one}{other}", 2, 1)
    assert_eq(join.accumulate(da.from_array(a, chunks=2)), join.accumulate(a))


@pytest.mark.parametrize("name", ["cumsum", "nancumsum", "cumulative_sum"])
@pytest.mark.parametrize("dtype", ["f8", "O", "i1"])
def test_timedeltas_stay_such_whatever_dtype_is_wanted(name, dtype):
    a = sample((5,), "m8[s]")
    assert_eq(getattr(da, name)(da.from_array(a, chunks=2), dtype=dtype), getattr(np, name)(a, dtype=dtype))


@pytest.mark.parametrize("kind", ["M8[s]", "U3", "S2", RECORD])
def test_dtypes_that_numpy_refuses(kind):
    a = sample((4,), kind)
    for module, x in ((np, a), (da, da.from_array(a, chunks=2))):
        for name in ("cumsum", *(["nancumprod"] if kind in ("M8[s]", RECORD) else [])):
            with pytest.raises(TypeError):
                getattr(module, name)(x, dtype="f8")


@pytest.mark.parametrize("axis", [0, 1])
def test_what_comes_first_beside_unknown_lengths(axis):
    a = sample((4, 3), "i4")
    x = forget(da.from_array(a, chunks=2), 1)
    found = da.cumulative_sum(x, axis=axis, include_initial=True)
    assert_eq(found, np.cumulative_sum(a, axis=axis, include_initial=True))


@pytest.mark.parametrize("dtype", ["m8[ms]", "m8", "m8[h]"])
def test_units_of_running_sums_are_those_of_the_values(dtype):
    a = np.array([1, 2, 3], "m8[s]")
    assert_eq(da.cumsum(da.from_array(a, chunks=2), axis=0, dtype=dtype), np.cumsum(a, dtype=dtype))
