import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.reductions.selection import MaskUnless, Selected, initial_of, limits
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, TIMES, chunkings, few, forget, outcome, pairs, raising, sample

ignored = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@st.composite
def cases(draw, dtypes, nan=False):
    """An array, the chunked array of it, a mask that broadcasts to it, chunked or not, and an axis."""
    a, x = draw(pairs(dtypes, nan=nan))
    shape = tuple([1 if draw(st.integers(0, 4)) == 0 else n for n in a.shape][draw(st.integers(0, a.ndim)) :])
    mask = np.asarray(sample(shape, "?", draw(st.integers(0, 99))))
    axis = draw(st.sampled_from([None, *range(-a.ndim, a.ndim), tuple(range(a.ndim))]))
    chunked = draw(st.booleans())
    return a, x, mask, da.from_array(mask, chunks=draw(chunkings(shape))) if chunked else mask, axis


@few
@given(cases([*NUMBERS, "m8[ms]"]), st.sampled_from(["sum", "prod", "any", "all", "nansum", "nanprod"]), st.booleans())
@ignored
def test_where_of_functions_with_an_identity(case, name, keepdims):
    a, x, mask, where, axis = case
    expected = outcome(lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims, where=mask))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            getattr(np, name)(x, axis=axis, keepdims=keepdims, where=where).compute()
        return
    assert_eq(getattr(np, name)(x, axis=axis, keepdims=keepdims, where=where), expected, rtol=1e-5)


@few
@given(cases([*NUMBERS, *TIMES], nan=True), st.sampled_from(["min", "max", "nanmin", "nanmax"]))
@ignored
def test_where_of_extremes_needs_an_initial_value(case, name):
    a, x, mask, where, axis = case
    initial = a.dtype.type(1) if a.dtype.kind not in "mM" else np.ones((), a.dtype)[()]
    expected = getattr(np, name)(a, axis=axis, where=mask, initial=initial)
    assert_eq(getattr(np, name)(x, axis=axis, where=where, initial=initial), expected)
    assert_eq(getattr(np, name)(x, axis=axis, initial=initial), getattr(np, name)(a, axis=axis, initial=initial))
    with pytest.raises(ValueError, match=r"no identity|not have an identity"):
        getattr(np, name)(x, where=where)


@few
@given(
    cases(["?", "i4", "f4", "f8", "c16"], nan=True),
    st.sampled_from(["mean", "var", "std", "nanmean", "nanvar", "nanstd"]),
    st.booleans(),
)
@ignored
def test_where_of_moments(case, name, keepdims):
    a, x, mask, where, axis = case
    expected = getattr(np, name)(a, axis=axis, keepdims=keepdims, where=mask)
    assert_eq(getattr(np, name)(x, axis=axis, keepdims=keepdims, where=where), expected, rtol=1e-4, atol=1e-6)


@few
@given(pairs(NUMBERS), st.sampled_from(["sum", "prod", "nansum", "nanprod"]), st.sampled_from([3, 2.5, 0]))
@ignored
def test_initial_of_sums_and_products(pair, name, initial):
    a, x = pair
    for axis in [None, *range(a.ndim)]:
        assert_eq(
            getattr(np, name)(x, axis=axis, initial=initial),
            getattr(np, name)(a, axis=axis, initial=initial),
            rtol=1e-4,
        )


def test_methods_take_them():
    a = np.arange(12.0).reshape(3, 4)
    x, where = da.from_array(a, chunks=2), a % 3 == 0
    for name in ("sum", "prod", "mean", "var", "std", "any", "all"):
        assert_eq(getattr(x, name)(axis=0, where=where), getattr(a, name)(axis=0, where=where))
    assert_eq(x.min(initial=-1, where=where), np.float64(-1))
    assert_eq(x[:0].max(axis=0, initial=7), np.full(4, 7.0))
    assert_eq(forget(x).sum(axis=1, where=[True, False, True, False]), a[:, ::2].sum(axis=1), check_shape=False)
    assert_eq(np.add.reduce(x, where=where, initial=2), np.add.reduce(a, where=where, initial=2))


