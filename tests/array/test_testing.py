import numpy as np
import pytest

import minidask.array as da
from minidask.array.collection import new_array
from minidask.array.testing import assert_eq, assert_values, check_honest, computed, dense, fits, in_memory


def lie(x, chunks=None, meta=None):
    return new_array(x._layer, chunks or x.chunks, x._meta if meta is None else meta)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (da.ones(3), np.zeros(3), "Not equal to tolerance"),
        (da.ones(3), np.ones(3, "f4"), "dtype float64, expected float32"),
        (da.ones(3), np.ones((3, 1)), "1 dimensions, expected 2"),
        (da.ones(3), np.ones(4), r"shape \(3,\), expected \(4,\)"),
        (lie(da.ones(3), chunks=((4,),)), np.ones(3), r"block \(0,\) of full: declared \(4,\), actual \(3,\)"),
        (lie(da.ones(3), meta=np.empty(0, "f4")), np.ones(3), "declared float32, actual float64"),
        (lie(da.ones(3), meta=np.ma.empty(0)), np.ones(3), "MaskedArray"),
        (lie(da.ones(3), meta=np.empty((0, 0))), np.ones(3), "the meta has 2 dimensions, the array 1"),
        (da.from_array(np.array(["a"])), np.array(["b"]), "Arrays are not equal"),
        (da.full(2, np.nan), np.zeros(2), "nan"),
    ],
)
def test_what_is_not_equal(one, other, message):
    with pytest.raises(AssertionError, match=message):
        assert_eq(one, other)


def test_what_is_equal():
    for value in (
        np.ones(3),
        np.array(["a", "bc"]),
        np.array([1, None], object),
        np.array(["NaT"], "M8[s]"),
        np.array([np.nan]),
    ):
        assert assert_eq(da.from_array(value, chunks=1), value)
    assert assert_eq(1, 1)
    assert assert_eq([1.0], np.array([1.0 + 1e-13]))
    with pytest.raises(AssertionError):
        assert_eq(da.full(1, np.nan), np.array([np.nan]), equal_nan=False)
    with pytest.raises(AssertionError):
        assert_values(np.ma.array([1], mask=[True]), np.ma.array([1]))


def test_parts():
    check_honest(da.ones(3))
    assert fits((np.nan, 2), (5, 2))
    assert not fits((1,), (1, 1))
    assert in_memory(np.float32(1)).ndim == 0
    assert computed(da.full((), None), "sync").dtype == object

    class Sparse:
        dtype, ndim = np.dtype(float), 1

        def todense(self):
            return np.ones(2)

    assert dense(Sparse()).tolist() == [1, 1]


def test_missing_values_among_objects_are_equal_if_wanted():
    a = np.array([1, np.nan, "text"], dtype=object)
    assert assert_eq(da.from_array(a, chunks=2), a)
    with pytest.raises(AssertionError):
        assert_eq(a, a, equal_nan=False)
    with pytest.raises(AssertionError):
        assert_eq(a, np.array([1, 2, "text"], dtype=object))


def test_elements_have_the_machines_order_of_bytes():
    a = np.array([1.5, 2.5], ">f8")
    assert assert_eq(da.from_array(a, chunks=1)[0], a[0])
    assert assert_eq(da.from_array(a, chunks=1), a)
    with pytest.raises(AssertionError, match="dtype"):
        assert_eq(da.from_array(a, chunks=1), a.astype("f8"))
