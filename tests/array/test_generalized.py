from __future__ import annotations

import numpy as np
import pytest

import minidask.array as da
from minidask.array.generalized import as_gufunc, gufunc, signature_of
from minidask.array.testing import assert_eq
from tests.array.arrays import sample


def mean(block):
    return block.mean(axis=-1)


def test_gufuncs_are_called_like_functions():
    a = sample((4, 3), "f8")
    x = da.from_array(a, chunks=2)
    func = gufunc(mean, signature="(i)->()", axis=0, keepdims=True, output_dtypes=float)
    assert_eq(func(x, allow_rechunk=True), a.mean(axis=0, keepdims=True))
    with pytest.raises(ValueError, match="multiple chunks"):
        func(x)
    assert repr(func) == "<gufunc mean (i)->()>"
    assert "core dimensions (i)->()" in func.__doc__

    @as_gufunc("(i)->(),()", output_dtypes=(float, float), allow_rechunk=True)
    def ends(block):
        """Return both ends."""
        return block[..., 0], block[..., -1]

    first, last = ends(x)
    assert_eq(first, a[:, 0])
    assert_eq(last, a[:, -1])
    assert ends.__doc__.startswith("Return both ends.")


def test_wrong_gufuncs_raise():
    with pytest.raises(TypeError, match="needs a function"):
        gufunc(3, signature="(i)->()")
    with pytest.raises(ValueError, match="needs signature="):
        gufunc(mean)
    with pytest.raises(ValueError, match="Not a valid"):
        gufunc(mean, signature="(i")
    with pytest.raises(ValueError, match="Only one of"):
        gufunc(mean, signature="(i)->()", meta=np.empty(0), output_dtypes=float)
    with pytest.raises(TypeError, match="unexpected keyword argument 'axess'"):
        as_gufunc("(i)->()", axess=3)


def test_numpys_ufuncs_know_their_signature():
    assert signature_of(np.divmod) == "(),()->(),()"
    assert signature_of(np.vecdot) == "(n),(n)->()"
    a = sample((4, 3), "f8")
    x = da.from_array(a, chunks=(2, 3))
    assert_eq(gufunc(np.vecdot)(x, np.arange(3)), a @ np.arange(3))
    assert_eq(gufunc(np.add)(x, x), a + a)


def test_generalized_ufuncs_of_others():
    umath = pytest.importorskip("numpy.linalg._umath_linalg")
    a = sample((6, 3, 3), "f8") + 4 * np.eye(3)
    x = da.from_array(a, chunks=(2, 3, 3))
    assert_eq(umath.det(x), np.linalg.det(a))
    with pytest.raises(ValueError, match="multiple chunks"):
        umath.det(x.rechunk(2))
    with pytest.raises(TypeError, match="takes axes, axis, keepdims and dtype"):
        umath.det(x, order="F")
