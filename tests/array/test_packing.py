import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask
import minidask.array as da
from minidask.array import packing
from minidask.array.computing import placed
from minidask.array.packing import Pack, Packed, longest, packed
from minidask.array.testing import assert_eq, assert_values
from minidask.schedulers import threads
from tests.array.arrays import EVERY_DTYPE, few, pairs, sample


@few
@given(pairs(EVERY_DTYPE, min_dims=1), st.integers(0, 5))
def test_masked_arrays_are_numpys(pair, seed):
    a, x = pair
    mask = sample(a.shape[:1], "?", seed)
    y = x[da.from_array(mask, chunks=2)]
    for scheduler in ("threads", "sync"):
        assert_values(np.asarray(y.compute(scheduler=scheduler)), a[mask])
    assert_eq(y, a[mask], check_shape=False)


def test_blocks_come_in_any_order():
    pack = Pack(np.empty((6, 2)))
    for at in (2, 0, 3, 1):
        pack((at, 0), np.full((at, 2), float(at)))
    assert pack.number == 4
    assert not pack.waiting
    assert pack.finish()[:, 0].tolist() == [1, 2, 2, 3, 3, 3]
    assert pack.short_name == "pack"


def test_blocks_that_do_not_fit_are_joined():
    for other in (np.array([0.5]), np.ma.array([7], mask=[True]), np.arange(9)):
        pack = Pack(np.empty(5, int))
        for at, block in enumerate((np.array([1, 2]), other, np.array([3]))):
            pack((at,), block)
        result = pack.finish()
        expected = (np.ma if isinstance(other, np.ma.MaskedArray) else np).concatenate([[1, 2], other, [3]])
        assert type(result) is type(expected)
        assert_values(result, expected)
    pack = Pack(np.empty(1, int))
    pack((0,), np.array([0.5]))
    assert pack.finish().tolist() == [0.5]


def test_where_something_says_how_long_it_can_be():
    x = da.arange(10, chunks=3)
    y = x[x > 4]
    assert longest(y._layer) == 10
    assert longest((y * 2 + 1)._layer) == 10
    assert isinstance(placed(y * 2, threads.get), Packed)
    assert (y * 2).compute().tolist() == [10, 12, 14, 16, 18]
    z = da.ones((4, 6), chunks=(2, 3))
    columns = z[:, da.arange(6, chunks=3) > 2]
    unknown = x.map_blocks(np.sort, chunks=((float("nan"),) * 4,))
    for other in (unknown, columns, z[da.arange(4, chunks=2) > 0]):
        assert packed(other) is other
        assert other.compute().size
    assert longest(unknown._layer) is None
    assert longest(columns._layer) is None
    assert longest((da.ones(3, chunks=1) + 1)._layer) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing.np, "empty", raising_memory)
        assert packed(y) is y


def test_no_more_is_reserved_than_there_is_room_for(monkeypatch):
    x = da.arange(1000, chunks=100)
    y = x[x > 4]
    monkeypatch.setattr(packing, "_LARGE", 0)
    monkeypatch.setattr(packing, "available", lambda: 16_000)
    assert packed(y) is not y
    monkeypatch.setattr(packing, "available", lambda: 15_999)
    assert packed(y) is y
    assert y.compute().sum() == 499_500 - 10


def raising_memory(*args):
    raise MemoryError


def test_several_results_and_a_second_time():
    x = da.from_array(np.arange(100), chunks=7)
    y = x[x % 3 == 0]
    one, two, total = minidask.compute(y, y + 1, y.sum())
    assert one.tolist() == list(range(0, 100, 3))
    assert two.tolist() == [n + 1 for n in one]
    assert total == one.sum()
    one[:] = 0
    assert y.compute().sum() == total
    assert y.persist().compute().sum() == total


def test_an_error_is_the_functions():
    x = da.arange(10, chunks=5)
    with pytest.raises(ZeroDivisionError):
        x[x > 2].map_blocks(lambda block: 1 / 0, dtype=float).compute()


@pytest.mark.slow
def test_the_result_is_written_once():
    a = np.random.default_rng(0).random(4_000_000)
    x = da.from_array(a, chunks=100_000)
    y = x[x > 0.9]
    y.compute()
    tracemalloc.start()
    try:
        result = y.compute()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_values(result, a[a > 0.9])
    # What is reserved counts here, whether it is touched or not; the blocks beside it are few.
    assert peak < a.nbytes + 40 * 100_000
    # What was left over was given back.
    assert result.base is None
    assert result.nbytes < a.nbytes / 9
