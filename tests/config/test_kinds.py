"""Tests of `minidask.config.kinds`."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from minidask.config import kinds
from minidask.config.kinds import choice, either, optional

EXECUTOR = ThreadPoolExecutor(1)

ACCEPTED = [
    (kinds.BOOLEAN, [True, False]),
    (kinds.TEXT, ["a"]),
    (kinds.POSITIVE_INTEGER, [1, 10**30]),
    (kinds.NUMBER_FROM_1, [1, 1.5, math.inf]),
    (kinds.BYTES, ["16 MiB", 1, 1e6, "5"]),
    (kinds.SECONDS, ["100 ms", 0, 1.5, timedelta(seconds=1)]),
    (kinds.CALLABLE, [len, str]),
    (kinds.FALSE, [False]),
    (kinds.EXECUTOR, [EXECUTOR]),
    (kinds.POOL, [EXECUTOR]),
    (kinds.PATH, ["/tmp", Path("/tmp")]),
    (kinds.CALLABLES, [[], [len], (len, str)]),
    (optional(kinds.BOOLEAN), [None, True]),
    (choice("a", "b"), ["a", "b"]),
    (either(kinds.BOOLEAN, kinds.TEXT), [True, "a"]),
]
REFUSED = [
    (kinds.BOOLEAN, [0, 1, None, "true"], TypeError),
    (kinds.TEXT, [1, None, b"a"], TypeError),
    (kinds.TEXT, [""], ValueError),
    (kinds.POSITIVE_INTEGER, [True, 1.0, "1", None], TypeError),
    (kinds.POSITIVE_INTEGER, [0, -1], ValueError),
    (kinds.NUMBER_FROM_1, [True, "1", None], TypeError),
    (kinds.NUMBER_FROM_1, [0, 0.5, math.nan], ValueError),
    (kinds.BYTES, [None, True, [1]], TypeError),
    (kinds.BYTES, ["lots", "5 foos", 0, -1, "-5 MB", math.inf, math.nan, "0"], ValueError),
    (kinds.SECONDS, [None, True, [1]], TypeError),
    (kinds.SECONDS, ["soon", -1, "-5 s", math.inf], ValueError),
    (kinds.CALLABLE, ["len", None, 3], TypeError),
    (kinds.FALSE, [0, None], TypeError),
    (kinds.FALSE, [True], ValueError),
    (kinds.EXECUTOR, [ThreadPoolExecutor, None, "threads"], TypeError),
    (kinds.POOL, [ThreadPool, None, 4], TypeError),
    (kinds.PATH, [None, 3, b"/tmp"], TypeError),
    (kinds.PATH, [""], ValueError),
    (kinds.CALLABLES, ["a", None, [1], len], TypeError),
    (optional(kinds.BOOLEAN), [0], TypeError),
    (choice("a", "b"), [1, None], TypeError),
    (choice("a", "b"), ["c", ""], ValueError),
    (either(kinds.BOOLEAN, kinds.FALSE), ["x"], TypeError),
    (either(kinds.BOOLEAN, choice("a")), ["x"], ValueError),
]


@pytest.mark.parametrize(("kind", "values"), ACCEPTED)
def test_accepted(kind, values):
    for value in values:
        kind.check(value)


@pytest.mark.parametrize(("kind", "values", "error"), REFUSED)
def test_refused(kind, values, error):
    for value in values:
        with pytest.raises(error):
            kind.check(value)


def test_pool_takes_a_multiprocessing_pool():
    with ThreadPool(1) as pool:
        kinds.POOL.check(pool)


def test_numbers_of_numpy_are_numbers():
    np = pytest.importorskip("numpy")
    kinds.POSITIVE_INTEGER.check(np.int64(3))
    kinds.BYTES.check(np.int32(3))
    kinds.NUMBER_FROM_1.check(np.float64(1.5))
    with pytest.raises(TypeError):
        kinds.POSITIVE_INTEGER.check(np.array([1, 2]))


def test_descriptions_complete_a_sentence():
    assert optional(choice("a", "b")).description == "one of 'a', 'b', or None"
    assert either(kinds.BOOLEAN, kinds.TEXT).description == "True or False or a text"
