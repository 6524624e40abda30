from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

import minidask.array as da
from minidask import config
from minidask.array.overlap.mapped import map_overlap
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs, raising, sample

# SciPy's names of our rules.
MODES = {"reflect": "reflect", "periodic": "wrap", "nearest": "nearest", 0: "constant"}


def smooth(block, size=3):
    """A mean that needs neighbours on each side; what stands beyond the block plays no part in its inner elements."""
    return ndimage.uniform_filter(block, size=size, mode="nearest")


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "f4", "i4"], min_dims=1, max_dims=3, min_side=3, max_side=9), st.sampled_from(list(MODES)))
def test_filters_equal_those_of_the_whole_array(pair, boundary):
    a, x = pair
    assert_eq(
        x.map_overlap(ndimage.median_filter, depth=1, boundary=boundary, size=3, dtype=a.dtype),
        ndimage.median_filter(a, size=3, mode=MODES[boundary]),
    )


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8"], min_dims=2, max_dims=2, min_side=5, max_side=12), st.integers(1, 2), st.integers(0, 2))
def test_depths_differ_by_axis(pair, rows, columns):
    a, x = pair
    size = (2 * rows + 1, 2 * columns + 1)
    y = x.map_overlap(smooth, depth=(rows, columns), boundary={0: "nearest", 1: "nearest"}, size=size, dtype=float)
    assert_eq(y, smooth(a, size))


def test_one_sided_depths():
    def last_two(block):
        out = block.copy()
        out[1:] += block[:-1]
        return out

    a = np.arange(10)
    x = da.from_array(a, chunks=((3, 1, 6),))
    assert_eq(map_overlap(last_two, x, depth={0: (1, 0)}, boundary="none"), last_two(a))
    wrapped = last_two(a)
    wrapped[0] += a[-1]
    assert_eq(map_overlap(last_two, x, depth={0: (1, 0)}, boundary="periodic"), wrapped)


def gradient(block):
    return np.stack([np.roll(block, 1, 0), np.roll(block, -1, 0)])


def test_axes_are_added_and_dropped():
    a = sample((6, 8), "f8")
    x = da.from_array(a, chunks=(3, 4))
    y = map_overlap(
        gradient, x, depth={0: 1}, boundary="periodic", new_axis=0, chunks=((2,), (5, 5), (4, 4)), dtype="f8"
    )
    assert_eq(y, gradient(a))
    z = map_overlap(np.sum, x, depth={1: 1}, boundary="reflect", drop_axis=0, axis=0, dtype="f8")
    assert_eq(z, a.sum(axis=0))
    assert z.chunks == ((4, 4),)
    total = map_overlap(np.sum, x, depth=1, boundary="reflect", drop_axis=1, axis=1, dtype="f8")
    assert_eq(total, np.pad(a, ((0, 0), (1, 1)), "symmetric").sum(axis=1))


def test_functions_that_trim_themselves():
    a = sample((7, 5), "f8")
    x = da.from_array(a, chunks=3)
    y = x.map_overlap(lambda b: smooth(b)[1:-1, 1:-1], 1, "nearest", trim=False)
    assert y.chunks == x.chunks
    assert_eq(y, smooth(a))
    bigger = x.map_overlap(lambda b: b.copy(), 1, "nearest", trim=False, chunks=((5, 5, 3), (5, 4)), dtype=float)
    assert bigger.shape == (13, 9)
    assert_eq(bigger, bigger.compute())


def test_several_arrays():
    a, b = sample((6, 8), "f8", 1), sample((8,), "i4", 2)
    x, y = da.from_array(a, chunks=(2, 4)), da.from_array(b, chunks=3)
    assert_eq(map_overlap(np.add, x, y, depth=[1, 1], boundary="reflect"), a + b)
    assert_eq(map_overlap(np.add, x, b, depth=[{1: 2}, 2], boundary=["periodic", "periodic"]), a + b)
    c = sample((6, 1), "f8", 3)
    assert_eq(map_overlap(np.add, x, da.from_array(c, chunks=2), depth=[{0: 1}, {0: 1}], boundary="reflect"), a + c)
    assert_eq(map_overlap(np.add, x, 5, depth=1, boundary="reflect"), a + 5)


def weigh(wide, narrow):
    return wide[1:-1] + wide[:-2] + wide[2:] + narrow


