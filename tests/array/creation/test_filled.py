import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.creation.filled import FilledBlock, full, full_like, shape_tuple, stretched
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


def test_arrays_of_values():
    values = np.arange(3)
    for held in (values, values.tolist(), da.from_array(values, chunks=2)):
        assert_eq(full((4, 3), held, chunks=2), np.full((4, 3), values))
        assert_eq(full(3, held, "f4", chunks=1), np.full(3, values, "f4"))
    assert full((4, 3), values, chunks=(2, 1)).chunks == ((2, 2), (1, 1, 1))
    assert_eq(np.full_like(da.ones((2, 3), chunks=1), values), np.full_like(np.ones((2, 3)), values))


def test_like_arrays_of_unknown_sizes():
    a = np.arange(6.0).reshape(3, 2)
    x = forget(da.from_array(a, chunks=2))
    for made, expected in (
        (np.ones_like(x), np.ones_like(a)),
        (np.zeros_like(x, dtype="M8[s]"), np.zeros_like(a, dtype="M8[s]")),
        (np.full_like(x, 7, dtype=int), np.full_like(a, 7, dtype=int)),
        (np.empty_like(x), np.zeros_like(a)),
    ):
        assert_eq(made, expected, check_shape=False)
        assert np.isnan(made.shape[0])
    assert da.ones_like(x).name != da.ones_like(x, dtype=int).name
    assert da.ones_like(x, shape=(2,)).shape == (2,)
    call = pickle.loads(pickle.dumps(FilledBlock(np.array(3))))
    assert call(np.ones((2, 1))).tolist() == [[3], [3]]


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
        (lambda: full(3, [1, 2]), ValueError, r"fill_value must be scalar, or an array that broadcasts to \(3,\)"),
        (lambda: full_like(forget(da.ones(3)), [1, 2, 3]), ValueError, "array of values needs chunk sizes"),
        (lambda: da.ones(3, chunks=(2,) * 3), ValueError, "do not add up"),
        (
            lambda: da.zeros_like(forget(da.ones(3)), chunks=1),
            ValueError,
            "zeros_like with chunks=.*compute_chunk_sizes",
        ),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
    assert shape_tuple(np.array([2, 3])) == (2, 3)
