from __future__ import annotations

import threading

import numpy as np
import pytest

import minidask.array as da
from minidask.array.products import blas
from minidask.array.products.blas import shared_cores

threadpoolctl = pytest.importorskip("threadpoolctl")


def threads_now():
    return [library["num_threads"] for library in threadpoolctl.threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture
def four_threads():
    with threadpoolctl.threadpool_limits(4, user_api="blas"):
        yield


def test_a_task_alone_has_all_threads(four_threads):
    with shared_cores:
        assert set(threads_now()) == {4}


def test_tasks_at_once_divide_them_and_the_last_gives_them_back(four_threads):
    with shared_cores:
        with shared_cores:
            assert set(threads_now()) == {2}
            with shared_cores, shared_cores, shared_cores, shared_cores:
                assert set(threads_now()) == {1}
    assert set(threads_now()) == {4}


def test_an_error_in_a_task_leaves_nothing_changed(four_threads):
    with pytest.raises(ZeroDivisionError), shared_cores, shared_cores:
        raise ZeroDivisionError
    assert set(threads_now()) == {4}
    assert blas._cores.running == 0


def test_threads_that_overlap_leave_nothing_changed(four_threads):
    inside, leave = threading.Event(), threading.Event()

    def task():
        with shared_cores:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=task)
    with shared_cores:
        thread.start()
        assert inside.wait(10)
        with shared_cores:
            assert set(threads_now()) == {1}
    leave.set()
    thread.join()
    assert set(threads_now()) == {4}


def test_without_the_library_products_are_the_same(monkeypatch):
    monkeypatch.setattr(blas, "threadpoolctl", None)
    monkeypatch.setattr(blas, "_cores", blas._Cores())
    x = da.ones((6, 6), chunks=3)
    with shared_cores:
        assert (x @ x).compute(scheduler="sync").tolist() == np.full((6, 6), 6.0).tolist()


def test_products_leave_the_threads_as_they_were(four_threads):
    x = da.ones((60, 60), chunks=10)
    (x @ x).compute(scheduler="threads", num_workers=4)
    assert set(threads_now()) == {4}
