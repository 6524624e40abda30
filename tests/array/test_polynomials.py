import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, raising

COEFFICIENTS = st.lists(st.integers(-3, 3), max_size=6)
DTYPES = st.sampled_from(["i4", "i8", "f4", "f8", "c8", "c16"])


def lazily(values, chunks=2):
    return da.from_array(values, chunks=chunks)


@few
@given(COEFFICIENTS, COEFFICIENTS, DTYPES, DTYPES)
def test_sums_and_products(one, other, kind, other_kind):
    a, b = np.array(one, kind), np.array(other, other_kind)
    for name in ("polyadd", "polysub", "polymul"):
        func = getattr(np, name)
        with config.set(scheduler=raising):
            made = func(lazily(a), b)
        assert_eq(made, func(a, b))
        assert_eq(func(a, lazily(b)), func(a, b))


@few
@given(COEFFICIENTS.filter(bool), st.lists(st.integers(1, 3), min_size=1, max_size=3), DTYPES, DTYPES)
def test_quotients(one, other, kind, other_kind):
    a, b = np.array(one, kind), np.array(other, other_kind)
    for own, numpys in zip(np.polydiv(lazily(a), lazily(b)), np.polydiv(a, b), strict=True):
        assert_eq(own, numpys)


@few
@given(COEFFICIENTS, DTYPES, st.integers(0, 4))
def test_derivatives_and_integrals(one, kind, order):
    a = np.array(one, kind)
    assert_eq(np.polyder(lazily(a), order), np.polyder(a, order))
    for k in (None, 2, [1.5] * order):
        assert_eq(np.polyint(lazily(a), order, k), np.polyint(a, order, k))


@few
@given(COEFFICIENTS, st.sampled_from(["i8", "f4", "f8", "c8"]))
def test_roots_are_complex(one, kind):
    a = np.array(one, kind)
    # NumPy asks the elements who they are, of which an empty array has none.
    made, expected = (np if one else da).roots(lazily(a)), np.roots(a)
    assert made.dtype == ("c8" if kind in ("f4", "c8") else "c16")
    assert_eq(made, expected.astype(made.dtype))


@few
@given(st.lists(st.integers(-3, 3), max_size=5), st.sampled_from(["i8", "f8", "c16"]))
def test_from_roots(zeros, kind):
    a = np.array(zeros, kind)
    expected = np.asarray(np.poly(a))
    assert_eq(np.poly(lazily(a)), expected.astype("c16") if kind == "c16" and zeros else expected)


def test_characteristic_polynomials():
    a = np.array([[2.0, 1, 0], [0, 3, 1], [1, 0, 1]])
    assert_eq(np.poly(da.from_array(a, chunks=2)), np.poly(a))
    assert_eq(np.poly(da.from_array(a.astype(int), chunks=1)), np.poly(a.astype(int)))
    assert_eq(np.poly(da.from_array(a + 1j, chunks=2)), np.poly(a + 1j))


def test_unknown_numbers_of_coefficients():
    a = np.array([1, 2, 3])
    assert_eq(np.polyadd(da.polymul(lazily(a), [1]), a), 2 * a)
    product = da.polymul(lazily(a), [0, 1])
    assert_eq(np.polyder(product), np.polyder(a))
    assert_eq(np.polyint(product), np.polyint(a))
    assert_eq(np.polydiv(product, [1, 1])[0], np.polydiv(a, [1, 1])[0])


