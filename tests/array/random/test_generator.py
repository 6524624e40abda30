from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.random.generator import Generator, default_rng
from minidask.array.testing import assert_eq
from minidask.schedulers import sync
from tests.array.arrays import chunkings, few, shapes


@pytest.mark.slow
@few
@given(st.data(), shapes(max_dims=3), st.integers(0, 2**70))
def test_seeds_give_equal_arrays_in_any_order(data, shape, seed):
    chunks = data.draw(chunkings(shape))
    x = default_rng(seed).random(shape, chunks=chunks)
    y = default_rng(seed).random(shape, chunks=chunks)
    assert x.name == y.name
    whole = x.compute()
    assert_eq(x, whole)
    keys = data.draw(st.permutations(list(x._layer.output_keys())))
    blocks = dict(zip(keys, sync.get(y.dask, keys), strict=True))
    for key in keys:
        np.testing.assert_array_equal(blocks[key], x.blocks[key[1:]].compute() if shape else whole)


def test_two_calls_differ_and_so_do_two_seeds():
    rng = default_rng(1)
    arrays = [rng.random(50, chunks=20), rng.random(50, chunks=20), default_rng(2).random(50, chunks=20)]
    arrays += [default_rng(None).random(50, chunks=20), default_rng().random(50, chunks=20)]
    values = np.concatenate([x.compute() for x in arrays])
    assert len({x.name for x in arrays}) == len(arrays)
    assert len(np.unique(values)) == len(values)


def test_every_scheduler_gives_the_same():
    x = default_rng(1).normal(size=(20, 20), chunks=6)
    expected = x.compute(scheduler="sync")
    np.testing.assert_array_equal(x.compute(scheduler="threads"), expected)
    np.testing.assert_array_equal(x[3:7, 5].compute(), expected[3:7, 5])


@pytest.mark.slow
def test_processes_give_the_same():
    x = default_rng(1).normal(size=(20, 20), chunks=10)
    np.testing.assert_array_equal(x.compute(scheduler="processes"), x.compute(scheduler="sync"))


def test_generators_and_their_arrays_are_pickled():
    rng = default_rng(1)
    rng.random(3)
    other = pickle.loads(pickle.dumps(rng))
    x, y = rng.normal(size=5, chunks=2), other.normal(size=5, chunks=2)
    assert x.name == y.name
    assert_eq(pickle.loads(pickle.dumps(x)), x.compute())


def test_bit_generators_are_kept():
    rng = default_rng(np.random.Philox(7))
    assert repr(rng) == "Generator(Philox)"
    assert isinstance(rng.bit_generator, np.random.Philox)
    assert repr(default_rng(7)) == "Generator(PCG64)"
    assert default_rng(rng) is rng
    assert (rng.random(5).compute() != default_rng(7).random(5).compute()).all()
    assert_eq(default_rng(np.random.default_rng(7)).random(3), default_rng(7).random(3))
    assert_eq(Generator(np.random.PCG64(7)).random(3), default_rng(np.random.SeedSequence(7)).random(3))
    with pytest.raises(TypeError, match=r"use default_rng\(seed\)"):
        Generator(5)


def test_children_are_independent():
    rng = default_rng(7)
    one, other = rng.spawn(2)
    values = np.concatenate([g.random(40, chunks=10).compute() for g in (rng, one, other)])
    assert len(np.unique(values)) == 120
    assert_eq(default_rng(7).spawn(2)[1].random(40, chunks=10), values[80:])
    with pytest.raises(ValueError, match="non-negative"):
        rng.spawn(-1)


@pytest.mark.parametrize("dtype", ["i1", "u1", "i4", "u8", "?"])
def test_integers_have_their_dtype(dtype):
    high = 2 if dtype == "?" else 100
    x = default_rng(7).integers(0, high, size=(60, 70), dtype=dtype, chunks=33)
    assert x.dtype == np.dtype(dtype)
    values = x.compute()
    assert_eq(x, values)
    assert values.min() == 0
    assert values.max() == high - 1


def test_bounds_of_integers():
    rng = default_rng(7)
    assert rng.integers(1, 3, size=200, endpoint=True).max().compute() == 3
    assert rng.integers(3, size=200).max().compute() == 2
    low = da.from_array(np.array([0, 10, 20]), chunks=2)
    values = rng.integers(low, low + 5, size=(100, 3)).compute()
    assert ((values >= [0, 10, 20]) & (values < [5, 15, 25])).all()
    assert rng.integers(5).shape == ()
    with pytest.raises(ValueError, match="low >= high"):
        rng.integers(5, 3, size=3)
    with pytest.raises(ValueError, match="out of bounds for int8"):
        rng.integers(0, 300, size=3, dtype="i1")


@pytest.mark.parametrize("method", ["random", "standard_normal", "standard_exponential"])
def test_floats_have_their_dtype(method):
    x = getattr(default_rng(7), method)(100, dtype="f4", chunks=30)
    assert x.dtype == np.float32
    assert_eq(x, x.compute())
    with pytest.raises(TypeError, match=r"i4|int32"):
        getattr(default_rng(7), method)(100, dtype="i4")


def test_colors_are_drawn():
    x = default_rng(7).multivariate_hypergeometric([30, 50, 20], 10, size=(200,), chunks=70)
    assert x.chunks == ((70, 70, 60), (3,))
    values = x.compute()
    assert (values.sum(axis=1) == 10).all()
    np.testing.assert_allclose(values.mean(axis=0), [3, 5, 2], rtol=0.15)
    assert default_rng(7).multivariate_hypergeometric([3, 5], 2, method="count").compute().sum() == 2
    with pytest.raises(ValueError, match="nsample"):
        default_rng(7).multivariate_hypergeometric([3, 5], 20)
