from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.overlap.borders import overlap, source_of
from minidask.array.overlap.depths import read_boundary, read_depth
from minidask.array.testing import assert_eq
from minidask.schedulers import sync
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs, raising, sample

MODES = {"reflect": "symmetric", "periodic": "wrap", "nearest": "edge"}


def padded(a, depths, rules):
    """What stands around an array, by NumPy's pad, one axis after the other."""
    for axis, (pair, rule) in enumerate(zip(depths, rules, strict=True)):
        width = [(0, 0)] * a.ndim
        width[axis] = pair
        if isinstance(rule, str) and rule in MODES:
            a = np.pad(a, width, MODES[rule]) if max(pair) else a
        elif rule != "none":
            a = np.pad(a, width, constant_values=rule)
    return a


def expected(x, a, depths, rules):
    """The blocks that an overlapped array must have."""
    whole = padded(a, depths, rules)
    blocks = {}
    for index in np.ndindex(*x.numblocks):
        place = []
        for at, sizes, (before, after), rule, n in zip(index, x.chunks, depths, rules, whole.shape, strict=True):
            bare = rule == "none"
            start = sum(sizes[:at]) - (before if bare else 0)
            stop = sum(sizes[: at + 1]) + (after if bare else before + after)
            place.append(slice(max(start, 0), min(stop, n)))
        blocks[index] = whole[tuple(place)]
    return blocks


rule = st.sampled_from(["none", "reflect", "periodic", "nearest", 0, 7])


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "i4"], min_dims=1, max_dims=3, min_side=1), st.data())
def test_blocks_see_their_neighbours(pair, data):
    a, x = pair
    sides = st.integers(0, min(a.shape))
    depth = {axis: (data.draw(sides), data.draw(sides)) for axis in range(a.ndim)}
    boundary = {axis: data.draw(rule) for axis in range(a.ndim)}
    y = overlap(x, depth, boundary)
    depths, rules = read_depth(a.ndim, depth), read_boundary(a.ndim, boundary)
    cut = x.rechunk(
        tuple(
            da.overlap.ensure_minimum_chunksize(max(pair), sizes) if max(pair) else sizes
            for pair, sizes in zip(depths, x.chunks, strict=True)
        )
    )
    for index, block in expected(cut, a, depths, rules).items():
        np.testing.assert_array_equal(y.blocks[index].compute(), block)
    assert_eq(y, y.compute())


@pytest.mark.parametrize("dtype", EVERY_DTYPE)
@pytest.mark.parametrize("boundary", ["none", "reflect", "periodic", "nearest"])
def test_every_dtype_has_neighbours(dtype, boundary):
    a = sample((5, 4), dtype)
    x = da.from_array(a, chunks=(2, 2))
    y = overlap(x, 1, boundary)
    assert y.dtype == a.dtype
    assert_eq(y, y.compute())
    assert_eq(da.overlap.trim_overlap(y, 1, boundary), a)


def test_constant_corners_are_those_of_the_later_axis():
    x = da.zeros((2, 2), chunks=1, dtype=int)
    assert overlap(x, 1, {0: 5, 1: 7}).blocks[0, 0].compute().tolist() == [[7, 5, 5], [7, 0, 0], [7, 0, 0]]


def test_masked_blocks_stay_masked():
    a = np.ma.masked_equal(np.arange(12).reshape(3, 4), 5)
    x = da.from_array(a, chunks=2, asarray=False)
    for boundary in ("none", "reflect", "nearest", 3):
        y = overlap(x, 1, boundary).blocks[0, 0].compute()
        assert isinstance(y, np.ma.MaskedArray)
        assert y.mask.sum() == 1
    assert overlap(x, 1, "nearest").blocks[0, 1].compute().shape == (4, 4)


def test_only_borders_are_cut_from_neighbours():
    x = da.from_array(np.zeros((100, 100)), chunks=50).map_blocks(np.copy)
    y = overlap(x, 2, "none")
    borders = next(layer for name, layer in y.dask.layers.items() if name.startswith("borders"))
    keys = list(borders.output_keys())
    cut = [b for b in sync.get(y.dask, keys) if b is not None]
    assert len(cut) == 4 * 3
    assert max(b.size for b in cut) == 2 * 50
    assert all(b.base is None for b in cut)


@pytest.mark.filterwarnings("ignore::minidask.array.performance.PerformanceWarning")
def test_building_is_lazy_and_costs_the_same_for_any_number_of_chunks():
    with config.set(scheduler=raising):
        y = overlap(da.ones((10**6, 10**6), chunks=10), 1, "reflect")
        z = overlap(da.ones((20, 20), chunks=10), 1, "reflect")
    assert y.chunks[0][:2] == (12, 12)
    assert y.name != z.name
    assert overlap(da.ones(4, chunks=2), 1, "none").name == overlap(da.ones(4, chunks=2), 1, None).name


def test_nothing_is_made_for_a_depth_of_0():
    x = da.ones(4, chunks=2)
    assert overlap(x, 0, "reflect") is x


def test_unknown_sizes_are_fine_beside_the_overlapped_axis():
    a = np.arange(12.0).reshape(4, 3)
    y = overlap(forget(da.from_array(a, chunks=(2, 1)), 0), {1: 1}, "none")
    assert_eq(da.overlap.trim_overlap(y, {1: 1}, "none"), a)


def test_bad_arguments_raise():
    x = da.ones(4, chunks=2)
    with pytest.raises(TypeError, match="chunked array"):
        overlap(np.ones(3), 1, "none")
    with pytest.raises(ValueError, match="larger than your array 4"):
        overlap(x, 5, "none")
    with pytest.raises(ValueError, match="must be one of"):
        overlap(x, 1, "round")
    with pytest.raises(ValueError, match="allow_rechunk"):
        overlap(x, 3, "none", allow_rechunk=False)


def test_where_a_border_comes_from():
    assert source_of((3, 4), 0, 1, (1, 2), "none") == (1, slice(0, 2))
    assert source_of((3, 4), 0, -1, (1, 2), "periodic") == (1, slice(3, None))
    assert source_of((3, 4), 1, 1, (1, 2), "nearest") == (1, slice(-1, None))
