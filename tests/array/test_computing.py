import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given

import minidask
import minidask.array as da
from minidask.array.computing import Delivered, collect, compute_array, delivered
from minidask.array.deliver import Handed
from minidask.array.testing import assert_values
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
    floats = x.map_blocks(lambda b: b / 2, dtype=int)
    assert floats.compute().tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    one = x.map_blocks(lambda b, block_id=None: b / 2 if block_id[0] else b, dtype=int)
    assert one.compute().tolist() == [0, 1, 2, 1.5, 2, 2.5]
    masked = x.map_blocks(lambda b: np.ma.array(b, mask=b > 3), dtype=int).compute()
    assert masked.mask.tolist() == [False] * 4 + [True] * 2
    shorter = x.map_blocks(lambda b: b[:2], dtype=int)
    assert shorter.compute().tolist() == [0, 1, 3, 4]
    out = np.arange(4)
    handed = Handed(np.array([7, 8]), ((2, 4),))
    assert collect([((2,), (((0, 2),), handed))], out).tolist() == [0, 1, 7, 8]
    assert collect([None], out) is out


def test_what_has_no_place():
    assert compute_array(forget(da.arange(3)), {}).tolist() == [0, 1, 2]
    assert compute_array(da.ones(()), {}) == 1
    assert compute_array(da.ones((0, 3)), {}).shape == (0, 3)
    assert da.from_array(np.array([1, None], object), chunks=1).compute().tolist() == [1, None]


def test_each_computation_has_memory_of_its_own():
    x = da.ones(4, chunks=2)
    one, other = x.compute(), x.compute()
    one[:] = 5
    assert other.tolist() == [1, 1, 1, 1]


BLOCK = 65_536 * 8


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("operation", "out"),
    [
        (lambda x: x.sum(), 0),
        (lambda x: (x * 2 + 1).mean(), 0),
        (lambda x: x.std(axis=1), 0),
        (lambda x: (x - x.mean(axis=0)).std(), 0),
        (lambda x: ((x * 2 + 1) * x - 3).max(), 0),
        (lambda x: x - x.mean(axis=0), 32),
        (lambda x: (x * 2 + 1) * x - 3, 32),
    ],
)
def test_memory_is_that_of_the_outputs_and_a_few_blocks(operation, out, threads):
    """The input is in memory and isn't counted: the rest stays within ``threads + 2`` blocks and the outputs."""
    x = operation(da.from_array(np.random.default_rng(0).random((512, 4096)), chunks=(16, -1), name="x"))
    tracemalloc.start()
    try:
        x.compute(num_workers=threads)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= (out + threads + 2 + 0.5) * BLOCK
