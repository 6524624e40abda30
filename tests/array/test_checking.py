"""Blocks are what was declared, are made so without a loss, or raise."""

from __future__ import annotations

import numpy as np
import pytest

from minidask.array.checking import as_declared, check_shape


@pytest.mark.parametrize("block", [np.ones((2, 3)), [1, 2], None, {"a": 1}, "text"])
def test_shapes_that_fit_or_are_none(block):
    check_shape(block, (2, 3), "f", "chunks=")
    check_shape(block, (np.nan, 3), "f", "chunks=")


@pytest.mark.parametrize(
    ("block", "shape"), [(np.ones((2, 4)), "(2, 4)"), (np.ones(2), "(2,)"), (5.0, "()"), (np.float64(5), "()")]
)
def test_shapes_that_do_not(block, shape):
    with pytest.raises(ValueError) as caught:
        check_shape(block, (2, 3), "f", "chunks=")
    assert str(caught.value) == f"f returned a block of shape {shape} where (2, 3) was declared: correct chunks="


@pytest.mark.parametrize(
    ("block", "dtype"),
    [
        (np.arange(3), "f8"),
        (np.arange(3), "i1"),
        (np.ones(3), "f4"),
        (np.ones(3, bool), "i4"),
        (np.array(["a"]), "U5"),
        (np.array([1, None]), "O"),
        (np.ma.array([1, 2], mask=[1, 0]), "f8"),
        (np.int64(3), "f4"),
    ],
)
def test_dtypes_that_are_cast(block, dtype):
    made = as_declared(block, np.dtype(dtype), "f", "dtype=")
    assert made.dtype == dtype
    assert type(made) is type(block) or isinstance(made, np.generic)
    assert np.ma.allequal(made, block)


def test_what_stays():
    for value in ([1.5], 1.5, None):
        assert as_declared(value, np.dtype("i8"), "f", "dtype=") is value
    texts = np.array(["abc"])
    assert as_declared(texts, np.dtype(str), "f", "dtype=") is texts


@pytest.mark.parametrize(
    ("block", "dtype"),
    [
        (np.ones(2), "i8"),
        (np.array(["abc"]), "U2"),
        (np.array(["a"]), "f8"),
        (np.arange(2), "u1"),
        (np.array([1j]), "f8"),
    ],
)
def test_dtypes_of_another_kind(block, dtype):
    with pytest.raises(TypeError) as caught:
        as_declared(block, np.dtype(dtype), "f", "dtype=")
    declared = np.dtype(dtype)
    assert (
        str(caught.value) == f"f returned a block of dtype {block.dtype} where {declared} was declared: correct dtype="
    )


def test_integers_that_do_not_fit():
    with pytest.raises(OverflowError, match="integers that int8, which was declared, doesn't hold: correct dtype="):
        as_declared(np.array([1, 300]), np.dtype("i1"), "f", "dtype=")
