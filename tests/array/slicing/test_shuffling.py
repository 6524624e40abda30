"""Groups of positions come together, each in one block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising


@few
@given(pairs(["f8"], min_dims=1, min_side=1), st.data())
def test_groups_stay_together(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=a.shape[axis], max_size=a.shape[axis])))
    groups = [np.flatnonzero(labels == label).tolist() for label in range(4)]
    with config.set(scheduler=raising):
        found = da.shuffle(x, groups, axis)
    assert_eq(found, np.take(a, np.concatenate(groups).astype(int), axis))
    edges = np.cumsum([len(group) for group in groups])
    assert set(np.cumsum(found.chunks[axis])) <= set(edges)
    assert max(found.chunks[axis]) <= max(*x.chunks[axis], *map(len, groups))


def test_nothing():
    assert_eq(da.shuffle(da.ones((3, 2)), [], 0), np.ones((0, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.shuffle(x, [[0]], 0, chunks=3), NotImplementedError, "rechunk the result"),
        (lambda x: da.shuffle(x, [[0.5]], 0), TypeError, "lists of integers"),
        (lambda x: da.shuffle(x, [[3]], 0), IndexError, "outside of the axis"),
        (lambda x: da.shuffle(x, [[-1]], 0), IndexError, "outside of the axis"),
        (lambda x: da.shuffle(x, [[0]], 1), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.shuffle(forget(x), [[0]], 0), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones(3, chunks=2))
