import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, few, forget, outcome, pairs, sample


@few
@given(
    pairs([*NUMBERS, "m8[ms]"], nan=True),
    st.sampled_from(["mean", "var", "std", "nanmean", "nanvar", "nanstd"]),
    st.integers(0, 2),
    st.data(),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_moments_are_numpys(pair, name, ddof, data):
    a, x = pair
    options = {"ddof": ddof} if "mean" not in name else {}
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    options |= {"axis": axis, "keepdims": data.draw(st.booleans())}
    expected = outcome(lambda: getattr(np, name)(a, **options))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            getattr(da, name)(x, **options)
        return
    assert_eq(getattr(da, name)(x, **options), expected, rtol=1e-6, atol=1e-7)
    assert_eq(getattr(np, name)(x, **options), expected, rtol=1e-6, atol=1e-7)


def test_large_means_cost_no_digits():
    a = np.random.default_rng(0).normal(1e9, 1e-3, 10_000)
    found = da.from_array(a, chunks=137).var().compute()
    np.testing.assert_allclose(found, np.var(a - 1e9), rtol=1e-3)


def test_unknown_sizes_and_dtypes():
    a = np.arange(12.0).reshape(4, 3)
    x = forget(da.from_array(a, chunks=2))
    assert_eq(x.mean(), a.mean())
    assert_eq(x.std(axis=1), a.std(axis=1), check_shape=False)
    assert_eq(x.mean(dtype="f4"), a.mean(dtype="f4"))
    assert_eq(da.from_array(a.astype("f2"), chunks=1).var(), a.astype("f2").var())
    assert_eq(da.from_array(a.astype(object), chunks=1).mean(axis=0), a.astype(object).mean(axis=0))
    assert_eq(da.from_array(a.astype(object), chunks=1).std(), a.std())


def test_bad_calls():
    x = da.ones((2, 3))
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        x.mean(axis=3)
    with pytest.raises(TypeError, match="isn't defined"):
        da.from_array(np.array(["a"])).var()
    with pytest.raises(TypeError, match="out= must be a chunked array"):
        np.mean(x, out=np.zeros(()))


def test_objects_without_axes():
    a = np.array(5, object)
    assert_eq(da.from_array(a).var(), np.float64(0))
    assert_eq(da.from_array(a).std(), np.float64(0))


def test_large_blocks_go_in_slabs():
    a = np.random.default_rng(0).normal(size=(700, 300)) + 5
    x = da.from_array(a, chunks=(600, 300))
    for axis in (None, 0, 1):
        assert_eq(x.var(axis=axis), a.var(axis=axis))
        assert_eq((x + 1j).std(axis=axis), (a + 1j).std(axis=axis))
        assert_eq(da.nanvar(x.T, axis=axis), np.nanvar(a.T, axis=axis))


def test_no_objects_have_no_mean():
    assert np.isnan(da.from_array(np.zeros(0, object)).mean().compute())


@pytest.mark.parametrize("chunks", [1, 2, 4])
@pytest.mark.parametrize("name", ["nanvar", "nanstd"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_infinities_have_no_spread_where_nan_is_left_out(name, chunks):
    a = np.array([1, np.nan, -np.inf, 2])
    assert_eq(getattr(da, name)(da.from_array(a, chunks=chunks)), getattr(np, name)(a))
    b = np.array([[np.nan, 1], [np.inf, 2], [3, np.nan], [4, 5]])
    assert_eq(getattr(da, name)(da.from_array(b, chunks=chunks), axis=0), getattr(np, name)(b, axis=0))


@pytest.mark.parametrize(
    ("name", "kind", "dtype", "message"),
    [
        ("nanmean", "f8", "i2", "dtype must be inexact"),
        ("nanstd", "f4", bool, "dtype must be inexact"),
        ("nanvar", "f8", "O", "dtype must be inexact"),
        ("std", "f8", "i2", "Cannot cast ufunc 'sqrt'"),
        ("nanstd", "i4", "i2", "Cannot cast ufunc 'sqrt'"),
        ("mean", "f8", "M8[s]", "DType"),
    ],
)
def test_dtypes_that_numpy_refuses(name, kind, dtype, message):
    a = np.ones((4, 6), kind)
    for module, x in ((np, a), (da, da.from_array(a, chunks=2))):
        with pytest.raises(TypeError, match=message):
            getattr(module, name)(x, axis=0, dtype=dtype)


@pytest.mark.parametrize("name", ["mean", "nanmean"])
@pytest.mark.parametrize("dtype", ["f4", "i2", "O"])
def test_means_of_timedeltas_are_such_whatever_dtype_is_wanted(name, dtype):
    a = sample((4, 6), "m8[ms]")
    x = da.from_array(a, chunks=(2, 3))
    for axis in (None, 1):
        assert_eq(getattr(da, name)(x, axis=axis, dtype=dtype), getattr(np, name)(a, axis=axis, dtype=dtype))


@pytest.mark.parametrize("name", ["var", "std", "nanvar", "nanstd"])
@pytest.mark.parametrize("dtype", ["f4", "i8", "O", "?"])
def test_complex_numbers_have_no_spread_in_real_dtypes(name, dtype):
    a = sample((6,), "c16")
    x = da.from_array(a, chunks=2)
    with pytest.raises(TypeError, match="would lose the imaginary part of the mean: give a complex dtype"):
        getattr(da, name)(x, dtype=dtype)
    assert_eq(getattr(da, name)(x, dtype="c8"), getattr(np, name)(a, dtype="c8"), rtol=1e-5)
    assert_eq(getattr(da, name)(x), getattr(np, name)(a))
