from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.assemble import assemble, flatten, join
from tests.array.arrays import chunkings, sample, shapes


@given(shapes(min_dims=1), st.data())
def test_cut_arrays_are_put_together(shape, data):
    a = sample(shape)
    chunks = data.draw(chunkings(shape))

    def cut(part, axis):
        if axis == a.ndim:
            return part
        edges = np.cumsum((0, *chunks[axis]))
        index = (slice(None),) * axis
        return [cut(part[(*index, slice(low, high))], axis + 1) for low, high in pairwise(edges)]

    out = assemble(cut(a, 0), tuple(map(len, chunks)))
    np.testing.assert_array_equal(out, a)
    assert not np.shares_memory(out, a)


def test_no_axis_gives_the_element():
    assert assemble([np.array(3)], ()) == 3
    assert isinstance(assemble([np.array(3)], ()), np.integer)
    assert assemble(["text"], ()) == "text"


def test_dtypes_are_promoted():
    assert assemble([np.ones(1, "i4"), np.ones(1, "f4")], (2,)).dtype == np.result_type("i4", "f4")


def test_masks_stay():
    out = assemble([np.ma.array([1], mask=[True]), np.array([2])], (2,))
    assert out.mask.tolist() == [True, False]


def test_blocks_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"block \(1, 1\) has shape \(2, 3\), but its neighbours need \(2, 2\)"):
        assemble([[np.ones((1, 1)), np.ones((1, 2))], [np.ones((2, 1)), np.ones((2, 3))]], (2, 2))
    with pytest.raises(ValueError, match="a block has 2 dimensions, 1 were declared"):
        assemble([np.ones(1), np.ones((1, 1))], (2,))


def test_flatten():
    assert list(flatten(5, 0)) == [5]
    assert list(flatten([[[1], [2]]], 3)) == [1, 2]


def test_blocks_keep_their_order_of_bytes():
    assert join([np.ones(2, ">f8"), np.ones(1, ">f8")]).dtype == ">f8"
    assert join([np.ones(2, "f4"), np.ones(1, "f8")]).dtype == "f8"
