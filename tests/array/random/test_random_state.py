from __future__ import annotations

import pickle

import numpy as np
import pytest

import minidask.array as da
from minidask.array import random
from minidask.array.random.random_state import RandomState
from minidask.array.testing import assert_eq


def test_seeds_give_equal_arrays_and_calls_differ():
    one, other = RandomState(5), RandomState(5)
    x, y = one.normal(size=(9, 9), chunks=4), other.normal(size=(9, 9), chunks=4)
    assert x.name == y.name
    assert_eq(x, y.compute())
    assert (one.normal(size=(9, 9), chunks=4).compute() != x.compute()).all()
    one.seed(5)
    assert one.normal(size=(9, 9), chunks=4).name == x.name


def test_states_are_pickled():
    state = RandomState(5)
    state.rand(3)
    assert pickle.loads(pickle.dumps(state)).rand(3).name == state.rand(3).name
    assert repr(state) == "RandomState(MT19937)"


def make_state(seed):
    assert len(seed) == 624
    return np.random.RandomState(seed)


def test_blocks_may_have_other_generators():
    state = RandomState(5, make_state)
    x = state.random_sample(10, chunks=4)
    assert_eq(x, RandomState(5, RandomState=make_state).random_sample(10, chunks=4).compute())
    assert "make_state" in repr(state)
    assert len(np.unique(x.compute())) == 10


def test_integers():
    state = RandomState(5)
    assert set(state.randint(2, 5, size=300, chunks=100).compute()) == {2, 3, 4}
    assert set(state.randint(3, size=300).compute()) == {0, 1, 2}
    x = state.randint(3, size=300, dtype="u1", chunks=100)
    assert x.dtype == np.uint8
    assert_eq(x, x.compute())
    assert set(state.random_integers(2, 4, size=300).compute()) == {2, 3, 4}
    assert set(state.random_integers(3, size=300).compute()) == {1, 2, 3}
    assert state.tomaxint(size=(3, 4), chunks=2).max().compute() > 2**40


def test_floats():
    state = RandomState(5)
    for x in (
        state.rand(30, 40, chunks=20),
        state.random((30, 40), chunks=20),
        state.random_sample((30, 40), chunks=20),
    ):
        values = x.compute()
        assert x.numblocks == (2, 2)
        assert values.min() >= 0
        assert 0.95 < values.max() < 1
    assert state.randn(30, 40).shape == (30, 40)
    assert state.randn().shape == ()


def test_functions_share_one_state():
    random.seed(5)
    x, y = random.normal(size=5, chunks=2), random.normal(size=5, chunks=2)
    random.seed(5)
    assert random.normal(size=5, chunks=2).name == x.name != y.name
    random.seed()
    assert random.normal(size=5, chunks=2).name != y.name


@pytest.mark.parametrize("name", [n for n in random.__all__ if n not in ("seed", "shuffle")])
def test_functions_have_numpys_names(name):
    assert hasattr(np.random, name)
    assert callable(getattr(da.random, name))


def test_every_method_of_numpys_is_there():
    missing = {n for n in dir(np.random.RandomState) if not n.startswith("_")} - set(dir(RandomState))
    assert missing == {"get_state", "set_state"}
    missing = {n for n in dir(np.random.Generator) if not n.startswith("_")} - set(dir(random.Generator))
    assert not missing


def test_bytes_are_drawn_at_once():
    assert da.random.RandomState(5).bytes(9) == da.random.RandomState(5).bytes(9)
    rng = da.random.default_rng(5)
    assert len(rng.bytes(4)) == 4
    assert rng.bytes(8) != rng.bytes(8)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        da.random.bytes(-1)
