import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.chunks import (
    UnknownChunkSizes,
    block_at,
    check_known,
    chunks_token,
    even,
    has_unknown,
    is_unknown,
    largest_block,
    normalize_axes,
    normalize_axis,
    numblocks_of,
    shape_of,
    starts_of,
)


def test_shapes_and_grids():
    chunks = ((2, 3), (math.nan, math.nan), (4,))
    assert shape_of(chunks)[0] == 5
    assert is_unknown(shape_of(chunks)[1])
    assert numblocks_of(chunks) == (2, 2, 1)
    assert has_unknown(shape_of(chunks))
    assert not has_unknown((1, 2))
    assert largest_block(((2, 3), (4, 1))) == 12
    assert largest_block(()) == 1


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_a_position_is_found_in_its_block(sizes):
    starts = starts_of(tuple(sizes))
    for position in range(sum(sizes)):
        block, offset = block_at(tuple(sizes), position)
        assert starts[block] + offset == position
        assert 0 <= offset < sizes[block]


@given(st.integers(0, 50), st.integers(1, 60))
def test_even_blocks_add_up(length, size):
    sizes = even(length, size)
    assert sum(sizes) == length
    assert all(n == size for n in sizes[:-1])
    assert even(length, size) is sizes


def test_names_of_chunks_tell_them_apart():
    assert chunks_token(((1, 2), (3,))) == chunks_token(((1, 2), (3,)))
    assert len({chunks_token(c) for c in [((1, 2), (3,)), ((2, 1), (3,)), ((1, 2), (1, 2)), ((3,), (3,))]}) == 4


def test_unknown_sizes_raise_with_the_remedy():
    with pytest.raises(UnknownChunkSizes, match=r"reshape needs chunk sizes .*compute_chunk_sizes"):
        check_known("reshape", (math.nan,))
    check_known("reshape", (1, 2))


def test_axes():
    assert normalize_axis(np.int64(-1), 2) == 1
    assert normalize_axes(None, 2) == (0, 1)
    assert normalize_axes([1, 0], 2) == (0, 1)
    assert normalize_axes((), 2) == ()
    with pytest.raises(np.exceptions.AxisError, match="axis 2 is out of bounds"):
        normalize_axis(2, 2)
    with pytest.raises(TypeError, match="an axis must be an integer, got float"):
        normalize_axis(1.0, 2)
    with pytest.raises(TypeError, match="an axis must be an integer, got bool"):
        normalize_axis(True, 2)
    with pytest.raises(ValueError, match="duplicate value in 'axis'"):
        normalize_axes((0, -2), 2)
