import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.slicing.layers import Compressed
from minidask.array.slicing.same_mask import put_back
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, pairs, sample


def increment(x):
    x[x > 1] += 1


def double_elsewhere(x):
    mask = x > 1
    x[~mask] *= 2


def itself(x):
    mask = x > 1
    x[mask] = x[mask]


def of_two(x):
    mask, y = x > 1, x * 2
    x[mask] = np.maximum(y[mask], -x[mask]) + x[mask].astype("f4")


def with_one_lazy_value(x):
    mask = x > 1
    x[mask] -= x.sum()


def rows(x):
    mask = x.sum(axis=tuple(range(1, x.ndim))) > 1
    x[mask] += 1


def columns(x):
    mask = x[0] > 1
    x[:, mask] *= 2


def part(x):
    x[0, x[0] > 1] -= 1


def running_total(x):
    mask = x > 1
    x[mask] = x[mask].cumsum()


def reversed_rows(x):
    mask = x > 1
    y = x[::-1]
    x[mask] = y[mask]


@few
@given(pairs(min_dims=2, max_side=5, min_side=1), st.data())
@pytest.mark.parametrize(
    "change",
    [
        increment,
        double_elsewhere,
        itself,
        of_two,
        with_one_lazy_value,
        rows,
        columns,
        part,
        running_total,
        reversed_rows,
    ],
)
def test_numpys_idioms(change, pair, data):
    a, x = pair
    expected, older = a.copy(), x.copy()
    change(expected)
    change(x)
    assert_eq(x, expected)
    assert_eq(older, a)


@few
@given(pairs(min_dims=1), st.data())
def test_masks_in_other_chunks(pair, data):
    a, x = pair
    mask = sample(a.shape, "?", 1)
    lazy = da.from_array(mask, chunks=data.draw(chunkings(a.shape)))
    expected = a.copy()
    expected[mask] = expected[mask] * 3 - 1
    x[lazy] = x[lazy] * 3 - 1
    assert_eq(x, expected)


def test_the_work_is_done_block_by_block():
    x = da.from_array(np.arange(16.0).reshape(4, 4), chunks=2)
    mask = x > 5
    x[mask] = np.sqrt(x[mask])
    assert not any("reshape" in str(key) or "gathered" in str(key) for key in x.dask)
    # It is as much of the order of elements as of the blocks that a function of a user's own may depend on.
    y = da.from_array(np.arange(16.0).reshape(4, 4), chunks=2)
    assert put_back(y, mask, 0, y[mask].map_blocks(np.cumsum)) is None
    assert put_back(y, mask, 0, y[y > 6]) is None
    assert put_back(y, mask, 0, y) is None
    assert put_back(y, mask, 0, 5) is None


def test_unknown_sizes_stay():
    a = np.arange(12.0).reshape(4, 3)
    x = forget(da.from_array(a, chunks=(2, 3)))
    x[x > 5] += 1
    assert_eq(x, np.where(a > 5, a + 1, a), check_shape=False)


def test_where_a_selection_comes_from_does_not_travel():
    x = da.from_array(np.arange(4), chunks=2)
    y = x[x > 1]
    assert isinstance(y._layer, Compressed)
    assert y._layer.origin is not None
    again = pickle.loads(pickle.dumps(y))
    assert again._layer.origin is None
    assert_eq(again, np.array([2, 3]), check_shape=False)
    x[x > 1] = again * 2
    assert_eq(x, np.array([0, 1, 4, 6]))
