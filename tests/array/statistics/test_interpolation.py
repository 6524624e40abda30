"""Quantiles by rank are NumPy's, for every method."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.statistics.interpolation import METHODS, between, check_method, place_of
from tests.array.arrays import few


@few
@given(st.integers(1, 40), st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 1.0]), st.sampled_from(METHODS))
def test_every_method_is_numpys(n, q, method):
    elements = np.sort(np.random.default_rng(n).normal(size=n))
    place = place_of(q, n, method)
    assert between(elements[place.low], elements[place.high], place.weight) == np.quantile(elements, q, method=method)


def test_all_of_numpys_methods_are_there():
    with pytest.raises(ValueError) as error:
        np.quantile([1.0], 0.5, method="none")
    assert all(repr(method) in str(error.value) for method in METHODS)
    assert str(error.value).count("'") // 2 == len(METHODS) + 1


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="'median' is not a valid method"):
        check_method("median")
