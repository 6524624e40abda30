import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.reshaping import group_axes, lined_up, ravel, reshape, reshape_block, runs, split_up
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs


@st.composite
def factors(draw, size):
    out = []
    while size > 1:
        one = draw(st.sampled_from([n for n in range(2, size + 1) if size % n == 0]))
        out.append(one)
        size //= one
    return tuple(draw(st.permutations(out + [1] * draw(st.integers(0, 2)))))


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_any_shape_to_any_shape(pair, data):
    a, x = pair
    shape = data.draw(factors(a.size)) if a.size else data.draw(st.sampled_from([(0,), (0, 3), (2, 0, 1)]))
    assert_eq(x.reshape(shape), a.reshape(shape))
    assert_eq(x.ravel(), a.ravel())


def test_the_papers_example():
    a = np.arange(120).reshape(2, 3, 4, 5, 1)
    a = np.concatenate([a] * 6, axis=-1)
    x = da.from_array(a, chunks=(2, 2, 3, 2, 3))
    assert_eq(x.reshape((6, 2, 2, 30, 1)), a.reshape((6, 2, 2, 30, 1)))


@given(pairs(["f8"], min_dims=2, max_dims=4, min_side=1, max_side=9), st.data())
@few
def test_blocks_keep_about_their_size(pair, data):
    a, x = pair
    y = x.reshape(data.draw(factors(a.size)))
    largest = math.prod(x.chunksize)
    assert math.prod(y.chunksize or (1,)) <= max(2 * largest, 2)


def test_ways_to_say_it():
    x = da.arange(6, chunks=3)
    for y in (
        x.reshape(2, 3),
        x.reshape((2, 3)),
        x.reshape([2, -1]),
        np.reshape(x, (2, 3)),
        reshape(x, (np.int64(2), 3)),
    ):
        assert_eq(y, np.arange(6).reshape(2, 3))
    assert x.reshape(6) is x
    assert_eq(np.ravel(x.reshape(2, 3)), np.arange(6))
    assert_eq(x.reshape(2, 3).flatten(), np.arange(6))


def test_unknown_lengths():
    x = forget(da.arange(6, chunks=3))
    assert x.ravel() is x
    y = forget(da.ones((4, 3), chunks=(2, 3)))
    assert_eq(y.ravel(), np.ones(12), check_shape=False)
    with pytest.raises(UnknownChunkSizes, match="reshape needs chunk sizes"):
        x.reshape(2, 3)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.reshape(4), ValueError, "cannot reshape array of size 6 into shape"),
        (lambda x: x.reshape(-1, -1), ValueError, "only specify one unknown dimension"),
        (lambda x: x.reshape(-1, 4), ValueError, "cannot reshape array of size 6"),
        (lambda x: x.reshape(-2), ValueError, "no other negative length"),
        (lambda x: x.reshape(6, order="F"), NotImplementedError, "x.T.reshape"),
        (lambda x: ravel(x, order="F"), NotImplementedError, r"x\.T\.ravel"),
        (lambda x: x.reshape(1.5, 4), TypeError, "float"),
    ],
)
def test_bad_shapes(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.arange(6, chunks=3))


def test_parts_of_the_plan():
    assert group_axes((6,), (2, 3)) == [([0], [0, 1])]
    assert lined_up(((1, 1), (2, 2), (3,)), (2, 4, 3)) == ((1, 1), (2, 2), (3,))
    assert runs(((2,), (3, 3))) == (6, 6)
    assert split_up((4, 2), (3, 2)) == ((2, 1), (2,))
    assert reshape_block("text", (1,)).tolist() == ["text"]
