import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask import config
from minidask.array.normalize import normalize_chunks
from tests.array.arrays import chunkings, shapes


@pytest.mark.parametrize(
    ("chunks", "shape", "expected"),
    [
        (5, (10,), ((5, 5),)),
        (4, (10, 3), ((4, 4, 2), (3,))),
        ((4, -1), (10, 3), ((4, 4, 2), (3,))),
        ((4, None), (10, 3), ((4, 4, 2), (3,))),
        (-1, (10, 3), ((10,), (3,))),
        (((3, 7), 2), (10, 3), ((3, 7), (2, 1))),
        ({0: 5}, (10, 3), ((5, 5), (3,))),
        ({-1: 2}, (10, 3), ((10,), (2, 1))),
        ((5, 5), (10,), ((5, 5),)),
        (((5, 5),), (10,), ((5, 5),)),
        (np.array([5, 5]), (10,), ((5, 5),)),
        (5, (), ()),
        ((), (), ()),
        (5, (0,), ((0,),)),
        (((),), (0,), ((0,),)),
        (5.0, (10,), ((5, 5),)),
        ("auto", (0, 5), ((0,), (5,))),
    ],
)
def test_descriptions(chunks, shape, expected):
    assert normalize_chunks(chunks, shape, dtype="f8") == expected


def test_tuples_of_sizes_say_the_shape():
    assert normalize_chunks(((2, 2), (3,))) == ((2, 2), (3,))
    assert normalize_chunks(((math.nan, math.nan),), (math.nan,))[0][0] != 1
    with pytest.raises(ValueError, match="shape is needed to read chunks=5"):
        normalize_chunks(5)


@given(shapes(max_side=200), st.sampled_from(["?", "i2", "f8", "c16"]), st.integers(1, 5000), st.data())
def test_automatic_blocks_stay_within_the_limit(shape, dtype, limit, data):
    previous = data.draw(st.none() | chunkings(shape))
    chunks = normalize_chunks("auto", shape, limit, dtype, previous)
    assert tuple(map(sum, chunks)) == shape
    largest = math.prod(map(max, chunks)) * np.dtype(dtype).itemsize
    assert largest <= max(limit, np.dtype(dtype).itemsize)


def test_automatic_blocks_follow_earlier_ones():
    assert normalize_chunks("auto", (100,), 240, "f8", ((10,) * 10,)) == ((30, 30, 30, 10),)
    assert normalize_chunks({0: "auto"}, (100, 4), 160, "f8", ((10,) * 10, (2, 2)))[1] == (2, 2)
    assert normalize_chunks("80 B", (30,), dtype="f8") == ((10, 10, 10),)
    with config.set({"array.chunk-size": "80 B"}):
        assert normalize_chunks("auto", (30,), dtype="f8") == ((10, 10, 10),)


@pytest.mark.parametrize(
    ("chunks", "shape", "kind", "message"),
    [
        ((5, 5, 5), (10, 10), ValueError, "3 dimensions, but the shape"),
        (((5, 4),), (10,), ValueError, "do not add up to the shape.*9, axis 0 is 10 long"),
        (0, (10,), ValueError, "must be positive, got 0"),
        (-2, (10,), ValueError, "must be positive, got -2"),
        (((12, -2),), (10,), ValueError, "must not be negative"),
        (2.5, (10,), TypeError, "must be an integer, got 2.5"),
        (((2.5, 7.5),), (10,), TypeError, "must be an integer, got 2.5"),
        ({5: 1}, (10,), ValueError, "names the axis 5"),
        (object(), (10,), TypeError, "chunks must be an int, a tuple"),
        ((object(),), (10,), TypeError, "the chunks of axis 0 must be"),
        (("8 B", "9 B"), (10, 10), ValueError, "several amounts of bytes"),
        (3, (math.nan,), ValueError, "unknown length"),
        ("auto", (math.nan,), ValueError, "automatic chunks need lengths"),
    ],
)
def test_bad_descriptions(chunks, shape, kind, message):
    with pytest.raises(kind, match=message):
        normalize_chunks(chunks, shape, dtype="f8")


def test_automatic_sizes_need_a_dtype_and_a_limit():
    with pytest.raises(ValueError, match="the dtype is needed"):
        normalize_chunks("auto", (10,))
    with pytest.raises(ValueError, match="must be positive"):
        normalize_chunks("auto", (10,), 0, "f8")


def test_earlier_chunks_may_be_sizes():
    by_sizes = normalize_chunks("auto", (730, 6), 4800, "f8", (100, 6))
    assert (
        by_sizes
        == normalize_chunks("auto", (730, 6), 4800, "f8", ((100,) * 7 + (30,), (6,)))
        == ((100,) * 7 + (30,), (6,))
    )
    assert normalize_chunks("auto", (730, 6), dtype="f8", previous_chunks=(100, 6)) == ((730,), (6,))
    assert normalize_chunks({0: -1}, (730, 6), previous_chunks=(100, (3, 3))) == ((730,), (3, 3))
    assert normalize_chunks(None, (5,), previous_chunks=(2,)) == ((2, 2, 1),)
