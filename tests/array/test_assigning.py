import numpy as np
import pytest

import minidask.array as da
from minidask.array.testing import assert_eq

A = np.arange(12.0).reshape(3, 4)


def both(change):
    """What a change makes of an array, and of the chunked array of it."""
    a, x = A.copy(), da.from_array(A.copy(), chunks=2)
    older = x + 1
    change(a, A)
    change(x, da.from_array(A, chunks=3))
    assert_eq(x, a)
    assert_eq(older, A + 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: np.copyto(x, 5),
        lambda x, y: np.copyto(x, y * 2),
        lambda x, y: np.copyto(x, [1, 2, 3, 4], where=[True, False, True, False]),
        lambda x, y: np.copyto(x, -1, where=y > 5),
        lambda x, y: x.fill(3),
    ],
)
def test_changes_are_numpys(change):
    both(change)


def test_copies_stay():
    x = da.from_array(A, chunks=2)
    for y in (np.copy(x), da.copy(x), x.copy()):
        x[0] = -1
        assert_eq(y, A)
        x = y


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.copyto(np.ones(3), x), TypeError, "changes a chunked array, got ndarray"),
        (lambda x: da.copyto(x, 1j), TypeError, "Cannot cast"),
        (lambda x: da.copyto(x.astype(int), 1.5), TypeError, "Cannot cast"),
        (lambda x: da.copyto(x, [1, 2]), ValueError, "broadcast"),
        (lambda x: x.fill([1, 2, 3]), ValueError, "fill needs a scalar"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))


@pytest.mark.parametrize(
    "copied",
    [
        lambda m, x: x.astype(x.dtype),
        lambda m, x: m.array(x),
        lambda m, x: m.asarray(x, copy=True),
        lambda m, x: m.block([x]),
        lambda m, x: m.block(x),
        lambda m, x: m.column_stack([x.reshape(4, 1)]),
        lambda m, x: m.concatenate([x]),
        lambda m, x: m.copy(x),
        lambda m, x: m.delete(x, slice(0, 0)),
        lambda m, x: m.fft.fftshift(x, axes=()),
        lambda m, x: m.hstack([x]),
        lambda m, x: m.insert(x, slice(0, 0), 1),
        lambda m, x: m.pad(x, 0),
        lambda m, x: m.reshape(x, 4, copy=True),
        lambda m, x: m.resize(x, (4,)),
        lambda m, x: m.roll(x, 0, 0),
        lambda m, x: m.tile(x, 1),
        lambda m, x: x.flatten(),
    ],
)
def test_what_numpy_copies_isnt_changed_by_assignments_to_the_original_nor_the_other_way(copied):
    a, x = np.arange(4.0), da.from_array(np.arange(4.0), chunks=2)
    b, y = copied(np, a), copied(da, x)
    a[0], x[0] = 7, 7
    assert_eq(y, b)
    b[1:2], y[1:2] = 9, 9
    assert_eq(x, a)
    assert_eq(y, b)
