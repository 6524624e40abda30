import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, few, forget, outcome, pairs, sample

UFUNCS = [
    "add", "multiply", "subtract", "divide", "minimum", "maximum", "fmin", "fmax", "logical_and", "logical_or", "logical_xor",
    "bitwise_and", "bitwise_or", "bitwise_xor", "gcd", "lcm", "hypot", "logaddexp", "power", "floor_divide", "arctan2",
]  # fmt: skip
ignored = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@few
@given(pairs(NUMBERS, min_dims=1, nan=True), st.sampled_from(UFUNCS), st.booleans(), st.data())
@ignored
def test_methods_are_numpys(pair, name, keepdims, data):
    a, x = pair
    ufunc, axis = getattr(np, name), data.draw(st.integers(-a.ndim, a.ndim - 1))
    expected = outcome(lambda: ufunc.reduce(a, axis=axis, keepdims=keepdims))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            ufunc.reduce(x, axis=axis, keepdims=keepdims).compute()
    else:
        assert_eq(ufunc.reduce(x, axis=axis, keepdims=keepdims), expected, rtol=1e-4)
    expected = outcome(lambda: ufunc.accumulate(a, axis=axis))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            ufunc.accumulate(x, axis=axis).compute()
    else:
        assert_eq(ufunc.accumulate(x, axis=axis), expected, rtol=1e-4)


def test_all_arguments():
    a = np.arange(12).reshape(3, 4) % 5
    x, where = da.from_array(a, chunks=2), a > 1
    for name in ("bitwise_or", "add", "maximum", "logical_and", "gcd", "fmin"):
        ufunc = getattr(np, name)
        assert_eq(ufunc.reduce(x, axis=None), ufunc.reduce(a, axis=None))
        assert_eq(ufunc.reduce(x, axis=(0, 1), keepdims=True), ufunc.reduce(a, axis=(0, 1), keepdims=True))
        assert_eq(ufunc.reduce(x, initial=3, where=where), ufunc.reduce(a, initial=3, where=where))
        assert_eq(getattr(da, name).reduce(x, 1, initial=3), ufunc.reduce(a, 1, initial=3))
    assert_eq(np.subtract.reduce(x, initial=100), np.subtract.reduce(a, initial=100))
    assert_eq(np.maximum.reduce(x, dtype="f4"), np.maximum.reduce(a, dtype="f4"))
    assert_eq(np.add.accumulate(x, axis=1, dtype="f4"), np.add.accumulate(a, axis=1, dtype="f4"))
    assert_eq(np.maximum.reduce(x[:0], initial=2), np.full(4, 2))
    assert_eq(np.fmin.reduce(forget(x), axis=1), a.min(axis=1), check_shape=False)
    assert_eq(np.maximum.accumulate(da.from_array(a, chunks=((1, 0, 2), 4))), np.maximum.accumulate(a))
    out = da.zeros(4, dtype=int)
    assert np.bitwise_xor.reduce(x, out=out) is out
    assert da.maximum.accumulate(x, out=x) is x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: np.sqrt.reduce(x), ValueError, "reduce only supported for binary functions"),
        (lambda x: np.sqrt.accumulate(x), ValueError, "accumulate only supported for binary functions"),
        (lambda x: np.subtract.reduce(x, axis=(0, 1)), ValueError, "not reorderable"),
        (lambda x: np.fmax.reduce(x, where=x > 0), ValueError, "does not have an identity"),
        (lambda x: np.subtract.reduce(x, where=x > 0, initial=0), NotImplementedError, "order matters"),
        (lambda x: np.fmax.reduce(x[:0]), ValueError, "zero-size array"),
        (lambda x: np.fmax.reduce(x, axis=3), np.exceptions.AxisError, "axis 3"),
        (lambda x: np.subtract.reduce(forget(x)), ValueError, "compute_chunk_sizes"),
        (lambda x: np.add.reduceat(x, [0]), TypeError, r"add\.reduceat isn't built.*coarsen"),
        (lambda x: np.add.at(x, 0, 1), TypeError, r"add\.at isn't built.*assign"),
        (lambda x: da.add.at, AttributeError, "isn't built for chunked arrays"),
        (lambda x: da.add.nothing, AttributeError, "has no attribute 'nothing'"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=1))


