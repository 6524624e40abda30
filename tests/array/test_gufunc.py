from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.gufunc import apply_gufunc, only
from minidask.array.testing import assert_eq
from minidask.delayed import delayed
from tests.array.arrays import cuttings, few, forget, pairs, raising, sample


def mean(block):
    return block.mean(axis=-1)


def both(block):
    return block.mean(axis=-1), block - block.mean(axis=-1, keepdims=True)


@few
@given(pairs(dtypes=["f8", "i4", "c16"], min_dims=1, min_side=1), st.data())
def test_core_dimensions_lie_anywhere(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    keepdims = data.draw(st.booleans())
    y = apply_gufunc(mean, "(i)->()", x, axis=axis, keepdims=keepdims, allow_rechunk=True)
    assert_eq(y, a.mean(axis=axis, keepdims=keepdims))
    first, second = apply_gufunc(both, "(i)->(),(i)", x, axes=[axis, (), axis], allow_rechunk=True)
    assert_eq(first, a.mean(axis=axis))
    assert_eq(second, a - a.mean(axis=axis, keepdims=True))


@few
@given(st.data(), st.lists(st.integers(0, 3), max_size=2), st.integers(0, 2), st.integers(1, 3), st.integers(1, 3))
def test_loop_dimensions_are_broadcast(data, loop, missing, n, m):
    shapes = []
    for core in ((n, m), (m,)):
        own = [1 if data.draw(st.booleans()) else length for length in loop[data.draw(st.integers(0, len(loop))) :]]
        shapes.append((*own, *core))
    a, b = sample(shapes[0], "f8", 1), sample(shapes[1], "i4", 2)
    x, y = [
        da.from_array(
            v, chunks=(*[data.draw(cuttings(k)) for k in v.shape[: v.ndim - core]], *v.shape[v.ndim - core :])
        )
        for v, core in ((a, 2), (b, 1))
    ]
    expected = np.einsum("...ij,...j->...i", a, b)
    z = apply_gufunc(lambda p, q: np.einsum("...ij,...j->...i", p, q), "(i,j),(j)->(i)", x, y, output_dtypes=float)
    assert_eq(z, expected)


def outer(x, y):
    return np.einsum("i,j->ij", x, y)


def test_functions_of_core_dimensions_alone():
    a, b = sample((4, 3), "f8", 1), sample((5, 1, 2), "f8", 2)
    x, y = da.from_array(a, chunks=(2, 3)), da.from_array(b, chunks=(3, 1, 2))
    for dtypes in (None, float, [float]):
        z = apply_gufunc(outer, "(i),(j)->(i,j)", x, y, vectorize=True, output_dtypes=dtypes)
        assert z.chunks == ((3, 2), (2, 2), (3,), (2,))
        assert_eq(z, np.einsum("...i,...j->...ij", a, b))
    z = apply_gufunc(outer, "(i),(j)->(i,j)", x, y, vectorize=True, axes=[0, 2, (0, 1)], allow_rechunk=True)
    assert_eq(z, np.moveaxis(np.einsum("...i,...j->...ij", a.T, b), (-2, -1), (0, 1)))


def test_outputs_have_new_core_dimensions():
    a = sample((6, 4), "f8")
    x = da.from_array(a, chunks=(2, 4))
    assert_eq(apply_gufunc(lambda b: b[..., :2], "(i)->(k)", x, output_sizes={"k": 2}), a[:, :2])
    assert_eq(apply_gufunc(lambda b: b[..., :2], "(i)->(2)", x), a[:, :2])
    assert_eq(apply_gufunc(lambda: np.arange(2), "->(k)", output_sizes={"k": 2}), np.arange(2))
    with pytest.raises(ValueError, match=r"output_sizes=\{'k': \.\.\.\}"):
        apply_gufunc(lambda b: b[..., :2], "(i)->(k)", x)


def test_dtypes_are_found_or_said():
    x = da.ones((4, 3), chunks=(2, 3), dtype="f4")
    assert apply_gufunc(mean, "(i)->()", x).dtype == "f4"
    assert apply_gufunc(mean, "(i)->()", x, output_dtypes="f8").dtype == "f8"
    assert apply_gufunc(mean, "(i)->()", x, meta=np.empty((0, 0), "i8")).dtype == "i8"
    one, two = apply_gufunc(both, "(i)->(),(i)", x, output_dtypes=("f4", "f8"))
    assert (one.dtype, two.dtype) == ("f4", "f8")
    record = apply_gufunc(mean, "(i)->()", x, output_dtypes=[("a", "i4"), ("b", "f8")])
    assert record.dtype.names == ("a", "b")

    def needs_three(block):
        assert block.shape[-1] == 3
        return block.sum(axis=-1)

    assert apply_gufunc(needs_three, "(i)->()", x).dtype == "f4"
    with pytest.raises(ValueError, match="Say it with output_dtypes="):
        apply_gufunc(lambda b: b.nothing, "(i)->()", x)
    with pytest.raises(ValueError, match="Only one of `meta` and `output_dtypes`"):
        apply_gufunc(mean, "(i)->()", x, output_dtypes=float, meta=np.empty(0))
    with pytest.raises(ValueError, match="output_dtypes has 1 entries, but the signature has 2"):
        apply_gufunc(both, "(i)->(),(i)", x, output_dtypes=float)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: apply_gufunc(5, "(i)->()", x), TypeError, "needs a function"),
        (lambda x: apply_gufunc(mean, "(i->()", x), ValueError, "Not a valid gufunc signature"),
        (lambda x: apply_gufunc(mean, "(i),(j)->()", x), ValueError, "requires 2 arguments, but 1 given"),
        (lambda x: apply_gufunc(mean, "(i)->()", x.T), ValueError, "consists of multiple chunks.*allow_rechunk=True"),
        (lambda x: apply_gufunc(mean, "(i,j,k)->()", x), ValueError, "2 dimensions, but the signature has 3"),
        (lambda x: apply_gufunc(np.add, "(i),(i)->(i)", x, x[:, :2]), ValueError, "'i'` with different lengths"),
        (lambda x: apply_gufunc(np.add, "(i),()->(i)", x, x[:3, 0]), ValueError, "broadcast"),
        (lambda x: apply_gufunc(mean, "(4)->()", x), ValueError, "different lengths"),
        (lambda x: apply_gufunc(mean, "(i)->()", x, axis=2), np.exceptions.AxisError, "axis 2"),
    ],
)
def test_wrong_calls_raise_when_building(call, error, text):
    x = da.ones((4, 3), chunks=(2, 3))
    with config.set(scheduler=raising):
        with pytest.raises(error, match=text):
            call(x)


