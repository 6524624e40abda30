import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.creation.filled import full, shape_tuple, stretched
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, chunkings, few, forget, pairs, shapes


@few
@given(shapes(), st.sampled_from([*NUMBERS, "U3", "O", None]), st.data())
def test_ones_zeros_and_full(shape, dtype, data):
    chunks = data.draw(chunkings(shape))
    assert_eq(da.zeros(shape, dtype=dtype, chunks=chunks), np.zeros(shape, dtype))
    assert_eq(da.empty(shape, dtype=dtype, chunks=chunks), np.zeros(shape, dtype))
    if dtype != "U3":
        assert_eq(da.ones(shape, dtype=dtype, chunks=chunks), np.ones(shape, dtype))
        assert_eq(da.full(shape, 3, dtype=dtype, chunks=chunks), np.full(shape, 3, dtype))


@few
@given(pairs(EVERY_DTYPE))
def test_like(pair):
    a, x = pair
    assert_eq(np.zeros_like(x), np.zeros_like(a))
    assert da.zeros_like(x).chunks == x.chunks
    if a.dtype.kind not in "USVM":
        assert_eq(np.ones_like(x), np.ones_like(a))
        assert_eq(np.full_like(x, 1, dtype="f4"), np.full_like(a, 1, dtype="f4"))
    assert_eq(da.empty_like(x, dtype=int, shape=(2,), chunks=1), np.zeros(2, int))


def test_values_of_every_kind():
    assert_eq(da.full(3, np.datetime64("2020-01-01")), np.full(3, np.datetime64("2020-01-01")))
    assert_eq(da.full((2,), "text", chunks=1), np.full(2, "text"))
    assert_eq(da.zeros(3, dtype=[("a", "i4")]), np.zeros(3, [("a", "i4")]))
    assert da.ones(3).compute().flags.writeable
    assert stretched(((0, 1000),), np.array(1.0)).strides == (0,)


def test_names():
    assert da.ones(3).name == da.ones(3).name
    assert (
        len({da.ones(3).name, da.ones(3, dtype=int).name, da.ones(4).name, da.zeros(3).name, da.ones(3, chunks=1).name})
        == 5
    )
    assert da.ones(3, name="mine").name == "mine"


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: da.ones(-1), ValueError, "negative dimensions are not allowed"),
        (lambda: da.ones((2, 1.5)), TypeError, "a shape must be integers"),
        (lambda: full(3, [1, 2]), ValueError, "fill_value must be scalar, got list of 1 dimensions"),
        (lambda: full(3, da.ones(())), TypeError, "fill_value must be known"),
        (lambda: da.ones(3, chunks=(2,) * 3), ValueError, "do not add up"),
        (lambda: da.zeros_like(forget(da.ones(3))), ValueError, "compute_chunk_sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
    assert shape_tuple(np.array([2, 3])) == (2, 3)
