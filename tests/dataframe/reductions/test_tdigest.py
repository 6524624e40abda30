from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.dataframe.reductions.tdigest import COMPRESSION, digest, join_digests, quantiles

RNG = np.random.default_rng(0)
ROWS = 50_000
DATA = {
    "uniform": RNG.random(ROWS),
    "normal": RNG.normal(size=ROWS) * 1e6,
    "exponential": RNG.exponential(size=ROWS),
    "few": RNG.integers(0, 50, ROWS).astype(float),
    "sorted": np.sort(RNG.normal(size=ROWS)),
    "tiny": RNG.normal(size=30),
    "constant": np.full(ROWS, 0.1),
}
Q = np.linspace(0, 1, 501)


def tree(values: np.ndarray, partitions: int):
    parts = [digest(part) for part in np.array_split(values, partitions)]
    while len(parts) > 1:
        parts = [join_digests(parts[at : at + 16]) for at in range(0, len(parts), 16)]
    return parts[0]


@pytest.mark.parametrize("partitions", [1, 7, 130])
@pytest.mark.parametrize("name", list(DATA))
def test_the_promised_error(name, partitions):
    values = DATA[name]
    found = tree(values, partitions)
    assert len(found.means) <= 1.1 * COMPRESSION
    assert found.rows == len(values)
    error = 8 * np.sqrt(Q * (1 - Q)) / COMPRESSION + 1 / len(values)
    low = np.quantile(values, np.clip(Q - error, 0, 1))
    high = np.quantile(values, np.clip(Q + error, 0, 1))
    result = quantiles(found, Q)
    slack = 1e-12 * np.abs(values).max()
    assert (result >= low - slack).all()
    assert (result <= high + slack).all()
    assert (result[0], result[-1]) == (values.min(), values.max())


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=1, max_size=40))
def test_few_values_are_exact(values):
    result = quantiles(digest(np.array(values)), Q)
    np.testing.assert_allclose(result, np.quantile(np.array(values), Q), rtol=1e-6, atol=1e-6 * np.abs(values).max())


def test_infinities():
    both = join_digests([digest(np.array([-np.inf, 1.0])), digest(np.array([2.0, np.inf]))])
    assert quantiles(both, [0, 1 / 3, 0.5, 2 / 3, 1]).tolist() == [-np.inf, 1, 1.5, 2, np.inf]
    assert quantiles(digest(np.array([np.inf])), [0, 1]).tolist() == [np.inf, np.inf]
    assert quantiles(digest(np.array([-np.inf])), 0.5) == -np.inf


def test_nothing():
    nothing = join_digests([digest(np.array([])), digest(np.array([]))])
    assert nothing.rows == 0
    assert np.isnan(quantiles(nothing, 0.5))
    assert quantiles(join_digests([nothing, digest(np.array([3.0]))]), 0.5) == 3
