"""What is asked for is given to NumPy as it was, and found by places as NumPy finds it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from minidask.array.statistics.asked import Asked

VALUES = np.arange(12.0).reshape(3, 4) ** 2


@pytest.mark.parametrize("q", [0.3, np.float64(0.3), [0.1, 0.5], [[0.1, 0.5], [0.0, 1.0]]])
@pytest.mark.parametrize("function", ["quantile", "nanquantile"])
def test_answers_are_numpys(function, q):
    values = np.asarray(q)
    kind = "" if type(q) is float else values.dtype.str
    asked = pickle.loads(pickle.dumps(Asked(function, tuple(values.ravel().tolist()), values.shape, "linear", kind)))
    for dtype in ("f4", "f8"):
        made, expected = (
            asked.call(VALUES.astype(dtype), (0,), True),
            np.quantile(VALUES.astype(dtype), q, 0, keepdims=True),
        )
        np.testing.assert_array_equal(made, expected)
        assert made.dtype == expected.dtype
    found = dict(enumerate(np.sort(VALUES, axis=None).tolist()))
    np.testing.assert_allclose(asked.value(found, VALUES.size, np.dtype(float)), np.quantile(VALUES, q))


def test_medians():
    asked = Asked("nanmedian")
    assert asked.ignores_nan
    assert asked.places(4)[0][:2] == (1, 2)
    assert asked.call(VALUES, None, False) == asked.value(dict(enumerate(VALUES.ravel().tolist())), 12, np.dtype(float))
