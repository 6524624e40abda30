import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.creation.ranges import arange, eye, linspace
from minidask.array.testing import assert_eq
from tests.array.arrays import few

ENDS = st.integers(-20, 20) | st.sampled_from([0.5, -1.25, 7.0])


@few
@given(ENDS, ENDS, st.sampled_from([1, 2, -1, -3, 0.5, 0.1]), st.integers(1, 9), st.sampled_from([None, "i4", "f4"]))
def test_arange(start, stop, step, chunks, dtype):
    assert_eq(
        arange(start, stop, step, chunks=chunks, dtype=dtype), np.arange(start, stop, step, dtype=dtype), rtol=1e-6
    )


def test_kinds_of_arange():
    assert_eq(arange(5), np.arange(5))
    assert_eq(arange(stop=5), np.arange(5))
    assert_eq(arange(2, 5, None), np.arange(2, 5))
    days = np.datetime64("2020-01-01"), np.datetime64("2020-02-01")
    assert_eq(arange(*days, np.timedelta64(2, "D"), chunks=3), np.arange(*days, np.timedelta64(2, "D")))
    assert_eq(
        arange(np.timedelta64(5, "s"), step=np.timedelta64(2, "s")),
        np.arange(0, np.timedelta64(5, "s"), np.timedelta64(2, "s")),
    )
    assert arange(3).name == arange(3).name != arange(4).name


@few
@given(ENDS, ENDS, st.integers(0, 30), st.booleans(), st.integers(1, 9), st.sampled_from([None, "i4", "f4"]))
def test_linspace(start, stop, num, endpoint, chunks, dtype):
    found, step = linspace(start, stop, num, endpoint, True, chunks=chunks, dtype=dtype)
    expected, numpys = np.linspace(start, stop, num, endpoint, True, dtype=dtype)
    assert_eq(found, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(step, numpys)


@few
@given(st.integers(0, 9), st.none() | st.integers(0, 9), st.integers(-10, 10), st.integers(1, 5))
def test_eye(rows, columns, k, chunks):
    assert_eq(eye(rows, chunks, columns, k, int), np.eye(rows, columns, k, int))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: arange(), TypeError, "requires stop"),
        (lambda: arange(5, step=0), ZeroDivisionError, "a step that isn't 0"),
        (lambda: linspace(0, 1, -1), ValueError, "must be non-negative"),
        (lambda: eye(-1), ValueError, "negative dimensions"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
    assert da.eye(2).compute().flags.writeable


def test_powers_and_multiples():
    for args in [(0, 3, 7), (1, -1, 4, False), (2, 2, 1), (0, 1, 0)]:
        assert_eq(da.logspace(*args, chunks=2), np.logspace(*args))
    assert_eq(da.logspace(0, 3, 4, base=2, dtype=int), np.logspace(0, 3, 4, base=2, dtype=int))
    for args in [(1, 1000, 4), (-2, -32, 5), (8, 1, 3, False), (3, 7, 1)]:
        assert_eq(da.geomspace(*args, chunks=2), np.geomspace(*args))
    assert_eq(da.geomspace(1, 256, 9, dtype=int), np.geomspace(1, 256, 9, dtype=int))
    assert_eq(da.identity(4, chunks=3), np.identity(4))
    for call, kind, message in [
        (lambda: da.geomspace(0, 3), ValueError, "cannot include zero"),
        (lambda: da.geomspace(-1, 3), ValueError, "one sign"),
        (lambda: da.geomspace(1j, 3), TypeError, "complex numbers isn't built"),
        (lambda: da.logspace(0, 1, -1), ValueError, "must be non-negative"),
    ]:
        with pytest.raises(kind, match=message):
            call()