def test_spread_about_a_known_mean():
    a = np.array([[1.0, 5, 2], [4, np.nan, 8]])
    x = da.from_array(a, chunks=(1, 2))
    mean = np.nanmean(a, axis=1, keepdims=True)
    assert_eq(np.nanvar(x, axis=1, mean=mean), np.nanvar(a, axis=1, mean=mean))
    assert_eq(np.nanstd(x, axis=1, mean=mean, correction=1), np.nanstd(a, axis=1, mean=mean, correction=1))
    assert_eq(np.var(x[:1], mean=3), np.float64(np.var(a[:1], mean=np.array(3))))
    z = a[:1] * (1 + 2j)
    assert_eq(np.std(da.from_array(z, chunks=2), mean=z.mean()), np.std(z, mean=z.mean()))
    assert_eq(np.std(x[:1], correction=1), np.std(a[:1], correction=1))


def test_masked_arrays_mask_what_takes_no_part():
    a = np.ma.masked_array([1.0, 2, 3, 4], mask=[True, False, False, False])
    x = da.from_array(a, chunks=2)
    where = np.array([True, True, False, True])
    assert x.sum(where=where).compute() == 6
    assert x.mean(where=where).compute() == 3
    with pytest.raises(NotImplementedError, match="initial= of sum isn't built for masked arrays"):
        x.sum(initial=1)


def test_the_marker_for_no_value_is_none():
    assert not limits(np._NoValue)
    assert initial_of(np._NoValue, np.dtype(int)) is None


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: x.sum(where=np.ones((2, 3), bool)),
            ValueError,
            r"where= of shape \(2, 3\) has to broadcast.*\(3,\)",
        ),
        (lambda x: x.mean(where=np.ones(4, bool)), ValueError, "broadcast"),
        (lambda x: x.sum(initial=[1, 2, 3]), ValueError, "initial must be a scalar in memory"),
        (lambda x: x.sum(initial=x[0]), ValueError, "initial must be a scalar in memory"),
        (lambda x: x.max(where=x > 0), ValueError, "'maximum' does not have an identity"),
        (lambda x: x.var(ddof=1, correction=1), ValueError, "ddof and correction"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))


def test_objects_take_part_too():
    a = np.array([1, 2, 3], object)
    assert da.from_array(a, chunks=2).sum(where=[True, False, True]).compute() == 4
    assert da.from_array(a, chunks=2).sum(initial=10).compute() == 16


def test_names_tell_the_arguments():
    x = da.ones(4, chunks=2)
    names = {
        y.name
        for y in [
            x.sum(),
            x.sum(initial=1),
            x.sum(initial=2),
            x.sum(where=x > 1),
            x.sum(where=False),
            x.mean(),
            x.mean(where=x > 1),
        ]
    }
    assert len(names) == 7


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        np.std(x, where=x > 0)
        np.min(x, where=x > 0, initial=0)


def test_pieces():
    block = MaskUnless()(np.arange(3), np.array([True, False, True]))
    assert block.mask.tolist() == [False, True, False]
    assert Selected(type("F", (), {"name": "mean"})).name == "mean-where"


@pytest.mark.parametrize(
    ("name", "dtype", "initial", "message"),
    [
        ("min", "i8", np.inf, "infinity"),
        ("max", "i8", -np.inf, "infinity"),
        ("max", "u1", 300, "out of bounds"),
        ("sum", "u1", -1, "out of bounds"),
    ],
)
def test_an_initial_value_that_the_dtype_lacks_is_refused(name, dtype, initial, message):
    a = np.arange(4, dtype=dtype)
    for x in (a, da.from_array(a, chunks=2)):
        with pytest.raises(OverflowError, match=message):
            getattr(x, name)(initial=initial)