@few
@given(
    st.integers(0, 3), st.sampled_from([1, 7, 20]), st.sampled_from(["f4", "f8", "i8"]), st.booleans(), st.booleans()
)
def test_fits(degree, size, kind, several, weighted):
    rng = np.random.default_rng(degree)
    x = (np.linspace(-2, 2, 20) * 3).astype(kind)
    y = rng.normal(size=(20, 2) if several else 20)
    w = rng.random(20) + 0.5 if weighted else None
    points, values = da.from_array(x, chunks=size), da.from_array(y, chunks=7)
    with config.set(scheduler=raising):
        made = np.polyfit(points, values, degree, w=w)
        full = np.polyfit(points, values, degree, full=True, w=w)
        covariances = [np.polyfit(points, values, degree, w=w, cov=cov) for cov in (True, "unscaled")]
    close = {"rtol": 1e-6, "atol": 1e-8}
    assert_eq(made, np.polyfit(x, y, degree, w=w), **close)
    expected = np.polyfit(x, y, degree, full=True, w=w)
    for own, numpys in zip(full, expected, strict=True):
        assert np.shape(own) == np.shape(numpys)
        np.testing.assert_allclose(own, numpys, **close)
    for cov, own in zip((True, "unscaled"), covariances, strict=True):
        for each, numpys in zip(own, np.polyfit(x, y, degree, w=w, cov=cov), strict=True):
            assert_eq(each, numpys, **close)


def test_fits_are_evaluated_lazily():
    x = da.linspace(0, 1, 50, chunks=20)
    found = da.polyfit(x, 3 * x**2 - x, 2)
    with config.set(scheduler=raising):
        fitted = da.polyval(found, x)
    assert_eq(fitted, (3 * x**2 - x).compute(), atol=1e-12)


def test_lazy_weights_and_less_than_full_rank():
    x, y = np.ones(10), np.arange(10.0)
    made = np.polyfit(da.from_array(x, chunks=4), y, 1, full=True, w=da.ones(10, chunks=3))
    assert int(made.rank) == 1
    np.testing.assert_allclose(made.coefficients.sum(), 4.5)
    assert made.rcond == 10 * np.finfo(float).eps


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.polyadd(x[None], x), ValueError, "an array of one axis, got 2"),
        (lambda x: da.polyder(x, -1), ValueError, "Order of derivative must be positive"),
        (lambda x: da.polyint(x, -1), ValueError, "Order of integral must be positive"),
        (lambda x: da.polyint(x, 3, [1, 2]), ValueError, "k must be a scalar or a rank-1 array of length 1"),
        (lambda x: da.polyint(x, 1, x), TypeError, "compute k first"),
        (lambda x: da.roots(x[None]), ValueError, "Input must be a rank-1 array"),
        (lambda x: da.roots(x.astype("f2")), TypeError, "float16"),
        (lambda x: da.poly(da.ones((2, 3))), np.linalg.LinAlgError, "square matrix"),
        (lambda x: da.poly(da.ones((0, 0))), ValueError, "1d or non-empty square 2d"),
        (lambda x: da.poly(da.ones(())), ValueError, "1d or non-empty square 2d"),
        (lambda x: da.polyfit(x, x, -1), ValueError, "expected deg >= 0"),
        (lambda x: da.polyfit(x[None], x, 1), TypeError, "expected 1D vector for x"),
        (lambda x: da.polyfit(x[:0], x[:0], 1), TypeError, "expected non-empty vector for x"),
        (lambda x: da.polyfit(x, da.ones(()), 1), TypeError, "expected 1D or 2D array for y"),
        (lambda x: da.polyfit(x, x[1:], 1), TypeError, "expected x and y to have same length"),
        (lambda x: da.polyfit(x, x, 1, w=x[None]), TypeError, "expected a 1-d array for weights"),
        (lambda x: da.polyfit(x, x, 1, w=x[1:]), TypeError, "expected w and y to have the same length"),
        (lambda x: da.polyfit(x, x, 3, cov=True), ValueError, "number of data points must exceed order"),
        (lambda x: da.polyfit(forget(x), forget(x), 1), ValueError, "compute_chunk_sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(4, chunks=2))


def test_numpys_newer_functions_take_chunked_points():
    points = np.linspace(-1, 1, 7)
    with config.set(scheduler=raising):
        made = np.polynomial.polynomial.polyval(da.from_array(points, chunks=3), [1, 2, 3])
    assert_eq(made, np.polynomial.polynomial.polyval(points, [1, 2, 3]))
