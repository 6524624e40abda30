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
        (lambda x: x.reshape(6, order="Z"), ValueError, "order must be one of"),
        (lambda x: x.reshape(6, copy=False), ValueError, "without a copy"),
        (lambda x: ravel(x, order="Z"), ValueError, "order must be one of"),
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


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_other_orders(pair, data):
    a, x = pair
    shape = data.draw(st.sampled_from([(-1,), (a.size,), a.shape[::-1], (*a.shape, 1), (1, *a.shape)]))
    if a.size:
        assert_eq(np.reshape(x, shape, order="F"), np.reshape(a, shape, order="F"))
    assert_eq(x.ravel(order="F"), a.ravel(order="F"))
    assert_eq(x.ravel("K"), a.ravel("C"))


def test_each_block_by_itself():
    a = np.arange(24).reshape(4, 6)
    x = da.from_array(a, chunks=(2, (4, 2)))
    merged = da.reshape_blockwise(x, -1)
    assert merged.chunks == ((8, 4, 8, 4),)
    assert_eq(merged, np.concatenate([np.ravel(x.blocks[i, j].compute()) for i in range(2) for j in range(2)]))
    assert_eq(da.reshape_blockwise(merged, (4, 6), chunks=x.chunks), a)
    y = da.from_array(a.reshape(1, 4, 6, 1), chunks=(1, 2, 3, 1))
    assert da.reshape_blockwise(y, (1, 24)).shape == (1, 24)
    assert da.reshape_blockwise(x, (4, 6)) is x
    for call, kind, message in [
        (lambda: da.reshape_blockwise(x, (2, 2, 6)), TypeError, "Need to specify chunks"),
        (lambda: da.reshape_blockwise(x, 24, chunks=((24,),)), ValueError, "not allowed when reducing"),
        (lambda: da.reshape_blockwise(x, (6, 4)), NotImplementedError, "give chunks"),
        (lambda: da.reshape_blockwise(x, (6, 4), chunks=((6,), (4,))), ValueError, "but the chunks are for"),
        (lambda: da.reshape_blockwise(x, (6, 4), chunks=((6,), (5,))), ValueError, r"of shape \(6, 5\)"),
        (lambda: da.reshape_blockwise(forget(x), -1), ValueError, "compute_chunk_sizes"),
    ]:
        with pytest.raises(kind, match=message):
            call()


def test_what_was_called_is_named():
    x = forget(da.ones((4, 6), chunks=(2, 3)))
    y = forget(da.arange(6, chunks=3))
    calls = {
        "ravel": lambda: x.ravel(),
        "cumsum": lambda: x.cumsum(),
        "nancumprod": lambda: da.nancumprod(x),
        "append": lambda: da.append(x, x),
        "flatnonzero": lambda: da.flatnonzero(x),
        "argwhere": lambda: da.argwhere(x),
        "trace": lambda: da.trace(x),
        "repeat": lambda: da.repeat(x, 2),
        "roll": lambda: da.roll(x, 1),
        "delete": lambda: da.delete(x, 0),
        "insert": lambda: da.insert(x, 0, 1),
        "ediff1d": lambda: da.ediff1d(x),
        "extract": lambda: da.extract(x > 1, x),
        "compress": lambda: da.compress([True], x),
        "sort": lambda: da.sort(x, axis=None),
        "argsort": lambda: da.argsort(y),
        "packbits": lambda: da.packbits(x.astype("u1")),
    }
    for name, call in calls.items():
        with pytest.raises(UnknownChunkSizes, match=rf"^{name} .*needs chunk sizes .*call x\.compute_chunk_sizes\(\)"):
            call()
    for call in (
        lambda: da.median(x, axis=0),
        lambda: da.percentile(x, 50, axis=0),
        lambda: y.rechunk(-1),
        lambda: y.rechunk("auto"),
        lambda: y.rechunk(2),
        lambda: y.rechunk((2, 2, 2)),
    ):
        with pytest.raises(UnknownChunkSizes, match=r"compute_chunk_sizes\(\)"):
            call()


def test_limits_are_bytes():
    assert da.ones(6).reshape((2, 3), limit="1 MB").shape == (2, 3)
    with pytest.raises(ValueError, match="'a'"):
        da.ones(6).reshape((2, 3), limit="a")
