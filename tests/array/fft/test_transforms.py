from __future__ import annotations

import pickle

import numpy as np
import pytest
import scipy.fft
import scipy.fftpack
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.fft.transforms import KINDS, fft_of_real, fft_wrap, transform_dtype
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, raising, sample

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
TWO = ["fft2", "ifft2", "rfft2", "irfft2"]
MANY = ["fftn", "ifftn", "rfftn", "irfftn"]
REAL = ("rfft", "ihfft", "rfft2", "rfftn")
NORMS = [None, "backward", "ortho", "forward"]


def chunked(data, a, whole):
    chunks = [
        (n,) if axis in whole else sizes for axis, (n, sizes) in enumerate(zip(a.shape, data.draw(chunkings(a.shape))))
    ]
    return da.from_array(a, chunks=tuple(chunks))


@pytest.mark.slow
@few
@given(
    data=st.data(), name=st.sampled_from(ONE), dtype=st.sampled_from(["?", "i4", "u1", "f2", "f4", "f8", "c8", "c16"])
)
def test_along_one_axis(data, name, dtype):
    a = sample((3, 6, 4), "f8" if dtype[0] == "c" and name in REAL else dtype, data.draw(st.integers(0, 99)))
    axis = data.draw(st.sampled_from([None, 0, 1, 2, -1, -2]))
    n = data.draw(st.sampled_from([None, 1, 3, 4, 9]))
    norm = data.draw(st.sampled_from(NORMS))
    x = chunked(data, a, {(-1 if axis is None else axis) % 3})
    kwargs = {"n": n, "norm": norm, **({} if axis is None else {"axis": axis})}
    expected = getattr(np.fft, name)(a, **kwargs)
    assert_eq(getattr(da.fft, name)(x, **kwargs), expected, atol=1e-12)
    assert_eq(getattr(np.fft, name)(x, **kwargs), expected, atol=1e-12)


@pytest.mark.slow
@few
@given(data=st.data(), name=st.sampled_from([*TWO, *MANY]), dtype=st.sampled_from(["i4", "f4", "f8", "c16"]))
def test_along_several_axes(data, name, dtype):
    a = sample((3, 6, 4), "f8" if dtype[0] == "c" and name in REAL else dtype, data.draw(st.integers(0, 99)))
    axes = data.draw(st.sampled_from([(0, 1), (1, 0), (-1, -3), [1, 2]]))
    s = data.draw(st.sampled_from([None, (4, 5), (2, 8), (3, -1)]))
    norm = data.draw(st.sampled_from(NORMS))
    x = chunked(data, a, {axis % 3 for axis in axes})
    kwargs = {"axes": axes, "s": s, "norm": norm}
    expected = getattr(np.fft, name)(a, **kwargs)
    assert_eq(getattr(da.fft, name)(x, **kwargs), expected, atol=1e-12)
    assert_eq(getattr(np.fft, name)(x, **kwargs), expected, atol=1e-12)


@pytest.mark.parametrize("name", [*TWO, *MANY])
def test_default_axes(name):
    a = sample((3, 4, 6))
    x = da.from_array(a, chunks=(1, 4, 6) if name in TWO else -1)
    assert_eq(getattr(da.fft, name)(x), getattr(np.fft, name)(a), atol=1e-12)


def test_lengths_alone_mean_the_last_axes():
    a = sample((3, 4, 6))
    x = da.from_array(a, chunks=(1, 4, 6))
    assert_eq(da.fft.fftn(x, s=(2, 8)), np.fft.fftn(a, s=(2, 8), axes=(-2, -1)), atol=1e-12)


def test_no_axis_leaves_an_array_as_it_is():
    x = da.ones((3, 4), chunks=2)
    assert da.fft.fftn(x, axes=()) is x
    assert_eq(x, np.fft.fftn(np.ones((3, 4)), axes=()))


def test_an_axis_may_be_transformed_twice():
    a = sample((3, 4))
    x = da.from_array(a, chunks=(3, 2))
    assert_eq(da.fft.fftn(x, axes=(0, 0)), np.fft.fftn(a, axes=(0, 0)), atol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_an_axis_in_several_blocks_is_an_error_with_the_remedy(name):
    x = da.ones((4, 8), chunks=(4, 4))
    with pytest.raises(ValueError, match=r"axis 1, which is in 2 blocks .* x\.rechunk\(\{1: -1\}\)"):
        getattr(da.fft, name)(x)
    assert getattr(da.fft, name)(x.rechunk({1: -1})).compute() is not None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: da.fft.fft(x, n=0), ValueError, r"Invalid number of FFT data points \(0\)"),
        (lambda x: da.fft.fft(x, n=-1), ValueError, r"Invalid number of FFT data points \(-1\)"),
        (lambda x: da.fft.fft(x, n=2.5), TypeError, "must be an integer"),
        (lambda x: da.fft.fft(x[:, :0]), ValueError, r"Invalid number of FFT data points \(0\)"),
        (lambda x: da.fft.irfft(x[:, :1]), ValueError, r"Invalid number of FFT data points \(0\)"),
        (lambda x: da.fft.fft(x, axis=2), np.exceptions.AxisError, "out of bounds"),
        (lambda x: da.fft.rfftn(x, axes=()), ValueError, "needs an axis"),
        (lambda x: da.fft.fft2(x, s=(2,)), ValueError, "different lengths"),
        (lambda x: da.fft.fftn(x, s=4), TypeError, "sequence of lengths"),
        (lambda x: da.fft.fftn(x[:2], s=(4, None)), TypeError, "must be an integer"),
        (lambda x: da.fft.fft(x, norm="other"), ValueError, "Invalid norm value"),
        (lambda x: da.fft.rfft(x.astype("c16")), TypeError, "rfft"),
        (lambda x: da.fft.fft(forget(x), axis=0), ValueError, "in 2 blocks"),
        (lambda x: da.fft.fft(forget(x[:2]), axis=0), ValueError, "compute_chunk_sizes"),
        (lambda x: fft_wrap(np.sin), ValueError, "no kind of transform 'sin'"),
        (lambda x: fft_wrap(np.fft.fft, kind="dct"), ValueError, "no kind of transform 'dct'"),
        (lambda x: fft_wrap(scipy.fftpack.fft), ValueError, "out of date"),
        (lambda x: fft_wrap(scipy.fftpack.rfft, allow_fftpack=True), ValueError, "another way"),
    ],
)
def test_errors_are_raised_when_building(call, error, message):
    with pytest.raises(error, match=message):
        call(da.ones((4, 8), chunks=(2, 8)))


