from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.opaque import OpaqueLayer
from minidask.array.products.contraction import Call, SumOfProducts, add_up, bounded, contract, product_dtype
from minidask.array.testing import assert_eq
from minidask.graph import Blockwise, TreeReduction
from tests.array.arrays import chunkings, few, forget, raising, sample


@pytest.mark.slow
@few
@given(data=st.data())
def test_matrices_of_any_chunks(data):
    n, k, m = [data.draw(st.integers(0, 9)) for _ in range(3)]
    a, b = sample((n, k), seed=1), sample((k, m), seed=2)
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    y = da.from_array(b, chunks=data.draw(chunkings(b.shape)))
    assert_eq(contract("matmul", Call(np.matmul), "ij", x, "ik", y, "kj"), a @ b)


def test_one_product_a_block_is_one_blockwise_layer():
    x = da.ones((6, 4), chunks=(2, 4))
    assert isinstance((x @ x.T)._layer, Blockwise)


def test_tall_products_are_summed_by_a_wide_tree():
    x = da.ones((1000, 4), chunks=(10, 4))
    product = x.T @ x
    assert isinstance(product._layer, TreeReduction)
    assert isinstance(product._layer.inputs[0], Blockwise)
    assert_eq(product, np.full((4, 4), 1000.0))
    # A tree of 16 a task over 100 products.
    assert len(product._layer.lower()) == 7 + 1


def test_square_products_are_summed_a_few_a_task():
    x = da.ones((32, 32), chunks=4)
    partials = (x @ x)._layer.inputs[0]
    assert isinstance(partials, OpaqueLayer)
    assert partials.numblocks == (8, 8, 2)
    assert_eq(x @ x, np.full((32, 32), 32.0))
    small = da.ones((8, 8), chunks=4)
    assert isinstance((small @ small)._layer, OpaqueLayer)


@pytest.mark.slow
def test_few_partial_products_exist_at_a_time():
    a = np.ones((480, 480))
    x = da.from_array(a, chunks=60)
    product = x @ x
    product.compute(scheduler="sync")
    tracemalloc.start()
    product.compute(scheduler="sync")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    block = 60 * 60 * 8
    # The blocks of the result, the array that they are copied to, and a few more.
    assert peak < 2 * a.nbytes + 12 * block


def test_large_blocks_of_a_result_are_cut():
    x = da.ones((10_000, 2), chunks=(10_000, 2))
    product = x @ x.T
    assert product.chunks[0] != (10_000,)
    limit = 16 * 2**20 / 8
    assert max(product.chunks[0]) * max(product.chunks[1]) <= limit
    assert product[:2, -2:].compute().tolist() == [[2.0, 2.0], [2.0, 2.0]]
    with config.set({"array.chunk-size": "1 KiB"}):
        y = da.ones((40, 3), chunks=(40, 3))
        assert_eq(y @ y.T, np.full((40, 40), 3.0))


def test_bounded_leaves_unknown_sizes_and_what_fits():
    sizes = {"i": (4, 4), "j": (float("nan"), float("nan")), "k": (100,)}
    assert bounded(sizes, "ij", 1000) == sizes
    assert bounded({"i": (5,), "j": (0, 7)}, "ij", 6) == {"i": (3, 2), "j": (0, 2, 2, 2, 1)}


def test_unknown_sizes_are_believed_where_numbers_of_blocks_agree():
    a = sample((9, 4))
    x = forget(da.from_array(a, chunks=(3, 4)))
    assert_eq(x.T @ x, a.T @ a)
    with pytest.raises(ValueError, match="equal numbers of blocks"):
        _ = x.T @ da.from_array(a, chunks=(2, 4))


def test_names_say_what_is_multiplied():
    x, y = da.ones((4, 4), chunks=2), da.zeros((4, 4), chunks=2)
    assert (x @ y).name == (x @ y).name
    names = {
        z.name
        for z in (
            x @ y,
            y @ x,
            x @ x,
            da.dot(x, y),
            da.tensordot(x, y, 1),
            da.tensordot(x, y, 2),
            da.matmul(x, y, dtype="c16"),
        )
    }
    assert len(names) == 7


def test_nothing_is_computed_when_building_and_graphs_travel():
    x = da.ones((8, 8), chunks=2)
    with config.set(scheduler=raising):
        product = da.einsum("ij,jk,kl->il", x, x, x) + da.tensordot(x, x, 1) + x.dot(x)
    again = pickle.loads(pickle.dumps(product))
    assert_eq(again, np.full((8, 8), 80.0))


def test_sums_don_t_change_blocks():
    parts = [np.ones(2), np.ones(2), np.ones(2)]
    assert add_up(parts).tolist() == [3, 3]
    assert [part.tolist() for part in parts] == [[1, 1]] * 3
    assert add_up([np.array([True]), np.array([True])]).tolist() == [True]


def test_small_integers_wrap_as_numpy_s_do():
    a = np.full(12, 100, "i1")
    x = da.from_array(a, chunks=2)
    assert_eq(x @ x, a @ a)


def test_dtypes_of_products_are_numpy_s():
    assert product_dtype(Call(np.matmul), (np.dtype("f4"), 2), (np.dtype("i8"), 2)) == "f8"
    with pytest.raises(TypeError):
        product_dtype(Call(np.matmul), (np.dtype("M8[s]"), 2), (np.dtype("f8"), 2))


def test_people_read_short_names():
    assert SumOfProducts(Call(np.dot), 2).short_name == "dot"
    assert repr(Call(np.tensordot, (("axes", 1),))) == "tensordot(('axes', 1),)"


def test_an_index_has_to_fit_its_array():
    x = da.ones((2, 2))
    with pytest.raises(ValueError, match="has 1 symbols, but the array has 2 dimensions"):
        contract("dot", Call(np.dot), "i", x, "i", x, "ik", dtype=np.dtype("f8"))


@pytest.mark.slow
def test_sparse_blocks_stay_sparse():
    sparse = pytest.importorskip("sparse")
    a = np.eye(6) * np.arange(6)
    x = da.from_array(a, chunks=3).map_blocks(sparse.COO.from_numpy)
    for product in (x @ x, x.dot(x), da.tensordot(x, x, 1), da.einsum("ij,jk->ik", x, x)):
        assert isinstance(product._meta, sparse.COO)
        assert_eq(product, a @ a)


def test_one_element_isnt_stretched_over_blocks_of_unknown_lengths():
    x = forget(da.ones(2, chunks=1))
    for product in (da.dot, da.inner, da.matmul, da.vdot):
        with pytest.raises(UnknownChunkSizes, match="compute_chunk_sizes"):
            product(x, da.ones(1))
