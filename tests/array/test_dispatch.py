import numpy as np
import pytest

import minidask.array as da
from minidask.array.dispatch import FUNCTIONS, call_registered
from minidask.array.testing import assert_eq


def test_what_is_registered_is_called():
    assert call_registered(np.ravel, (da.ones((2, 2)),), {}).shape == (4,)


def test_what_is_not_raises_with_a_hint():
    with pytest.raises(TypeError, match=r"numpy\.real_if_close isn't built for chunked arrays.*x\.compute\(\)"):
        np.real_if_close(da.ones((2, 2)))


def test_all_that_is_public_under_a_name_of_numpys_is_registered():
    functions = {
        name: getattr(np, name)
        for name in da.__all__
        if hasattr(np, name) and hasattr(getattr(np, name), "_implementation")
    }
    # These take numbers, and make arrays: no argument of them is one.
    makers = {"geomspace", "linspace", "logspace"}
    missing = sorted(name for name, func in functions.items() if func not in FUNCTIONS and name not in makers)
    assert not missing


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.roll(a=x, shift=1),
        lambda x: np.squeeze(a=x),
        lambda x: np.transpose(a=x, axes=(1, 0)),
        lambda x: np.broadcast_to(array=x, shape=(2, 2, 3)),
        lambda x: np.concatenate([x, x], axis=1, dtype="f4"),
        lambda x: np.stack(arrays=[x, x], dtype="f4"),
        lambda x: np.vstack([x, x], dtype="f4", casting="same_kind"),
        lambda x: np.tensordot(a=x, b=x, axes=2),
        lambda x: np.cumsum(a=x, axis=0),
        lambda x: np.isclose(a=x, b=1),
        lambda x: np.where(x > 1, x, -x),
        lambda x: np.empty_like(prototype=x).shape,
        lambda x: np.digitize(x=x, bins=[1, 2]),
        lambda x: np.shape(a=x),
    ],
)
def test_numpys_names_of_arguments(call):
    a = np.arange(6.0).reshape(2, 3)
    expected, made = call(a), call(da.from_array(a, chunks=2))
    if isinstance(expected, tuple):
        assert made == expected
    else:
        assert_eq(made, np.asarray(expected))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, 0, None, None, True),
        lambda x: np.max(x, 1, None, True),
        lambda x: np.std(x, 0, None, None, 1, True),
        lambda x: np.argmin(x, 0, None),
        lambda x: np.median(x, 0, None, False, True),
        lambda x: np.percentile(x, 50, 0, None, False, "linear", True),
        lambda x: np.ptp(x, 0, None, True),
        lambda x: np.full_like(x, 3, int),
        lambda x: np.ones_like(x, int, "C", True, (2,)),
        lambda x: np.histogram(x, 2, (0, 4), True)[0],
        lambda x: np.reshape(x, (3, 2), "F"),
        lambda x: np.cumsum(x, 0, int),
        lambda x: np.clip(x, 1, 3),
    ],
)
def test_numpys_order_of_arguments(call):
    a = np.arange(6.0).reshape(2, 3)
    assert_eq(call(da.from_array(a, chunks=2)), call(a))


def test_what_ours_doesnt_have_is_left_out_where_it_is_numpys_default():
    x = da.ones((2, 2))
    assert np.ones_like(x, subok=True, device=None).shape == (2, 2)
    with pytest.raises(TypeError, match="subok"):
        np.ones_like(x, subok=False)


def test_out_by_position():
    a = np.arange(6.0).reshape(2, 3)
    x = da.from_array(a, chunks=2)
    total = da.zeros(3)
    assert np.sum(x, 0, None, total) is total
    assert_eq(total, a.sum(0))
    product = da.zeros((2, 2))
    assert np.dot(x, x.T, product) is product
    assert_eq(product, a @ a.T)


def test_out_of_functions_that_have_none_of_their_own():
    a = np.arange(4.0).reshape(2, 2)
    x = da.from_array(a, chunks=1)
    for func in (np.dot, np.matmul, np.outer):
        out = da.zeros(func(a, a).shape)
        assert func(x, x, out=out) is out
        assert_eq(out, func(a, a))
    out = da.zeros((2, 2))
    assert np.clip(x, 1, 2, out=out) is out
    assert_eq(out, a.clip(1, 2))
    assert_eq(np.round(x / 3, 1, out=out), np.round(a / 3, 1))
    assert np.fft.fft(x.rechunk(2), out=(spectrum := da.zeros((2, 2), dtype=complex))) is spectrum
    with pytest.raises(TypeError, match="out= must be a chunked array"):
        np.dot(x, x, out=np.zeros((2, 2)))