def test_rows_may_be_unknown():
    a = sample((6, 4))
    x = forget(da.from_array(a, chunks=(2, 4)))
    assert_eq(da.fft.fft(x), np.fft.fft(a))
    assert_eq(da.fft.rfft(x), np.fft.rfft(a))


def test_transforms_of_other_libraries():
    a = sample((4, 8), "f4")
    x = da.from_array(a, chunks=(3, 8))
    for name in ("fft", "rfft", "hfft", "ihfft"):
        own = fft_wrap(getattr(scipy.fft, name))
        assert_eq(own(x), getattr(scipy.fft, name)(a))
        assert own(x).name != getattr(da.fft, name)(x).name
    assert_eq(fft_wrap(scipy.fft.rfftn)(x.rechunk(-1)), scipy.fft.rfftn(a))
    assert_eq(fft_wrap(np.fft.fft, dtype="c8")(x), np.fft.fft(a))


def test_they_fuse_with_their_neighbours_and_travel():
    x = da.ones((40, 8), chunks=(4, 8))
    with config.set(scheduler=raising):
        power = abs(da.fft.fft(x + 1)) ** 2
    assert len(da.optimize(power)[0].dask.layers) == 1
    assert_eq(pickle.loads(pickle.dumps(power)), np.abs(np.fft.fft(np.full((40, 8), 2.0))) ** 2)


def test_names_say_what_is_transformed():
    x = da.ones((4, 8), chunks=(4, 8))
    made = [
        da.fft.fft(x),
        da.fft.ifft(x),
        da.fft.fft(x, n=8),
        da.fft.fft(x, axis=0),
        da.fft.fft(x, norm="ortho"),
        da.fft.fftn(x),
    ]
    assert len({y.name for y in made}) == len(made)
    assert da.fft.fft(x).name == made[0].name
    assert transform_dtype(np.fft.irfft, np.dtype("c8"), 1) == "f4"


def test_they_say_what_they_do():
    assert "x.rechunk({axis: -1})" in da.fft.rfft.__doc__
    assert da.fft.rfft2.__name__ == "rfft2"


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [1, 2, 3, 8, 9])
def test_real_numbers_are_half_transformed(dtype, n):
    for a in (sample((n,), dtype), sample((n, 3), dtype), np.asfortranarray(sample((n, 2, 3), dtype, nan=True))):
        for length in (None, 1, 4, 12):
            for norm in NORMS:
                expected = np.fft.fft(a, length, 0, norm)
                made = fft_of_real(a, 0, length, norm)
                assert made.dtype == expected.dtype
                np.testing.assert_allclose(made, expected, rtol=1e-4 if dtype == "f4" else 1e-9, atol=1e-6)


def test_which_axes_have_to_be_whole():
    x = da.ones((4, 6, 8))
    assert da.fft.fft(x, axis=-2)._layer.func.whole_axes == (1,)
    assert da.fft.fft2(x)._layer.func.whole_axes == (1, 2)
    assert da.fft.irfftn(x, axes=(0,))._layer.func.whole_axes == (0,)


def test_parts_of_a_larger_array():
    a = sample((6, 8, 10), "f8")[:, 2:5, ::3]
    assert_eq(da.fft.ifft(da.from_array(a, chunks=(6, 2, 2)), axis=0), np.fft.ifft(a, axis=0))


@pytest.mark.parametrize("name", ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"])
@pytest.mark.parametrize("s", [None, (7, 4)])
def test_axes_that_come_twice(name, s):
    a = sample((5, 3), "f8")
    x = da.from_array(a, chunks=(5, 2))
    assert_eq(getattr(da.fft, name)(x, s=s, axes=(0, -2)), getattr(np.fft, name)(a, s=s, axes=(0, -2)))


def test_dtypes_depend_on_the_number_of_axes():
    a = sample((6, 6), "f2")
    for axes in ((0,), (0, 1)):
        assert_eq(da.fft.irfftn(da.from_array(a), axes=axes), np.fft.irfftn(a, axes=axes), rtol=1e-2, atol=1e-2)
