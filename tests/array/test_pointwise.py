import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array import pointwise
from minidask.array.pointwise import AsType, View
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, RECORD, few, outcome, pairs, raising, sample

FUNCTIONS = [
    np.real, np.imag, np.angle, np.nan_to_num, np.isreal, np.iscomplex, np.sinc, np.fix, np.isneginf, np.isposinf, np.round,
    np.i0,
]  # fmt: skip


@few
@given(pairs(NUMBERS, nan=True), st.sampled_from(FUNCTIONS))
@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::numpy.exceptions.ComplexWarning")
def test_functions_are_numpys(pair, func):
    a, x = pair
    expected = outcome(lambda: func(a))
    if isinstance(expected, type):
        with pytest.raises(expected):
            func(x).compute()
        return
    assert_eq(func(x), expected, rtol=1e-5)
    assert_eq(getattr(da, func.__name__)(x), expected, rtol=1e-5)


@few
@given(pairs(EVERY_DTYPE), st.sampled_from(["f4", "i4", "O", "U5", "c16", "?", "M8[s]", "m8[s]", "S"]))
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning", "ignore::RuntimeWarning")
def test_casts(pair, dtype):
    a, x = pair
    expected = outcome(lambda: a.astype(dtype))
    if isinstance(expected, type) or (dtype == "S" and a.dtype.kind == "O"):
        with pytest.raises((TypeError, ValueError, RuntimeError)):
            x.astype(dtype).compute()
        return
    assert_eq(x.astype(dtype), expected, check_dtype=dtype != "S" or a.dtype.kind != "V")


def test_casting_rules():
    x = da.ones(3)
    assert x.astype(float, copy=False) is x
    with pytest.raises(TypeError, match="according to the rule 'safe'"):
        x.astype(int, casting="safe")
    assert_eq(np.astype(x, "i4"), np.ones(3, "i4"))
    assert pickle.loads(pickle.dumps(AsType(np.dtype("f4")))).short_name == "astype"


def test_where():
    a = np.arange(6).reshape(2, 3)
    x = da.from_array(a, chunks=1)
    assert_eq(np.where(x > 2, x, -x), np.where(a > 2, a, -a))
    assert_eq(da.where(x > 2, 1.5, np.arange(3)), np.where(a > 2, 1.5, np.arange(3)))
    assert_eq(da.where(True, x, 0), a)
    assert_eq(da.where([True, False], 1, 2), np.array([1, 2]))
    with pytest.raises(ValueError, match="either both or neither"):
        da.where(x > 2, x)


def test_clip_names_each_bound_once():
    x = da.arange(6, chunks=2)
    assert_eq(np.clip(x, 1, None), np.arange(6).clip(1))
    assert_eq(da.clip([1, 5, 9], max=6, min=2), np.array([2, 5, 6]))
    assert_eq(np.clip(x, da.full(6, 2, chunks=3), 4), np.arange(6).clip(2, 4))
    with pytest.raises(ValueError, match="give a bound once"):
        da.clip(x, 1, min=2)


def test_comparisons_within_a_tolerance():
    x = da.from_array([1.0, np.nan], chunks=1)
    assert_eq(np.isclose(x, x, equal_nan=True), np.array([True, True]))
    assert_eq(da.isclose([1.0], [1.1], rtol=0.2), np.array([True]))
    assert not np.allclose(x, x).compute()
    assert da.allclose(x, x, equal_nan=True).compute()


def test_views():
    a = np.arange(12, dtype="i4").reshape(3, 4)
    x = da.from_array(a, chunks=(2, 2))
    for dtype in ("f4", "i2", "i8"):
        assert_eq(x.view(dtype), a.view(dtype))
    assert x.view("i2", order="F").shape == (6, 4)
    assert_eq(da.ones(3, dtype="i8").view(), np.ones(3, "i8").view(float))
    with pytest.raises(ValueError, match="don't hold whole elements"):
        x.view("c16")
    with pytest.raises(ValueError, match="order must be"):
        x.view("i2", order="A")
    with pytest.raises(ValueError, match="0d array"):
        x[0, 0].view("i2")
    assert pickle.loads(pickle.dumps(View(np.dtype("i4"), "C")))(np.float32(1)).dtype == np.int32


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        for func in FUNCTIONS:
            getattr(pointwise, func.__name__)(x)


def test_outer_products_and_equality():
    a = np.arange(6.0).reshape(2, 3)
    x = da.from_array(a, chunks=2)
    assert_eq(np.outer(x, [1, 2]), np.outer(a, [1, 2]))
    assert np.array_equal(x, a).compute()
    assert not da.array_equal(x, a + 1).compute()
    assert not da.array_equal(x, a[0]).compute()
    n = da.from_array([1.0, np.nan], chunks=1)
    assert not da.array_equal(n, n).compute()
    assert np.array_equal(n, n, equal_nan=True).compute()


def test_array_equiv():
    x = da.ones((2, 3), chunks=2)
    for other, expected in [(1, True), (np.ones(3), True), (np.ones(4), False), (x + 1, False)]:
        assert bool(np.array_equiv(x, other).compute()) is expected


def test_missing_elements():
    a = np.array([1, None, np.nan], object)
    assert_eq(da.isnull(da.from_array(a, chunks=2)), np.array([False, True, True]))
    assert_eq(da.notnull(da.from_array(a, chunks=2)), np.array([True, False, False]))


def test_orders_in_memory_are_numpys():
    x = da.arange(3, chunks=2)
    for order in ("C", "F", "A", "K"):
        assert_eq(x.astype(float, order=order), np.arange(3.0))
    with pytest.raises(ValueError, match="order must be one of 'C', 'F', 'A', or 'K' \\(got 'Q'\\)"):
        x.astype(int, order="Q")


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        *[(lambda m, x: m.isposinf(x), kind) for kind in ("c16", "M8[s]", "m8[s]", "U3", RECORD)],
        *[(lambda m, x: m.isneginf(x), kind) for kind in ("c16", "M8[s]", "m8[s]", "U3", RECORD)],
        *[(lambda m, x: m.isclose(x, x), kind) for kind in ("M8[s]", "m8[s]", "U3", "S2", "O")],
        *[(lambda m, x: m.allclose(x, 1.0), kind) for kind in ("M8[s]", "m8[s]", "U3")],
        (lambda m, x: m.isreal(x), RECORD),
    ],
)
def test_dtypes_without_a_loop_raise_at_once(call, kind):
    a = sample((4,), kind)
    for module, x in ((np, a), (da, da.from_array(a, chunks=2))):
        with pytest.raises(TypeError):
            call(module, x)


def test_missing_times_are_equal_if_wanted():
    a = np.array(["2000-01-01", "NaT"], "M8[D]")
    x = da.from_array(a, chunks=1)
    for equal_nan in (False, True):
        assert bool(da.array_equal(x, a, equal_nan=equal_nan)) is np.array_equal(a, a, equal_nan=equal_nan)


def test_casts_take_the_device_of_the_array_api():
    assert_eq(da.astype(da.arange(3), "f4", device="cpu"), np.arange(3, dtype="f4"))
    with pytest.raises(ValueError, match="the device is 'cpu', got 'gpu'"):
        da.astype(da.arange(3), "f4", device="gpu")


def test_tolerances_of_other_kinds():
    a = np.array([1, 2], "m8[s]")
    for b in (a, da.from_array(a, chunks=1)):
        kwargs = {"rtol": 0, "atol": np.timedelta64(1, "s")}
        assert_eq(np.isclose(b, a, **kwargs), np.isclose(a, a, **kwargs))
