"""How often each number occurs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising, sample


@few
@given(pairs(["?", "u1", "i8"], min_dims=1, max_dims=1), st.integers(0, 9), st.booleans(), st.sampled_from([None, 2]))
def test_bincount(pair, minlength, weighted, split_every):
    a, x = pair
    a, x = (a, x) if a.dtype == bool else (np.abs(a), abs(x))
    w = sample(a.shape, "f8", 3) if weighted else None
    found = da.bincount(x, w, minlength, split_every)
    assert np.isnan(found.shape[0]) or minlength >= 2
    assert_eq(found, np.bincount(a, w, minlength), check_dtype=a.size > 0)
    assert found.dtype == (float if weighted else np.intp)


def test_the_length_is_known_where_the_dtype_says_it():
    a = sample((20,), "u1")
    assert da.bincount(da.from_array(a, chunks=7), minlength=256).shape == (256,)
    assert np.isnan(da.bincount(da.from_array(a, chunks=7), minlength=255).shape[0])


def test_lazy_and_unknown_sizes():
    a = sample((20,), "u1")
    x = forget(da.from_array(a, chunks=7))
    with config.set(scheduler=raising):
        found = np.bincount(x), np.bincount(x, weights=x)
    assert_eq(found[0], np.bincount(a))
    assert_eq(found[1], np.bincount(a, weights=a))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.bincount(x[None]), ValueError, "one dimensional"),
        (lambda x: da.bincount(x.astype("f8")), TypeError, "Cannot cast array data"),
        (lambda x: da.bincount(x, minlength=-1), ValueError, "must not be negative"),
        (lambda x: da.bincount(x, minlength=1.5), TypeError, "integer"),
        (lambda x: da.bincount(x, weights=[1]), ValueError, "same length"),
        (lambda x: da.bincount(x - 2).compute(scheduler="sync"), ValueError, "negative"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(da.arange(4, chunks=2))
