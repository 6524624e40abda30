"""Small computations that everybody tries first: reshape, sparse blocks, a long loop; on threads and on a cluster."""

from __future__ import annotations

import numpy as np
import pytest
import sparse

import minidask
import minidask.array as da
from minidask.array.testing import assert_eq

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("runner")]


@pytest.mark.parametrize(
    "chunks", [-1, 1, 2, (1, 2, 2, 3, 3), ((1, 1), 3, (2, 2), 5, (5, 1)), (2, (1, 2), 4, (4, 1), 6)]
)
def test_reshape_of_five_axes(chunks: object) -> None:
    a = np.arange(720).reshape(2, 3, 4, 5, 6)
    x = da.from_array(a, chunks=chunks)
    y = x.reshape((6, 2, 2, 30, 1))
    assert_eq(y, a.reshape((6, 2, 2, 30, 1)))
    assert_eq(y.reshape(x.shape), a)
    assert y.npartitions <= 2 * max(x.npartitions, 6)


def test_product_of_sparse_blocks_of_four_axes(runner: str) -> None:
    random = np.random.default_rng(1)
    one, other = random.random((6, 4, 8, 10)), random.random((8, 10, 3, 4))
    one[one < 0.9] = 0
    other[other < 0.9] = 0
    x = da.from_array(one, chunks=(3, 2, 4, 5)).map_blocks(sparse.COO)
    y = da.from_array(other, chunks=(4, 5, 3, 2)).map_blocks(sparse.COO)
    product = da.tensordot(x, y, axes=((2, 3), (0, 1)))
    assert isinstance(product._meta, sparse.COO)
    expected = np.tensordot(one, other, axes=((2, 3), (0, 1)))
    if runner == "cluster":
        # Each process compiles what it calls of the library, which takes seconds.
        found = product.compute()
        assert isinstance(found, sparse.COO)
        np.testing.assert_allclose(found.todense(), expected)
        return
    found, sums, total = minidask.compute(product, product.sum(axis=(0, 1)), (x * 2).sum())
    assert isinstance(found, sparse.COO)
    np.testing.assert_allclose(found.todense(), expected)
    np.testing.assert_allclose(sums.todense(), expected.sum(axis=(0, 1)))
    np.testing.assert_allclose(float(total.todense() if isinstance(total, sparse.COO) else total), one.sum() * 2)
    dense = product.map_blocks(sparse.COO.todense, dtype=float, meta=np.empty((0,) * 4))
    np.testing.assert_allclose(dense.compute(), expected)


def test_one_added_a_hundred_times_to_a_thousand_blocks() -> None:
    x = da.ones(100_000, chunks=100)
    for _ in range(100):
        x = x + 1
    assert x.npartitions == 1_000
    array, total, halves = minidask.compute(x, x.sum(), x.mean() / 2)
    assert (array == 101).all()
    assert total == 101 * 100_000
    assert halves == 50.5


def test_a_hundred_arrays_at_once() -> None:
    x = da.arange(1_000, chunks=250)
    found = minidask.compute([x + i for i in range(100)])[0]
    assert all(array.tolist() == list(range(i, 1_000 + i)) for i, array in enumerate(found))


def test_distances_of_all_pairs_and_standard_scores() -> None:
    points = np.random.default_rng(2).random((60, 3))
    x = da.from_array(points, chunks=(20, 3))
    distances = da.sqrt(((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=-1))
    scores = (x - x.mean(axis=0)) / x.std(axis=0)
    found = minidask.compute(distances, scores, distances.max(), x[x[:, 0] > 0.5])
    expected = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=-1))
    np.testing.assert_allclose(found[0], expected)
    np.testing.assert_allclose(found[1], (points - points.mean(0)) / points.std(0))
    np.testing.assert_allclose(found[2], expected.max())
    np.testing.assert_array_equal(found[3], points[points[:, 0] > 0.5])
