from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.chunks import largest_block
from minidask.array.rechunk_plan import count_pieces, halfway, pieces_per_block, plan_rechunk
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, pairs


@few
@given(pairs(["i8"], max_side=12), st.data())
def test_every_way_leads_to_the_same(pair, data):
    a, x = pair
    new = data.draw(chunkings(a.shape))
    steps = plan_rechunk(x.chunks, new, 1)
    assert steps[-1] == new
    for chunks in steps:
        assert tuple(map(sum, chunks)) == a.shape
        assert largest_block(chunks) <= max(largest_block(x.chunks), largest_block(new))
    assert_eq(x.rechunk(new, threshold=1), a)


def test_fewer_pieces_through_blocks_of_the_same_size():
    rows, columns = ((1,) * 256, (256,)), ((256,), (1,) * 256)
    assert count_pieces(rows, columns) == 65_536
    assert pieces_per_block(rows, columns) == 256
    (between, last) = plan_rechunk(rows, columns, 100)
    assert last == columns
    assert between == ((16,) * 16, (16,) * 16)
    assert count_pieces(rows, between) + count_pieces(between, columns) == 8_192
    assert len(plan_rechunk(rows, columns, 4)) == 4
    assert plan_rechunk(rows, columns, 256) == [columns]


def test_the_limit_of_blocks_between():
    rows, columns = ((1,) * 256, (256,)), ((256,), (1,) * 256)
    for limit in (64, 16, 1):
        assert largest_block(halfway(rows, columns, limit)) <= limit
        assert all(largest_block(chunks) <= 256 for chunks in plan_rechunk(rows, columns, 4, limit))
    x = da.from_array(np.arange(4096).reshape(64, 64), chunks=(1, 64))
    y = x.rechunk((64, 1), threshold=4, block_size_limit=512)
    between = [layer.numblocks for layer in y.dask.layers.values()][1:-1]
    assert between
    assert all(prod(counts) >= 4096 / 64 for counts in between)
    assert_eq(y, np.arange(4096).reshape(64, 64))


def test_sizes_that_are_not_known_stay():
    nan = float("nan")
    old = ((nan, nan), (1,) * 16)
    assert len(halfway(old, ((nan, nan), (16,)), 100)[0]) == 2


def test_boundaries_are_those_of_the_finer_side():
    between = halfway(((3, 1, 4, 1, 5, 9, 2, 6, 5), (36,)), ((36,), (4,) * 9), 400)
    edges = set(np.cumsum(between[0]).tolist())
    assert edges <= set(np.cumsum((3, 1, 4, 1, 5, 9, 2, 6, 5)).tolist())
    assert set(between[1]) == {12}