def test_results_of_another_shape_or_number_are_named():
    x = da.ones((4, 3), chunks=(2, 3))
    with pytest.raises(ValueError, match=r"shape \(\) where \(2,\) was declared.*vectorize=True"):
        apply_gufunc(np.sum, "(i)->()", x, output_dtypes=float).compute()
    with pytest.raises(ValueError, match="returned 2 results where the signature has 1 outputs"):
        apply_gufunc(both, "(i)->()", x, output_dtypes=float).compute()
    with pytest.raises(ValueError, match="returned 1 results where the signature has 2 outputs"):
        apply_gufunc(mean, "(i)->(),()", x, output_dtypes=(float, float))[0].compute()


def test_results_of_another_dtype_are_cast_or_named():
    x = da.arange(6, chunks=2).reshape((2, 3))
    assert_eq(apply_gufunc(np.negative, "()->()", x, output_dtypes=float), -np.arange(6.0).reshape(2, 3))
    with pytest.raises(TypeError, match="block of dtype float64 where int32 was declared: correct output_dtypes="):
        apply_gufunc(np.sqrt, "()->()", x, output_dtypes="i4").compute()


def test_collections_as_keywords():
    def plus(block, more, nested):
        assert isinstance(more, np.ndarray)
        return block + more.sum() + nested["a"][0]

    x = da.arange(6, chunks=2)
    y = apply_gufunc(plus, "()->()", x, more=da.ones(3, chunks=1), nested={"a": [delayed(4)]}, output_dtypes=float)
    assert_eq(y, np.arange(6) + 7.0)
    assert_eq(apply_gufunc(np.sum, "(i)->()", x, initial=da.max(x), allow_rechunk=True), 20)


def test_unknown_sizes_pass_through():
    a = sample((4, 3), "f8")
    x = forget(da.from_array(a, chunks=(2, 3)))
    assert_eq(apply_gufunc(mean, "(i)->()", x), a.mean(axis=-1))


def test_names_pickling_and_laziness():
    x = da.ones((4, 3), chunks=(2, 3))
    with config.set(scheduler=raising):
        y = apply_gufunc(mean, "(i)->()", x)
        assert y.name == apply_gufunc(mean, "(i)->()", x).name
        assert y.name != apply_gufunc(mean, "(i)->()", x + 1).name
        vector = apply_gufunc(outer, "(i),(i)->(i,i)", x, x, vectorize=True)
    assert_eq(pickle.loads(pickle.dumps(y)), np.ones(4))
    assert_eq(pickle.loads(pickle.dumps(vector)), np.ones((4, 3, 3)))
    assert only([[5]]) == 5
