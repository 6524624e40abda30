from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.exceptions import AxisError

from minidask.array.signatures import Axes, from_the_end, parse_signature, read_axes, to_the_end
from tests.array.arrays import few


@pytest.mark.parametrize(
    ("text", "inputs", "outputs"),
    [
        ("(i)->()", (("i",),), ((),)),
        ("(i,j),(j,k)->(i,k)", (("i", "j"), ("j", "k")), (("i", "k"),)),
        (" ( i ) , () -> ( ) , (k) ", (("i",), ()), ((), ("k",))),
        ("->(k)", (), (("k",),)),
        ("(n?,k),(k,m?)->(n?,m?)", (("n", "k"), ("k", "m")), (("n", "m"),)),
        ("(3),(3)->(3)", (("3",), ("3",)), (("3",),)),
        ("(_a1,)->(_a1)", (("_a1",),), (("_a1",),)),
    ],
)
def test_signatures_are_read(text, inputs, outputs):
    assert parse_signature(text) == (inputs, outputs)


@pytest.mark.parametrize(
    "text", ["", "(i)", "(i->()", "i->()", "(i)->", "(i)(j)->()", "(i)->()->()", "(i j)->()", "(i-)->()"]
)
def test_other_texts_raise(text):
    with pytest.raises(ValueError, match="Not a valid gufunc signature"):
        parse_signature(text)


def test_signatures_are_text():
    with pytest.raises(TypeError, match="a signature is text"):
        parse_signature(5)


def axes_of(text, axes=None, axis=None, keepdims=False):
    return read_axes(parse_signature(text), axes, axis, keepdims)


def test_where_core_dimensions_lie():
    assert axes_of("(i,j),(j)->(i)") == Axes(((-2, -1), (-1,)), ((-1,),))
    assert axes_of("(i),()->()", axis=1) == Axes(((1,), ()), ((),))
    assert axes_of("(i)->(i)", axis=0) == Axes(((0,),), ((0,),))
    assert axes_of("(i)->()", axes=[0]) == Axes(((0,),), ((),))
    assert axes_of("(i),(i)->()", axes=[0, (1,), ()]) == Axes(((0,), (1,)), ((),))
    assert axes_of("(i,j)->()", axes=[(0, 1)], keepdims=True) == Axes(((0, 1),), ((0, 1),))
    assert axes_of("(i)->(),()", axis=0, keepdims=True) == Axes(((0,),), ((0,), (0,)))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"text": "(i)->()", "axes": [0], "axis": 0}, ValueError, "Only one of"),
        ({"text": "(i)->()", "axes": (0,)}, TypeError, "of type list"),
        ({"text": "(i)->()", "axes": [0.5]}, TypeError, "must hold integers"),
        ({"text": "(i)->()", "axes": [(0, 1)]}, ValueError, "number of `axes` entries for input #0 is 2"),
        ({"text": "(i)->(i)", "axes": [0]}, ValueError, "1 entries, but the signature has 2"),
        ({"text": "(i,j)->()", "axis": 0}, ValueError, "only if one core dimension"),
        ({"text": "(i),(j)->()", "axis": 0}, ValueError, "only if one core dimension"),
        ({"text": "(i)->()", "axis": 0.5}, TypeError, "integer"),
        ({"text": "(i)->(i)", "keepdims": True}, ValueError, "`keepdims` can only be used"),
        ({"text": "(i),()->()", "keepdims": True}, ValueError, "`keepdims` can only be used"),
    ],
)
def test_axes_that_do_not_fit_raise(arguments, error, text):
    with pytest.raises(error, match=text):
        axes_of(**arguments)


@few
@given(st.data(), st.integers(1, 5))
def test_orders_are_those_of_moveaxis(data, ndim):
    axes = data.draw(st.lists(st.integers(0, ndim - 1), max_size=ndim, unique=True))
    a = np.empty(tuple(range(2, 2 + ndim)))
    last = list(range(ndim - len(axes), ndim))
    assert a.transpose(to_the_end(axes, ndim)).shape == np.moveaxis(a, axes, last).shape
    assert a.transpose(from_the_end(axes, ndim)).shape == np.moveaxis(a, last, axes).shape


def test_axes_out_of_range_raise():
    with pytest.raises(AxisError):
        to_the_end((2,), 2)
    with pytest.raises(ValueError, match="repeated axis"):
        to_the_end((0, -2), 2)
