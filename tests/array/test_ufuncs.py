import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.testing import assert_eq
from minidask.array.ufuncs import UFUNCS, Ufunc, call_method, call_ufunc, outer
from tests.array.arrays import NUMBERS, few, outcome, pairs


@few
@given(pairs(NUMBERS), st.sampled_from(sorted(UFUNCS)))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_ufunc_is_numpys(pair, name):
    a, x = pair
    ufunc = getattr(np, name)
    expected = outcome(lambda: ufunc(*[a] * ufunc.nin))
    if isinstance(expected, type):
        with pytest.raises(expected):
            getattr(da, name)(*[x] * ufunc.nin)
        return
    for found in (getattr(da, name)(*[x] * ufunc.nin), ufunc(*[x] * ufunc.nin)):
        if ufunc.nout == 1:
            assert_eq(found, expected, rtol=1e-5)
        else:
            for one, other in zip(found, expected, strict=True):
                assert_eq(one, other)


def test_scalars_give_scalars():
    assert da.add(1, 2) == 3
    assert_eq(da.sqrt([4.0, 9.0]), np.array([2.0, 3.0]))


def test_out_where_and_dtype():
    x = da.arange(4, chunks=2).astype(float)
    target = da.zeros(4, chunks=2)
    older = target + 1
    assert np.add(x, 1, out=target) is target
    assert_eq(target, np.arange(1.0, 5))
    assert_eq(older, np.ones(4))
    assert_eq(np.add(x, 1, where=x > 1, out=da.zeros(4, chunks=2)), np.array([0.0, 0, 3, 4]))
    assert_eq(np.add(x, 1, dtype="f4"), np.arange(1, 5, dtype="f4"))
    fraction, whole = da.zeros(4), da.zeros(4)
    np.modf(x + 0.5, out=(fraction, whole))
    assert_eq(whole, np.arange(4.0))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: np.add(x, 1, out=np.zeros(4)), TypeError, "out= must be a chunked array"),
        (lambda x: np.add(x, 1, out=da.zeros(3)), ValueError, r"out= has shape \(3,\)"),
        (lambda x: np.add(x, 1.5, out=da.zeros(4, dtype=int)), TypeError, "can't be cast"),
        (lambda x: np.add(x, 1, where=x > 1), ValueError, "give out= as well"),
        (lambda x: np.add(x, 1, signature="ii->i"), TypeError, "takes out, where, dtype and casting"),
        (lambda x: call_ufunc(np.add, x), TypeError, "takes 2 positional arguments but 1"),
        (lambda x: np.add.at(x, 0, 1), TypeError, r"add\.at isn't built"),
        (lambda x: np.sqrt.reduce(x), ValueError, "reduce only supported for binary functions"),
        (lambda x: da.sqrt.outer(x, x), TypeError, "needs a function of two operands"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(4, chunks=2))


def test_methods():
    a = np.arange(6.0).reshape(2, 3)
    x = da.from_array(a, chunks=2)
    assert_eq(np.add.reduce(x), np.add.reduce(a))
    assert_eq(np.add.reduce(x, axis=1, keepdims=True), np.add.reduce(a, axis=1, keepdims=True))
    assert_eq(np.maximum.reduce(x, axis=None), a.max())
    assert_eq(np.multiply.accumulate(x, axis=1), np.multiply.accumulate(a, axis=1))
    assert_eq(np.subtract.outer(x, x), np.subtract.outer(a, a))
    assert_eq(da.add.reduce(x, 1), a.sum(1))
    assert_eq(da.add.accumulate(x), a.cumsum(0))
    assert_eq(da.add.outer(x, [1, 2]), np.add.outer(a, [1, 2]))
    assert_eq(outer(np.multiply, [1, 2], [3]), np.array([[3], [6]]))
    assert_eq(call_method(np.add, "reduce", (x, None), {}), a.sum())


def test_ufuncs_describe_themselves():
    assert repr(da.sin) == "<ufunc 'sin' of chunked arrays>"
    assert (da.sin.__name__, da.sin.nin, da.sin.nout) == ("sin", 1, 1)
    assert "sine" in (da.sin.__doc__ or "")
    assert pickle.loads(pickle.dumps(da.sin)).ufunc is np.sin
    assert isinstance(da.sin, Ufunc)


def test_facts_of_ufuncs():
    for name in ("identity", "nargs", "ntypes", "types", "signature", "nin", "nout"):
        assert getattr(da.add, name) == getattr(np.add, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        da.sin.nothing
    with pytest.raises(AttributeError, match="isn't built for chunked arrays"):
        da.add.at


def test_words_about_memory_that_change_nothing():
    x = da.arange(3, chunks=2)
    assert_eq(np.sin(x, order="K", subok=True), np.sin(np.arange(3)))
    with pytest.raises(TypeError, match=r"not \['order'\]: blocks promise no order in memory"):
        np.sin(x, order="F")


def add_all(one, other):
    return one + other


def test_methods_of_functions_of_python():
    ours, theirs = da.frompyfunc(add_all, 2, 1), np.frompyfunc(add_all, 2, 1)
    a = np.arange(12).reshape(4, 3)
    x = da.from_array(a, chunks=2)
    assert_eq(ours.outer(x[0], x[:, 0]), theirs.outer(a[0], a[:, 0]))
    for axis in (0, 1):
        assert_eq(ours.reduce(x, axis=axis), theirs.reduce(a, axis=axis))
        assert_eq(
            ours.reduce(x, axis=axis, keepdims=True, initial=5), theirs.reduce(a, axis=axis, keepdims=True, initial=5)
        )
        assert_eq(ours.accumulate(x, axis=axis), theirs.accumulate(a, axis=axis))
    assert ours.reduce(x[0]).compute() == 3
    for name in ("nin", "nout", "nargs", "identity", "types", "ntypes", "signature"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.__name__ == "add_all"
    assert ours.reduce(x).name == da.frompyfunc(add_all, 2, 1).reduce(x).name != da.frompyfunc(max, 2, 1).reduce(x).name
    assert_eq(pickle.loads(pickle.dumps(ours.reduce(x))), theirs.reduce(a))
    with pytest.raises(ValueError, match="not reorderable"):
        ours.reduce(x, axis=None)
    with pytest.raises(TypeError, match="two operands"):
        da.frompyfunc(hex, 1, 1).outer(x, x)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ours.nothing
    with pytest.raises(AttributeError, match="at of functions of frompyfunc isn't built"):
        ours.at
