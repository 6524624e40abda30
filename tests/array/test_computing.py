import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given

import minidask
import minidask.array as da
from minidask.array.collection import new_array
from minidask.array.computing import Delivered, collect, delivered, placed
from minidask.array.deliver import Handed
from minidask.array.testing import assert_values
from minidask.schedulers import processes, sync, threads
from tests.array.arrays import EVERY_DTYPE, few, forget, pairs


@few
@given(pairs(EVERY_DTYPE))
def test_results_are_the_same_by_all_ways(pair):
    a, x = pair
    for scheduler in ("sync", "threads"):
        assert_values(np.asarray(x.compute(scheduler=scheduler)), a)
        assert_values(np.asarray(x.compute(scheduler=scheduler, optimize_graph=False)), a)
    y = x.T if a.ndim else x
    assert_values(np.asarray(y.compute()), a.T)


@pytest.mark.slow
def test_other_processes_send_their_blocks():
    x = da.arange(10, chunks=4) + 1
    assert x.compute(scheduler="processes", num_workers=1).tolist() == list(range(1, 11))
    with ThreadPoolExecutor(1) as pool:
        assert x.compute(scheduler=pool).tolist() == list(range(1, 11))


def test_the_last_step_writes_into_the_result():
    made = []

    def watch(block):
        made.append(block.base is not None)
        return block

    x = da.from_array(np.arange(6.0), chunks=3) * 2 + 1
    collection = delivered(x)
    assert isinstance(collection, Delivered)
    (result,) = minidask.compute(collection)
    assert result is collection.out
    assert result.tolist() == [1, 3, 5, 7, 9, 11]
    assert x.map_blocks(watch).compute().tolist() == result.tolist()


def test_blocks_that_are_not_what_was_declared():
    x = da.arange(6, chunks=3)
    masked = x.map_blocks(lambda b: np.ma.array(b, mask=b > 3), dtype=int).compute()
    assert masked.mask.tolist() == [False] * 4 + [True] * 2
    made = x.map_blocks(lambda b: b[:2], dtype=int, chunks=((2, 2),))
    shorter = new_array(made._layer, x.chunks, x._meta)
    assert shorter.compute().tolist() == [0, 1, 3, 4]
    out = np.arange(4)
    handed = Handed(np.array([7, 8]), ((2, 4),))
    assert collect([((2,), (((0, 2),), handed))], out).tolist() == [0, 1, 7, 8]
    assert collect([None], out) is out


def test_what_has_no_place():
    objects = da.from_array(np.array([1, None], object), chunks=1)
    unknown = da.arange(3).map_blocks(np.sort, chunks=((float("nan"),),))
    for x in (unknown, da.ones(()), da.ones((0, 3)), objects):
        assert placed(x, threads.get) is x
    unknown, one, empty, made = minidask.compute(forget(da.arange(3)), da.ones(()), da.ones((0, 3)), objects)
    assert unknown.tolist() == [0, 1, 2]
    assert one == 1
    assert empty.shape == (0, 3)
    assert made.tolist() == [1, None]


def test_places_are_for_tasks_of_this_process():
    x = da.ones(4, chunks=2)
    assert isinstance(placed(x, sync.get), Delivered)
    assert isinstance(placed(x, threads.get), Delivered)
    assert placed(x, processes.get) is x


def test_several_arrays_are_each_written_into_their_place():
    runs = []

    def counted(block):
        runs.append(block.shape)
        return block + 1

    source = np.arange(24.0).reshape(4, 6)
    x = da.from_array(source, chunks=(2, 3))
    y = x.map_blocks(counted, dtype=float)
    for scheduler in ("sync", "threads"):
        runs.clear()
        (one, two), total, again, same = minidask.compute([y, y * 2], y.sum(), y, (y * 2).T, scheduler=scheduler)
        assert len(runs) == 4
        assert_values(one, source + 1)
        assert_values(two, (source + 1) * 2)
        assert_values(same, two.T)
        assert again is one
        assert total == (source + 1).sum()
        assert all(result.base is None and result.flags.owndata for result in (one, two))
        one[:] = 0
        assert_values(two, (source + 1) * 2)


