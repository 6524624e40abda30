"""NumPy's functions with ``like=`` a chunked array make chunked arrays, by NumPy's arguments, without computing."""

from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import raising


def total(i, j, by=1):
    return i * by + j


CALLS = {
    "zeros": lambda **like: np.zeros((2, 3), int, "C", **like),
    "zeros of a number": lambda **like: np.zeros(3, **like),
    "ones": lambda **like: np.ones((2, 3), dtype="f4", **like),
    "full": lambda **like: np.full((2, 2), 7, **like),
    "full of a dtype": lambda **like: np.full((2, 2), 7, "f4", **like),
    "arange": lambda **like: np.arange(5, **like),
    "arange of bounds": lambda **like: np.arange(1, 9, 2, "f4", **like),
    "arange by name": lambda **like: np.arange(start=1, stop=9, dtype="i2", **like),
    "array": lambda **like: np.array([[1, 2]], dtype=float, copy=True, ndmin=3, **like),
    "asarray": lambda **like: np.asarray([1, 2], **like),
    "asanyarray": lambda **like: np.asanyarray([1, 2], "f4", **like),
    "eye": lambda **like: np.eye(3, 4, 1, **like),
    "identity": lambda **like: np.identity(3, **like),
    "tri": lambda **like: np.tri(3, 4, -1, int, **like),
    "fromfunction": lambda **like: np.fromfunction(total, (2, 3), dtype=int, by=2, **like),
}


@pytest.mark.parametrize("name", CALLS)
def test_values(name):
    with config.set(scheduler=raising):
        made = CALLS[name](like=da.ones(2, chunks=1))
    assert isinstance(made, da.Array)
    assert_eq(made, CALLS[name]())


def test_empty():
    made = np.empty((2, 3), "i4", like=da.ones(2))
    assert made.shape == (2, 3)
    assert made.dtype == np.int32
