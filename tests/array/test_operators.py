import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, few, outcome, pairs

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.and_,
    operator.or_, operator.xor, operator.lshift, operator.rshift, operator.lt, operator.le, operator.gt, operator.ge, operator.eq,
    operator.ne,
]  # fmt: skip
LITERALS = [2, 0.5, -1, True, 3, 2.0, 1j, np.float32(2), np.int64(1)]


@few
@given(pairs(NUMBERS), st.sampled_from(BINARY), st.sampled_from(LITERALS), st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_operators_with_literals(pair, op, literal, reflected):
    a, x = pair
    expected = outcome(lambda: op(literal, a) if reflected else op(a, literal))
    if isinstance(expected, type):
        with pytest.raises(expected):
            # Negative powers of integers are found out by values.
            (op(literal, x) if reflected else op(x, literal)).compute()
        return
    assert_eq(op(literal, x) if reflected else op(x, literal), expected, rtol=1e-5)


@pytest.mark.parametrize("op", [operator.neg, operator.pos, abs, operator.invert])
def test_unary(op):
    a = np.array([[-1, 2], [3, -4]])
    assert_eq(op(da.from_array(a, chunks=1)), op(a))


def test_divmod_and_power():
    a = np.array([5, -7, 9])
    x = da.from_array(a, chunks=2)
    for found, expected in zip(divmod(x, 3) + divmod(20, x), divmod(a, 3) + divmod(20, a), strict=True):
        assert_eq(found, expected)
    assert_eq(2 ** x.astype(float), 2 ** a.astype(float))


def test_in_place_operators_make_new_arrays():
    x = y = da.ones(3)
    y += 1
    assert_eq(x, np.ones(3))
    assert_eq(y, np.full(3, 2.0))


def test_numpy_arrays_on_the_left():
    a = np.arange(3)
    assert_eq(a + da.ones(3, chunks=2), a + 1.0)
    assert isinstance(a < da.ones(3), da.Array)


def test_types_that_wrap_arrays_decide():
    class Wrapper:
        __array_ufunc__ = None

        def __radd__(self, other):
            return "mine"

        def __rmatmul__(self, other):
            return "mine too"

        def __rpow__(self, other):
            return "and this"

        def __rdivmod__(self, other):
            return "that"

    x = da.ones(3)
    assert (x + Wrapper(), x @ Wrapper(), x ** Wrapper(), divmod(x, Wrapper())) == (
        "mine",
        "mine too",
        "and this",
        "that",
    )


def test_arrays_have_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(da.ones(3))


def test_records_are_compared_as_a_whole():
    a = np.array([(1, 2.0), (3, 4.0), (1, 5.0)], [("a", "i4"), ("b", "f8")])
    b = a.copy()
    b["b"][1] = 9
    x, y = da.from_array(a, chunks=2), da.from_array(b, chunks=1)
    assert_eq(x == y, a == b)
    assert_eq(x != b, a != b)
    assert_eq(x == a[0], a == a[0])
    assert np.array_equal(x, x).compute()
    assert not np.array_equiv(x, y).compute()


def test_what_is_never_equal():
    kinds = [np.arange(3), np.arange(3.0), np.array(["a", "b", "c"]), np.arange(3).astype("M8[s]"), np.arange(3) + 1j]
    others = [
        "a",
        b"a",
        1,
        np.datetime64("2001-01-01"),
        np.timedelta64(1, "s"),
        ["a", "b", "c"],
        np.arange(3).astype("m8[s]"),
    ]
    for a in kinds:
        x = da.from_array(a, chunks=2)
        for other in others:
            assert_eq(x == other, a == other)
            assert_eq(x != other, a != other)
    both = np.array(["a", "b"])
    assert_eq(
        da.arange(4, chunks=2).reshape((2, 2)) == da.from_array(both, chunks=1), np.arange(4).reshape(2, 2) == both
    )
    with pytest.raises(TypeError, match="Cannot compare structured or void"):
        da.ones(3) == np.zeros(3, [("a", "i4")])
    with pytest.raises(TypeError, match="did not contain a loop"):
        da.equal(da.arange(3), "a")
    with pytest.raises(ValueError, match="broadcast"):
        da.arange(3) == ["a", "b"]
