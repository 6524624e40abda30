"""Samples bound an element of a rank for certain, and what lies between holds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.array.statistics import ranks
from tests.array.arrays import few


@pytest.fixture
def coarse(monkeypatch):
    """Samples so small that every level thins them out."""
    monkeypatch.setattr(ranks, "SAMPLES", 3)


@few
@given(
    st.lists(st.lists(st.integers(0, 8), max_size=30), min_size=1, max_size=6).filter(lambda b: any(b)),
    st.integers(1, 40),
    st.data(),
)
def test_every_element_is_found(blocks, size, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "SAMPLES", size)
        arrays = [np.array(block, dtype=float) for block in blocks]
        samples = [ranks.sample_block(block) for block in arrays]
        half = len(samples) // 2
        parts = [part for part in (samples[:half], samples[half:]) if part]
        sample = ranks.join_samples([ranks.join_samples(part) for part in parts])
    whole = np.sort(np.concatenate(arrays))
    rank = data.draw(st.integers(0, len(whole) - 1))
    bounds = ranks.bounds_of(sample, rank)
    parts = [ranks.select_between(block, (bounds,) * data.draw(st.sampled_from([1, 6])))[0] for block in arrays]
    inside = ranks.join_between(parts)
    assert inside.below == (0 if bounds[0] is None else (whole <= bounds[0]).sum())
    assert ranks.pick(inside, rank) == whole[rank]


def test_samples_stay_small(coarse):
    joined = ranks.join_samples([ranks.sample_block(np.arange(1000.0)), ranks.sample_block(np.arange(500.0))])
    assert len(joined.values) <= 4
    assert joined.n == joined.weights.sum() == 1500
    assert joined.values[-1] == 999


def test_few_values_lie_between():
    blocks = np.random.default_rng(0).normal(size=(20, 20_000))
    sample = ranks.join_samples([ranks.sample_block(block) for block in blocks])
    bounds = ranks.bounds_of(sample, blocks.size // 2)
    inside = ranks.join_between([ranks.select_between(block, (bounds,))[0] for block in blocks])
    assert len(inside.values) < blocks.size / 500


def test_equal_values_are_sent_once():
    (inside,) = ranks.select_between(np.zeros(10_000), ((None, 0.0),))
    assert inside.values.tolist() == [0.0]
    assert inside.counts.tolist() == [10_000]


@pytest.mark.parametrize(
    ("block", "values", "missing"),
    [
        (np.array([1.0, np.nan]), [1.0], 1),
        (np.array(["2001-01-01", "NaT"], "M8[D]"), np.array(["2001-01-01"], "M8[D]").tolist(), 1),
        (np.array([[1, 2]]), [1, 2], 0),
    ],
)
def test_what_is_missing_is_counted(block, values, missing):
    found, count = ranks.present(block)
    assert found.tolist() == values
    assert count == missing
