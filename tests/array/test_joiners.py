from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import raising, sample


def made(np_or_da, give):
    return [give(each) for each in (sample((5,)), sample((3, 4)), sample((2, 4), "i4"), sample((5,), "f4"))]


INDICES = {
    "numbers": lambda r, v, m, n, w: r[1, 2, 3],
    "one": lambda r, v, m, n, w: r[v],
    "mixed": lambda r, v, m, n, w: r[1, v, [4, 5], 6:9],
    "dtypes of numbers give way": lambda r, v, m, n, w: r[w, 2.5],
    "narrow and whole": lambda r, v, m, n, w: r[w, 1, np.int8(3)],
    "slices": lambda r, v, m, n, w: r[3:10:2, :2, 5:0:-1],
    "points": lambda r, v, m, n, w: r[0:1:5j, v],
    "rows": lambda r, v, m, n, w: r[m, n],
    "columns": lambda r, v, m, n, w: r["-1", m, m],
    "more axes": lambda r, v, m, n, w: r["0,2", v, v],
    "columns of vectors": lambda r, v, m, n, w: r["1,2,0", v, v],
    "turned": lambda r, v, m, n, w: r["0,3,1", m, m],
    "turned from the end": lambda r, v, m, n, w: r["0,4,-2", m, m],
    "turned to the end": lambda r, v, m, n, w: r["0,2,-1", v, 1:6],
    "turned ranges": lambda r, v, m, n, w: r["1,2,0", 1:6, v],
    "booleans": lambda r, v, m, n, w: r[True, v],
}


@pytest.mark.parametrize("name", INDICES)
def test_rows(name):
    index = INDICES[name]
    with config.set(scheduler=raising):
        found = index(da.r_, *made(da, lambda a: da.from_array(a, chunks=2)))
    assert_eq(found, index(np.r_, *made(np, lambda a: a)))


def test_columns():
    a, m = sample((5,)), sample((5, 2))
    x, y = da.from_array(a, chunks=2), da.from_array(m, chunks=2)
    assert_eq(da.c_[x, y, x], np.c_[a, m, a])
    assert_eq(da.c_[x, 0:5], np.c_[a, 0:5])
    assert_eq(da.c_[y], np.c_[m])
    assert_eq(da.c_["0", y, y], np.c_["0", m, m])
    assert len(da.c_) == 0
    assert "axis=-1" in repr(da.c_)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (("best", 1), ValueError, "unknown special directive 'best'"),
        (("1,2,3,4", 1), ValueError, "unknown special directive"),
        ((1, "0"), ValueError, "must be the first entry"),
        (("r", 1), NotImplementedError, "matrices aren't built: use block"),
        ("a, b", NotImplementedError, "matrices"),
        ((), ValueError, "at least one array"),
        (([1], [[1]]), ValueError, "dimensions"),
    ],
)
def test_errors(index, error, message):
    with pytest.raises(error, match=message):
        da.r_[index]
