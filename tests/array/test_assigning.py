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
        lambda x, y: np.putmask(x, y > 5, 0),
        lambda x, y: np.putmask(x, y > 5, y + 100),
        lambda x, y: np.fill_diagonal(x, 7),
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
        (lambda x: da.putmask(x, [True], 1), ValueError, "same size"),
        (lambda x: da.putmask(x, x > 0, [1, 2]), NotImplementedError, r"shape \(2,\), which isn't built"),
        (lambda x: da.fill_diagonal(x, 1), ValueError, "two dimensions, got 1"),
        (lambda x: da.fill_diagonal(x[None], [1, 2]), NotImplementedError, "several values"),
        (lambda x: x.fill([1, 2, 3]), ValueError, "fill needs a scalar"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones(3, chunks=2))
