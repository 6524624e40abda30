"""Functions of one's own, each where its condition is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, pairs, raising


def shifted(block, by=0, sign=1):
    return sign * block + by


@few
@given(pairs(["i8", "f8"]))
def test_pieces(pair):
    a, x = pair
    functions = [np.negative, 7, shifted]
    assert_eq(da.piecewise(x, [x < -1, x == 2], functions), np.piecewise(a, [a < -1, a == 2], functions))
    assert_eq(da.piecewise(x, [a < -1, a == 2], functions), np.piecewise(a, [a < -1, a == 2], functions))


def test_arguments_and_one_condition():
    a = np.arange(-3, 3)
    x = da.from_array(a, chunks=2)
    assert_eq(da.piecewise(x, x > 0, [shifted], 5, sign=-1), np.piecewise(a, a > 0, [shifted], 5, sign=-1))
    assert_eq(da.piecewise(x, [True, False] * 3, [1, 2]), np.piecewise(a, [True, False] * 3, [1, 2]))
    both = np.stack([a > 0, a < -1])
    assert_eq(da.piecewise(x, da.from_array(both, chunks=3), [1, 2]), np.piecewise(a, both, [1, 2]))
    assert_eq(da.piecewise(da.from_array(np.array(4), chunks=()), [True], [shifted]), np.array(4))


def test_numpys_function_stays_lazy():
    a = np.arange(-3, 3)
    x = da.from_array(a, chunks=2)
    with config.set(scheduler=raising):
        found = np.piecewise(x, [x > 0], [shifted, -1])
    assert_eq(found, np.piecewise(a, [a > 0], [shifted, -1]))
    assert da.piecewise(x, [x > 0], [1]).name != da.piecewise(x, [x > 0], [2]).name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: da.piecewise(x, [x > 0], [1, 2, 3]), "either 1 or 2 functions"),
        (lambda x: da.piecewise(x, [da.ones(3, dtype=bool)], [1]), "could not be broadcast"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(da.arange(4, chunks=2))