def test_python_functions():
    x = da.arange(5, chunks=2)
    join = da.frompyfunc(lambda a, b: f"{a}{b}", 2, 1)
    assert_eq(join(x, "z"), np.array([f"{n}z" for n in range(5)], object))
    assert_eq(
        join(x[:, None], x).sum(axis=1), np.array(["".join(f"{n}{m}" for m in range(5)) for n in range(5)], object)
    )
    _, high = pickle.loads(pickle.dumps(da.frompyfunc(divmod, 2, 2)))(x, 2)
    assert_eq(high, np.arange(5).astype(object) % 2)
    assert_eq(da.frompyfunc(hex, 1, 1)([1, 2]), np.array(["0x1", "0x2"], object))
    for call, kind, message in [
        (lambda: da.frompyfunc(3, 1, 1), TypeError, "needs a function"),
        (lambda: da.frompyfunc(hex, 0, 1), ValueError, "at least one argument"),
        (lambda: join(x), TypeError, "takes 2 arrays, got 1"),
    ]:
        with pytest.raises(kind, match=message):
            call()


@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]"])
def test_times_are_accumulated(dtype):
    data = np.array([3, 1, 4, 1, 5], dtype)
    for ufunc in (np.maximum, np.minimum):
        assert_eq(ufunc.accumulate(da.from_array(data, chunks=2)), ufunc.accumulate(data))


@pytest.mark.parametrize("name", ["hypot", "logaddexp", "bitwise_xor", "bitwise_or", "gcd", "lcm", "maximum"])
def test_what_a_reduction_begins_with_counts_once(name):
    # What stands for elements that are left out must not count.
    ufunc = getattr(np, name)
    a = sample((4, 6), "f8" if name in ("hypot", "logaddexp") else "i8")
    where = sample((4, 6), "?", seed=3)
    x = da.from_array(a, chunks=(2, 3))
    for mask in (where, np.zeros_like(where)):
        assert_eq(ufunc.reduce(x, axis=0, where=mask, initial=5), ufunc.reduce(a, axis=0, where=mask, initial=5))


@pytest.mark.parametrize(
    ("ufunc", "kind", "dtype"), [(np.hypot, "f8", "i8"), (np.logical_xor, "S2", "f8"), (np.copysign, "i8", "i8")]
)
def test_dtypes_without_a_loop(ufunc, kind, dtype):
    a = sample((4,), kind)
    for x in (a, da.from_array(a, chunks=4)):
        with pytest.raises(TypeError):
            ufunc.reduce(x, dtype=dtype)


@pytest.mark.parametrize("dtype", [">i4", ">f8", ">M8[s]"])
def test_the_order_of_bytes_is_the_machines(dtype):
    a = sample((5,), dtype)
    x = da.from_array(a, chunks=2)
    assert_eq(np.maximum.reduce(x), np.maximum.reduce(a))
    assert_eq(np.maximum.accumulate(x), np.maximum.accumulate(a))


@pytest.mark.parametrize("name", ["fmin", "maximum", "minimum", "fmax"])
def test_times_are_reduced(name):
    ufunc = getattr(np, name)
    for kind in ("m8[D]", "M8[ms]", "m8[s]"):
        a = sample((5, 2), kind)
        assert_eq(ufunc.reduce(da.from_array(a, chunks=2)), ufunc.reduce(a))


def test_reductions_into_objects():
    a = sample((4,), "i1")
    x = da.from_array(a, chunks=2)
    assert_eq(np.greater.reduce(x, dtype="O", keepdims=True), np.greater.reduce(a, dtype="O", keepdims=True))
    assert_eq(np.fmin.reduce(x, dtype="O", keepdims=True), np.fmin.reduce(a, dtype="O", keepdims=True))
    for y in (a, x):
        with pytest.raises(TypeError):
            np.copysign.accumulate(y, dtype="i8")
