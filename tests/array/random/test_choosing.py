from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import minidask.array as da
from minidask import config
from minidask.array.random.generator import default_rng
from minidask.array.random.random_state import RandomState
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, pairs, raising


def test_integers_are_chosen_equally_often():
    x = default_rng(3).choice(5, size=(40, 50), chunks=(15, 20))
    assert x.chunks == ((15, 15, 10), (20, 20, 10))
    assert x.dtype == np.int64
    values = x.compute()
    assert stats.chisquare(np.bincount(values.ravel(), minlength=5)).pvalue > 0.001
    assert_eq(x, values)


def test_probabilities():
    p = np.array([0.1, 0.0, 0.6, 0.3])
    for given_p in (p, p.tolist(), da.from_array(p, chunks=2)):
        values = default_rng(3).choice(np.array(list("abcd")), size=2000, p=given_p, chunks=300).compute()
        seen = np.array([(values == letter).sum() for letter in "acd"])
        assert seen.sum() == 2000
        assert stats.chisquare(seen, p[[0, 2, 3]] * 2000).pvalue > 0.001


@pytest.mark.parametrize("maker", [lambda: default_rng(3), lambda: RandomState(3)])
def test_without_replacement_nothing_comes_twice(maker):
    x = maker().choice(1000, size=(30, 20), replace=False, chunks=(7, 6))
    assert x.chunks == ((7, 7, 7, 7, 2), (6, 6, 6, 2))
    values = x.compute()
    assert len(np.unique(values)) == 600
    assert_eq(x, values)
    weights = np.arange(10) / 45
    assert sorted(maker().choice(10, 9, replace=False, p=weights, chunks=4).compute()) == list(range(1, 10))


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "U3"], min_dims=1, min_side=1), st.data())
def test_elements_are_chosen_along_an_axis(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    size = data.draw(st.sampled_from([None, (), 3, (2, 3)]))
    replace = data.draw(st.booleans()) or int(np.prod(size or ())) > a.shape[axis]
    at = default_rng(7).choice(a.shape[axis], size, replace=replace, chunks=2).compute()
    expected = np.take(a, at, axis=axis)
    assert_eq(default_rng(7).choice(x, size, replace=replace, axis=axis, chunks=2), expected)
    assert_eq(default_rng(7).choice(a, size, replace=replace, axis=axis, chunks=2), expected)


@pytest.mark.filterwarnings("ignore::minidask.array.performance.PerformanceWarning")
def test_choosing_is_lazy_and_repeatable():
    with config.set(scheduler=raising):
        x = default_rng(7).choice(da.ones(10, chunks=3), (10**5, 10**5), chunks=10, p=np.full(10, 0.1))
        y = default_rng(7).choice(10, 5, replace=False)
        assert (
            x.name == default_rng(7).choice(da.ones(10, chunks=3), (10**5, 10**5), chunks=10, p=np.full(10, 0.1)).name
        )
    assert_eq(y, default_rng(7).choice(10, 5, replace=False))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda r: r.choice(3, 4, replace=False), ValueError, "larger sample than population"),
        (lambda r: r.choice(0, 4), ValueError, "positive integer"),
        (lambda r: r.choice(-1, 4), ValueError, "positive integer"),
        (lambda r: r.choice([], 4), ValueError, "cannot be empty"),
        (lambda r: r.choice(1.5, 4), ValueError, "sequence or an integer"),
        (lambda r: r.choice(3, 4, p=[0.5, 0.5]), ValueError, "'a' and 'p' must have same size"),
        (lambda r: r.choice(2, 4, p=[0.5, 0.6]), ValueError, "sum to 1"),
        (lambda r: r.choice(2, 4, p=[-0.5, 1.5]), ValueError, "non-negative"),
        (lambda r: r.choice(2, 4, p=[[0.5, 0.5]]), ValueError, "1-dimensional"),
        (lambda r: r.choice(3, 2, replace=False, p=[1, 0, 0]), ValueError, "Fewer non-zero entries"),
        (lambda r: r.choice(3, -1), ValueError, "negative"),
        (lambda r: r.choice(np.ones(3), 2, axis=1), np.exceptions.AxisError, "axis 1"),
        (lambda r: r.choice(forget(da.ones(3)), 2), ValueError, "compute_chunk_sizes"),
        (lambda r: r.permutation(-1), ValueError, "negative"),
        (lambda r: r.permutation(forget(da.ones(3))), ValueError, "compute_chunk_sizes"),
        (lambda r: r.permutation(np.ones(3), axis=1), np.exceptions.AxisError, "axis 1"),
        (lambda r: r.shuffle(np.ones(3)), TypeError, "use permutation"),
    ],
)
def test_wrong_choices_raise_when_building(call, error, text):
    with config.set(scheduler=raising):
        with pytest.raises(error, match=text):
            call(default_rng(1))


def test_nothing_is_chosen_of_nothing():
    assert default_rng(1).choice(0, 0).compute().tolist() == []
    with pytest.raises(ValueError, match="1-dimensional"):
        RandomState(1).choice(np.ones((2, 2)), 1)


@pytest.mark.slow
@few
@given(pairs(dtypes=["f8", "O"], min_dims=1), st.data())
def test_permutations_have_the_same_slices(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    order = default_rng(5).permutation(np.arange(a.shape[axis])).compute()
    assert sorted(order) == list(range(a.shape[axis]))
    y = default_rng(5).permutation(x, axis=axis)
    assert y.chunks == x.chunks
    assert_eq(y, np.take(a, order, axis=axis))


def test_permutations_of_integers_are_lazy():
    with config.set(scheduler=raising):
        x = default_rng(5).permutation(10**5)
    values = x.compute()
    assert (np.sort(values) == np.arange(10**5)).all()
    assert (values != np.arange(10**5)).sum() > 10**5 - 50
    assert_eq(RandomState(5).permutation(7), RandomState(5).permutation(7))


def test_lanes_are_permuted_by_themselves():
    a = np.arange(60).reshape(6, 10)
    x = default_rng(5).permuted(da.from_array(a, chunks=(4, 3)), axis=1)
    values = x.compute()
    assert_eq(x, values)
    assert (np.sort(values, axis=1) == a).all()
    assert len({tuple(row % 10) for row in values}) == 6
    assert (np.sort(default_rng(5).permuted(a).compute(), axis=None) == np.arange(60)).all()


@pytest.mark.parametrize("maker", [lambda: default_rng(5), lambda: RandomState(5)])
def test_shuffle_assigns(maker):
    x = da.arange(10, chunks=3)
    before = x + 0
    maker().shuffle(x)
    assert x.chunks == before.chunks
    assert x.compute().tolist() != list(range(10))
    assert sorted(x.compute()) == list(range(10))
    assert_eq(before, np.arange(10))


def test_a_permutation_of_an_array_is_drawn_when_it_is_computed():
    x = da.arange(1000, chunks=10)
    y = da.random.default_rng(3).permutation(x)
    assert y._layer.pieces._pieces is None
    once = pickle.loads(pickle.dumps(y)).compute()
    assert (once == y.compute()).all()
    assert sorted(once.tolist()) == list(range(1000))
