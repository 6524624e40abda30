from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.products.einsum import Einsum
from minidask.array.testing import assert_eq
from tests.array.arrays import NUMBERS, chunkings, few, forget, raising, sample

LENGTHS = {"i": 3, "j": 4, "k": 2, "l": 5}

# notation: shapes of its operands by labels; dots are lengths of their own
FORMS = [
    ("ij,jk->ik", "ij jk"), ("ij,jk", "ij jk"), ("ij,kj->ki", "ij kj"), ("i,i", "i i"), ("i,j->ji", "i j"),
    ("ij->ji", "ij"), ("ij->", "ij"), ("ji", "ji"), ("ii->i", "ii"), ("ii", "ii"), ("iij->ji", "iij"), ("iji->j", "iji"),
    ("ij,ij->", "ij ij"), ("ij,ij->ij", "ij ij"), ("ijk,jkl->il", "ijk jkl"), ("i...->...", "ijk"),
    ("...i,...i->...", "jki ki"), ("...ij,jk", "lij jk"), ("ij...,jk...->ik...", "ijl jkl"),
    ("ij,jk,kl->il", "ij jk kl"), ("i,i,i->i", "i i i"), ("ij,jk,kl", "ij jk kl"), (" i j , j k -> i k ", "ij jk"),
    (",ij->ij", " ij"), ("ijk,ilj,ki->l", "ijk ilj ki"), ("...,...", "ij j"), ("Ab,bC", "ij jk"), ("...ii->...", "jii"),
]  # fmt: skip


@pytest.mark.slow
@few
@given(
    data=st.data(),
    form=st.sampled_from(FORMS),
    dtype=st.sampled_from(NUMBERS),
    optimize=st.sampled_from([False, True, "optimal"]),
)
def test_every_notation(data, form, dtype, optimize):
    text, operands = form
    arrays = [
        sample(tuple(LENGTHS[label] for label in labels), dtype, at) for at, labels in enumerate(operands.split(" "))
    ]
    chunked = [da.from_array(a, chunks=data.draw(chunkings(a.shape))) for a in arrays]
    expected = np.einsum(text, *arrays)
    assert_eq(da.einsum(text, *chunked, optimize=optimize), expected)
    assert_eq(np.einsum(text, chunked[0], *arrays[1:], optimize=optimize), expected)


@pytest.mark.slow
@few
@given(data=st.data())
def test_sublists(data):
    a, b = sample((3, 4), seed=1), sample((4, 2), seed=2)
    x = da.from_array(a, chunks=data.draw(chunkings(a.shape)))
    y = da.from_array(b, chunks=data.draw(chunkings(b.shape)))
    assert_eq(da.einsum(x, [0, 1], y, [1, 2], [0, 2]), a @ b)
    assert_eq(da.einsum(x, [7, 30], y, [30, 2]), np.einsum(a, [7, 30], b, [30, 2]))
    assert_eq(da.einsum(x, [..., 1], y, [1, 2], [..., 2]), a @ b)


def test_lengths_of_one_are_stretched():
    assert_eq(da.einsum("i,i", da.ones(1), da.arange(5.0, chunks=2)), np.einsum("i,i", np.ones(1), np.arange(5.0)))
    a, b = sample((1, 3), seed=1), sample((4, 3), seed=2)
    assert_eq(
        da.einsum("...i,...i->...", da.from_array(a), da.from_array(b, chunks=2)), np.einsum("...i,...i->...", a, b)
    )


def test_a_dtype_to_calculate_in():
    a = sample((4, 4), "i4")
    x = da.from_array(a, chunks=2)
    assert_eq(da.einsum("ij,jk", x, x, dtype="f8"), np.einsum("ij,jk", a, a, dtype="f8"))
    with pytest.raises(TypeError, match="Cannot cast"):
        da.einsum("ij,jk", x, x, dtype="i2")
    assert_eq(
        da.einsum("ij,jk", x, x, dtype="i2", casting="unsafe"), np.einsum("ij,jk", a, a, dtype="i2", casting="unsafe")
    )


def test_objects():
    a = sample((3, 3), "O")
    x = da.from_array(a, chunks=2)
    assert_eq(da.einsum("ij,jk->ik", x, x), np.einsum("ij,jk->ik", a, a))


def test_an_order_is_found_for_the_whole_arrays():
    x, y = da.ones((200, 2), chunks=50), da.ones((2, 200), chunks=50)
    with config.set(scheduler=raising):
        ordered = da.einsum("ij,jk,kl->il", y, x, y, optimize=True)
    assert ordered.compute().shape == (2, 200)
    path = ["einsum_path", (1, 2), (0, 1)]
    assert_eq(da.einsum("ij,jk,kl->il", y, x, y, optimize=path), np.full((2, 200), 400.0))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        da.einsum("ij,jk,kl->il", forget(y), x, y, optimize=True)


def test_unknown_lengths():
    a = sample((6, 3))
    x = forget(da.from_array(a, chunks=(2, 3)))
    assert_eq(da.einsum("ij,ij->j", x, x), np.einsum("ij,ij->j", a, a))


@pytest.mark.parametrize(
    ("text", "count", "message"),
    [
        ("ij,jk", 1, "for 2 operands, got 1"),
        ("ij,jk,kl", 2, "for 3 operands, got 2"),
        ("i1,1j", 2, "invalid character '1'"),
        ("i..j,j", 2, "invalid character '.'"),
        ("ij->iz", 1, "label 'z', which no operand has"),
        ("ij->ii", 1, "label 'i' more than once"),
        ("ijk", 1, "has 3 labels, but its operand has 2 dimensions"),
        ("i", 1, "has 1 labels, but its operand has 2 dimensions"),
        ("...i->i", 1, "must have '...'"),
        ("ii", 1, "different lengths along the axes with label 'i'"),
        ("ij,ij", 2, "different lengths"),
    ],
)
def test_notations_that_are_wrong(text, count, message):
    operands = [da.ones((2, 3)), da.ones((3, 4))][:count]
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        da.einsum(text, *operands)


def test_other_errors():
    with pytest.raises(ValueError, match="got nothing"):
        da.einsum()
    with pytest.raises(ValueError, match="labels in lists"):
        da.einsum(da.ones(2), [0.5])


def test_people_read_what_is_summed():
    assert Einsum("ij->i", None, "safe", False).short_name == "einsum(ij->i)"


@pytest.mark.parametrize("dtype", ["?", "i1"])
def test_narrow_numbers_are_widened_before_they_are_added(dtype):
    a, w = (np.arange(200).reshape(10, 4, 5) % 100).astype(dtype), np.arange(4) / 2
    x = da.from_array(a, chunks=(3, 4, 5))
    assert_eq(da.einsum("abc,b->a", x, w), np.einsum("abc,b->a", a, w))
