import pickle
import threading
from typing import Any, NamedTuple

import numpy as np
import pytest

import minidask.array as da
from minidask.array.reductions.tree import Chunk, Combine, Finish, reduce_tree
from minidask.array.testing import assert_eq


class Span(NamedTuple):
    """The difference of the largest and the smallest element: partial results are pairs."""

    name: str = "span"

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        return np.min(block, axis=axes, keepdims=True), np.max(block, axis=axes, keepdims=True)

    def combine(self, partials: list[Any]) -> Any:
        low, high = zip(*partials, strict=True)
        return np.min(low, axis=0), np.max(high, axis=0)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        return partial[1] - partial[0]


class Where(NamedTuple):
    """Sum of where blocks begin, which depends on how the array is cut."""

    name: str = "where"
    any_cut: bool = False

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        return np.full((1,) * len(bounds), sum(low for low, _ in bounds))

    def combine(self, partials: list[Any]) -> Any:
        return sum(partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        return partial


def test_a_fold_of_ones_own():
    a = np.arange(60.0).reshape(5, 12)
    x = da.from_array(a, chunks=(2, 1))
    for axis in [(0,), (1,), (0, 1)]:
        for keepdims in (False, True):
            found = reduce_tree("span", x, Span(), axis, a.dtype, keepdims, split_every=2)
            assert_eq(found, a.max(axis, keepdims=keepdims) - a.min(axis, keepdims=keepdims))
    assert_eq(
        reduce_tree("where", x, Where(), (0, 1), int, places=True),
        np.int64(sum(i + j for i in (0, 2, 4) for j in range(12))),
    )


def test_split_every_along_axes():
    x = da.ones((40, 40), chunks=1)
    narrow, wide = x.sum(split_every={0: 2, -1: 2}), x.sum(split_every=40)
    assert len(narrow.dask) > len(wide.dask)
    assert_eq(wide, 1600.0)
    with pytest.raises(ValueError, match="split_every"):
        x.sum(split_every=0)


def test_names_say_all():
    x = da.ones(4, chunks=2)
    found = {
        x.sum().name,
        x.sum(keepdims=True).name,
        x.sum(dtype="f4").name,
        x.prod().name,
        x.sum(axis=0, split_every=3).name,
    }
    assert len(found) == 5
    assert x.sum().name == x.sum().name


def test_parts_are_pickled_and_named():
    for part in (Chunk(Span(), (0,)), Combine(Span(), 1), Finish(Span(), (0,), True, np.dtype(float))):
        copy = pickle.loads(pickle.dumps(part))
        assert copy.short_name == part.short_name
        assert "span" in part.short_name


class Counted:
    """Blocks that are alive, and at most were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.alive = self.most = 0

    def make(self, block):
        with self.lock:
            self.alive += 1
            self.most = max(self.most, self.alive)
        made = np.ones(block.shape).view(Watched)
        made.counted = self
        return made


class Watched(np.ndarray):
    counted = None

    def __del__(self):
        if self.counted is not None:
            with self.counted.lock:
                self.counted.alive -= 1


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(
    "reduce",
    [
        lambda x: x.sum(),
        lambda x: x.mean(axis=0),
        lambda x: x.std(axis=1),
        lambda x: (x * 2).max(),
    ],
)
def test_a_reduction_holds_few_blocks(threads, reduce):
    counted = Counted()
    x = da.ones((640, 10), chunks=(10, 10)).map_blocks(counted.make, dtype=float)
    reduce(x).compute(num_workers=threads)
    assert counted.most <= threads + 2


@pytest.mark.parametrize("shape", [(70_001,), (3, 50_000), (70_000, 2), (40, 60, 70)])
@pytest.mark.parametrize(
    "name", ["nansum", "nanprod", "nanmin", "nanmax", "nanmean", "nanstd", "nanargmin", "nanargmax"]
)
def test_slabs_of_large_blocks_give_what_the_whole_gives(name, shape):
    a = np.random.default_rng(1).random(shape).round(3)
    a.ravel()[:: a.size // 50] = np.nan
    x = da.from_array(a, chunks=-1)
    for axis in (None, *range(a.ndim)):
        assert_eq(getattr(da, name)(x, axis=axis), getattr(np, name)(a, axis=axis))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_moments_of_large_blocks(axis):
    a = np.random.default_rng(1).random((300, 400))
    expected = ((a - a.mean(axis=axis, keepdims=True)) ** 3).mean(axis=axis)
    assert_eq(da.from_array(a, chunks=-1).moment(3, axis=axis), expected)
