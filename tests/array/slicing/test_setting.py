import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.slicing.setting import put_where
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample

ENDS = st.none() | st.integers(-9, 9)


@st.composite
def targets(draw, shape):
    out = []
    for length in shape:
        kind = draw(st.sampled_from(["slice", "int", "positions"]))
        if kind == "int" and length:
            out.append(draw(st.integers(-length, length - 1)))
        elif kind == "positions" and length:
            out.append(np.array(draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2))))
        else:
            out.append(slice(draw(ENDS), draw(ENDS), draw(st.sampled_from([None, 2, -1]))))
    return tuple(out)


@few
@given(pairs(["f8", "i4", "?", "M8[s]", "U3"]), st.data())
def test_assignment_is_numpys_and_leaves_older_arrays_alone(pair, data):
    a, x = pair
    index = data.draw(targets(a.shape))
    expected, older = a.copy(), x[...] if a.ndim else x.copy()
    older = older.copy()
    part = a[index]
    how = data.draw(st.sampled_from(["element", "array", "lazy", "row"]))
    if how == "element" or not part.size:
        value = sample((1,), a.dtype.str.lstrip("<|>") if a.dtype.kind != "M" else "M8[s]", 5)[0]
        lazy = value
    else:
        value = part.ravel()[::-1].reshape(part.shape).copy() if part.ndim else part
        if how == "row" and part.ndim:
            value = value[:1]
        lazy = da.from_array(value, chunks=2) if how == "lazy" else value
    expected[index] = value
    x[index] = lazy
    assert_eq(x, expected)
    assert_eq(older, a)


def test_masks():
    a = np.arange(12.0).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    y = x.copy()
    y[y > 5] = -1
    assert_eq(y, np.where(a > 5, -1, a))
    y = x.copy()
    y[a > 5] = da.from_array(a * 2, chunks=3)
    assert_eq(y, np.where(a > 5, a * 2, a))
    y = x.copy()
    y[x[:, 0] > 2] = 0
    assert_eq(y, np.where((a[:, 0] > 2)[:, None], 0, a))
    y = x.copy()
    y[:, x[0] > 1] = np.nan
    assert_eq(y, np.where(a[0] > 1, np.nan, a))
    y = forget(x)
    y[y > 5] = -1
    assert_eq(y, np.where(a > 5, -1, a), check_shape=False)
    y = da.zeros((), dtype=int)
    y[()] = 5
    assert_eq(y, 5)
    assert put_where(np.arange(2), True, [5, 6]).tolist() == [5, 6]


def test_unknown_rows_take_whole_axes():
    x = forget(da.ones((4, 3), chunks=2))
    x[:, 1] = 7
    assert_eq(x[:, 1], np.full(4, 7.0), check_shape=False)


def test_values_are_cast():
    x = da.zeros(3, dtype=int)
    x[0] = 2.7
    x[1:] = np.array([3.5, 4.5])
    assert_eq(x, np.array([2, 3, 4]))


@pytest.mark.parametrize(
    ("index", "value", "kind", "message"),
    [
        (7, 0, IndexError, "out of bounds"),
        (
            slice(0, 2),
            np.ones((3, 3)),
            ValueError,
            r"could not broadcast input array from shape \(3, 3\) into shape \(2, 3\)",
        ),
        (0, "text", ValueError, "could not convert"),
        (None, 0, NotImplementedError, r"a new axis \(None\)"),
        (np.ones((2, 2), bool), 0, IndexError, r"boolean index has shape \(2, 2\)|did not match"),
        (([0, 1], [0, 1, 2]), 0, IndexError, "shape mismatch"),
        ((da.ones(4, dtype=bool), 0), 1, NotImplementedError, "with whole axes beside it"),
        (da.ones((4, 3), dtype=bool), np.ones(12), NotImplementedError, "their number depends on data"),
    ],
)
def test_bad_assignments(index, value, kind, message):
    x = da.zeros((4, 3), chunks=2)
    name = x.name
    with pytest.raises(kind, match=message):
        x[index] = value
    assert x.name == name


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.zeros((4, 3), chunks=2)
        x[1:] = 1
        x[x > 0] = 2
        x[[0, 1], [1, 2]] = 3
