import numpy as np
import pytest

import minidask
import minidask.array as da
from minidask import config
from minidask.array.storing import inside, store
from minidask.array.testing import assert_eq
from tests.array.arrays import forget, raising

A = np.arange(12.0).reshape(3, 4)


def test_arrays_are_written():
    x, y = da.from_array(A, chunks=2), da.ones(3, chunks=2)
    one, other = np.zeros((3, 4)), np.zeros(3)
    assert store([x, y], [one, other]) is None
    np.testing.assert_array_equal(one, A)
    np.testing.assert_array_equal(other, 1)
    for options in ({"lock": False}, {"scheduler": "sync"}):
        one[...] = 0
        store(x + 1, one, **options)
        np.testing.assert_array_equal(one, A + 1)


def test_regions():
    x = da.from_array(A, chunks=2)
    target = np.zeros((6, 10))
    store(x, target, regions=(slice(1, 4), slice(0, 8, 2)))
    np.testing.assert_array_equal(target[1:4, 0:8:2], A)
    assert target.sum() == A.sum()
    line = np.zeros(5)
    store([da.ones(2), da.ones(1)], [line, line], regions=[slice(0, 2), (slice(4, 5),)])
    assert line.tolist() == [1, 1, 0, 0, 1]
    assert inside((slice(None),), (slice(1, 2),)) == (slice(1, 2, None),)


def test_later_and_returned():
    x = da.from_array(A, chunks=2)
    target = np.zeros((3, 4))
    with config.set(scheduler=raising):
        later = store(x, target, compute=False)
    assert not target.any()
    minidask.compute(later)
    np.testing.assert_array_equal(target, A)
    target[...] = 0
    held = store(x, target, return_stored=True)
    np.testing.assert_array_equal(target, A)
    assert_eq(held, A)
    (lazy,) = store([x + 1], [target], return_stored=True, compute=False)
    assert_eq(lazy, A + 1)
    np.testing.assert_array_equal(target, A + 1)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: store([A], [A]), TypeError, "all sources must be chunked arrays"),
        (lambda: store([da.ones(3)], []), ValueError, "1 sources need as many targets"),
        (lambda: store(da.ones(3), np.zeros(4)), ValueError, r"shape \(3,\) can't be stored where \(4,\)"),
        (lambda: store(da.ones(3), np.zeros(4), regions=(slice(0, 2),)), ValueError, r"where \(2,\) is wanted"),
        (lambda: store(forget(da.ones(3)), np.zeros(3)), ValueError, "store needs chunk sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_what_was_stored_is_read_back():
    x = da.from_array(A, chunks=2)
    target = np.zeros((6, 10))
    regions = (slice(1, 4), slice(0, 8, 2))
    back = store(x, target, regions=regions, return_stored=True)
    assert back.chunks == x.chunks
    target[1, 0] = 99
    assert back[0, 0].compute() == 99
    held = store(x, target, regions=regions, return_stored=True, load_stored=True)
    target[1, 0] = 99
    assert_eq(held, A)


def test_delayed_targets():
    target = np.zeros((3, 4))
    lazy = minidask.delayed(lambda: target, pure=False)()
    x = da.from_array(A, chunks=2)
    later = store(x, lazy, compute=False)
    assert not target.any()
    later.compute(scheduler="sync")
    np.testing.assert_array_equal(target, A)
    assert_eq(store(x + 1, lazy, return_stored=True, scheduler="threads"), A + 1)
    with pytest.raises(TypeError, match="must be a delayed value"):
        store(x, x)


def test_storing_twice_writes_twice():
    x, target = da.from_array(A, chunks=2), np.zeros((3, 4))
    assert store(x, target, compute=False).key != store(x, target, compute=False).key


@pytest.mark.slow
def test_other_processes_never_write_to_a_copy():
    with pytest.raises(TypeError, match="in the memory of this process"):
        store(da.ones(3, chunks=2), np.zeros(3), scheduler="processes", num_workers=1)


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        (da.ones(3), None, "a target must be an array.*got NoneType"),
        (da.ones(3), 0, "got int: 0"),
        (da.ones(3), "file", "got str: 'file'"),
        (da.ones(3), [1, 2, 3], "got list"),
        (da.ones(3), {}, "got dict"),
        ([da.ones(3)], [5], "got int"),
        ([da.ones(3)], np.zeros(3), "needs a list of as many targets, got ndarray"),
        (np.ones(3), np.zeros(3), "all sources must be chunked arrays"),
        (5, np.zeros(3), "all sources must be chunked arrays"),
    ],
)
def test_wrong_sources_and_targets(sources, targets, message):
    with pytest.raises(TypeError, match=message):
        da.store(sources, targets)
