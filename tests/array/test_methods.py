import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.dispatch import FUNCTIONS
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, outcome, pairs

A = np.arange(24.0).reshape(4, 6)

CALLS = {
    "sum": lambda v: v.sum(axis=0, dtype="f4"),
    "prod": lambda v: v.prod(axis=1, keepdims=True),
    "min": lambda v: v.min(),
    "max": lambda v: v.max(axis=1),
    "any": lambda v: v.any(axis=0),
    "all": lambda v: v.all(),
    "mean": lambda v: v.mean(axis=0),
    "var": lambda v: v.var(ddof=1),
    "std": lambda v: v.std(axis=1),
    "argmin": lambda v: v.argmin(axis=0),
    "argmax": lambda v: v.argmax(),
    "cumsum": lambda v: v.cumsum(axis=1),
    "cumprod": lambda v: v.cumprod(axis=0),
    "T": lambda v: v.T,
    "mT": lambda v: v[None].mT,
    "transpose": lambda v: v.transpose(1, 0),
    "transpose of a tuple": lambda v: v.transpose((1, 0)),
    "transpose of None": lambda v: v.transpose(None),
    "swapaxes": lambda v: v.swapaxes(0, 1),
    "squeeze": lambda v: v[:1].squeeze(0),
    "reshape": lambda v: v.reshape(2, -1),
    "reshape to a tuple": lambda v: v.reshape((3, 8)),
    "ravel": lambda v: v.ravel(),
    "flatten": lambda v: v.flatten(),
    "real": lambda v: (v + 1j).real,
    "imag": lambda v: (v + 1j).imag,
    "conj": lambda v: (v + 1j).conj(),
    "conjugate": lambda v: (v + 1j).conjugate(),
    "astype": lambda v: v.astype("i4"),
    "clip": lambda v: v.clip(2, 10),
    "clip by keyword": lambda v: v.clip(max=10),
    "round": lambda v: (v / 7).round(2),
    "view": lambda v: v.view("i8"),
    "copy": lambda v: v.copy(),
}
LOOKED_UP = {
    "dot": (np.dot, lambda v: v.dot(A.T)),
    "repeat": (np.repeat, lambda v: v.repeat(2, axis=1)),
    "choose": (np.choose, lambda v: (v > 3).astype(int).choose([v, -v])),
    "nonzero": (np.nonzero, lambda v: v.nonzero()[0]),
    "trace": (np.trace, lambda v: v.trace(1)),
    "diagonal": (np.diagonal, lambda v: v.diagonal(1)),
    "take": (np.take, lambda v: v.take([0, 2], axis=1)),
    "compress": (np.compress, lambda v: v.compress([True, False, True], axis=0)),
    "searchsorted": (np.searchsorted, lambda v: v[0].searchsorted(np.array([2.5]))),
}


@pytest.mark.parametrize("name", CALLS)
def test_methods_are_numpys(name):
    call = CALLS[name]
    assert_eq(call(da.from_array(A, chunks=(2, 4))), call(A))


@pytest.mark.parametrize("name", LOOKED_UP)
def test_methods_that_are_looked_up(name):
    func, call = LOOKED_UP[name]
    x = da.from_array(A, chunks=(2, 4))
    if func in FUNCTIONS:
        assert_eq(call(x), call(A), check_shape=False)
    else:
        with pytest.raises(TypeError, match=f"{name} isn't built for chunked arrays"):
            call(x)


def test_spans():
    x = da.from_array(A, chunks=(2, 4))
    assert_eq(x.ptp(axis=0), np.ptp(A, axis=0))


def test_bad_calls():
    x = da.from_array(A, chunks=(2, 4))
    with pytest.raises(ValueError, match="ndim < 2"):
        _ = x[0].mT
    with pytest.raises(TypeError, match=r"does not take the following keyword arguments: \['mine'\]"):
        x.astype(int, mine=1)
    assert x.astype(int, subok=False).dtype == int


def test_a_copy_is_not_assigned_to():
    x = da.zeros(3)
    y = x.copy()
    x[0] = 1
    assert_eq(y, np.zeros(3))


ANY_DTYPE = {
    "argpartition": lambda x: np.take_along_axis(x, x.argpartition(0, axis=0), 0)[:1],
    "argsort": lambda x: x.argsort(axis=0, stable=True),
    "byteswap": lambda x: x.byteswap().byteswap(),
    "clip": lambda x: x.clip(x[:1], None),
    "compress": lambda x: x.compress([True], axis=0),
    "conj": lambda x: x.conj(),
    "copy": lambda x: x.copy(),
    "cumprod": lambda x: x.cumprod(axis=0),
    "cumsum": lambda x: x.cumsum(axis=0),
    "flatten": lambda x: x.flatten("F"),
    "max": lambda x: x.max(axis=-1, keepdims=True),
    "mean": lambda x: x.mean(axis=0),
    "repeat": lambda x: x.repeat(2, axis=0),
    "reshape": lambda x: x.reshape(-1, order="F"),
    "round": lambda x: x.round(1),
    "squeeze": lambda x: x.squeeze(),
    "swapaxes": lambda x: x.swapaxes(0, -1),
    "take": lambda x: x.take([0, -1], axis=0),
    "transpose": lambda x: x.transpose(),
    "std": lambda x: x.std(axis=0, ddof=1),
}


@few
@given(pairs(EVERY_DTYPE, min_dims=1, min_side=1), st.sampled_from(sorted(ANY_DTYPE)))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_methods_of_every_dtype(pair, name):
    a, x = pair
    call = ANY_DTYPE[name]
    expected = outcome(lambda: call(a))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            call(x).compute()
        return
    assert_eq(call(x), expected, rtol=1e-3, atol=1e-4)


def test_sorting_in_place_needs_an_axis():
    for x in (np.ones((2, 3)), da.ones((2, 3), chunks=2)):
        with pytest.raises(TypeError):
            x.sort(axis=None)
    x = da.ones((2, 3), chunks=2)
    for call in (lambda: x.partition(1, axis=None), lambda: x.sort(axis=2)):
        with pytest.raises((TypeError, np.exceptions.AxisError)):
            call()
