"""Where values belong in a sorted array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, pairs, raising, sample


@few
@given(st.sampled_from(["i1", "f8", "M8[s]", "U3"]), st.sampled_from(["left", "right"]), st.data())
def test_searchsorted(kind, side, data):
    a, _ = data.draw(pairs([kind], min_dims=1, max_dims=1, nan=True))
    a = np.sort(a)
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    b, y = data.draw(pairs([kind], nan=True))
    assert_eq(da.searchsorted(x, y, side), np.searchsorted(a, b, side))


def test_lazy_and_unknown_sizes():
    a, b = np.arange(10), sample((4, 3), "i8")
    x = forget(da.from_array(a, chunks=3))
    with config.set(scheduler=raising):
        found = np.searchsorted(x, da.from_array(b, chunks=2)), x.searchsorted(b, side="right"), da.searchsorted(x, 3)
    assert_eq(found[0], np.searchsorted(a, b))
    assert_eq(found[1], np.searchsorted(a, b, side="right"))
    assert_eq(found[2], np.searchsorted(a, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.searchsorted(x, 1, sorter=[1]), ValueError, "sorter.size must equal a.size"),
        (lambda x: da.searchsorted(x, 1, sorter=[1.5]), TypeError, "sorter must only contain integers"),
        (lambda x: da.searchsorted(x[None], 1), ValueError, "one axis"),
        (lambda x: da.searchsorted(x, 1, side="middle"), ValueError, "'left' or 'right'"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.arange(4, chunks=2))


def test_sorters():
    a = np.array([30, 10, 20, 10])
    order = np.argsort(a, stable=True)
    for sorter in (order, da.from_array(order, chunks=3)):
        made = np.searchsorted(
            da.from_array(a, chunks=3), da.from_array([10, 25], chunks=1), sorter=sorter, side="right"
        )
        assert_eq(made, np.searchsorted(a, [10, 25], sorter=order, side="right"))
