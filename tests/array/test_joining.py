import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, chunkings, few, forget, pairs, raising, sample


@few
@given(pairs(EVERY_DTYPE, min_dims=1), st.data())
def test_concatenate_and_stack(pair, data):
    a, x = pair
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    y = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    assert_eq(np.concatenate([x, y, x], axis), np.concatenate([a, a, a], axis))
    assert_eq(np.stack([x, y], axis), np.stack([a, a], axis))


@given(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
@few
def test_dtypes_are_promoted(one, other):
    a, b = sample((3,), one), sample((2,), other)
    assert_eq(da.concatenate([da.from_array(a, chunks=2), b]), np.concatenate([a, b]))


def test_axes_none_lists_and_unknown_sizes():
    x = da.ones((2, 3), chunks=1)
    assert_eq(np.concatenate([x, x], axis=None), np.ones(12))
    assert da.concatenate([x]).name == x.name
    assert_eq(da.concatenate([forget(x), x]), np.ones((4, 3)), check_shape=False)
    assert_eq(da.concatenate([[1, 2], [3]]), np.array([1, 2, 3]))
    assert_eq(da.concatenate([da.ones(0), da.ones(2)]), np.ones(2))
    assert_eq(da.stack([da.ones(()), 2]), np.array([1.0, 2.0]))


def test_block():
    a, b = np.ones((2, 2)), np.zeros((2, 1))
    x, y = da.from_array(a, chunks=1), da.from_array(b, chunks=1)
    assert_eq(np.block([[x, y], [y, x]]), np.block([[a, b], [b, a]]))
    assert_eq(da.block(x), a)
    assert_eq(da.block([1, x[0]]), np.block([1, a[0]]))
    with pytest.raises(ValueError, match="List depths are mismatched"):
        da.block([[x], y])
    with pytest.raises(ValueError, match="List at arrays is empty"):
        da.block([[]])


def test_no_block_is_cut_and_equal_layers_are_shared():
    x = da.ones(4, chunks=2)
    y = da.concatenate([x, x])
    assert y.chunks == ((2, 2, 2, 2),)
    assert len(y._layer.inputs) == 1


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.concatenate([]), ValueError, "need at least one array"),
        (lambda x: da.stack([]), ValueError, "need at least one array"),
        (lambda x: da.concatenate([x, x[0]]), ValueError, "must match exactly"),
        (
            lambda x: da.concatenate([x, x[:1]], axis=1),
            ValueError,
            r"along dimension 0 the arrays have lengths \[2, 1\]",
        ),
        (lambda x: da.concatenate([x, x], axis=2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.concatenate([x.sum(), x.sum()]), ValueError, "zero-dimensional"),
        (lambda x: da.stack([x, x.T]), ValueError, "must have the same shape"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=1))


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        da.block([[x, x], [x, da.stack([x[0], x[1]])]])


@pytest.mark.parametrize("call", [da.vstack, da.stack, lambda arrays: da.concatenate(arrays, axis=0)])
def test_unknown_sizes_meet_equal_numbers_of_blocks(call):
    v = da.from_array(np.arange(8.0), chunks=2)
    u = v[v > -1][None]
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        call([u, da.ones((1, 1))])
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.concatenate([u.T, da.ones((1, 1))], axis=1)
