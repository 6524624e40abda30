import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.dtypes import (
    accumulated_dtype,
    call_empty,
    check_called,
    literal_kind,
    metas_of_call,
    native,
    reduced_dtype,
    ufunc_dtypes,
)
from minidask.array.meta import numpy_meta
from tests.array.arrays import NUMBERS, outcome

LITERALS = [1, 127, 300, -1, 1.5, True, 1j, np.float32(2), np.int64(3), np.uint8(1)]


@given(
    st.sampled_from([np.add, np.multiply, np.true_divide, np.power, np.less, np.bitwise_and]),
    st.sampled_from(NUMBERS),
    st.sampled_from(LITERALS),
)
def test_dtypes_with_literals_are_numpys(ufunc, dtype, literal):
    meta = numpy_meta(np.dtype(dtype), 1)
    kind = literal_kind(literal)
    kinds = None if kind is None else (meta.dtype, kind)
    expected = outcome(lambda: ufunc(np.ones(1, dtype)[:0], literal).dtype)
    found = outcome(lambda: metas_of_call(ufunc, [meta, literal], 1, None, kinds)[0].dtype)
    if isinstance(expected, type):
        assert issubclass(found, expected) or issubclass(expected, found)
    else:
        assert found == expected


def test_several_outputs():
    assert [m.dtype for m in metas_of_call(np.frexp, [numpy_meta(np.dtype("f4"), 1)], 1)] == [np.float32, np.int32]
    assert ufunc_dtypes(np.divmod, (np.dtype("i4"), int)) == (np.dtype("i4"), np.dtype("i4"))


def test_no_loop_raises_as_numpy_does():
    with pytest.raises(TypeError):
        ufunc_dtypes(np.add, (np.dtype("M8[s]"), np.dtype("M8[s]")))


def test_functions_are_called_on_empty_arrays():
    assert call_empty(np.where, [np.zeros(0, bool), 1, 2.5]) == (np.dtype(float),)
    masked = metas_of_call(np.add, [np.ma.ones(0), 1], 1)[0]
    assert type(masked) is np.ma.MaskedArray


def test_reductions():
    assert reduced_dtype("sum", np.dtype("?")) == np.sum(np.ones(1, "?")).dtype
    assert reduced_dtype("mean", np.dtype("f2")) == np.float16
    assert reduced_dtype("sum", np.dtype("O")) == np.dtype("O")
    with pytest.raises(TypeError):
        reduced_dtype("sum", np.dtype("U3"))


def test_dtypes_that_are_wanted_of_reductions():
    seconds = np.dtype("m8[s]")
    assert accumulated_dtype("sum", seconds, np.dtype("f8"), False) == seconds
    assert accumulated_dtype("sum", np.dtype("i1"), np.dtype("f4"), True) == "f4"
    with pytest.raises(TypeError):
        accumulated_dtype("sum", np.dtype("M8[s]"), np.dtype("f8"), True)


def test_orders_of_bytes():
    assert native(np.dtype(">i4")) == "<i4" or np.dtype(">i4").isnative
    assert native(np.dtype("f8")) is np.dtype("f8")
    assert native(np.dtype([("a", ">i4")])).isnative


def test_functions_without_a_loop():
    check_called(np.isposinf, np.ones(2))
    with pytest.raises(TypeError):
        check_called(np.isclose, np.ones(2, "M8[s]"), 1)
