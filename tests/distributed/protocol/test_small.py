import pickle
import threading

import numpy as np
import pandas as pd
import pytest

from minidask_distributed.protocol.payload import unpack
from minidask_distributed.protocol.small import SMALL_BYTES, dumps_small


@pytest.mark.parametrize(
    "value", [None, True, 1, -(2**62), 10**500, 1.5, 2j, "text", b"bytes", [1, 2], {"a": (1, {2})}, range(10**9)]
)
def test_small_values(value):
    assert unpack(dumps_small(value)) == value


def test_small_arrays_and_frames():
    np.testing.assert_array_equal(unpack(dumps_small(np.arange(10))), np.arange(10))
    frame = pd.DataFrame({"a": [1, 2]})
    pd.testing.assert_frame_equal(unpack(dumps_small(frame)), frame)
    assert unpack(dumps_small(np.float64(2.5))) == 2.5


@pytest.mark.parametrize(
    "value",
    [
        "x" * 5000,
        b"x" * 5000,
        "ü" * 3000,
        (1, 10**20_000),
        list(range(5000)),
        np.zeros(10_000),
        {"a": [np.zeros(10_000)]},
    ],
)
def test_large_values(value):
    assert dumps_small(value) is None


@pytest.mark.parametrize("value", [lambda: 1, threading.Lock(), (x for x in "ab"), [open]])
def test_what_would_need_more_than_a_name_stays(value):
    data = dumps_small(value)
    assert data is None or len(data) < 100


def test_definitions_of_scripts_are_not_sent_along():
    assert dumps_small("__main__ is fine in a text") is not None
    assert dumps_small(["__main__ in a pickle may be a definition"]) is None


def test_large_values_are_not_pickled():
    class Large:
        def __init__(self):
            self.data = [bytes(100_000)]

        def __reduce__(self):
            raise AssertionError("pickled")

    assert dumps_small(Large()) is None
    assert dumps_small([Large()], nbytes=10**6) is None


@pytest.mark.parametrize("limit", [1, 100, SMALL_BYTES])
def test_the_limit_is_kept(limit):
    for value in ["x" * n for n in (0, limit - 20, limit, limit + 1) if n >= 0] + [list(range(limit))]:
        data = dumps_small(value, limit)
        assert data is None or len(data) <= limit
    assert pickle.loads(dumps_small("x" * 60, 100)) == "x" * 60
