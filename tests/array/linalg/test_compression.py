from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.linalg.compression import compression_level, compression_matrix, seed_of, svd_compressed
from minidask.array.testing import assert_eq
from tests.array.arrays import forget, raising
from tests.array.matrices import matrix


def low_rank(dtype="f8"):
    a = matrix((60, 4), dtype, 1) @ matrix((4, 45), dtype, 2)
    return a, da.from_array(a, chunks=(17, 13))


@pytest.mark.parametrize("iterator", ["power", "QR"])
@pytest.mark.parametrize("n_power_iter", [0, 1, 3])
@pytest.mark.parametrize("compute", [False, True])
def test_matrices_of_low_rank_are_found(iterator, n_power_iter, compute):
    a, x = low_rank()
    u, s, v = svd_compressed(x, 4, iterator=iterator, n_power_iter=n_power_iter, seed=1, compute=compute)
    assert (u.shape, s.shape, v.shape) == ((60, 4), (4,), (4, 45))
    assert_eq(s, np.linalg.svd(a)[1][:4], rtol=1e-6)
    assert_eq((u * s) @ v, a, atol=1e-6)
    assert (v.sum(axis=1).compute() >= 0).all()


@pytest.mark.parametrize("shape", [(45, 60), (200, 3), (3, 200), (10, 10)])
def test_every_shape(shape):
    a = matrix(shape)
    k = min(3, *shape)
    u, s, v = svd_compressed(da.from_array(a, chunks=9), k, seed=0, n_power_iter=4, coerce_signs=False)
    assert_eq(s, np.linalg.svd(a)[1][:k], rtol=1e-2)
    assert_eq(u.T @ u, np.eye(k), atol=1e-8)
    assert_eq(v @ v.T, np.eye(k), atol=1e-8)


@pytest.mark.parametrize("dtype", ["f4", "c16", "i4"])
def test_dtypes(dtype):
    a, x = low_rank(dtype)
    u, s, v = svd_compressed(x, 4, seed=2)
    u0, s0, _ = np.linalg.svd(a, full_matrices=False)
    assert (u.dtype, s.dtype, v.dtype) == (u0.dtype, s0.dtype, u0.dtype)
    assert_eq((u * s) @ v, a.astype(u0.dtype), rtol=1e-2, atol=1e-2 if dtype == "f4" else 1e-6)


@pytest.mark.slow
def test_iterations_make_it_more_exact():
    a = matrix((120, 100), seed=5)
    x = da.from_array(a, chunks=40)
    exact = np.linalg.svd(a)[1][:5]
    errors = [abs(svd_compressed(x, 5, n_power_iter=n, seed=3)[1].compute() - exact).max() for n in (0, 2)]
    assert errors[1] < errors[0] / 2


def test_a_seed_makes_it_repeatable():
    _, x = low_rank()
    one, again, other = [svd_compressed(x, 2, seed=seed)[1] for seed in (1, 1, 2)]
    assert one.name == again.name != other.name
    assert svd_compressed(x, 2)[1].name != svd_compressed(x, 2)[1].name
    made = [
        seed_of(np.random.default_rng(3)),
        seed_of(np.random.RandomState(3)),
        seed_of(np.random.SeedSequence(3)),
        seed_of(None),
    ]
    assert made[0] == seed_of(np.random.default_rng(3))
    assert len(set(made)) == 4


def test_nothing_is_computed_unless_asked():
    _, x = low_rank()
    with config.set(scheduler=raising):
        svd_compressed(x, 2, n_power_iter=2, iterator="QR", seed=1)
        with pytest.raises(AssertionError, match="something was computed"):
            svd_compressed(x, 2, seed=1, compute=True)


def test_the_compression_matrix_spans_the_matrix():
    a, x = low_rank()
    comp = compression_matrix(x, 4, seed=1)
    assert comp.shape == (20, 60)
    assert_eq(comp @ comp.T, np.eye(20), atol=1e-9)
    assert_eq(comp.T @ (comp @ x), a, atol=1e-6)
    assert [compression_level(*args) for args in ((100, 5), (100, 30), (8, 5), (100, 30, 3), (100, 2, 1, 5))] == [
        20,
        40,
        8,
        33,
        5,
    ]


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"k": 0}, ValueError, "k must be a positive integer"),
        ({"k": 2.5}, ValueError, "k must be a positive integer"),
        ({"k": 2, "iterator": "none"}, ValueError, "Iterator must be 'power' or 'QR'"),
        ({"k": 2, "n_power_iter": -1}, ValueError, "n_power_iter must be at least 0"),
        ({"k": 2, "n_oversamples": -1}, ValueError, "n_oversamples must be at least 0"),
        ({"k": 2, "seed": "x"}, TypeError, "seed must be an int"),
        ({"k": 2, "seed": -1}, ValueError, "must not be negative"),
    ],
)
def test_errors_are_raised_when_building(kwargs, error, message):
    with pytest.raises(error, match=message):
        svd_compressed(da.ones((6, 4), chunks=2), **kwargs)


def test_lengths_have_to_be_known():
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        svd_compressed(forget(da.ones((6, 4), chunks=2)), 1)