def test_depths_differ_by_array():
    a = sample((9,), "f8")
    x = da.from_array(a, chunks=4)
    y = map_overlap(weigh, x, x, depth=[1, 0], boundary=["nearest", "none"], trim=False, dtype=float)
    assert_eq(y, weigh(np.pad(a, 1, "edge"), a))


def test_arrays_that_are_not_aligned():
    x, y = da.ones(8, chunks=4), da.ones(8, chunks=2)
    assert map_overlap(np.add, x, y, depth=1, boundary="reflect").npartitions == 4
    with pytest.raises(ValueError, match=r"\[2, 4\] blocks along axis -1, and do not align"):
        map_overlap(np.add, x, y, depth=1, boundary="reflect", align_arrays=False)
    z = map_overlap(np.add, x, da.ones(8, chunks=4), depth=1, boundary="reflect", align_arrays=False)
    assert_eq(z, np.full(8, 2.0))


def test_small_blocks_are_merged_or_raise():
    a = np.arange(10.0)
    x = da.from_array(a, chunks=3)
    y = x.map_overlap(np.sort, 4, "none")
    assert y.chunks == ((6, 4),)
    with pytest.raises(ValueError, match="larger than smallest chunksize"):
        x.map_overlap(np.sort, 4, "none", allow_rechunk=False)
    with pytest.raises(ValueError, match="larger than your array"):
        x.map_overlap(np.sort, 11, "none")


def describe(block, block_info=None, block_id=None):
    assert block_info[None]["chunk-location"] == block_id
    assert block_info[0]["chunk-location"] == block_id
    assert block_info[None]["chunk-shape"] == block.shape
    return block + 10 * block_id[0]


def test_functions_learn_which_block_they_make():
    x = da.arange(10, chunks=(3, 3, 4))
    y = map_overlap(describe, x, depth=1, boundary="reflect", dtype=int)
    assert_eq(y, np.arange(10) + np.repeat([0, 10, 20], [3, 3, 4]))


def test_dtypes_are_found_or_said():
    x = da.arange(10, chunks=5)
    assert map_overlap(lambda b: b / 2, x, depth=1).dtype == float
    assert map_overlap(lambda b: b, x, depth=1, meta=np.empty(0, "f4")).dtype == "f4"
    with pytest.raises(ValueError, match="Say it with dtype="):
        map_overlap(lambda b: b + b[5], x, depth=1)


def test_names_and_laziness():
    x = da.ones((10, 10), chunks=5)
    with config.set(scheduler=raising):
        y = x.map_overlap(smooth, 1, "nearest", dtype=float)
        assert y.name == x.map_overlap(smooth, 1, "nearest", dtype=float).name
        assert y.name != x.map_overlap(smooth, 1, "reflect", dtype=float).name
        assert y.name != x.map_overlap(smooth, 2, "nearest", dtype=float).name
        assert x.map_overlap(smooth, 1, name="mine", dtype=float).name == "mine"
        assert x.map_overlap(smooth, 1, name="mine", trim=False, dtype=float).name == "mine"


def test_one_task_pastes_maps_and_trims():
    x = da.ones((4, 4), chunks=2).map_blocks(np.copy)
    y = x.map_overlap(smooth, 1, "none", dtype=float) + 1
    (fused,) = da.optimize(y)
    assert len(fused.dask.layers) == 3


def test_wrong_calls_raise():
    x = da.ones(4, chunks=2)
    with pytest.raises(TypeError, match=r"function first, then arrays"):
        map_overlap(x, np.sort, depth=1)
    with pytest.raises(TypeError, match="needs an array"):
        map_overlap(np.sort, 5, depth=1)
    with pytest.raises(ValueError, match="list for 2 arrays, but there are 1"):
        map_overlap(np.sort, x, depth=[1, 2])
    with pytest.raises(ValueError, match="list for 2 arrays"):
        map_overlap(np.sort, x, depth=1, boundary=["none", "none"])


def test_results_of_another_shape_are_named():
    x = da.ones(4, chunks=2)
    with pytest.raises(ValueError, match=r"returned a block of shape \(3,\) where \(2,\) was declared"):
        x.map_overlap(lambda b: b.copy(), 1, "none", trim=False).compute()
    with pytest.raises(ValueError, match=r"shape \(\) where"):
        x.map_overlap(np.sum, 1, "none", dtype=float).compute()
