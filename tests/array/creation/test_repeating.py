import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask.array.creation.repeating import Repeat
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, few, forget, outcome, pairs, sample, shapes


@few
@given(pairs(EVERY_DTYPE), st.lists(st.integers(0, 3), max_size=4) | st.integers(0, 3))
def test_tile(pair, reps):
    a, x = pair
    assert_eq(np.tile(x, reps), np.tile(a, reps))


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_repeat(pair, data):
    a, x = pair
    axis = data.draw(st.none() | st.integers(-a.ndim, a.ndim - 1)) if a.ndim else None
    length = a.size if axis is None else a.shape[axis]
    for times in (
        data.draw(st.integers(0, 4)),
        data.draw(st.lists(st.integers(0, 3), min_size=length, max_size=length)),
    ):
        assert_eq(np.repeat(x, times, axis), np.repeat(a, times, axis))


def test_blocks_stay_about_as_large():
    assert max(da.repeat(da.ones(100, chunks=10), 5).chunks[0]) == 10
    assert_eq(da.repeat(forget(da.arange(4, chunks=2)), 2, axis=0), np.repeat(np.arange(4), 2), check_shape=False)
    assert pickle.loads(pickle.dumps(Repeat(2, 0)))(np.ones(1)).shape == (2,)


MODES = ["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "minimum", "mean"]


@few
@given(pairs(["f8", "i4"], min_dims=1), st.sampled_from(MODES), st.data())
def test_pad(pair, mode, data):
    a, x = pair
    widths = data.draw(st.sampled_from([2, (1, 3), (0, 1), [(n, 5 - n) for n in range(a.ndim)]]))
    options = {}
    if mode == "constant":
        options = data.draw(st.sampled_from([{}, {"constant_values": 7}, {"constant_values": (1, 2)}]))
    elif mode == "linear_ramp":
        options = data.draw(st.sampled_from([{}, {"end_values": 3}, {"end_values": (-1, 2)}]))
    elif mode in ("maximum", "minimum", "mean"):
        options = data.draw(st.sampled_from([{}, {"stat_length": 1}, {"stat_length": (2, 30)}]))
    expected = outcome(lambda: np.pad(a, widths, mode, **options))
    if isinstance(expected, type) or np.isnan(expected.astype(float)).any():
        return
    assert_eq(np.pad(x, widths, mode, **options), expected)


def test_shapes_of_padding():
    x = da.ones((2, 3), chunks=2)
    assert da.pad(x, 1, mode="empty").shape == (4, 5)
    assert_eq(da.pad(x, {1: (0, 2)}), np.pad(np.ones((2, 3)), ((0, 0), (0, 2))))


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: da.tile(x, -1), ValueError, "negative numbers of repetitions"),
        (lambda x: da.repeat(x, -1), ValueError, "negative values"),
        (lambda x: da.repeat(x, [1, 2], axis=1), ValueError, "could not be broadcast"),
        (lambda x: da.repeat(x, da.ones(3, dtype=int)), TypeError, "must be in memory"),
        (lambda x: da.repeat(forget(x), [1, 2], axis=0), ValueError, "repeat needs chunk sizes"),
        (lambda x: da.pad(x, -1), ValueError, "negative values"),
        (lambda x: da.pad(x, 1, mode="mine"), ValueError, "mode 'mine' is not supported"),
        (lambda x: da.pad(x, 1, mode="edge", stat_length=1), ValueError, "unsupported keyword arguments"),
        (lambda x: da.pad(x, 1, mode="reflect", reflect_type="mine"), ValueError, "reflect_type must be"),
        (lambda x: da.pad(x, da.ones(2)), TypeError, "widths must be in memory"),
        (lambda x: da.pad(x, (1, 2, 3)), ValueError, "pad_width must be"),
        (lambda x: da.pad(x, 1, mode="mean", stat_length=0), ValueError, "yields no value"),
        (lambda x: da.pad(forget(x), 1), ValueError, "pad needs chunk sizes"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=2))


@few
@given(
    pairs(["f8", "i4", "c16"], min_side=1),
    st.sampled_from(["reflect", "symmetric"]),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)
def test_odd_mirrors(pair, mode, widths):
    a, x = pair
    assert_eq(np.pad(x, widths, mode, reflect_type="odd"), np.pad(a, widths, mode, reflect_type="odd"))


@few
@given(pairs(["f8"], min_side=1), st.sampled_from([None, 1, 2]))
def test_medians_at_the_ends(pair, span):
    a, x = pair
    assert_eq(np.pad(x, 2, "median", stat_length=span), np.pad(a, 2, "median", stat_length=span))


def ends(vector, widths, axis, kwargs):
    vector[: widths[0]] = kwargs.get("value", axis)
    vector[len(vector) - widths[1] :] = vector.sum()


def test_functions_fill_in_the_ends():
    a = np.arange(6.0).reshape(2, 3)
    for kwargs in ({}, {"value": 9}):
        assert_eq(
            np.pad(da.from_array(a, chunks=1), ((1, 2), (0, 3)), ends, **kwargs),
            np.pad(a, ((1, 2), (0, 3)), ends, **kwargs),
        )


@few
@given(pairs(["f8", "U3", "?"]), shapes(max_dims=2))
def test_resize(pair, shape):
    a, x = pair
    assert_eq(np.resize(x, shape), np.resize(a, shape))


def test_resize_refuses_negative_lengths():
    with pytest.raises(ValueError, match="must be non-negative"):
        da.resize(da.ones(3), (-1, 2))


def test_padding_with_what_the_dtype_lacks_is_refused():
    for x in (np.arange(3), da.arange(3, chunks=2)):
        with pytest.raises(OverflowError, match="infinity"):
            np.pad(x, 1, constant_values=np.inf)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("widths", [1, (0, 2), ((3, 0), (0, 4)), 6, 17])
def test_pads_of_an_arrays_own_elements(mode, widths):
    data = np.arange(35).reshape(7, 5)
    for chunks in ((7, 5), (2, 3), (1, 1)):
        assert_eq(da.pad(da.from_array(data, chunks=chunks), widths, mode=mode), np.pad(data, widths, mode=mode))
    lone = np.arange(3).reshape(1, 3)
    assert_eq(da.pad(da.from_array(lone, chunks=(1, 2)), widths, mode=mode), np.pad(lone, widths, mode=mode))


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap", "linear_ramp", "mean"])
def test_pads_of_nothing_have_nothing_to_repeat(mode):
    with pytest.raises(ValueError, match="can't extend empty axis 1 using modes other than 'constant' or 'empty'"):
        da.pad(da.ones((2, 0)), 1, mode=mode)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
def test_odd_mirrors_of_bools_and_times(mode):
    for a in (sample((7,), "?"), sample((4, 5), "?"), sample((7,), "m8[ms]"), sample((3, 4), "m8[ms]")):
        x = da.from_array(a, chunks=2)
        assert_eq(da.pad(x, 2, mode=mode, reflect_type="odd"), np.pad(a, 2, mode=mode, reflect_type="odd"))
    times = sample((3,), "m8[ms]")
    found = da.pad(da.from_array(times, chunks=2), 7, mode=mode, reflect_type="odd")
    assert_eq(found, np.pad(times, 7, mode=mode, reflect_type="odd"))
    with pytest.raises(TypeError, match="no odd reflection of bools over more than their length"):
        da.pad(da.ones(3, dtype=bool), 9, mode=mode, reflect_type="odd")
