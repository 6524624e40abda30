"""How many workers, and whose: every wrong value is an error that says so, every right one is an int."""

import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest

from minidask import config
from minidask.schedulers.workers import (
    check_chunksize,
    check_process_pool,
    check_thread_pool,
    cpu_count,
    is_process_pool,
    is_thread_pool,
    pool_size,
    worker_count,
)


def test_the_keyword_counts_before_the_setting_before_the_pool_before_the_processors():
    with ThreadPoolExecutor(7) as pool:
        with config.set(num_workers=5):
            assert worker_count(3, pool) == 3
            assert worker_count(None, pool) == 5
            assert worker_count(None, pool, read_config=False) == 7
        assert worker_count(None, pool) == 7
    assert worker_count(None) == cpu_count()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no processor affinity")
def test_affinity_is_respected():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cpu_count() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("judge", [worker_count, check_chunksize])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (0, ValueError, "must be at least 1, got 0"),
        (-3, ValueError, "must be at least 1, got -3"),
        (True, TypeError, "must be an int, got bool: True"),
        (2.0, TypeError, "must be an int, got float: 2.0"),
        ("4", TypeError, "must be an int, got str: '4'"),
    ],
)
def test_wrong_numbers(judge, value, error, message):
    with pytest.raises(error, match=message):
        judge(value)


def test_integers_of_numpy_are_integers():
    assert type(worker_count(np.int64(2))) is int
    assert check_chunksize(np.uint8(2)) == 2


def test_pools_are_told_apart():
    with ThreadPoolExecutor(2) as threads, ThreadPool(3) as pool, ProcessPoolExecutor(4) as processes:
        assert [pool_size(each) for each in (threads, pool, processes, None)] == [2, 3, 4, None]
        assert [is_thread_pool(each) for each in (threads, pool, processes, None)] == [True, True, False, False]
        assert [is_process_pool(each) for each in (threads, pool, processes, None)] == [False, False, True, False]
        check_thread_pool(threads)
        check_thread_pool(pool)
        check_process_pool(processes)
        with pytest.raises(
            TypeError, match=r"a ProcessPoolExecutor runs it in other processes: use scheduler='processes'"
        ):
            check_thread_pool(processes)
        with pytest.raises(TypeError, match=r"got ThreadPool: use concurrent.futures.ProcessPoolExecutor"):
            check_process_pool(pool)
    with pytest.raises(TypeError, match=r"pool must be an executor of concurrent.futures or a .*ThreadPool, got int"):
        check_thread_pool(4)
    with pytest.raises(TypeError, match=r"pool must be an executor of concurrent.futures, got list"):
        check_process_pool([])


class Pool:
    """Named as multiprocessing's."""


def test_a_pool_that_never_tells_of_its_dead_is_refused():
    with pytest.raises(TypeError, match=r"never tells when one of its processes has died"):
        check_process_pool(Pool())