def test_several_arrays_with_other_collections_and_without_optimisation():
    x = da.arange(6, chunks=4)
    lazy = minidask.delayed(sum)([1, 2])
    assert [np.asarray(part).tolist() for part in minidask.compute(x, lazy, x + 1, 5)] == [
        [0, 1, 2, 3, 4, 5],
        3,
        [1, 2, 3, 4, 5, 6],
        5,
    ]
    plain, rechunked = minidask.compute(x, x.rechunk(5), optimize_graph=False)
    assert plain.tolist() == rechunked.tolist() == [0, 1, 2, 3, 4, 5]


def test_one_of_several_arrays_whose_blocks_are_not_as_declared():
    x = da.arange(6, chunks=3)
    masked, kept = minidask.compute(x.map_blocks(lambda b: np.ma.array(b, mask=b > 3), dtype=int), x + 1)
    assert masked.mask.tolist() == [False] * 4 + [True] * 2
    assert kept.tolist() == [1, 2, 3, 4, 5, 6]


def test_an_error_in_one_of_several_arrays():
    def fail(block):
        raise RuntimeError("no block")

    x = da.arange(6, chunks=3)
    with pytest.raises(RuntimeError, match="no block"):
        minidask.compute(x, x.map_blocks(fail, dtype=int))


def test_each_computation_has_memory_of_its_own():
    x = da.ones(4, chunks=2)
    one, other = x.compute(), x.compute()
    one[:] = 5
    assert other.tolist() == [1, 1, 1, 1]


BLOCK = 65_536 * 8


def peak_of(operation, threads):
    """Return the blocks that are held at most, beyond the input, while a function of an array is computed."""
    made = operation(da.from_array(np.random.default_rng(0).random((512, 4096)), chunks=(16, -1), name="x"))
    collections = made if isinstance(made, tuple) else (made,)
    tracemalloc.start()
    try:
        minidask.compute(*collections, num_workers=threads)
        return tracemalloc.get_traced_memory()[1] / BLOCK
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("operation", "out"),
    [
        (lambda x: x.sum(), 0),
        (lambda x: (x * 2 + 1).mean(), 0),
        (lambda x: x.std(axis=1), 0),
        (lambda x: (x - x.mean(axis=0)).std(), 0),
        (lambda x: (x * 2).std(), 0),
        (lambda x: da.nansum(x * 2), 0),
        (lambda x: da.nanstd(x * 2), 0),
        (lambda x: (x * 2).argmax(axis=1), 0),
        (lambda x: ((x * 2 + 1) * x - 3).max(), 0),
        (lambda x: x - x.mean(axis=0), 32),
        (lambda x: (x * 2 + 1) * x - 3, 32),
        (lambda x: x.rechunk((512, 128)), 32),
        (lambda x: x.rechunk((512, 128)).std(axis=0), 0),
        # The whole of exp(x) has to be held until its mean is known.
        (lambda x: centred(np.exp(x)).std(), 32),
        (lambda x: (x + 1, x * 2), 64),
        (lambda x: (np.exp(x), np.exp(x) * 2, np.exp(x) + 1), 96),
        (lambda x: (np.exp(x) * 2, (np.exp(x) * 2).sum(), (np.exp(x) * 2).max(axis=0)), 32),
        (lambda x: ((x * 2).sum(), (x * 2).mean(axis=0), (x * 2).max(axis=1), (x * 2).min()), 0),
        (lambda x: (centred(x).std(), x.sum(), centred(x).max()), 0),
        (lambda x: (np.exp(x), centred(np.exp(x))), 64),
    ],
)
def test_memory_is_that_of_the_outputs_and_a_few_blocks(operation, out, threads):
    """The input is in memory and isn't counted: the rest stays within ``threads + 2`` blocks and the outputs."""
    # A thread that the system leaves out for a while holds its blocks meanwhile: rare, and not twice in a row.
    assert min(peak_of(operation, threads) for _ in range(2)) <= out + threads + 2 + 0.5


def centred(x):
    return x - x.mean(axis=0)
