from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.random.draws import draw
from minidask.array.random.streams import OfGenerator, OfRandomState, Stream
from minidask.array.testing import assert_eq
from tests.array.arrays import chunkings, few, forget, raising, shapes

STREAM = Stream(OfGenerator(np.random.PCG64), 5, (0,), 4)
FLOAT = np.dtype(float)


def normal(loc, scale=0.0, size=None, chunks="auto"):
    return draw(STREAM, "normal", (loc, scale), size, chunks, FLOAT)


@pytest.mark.slow
@few
@given(st.data(), shapes(max_dims=3))
def test_parameters_are_broadcast_and_cut(data, shape):
    """Without deviation each element is its own mean, which shows who got which part of the parameters."""
    lead = data.draw(st.integers(0, len(shape)))
    part = tuple(1 if data.draw(st.booleans()) else n for n in shape[lead:])
    means = np.arange(np.prod(part), dtype=float).reshape(part)
    expected = np.broadcast_to(means, shape)
    chunks = data.draw(chunkings(shape))
    assert_eq(normal(means, size=shape, chunks=chunks), expected)
    chunked = da.from_array(means, chunks=data.draw(chunkings(part)))
    x = normal(chunked, size=shape, chunks=chunks)
    assert x.chunks == chunks
    assert_eq(x, expected)
    assert_eq(normal(chunked, size=shape), expected)


def test_chunks_are_those_of_parameters_unless_told():
    x = da.arange(6, chunks=2)
    assert normal(x, size=(3, 6)).chunks == ((3,), (2, 2, 2))
    assert normal(x, chunks=3).chunks == ((3, 3),)
    assert normal(x, da.zeros((2, 1), chunks=1)).chunks == ((1, 1), (2, 2, 2))
    assert_eq(normal(x, da.zeros(6, chunks=3)), np.arange(6.0))


def test_unknown_lengths_come_from_parameters():
    x = forget(da.arange(6, chunks=2))
    assert_eq(normal(x), np.arange(6.0))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        normal(x, size=(6,))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        normal(x, chunks=3)


def test_one_number_is_an_array_without_axes():
    x = normal(3)
    assert x.shape == ()
    assert x.compute() == 3.0
    assert normal(3, size=()).compute() == 3.0


def test_vectors_have_an_axis_more():
    one = np.eye(3)[[0, 2, 1, 1]]
    chunked = da.from_array(one, chunks=(2, 2))
    for pvals in (one, chunked):
        x = draw(STREAM, "multinomial", (np.array([5, 6, 7, 8]), pvals), None, 3, np.dtype("i8"), {}, (0, 1))
        assert x.chunks == ((3, 1), (3,))
        assert_eq(x, one.astype(int) * np.array([[5], [6], [7], [8]]))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: normal(0, -1, 5), ValueError, "scale < 0"),
        (lambda: normal(da.zeros(3), -1), ValueError, "scale < 0"),
        (lambda: normal(0, np.array([1, -1])), ValueError, "scale < 0"),
        (lambda: normal("a"), ValueError, "convert string"),
        (lambda: normal(np.zeros(3), size=4), ValueError, r"Output size \(4,\) is not compatible"),
        (lambda: normal(np.zeros((2, 4)), size=4), ValueError, "not compatible"),
        (lambda: normal(np.zeros(3), np.zeros(4)), ValueError, "broadcast"),
        (lambda: normal(0, size=-1), ValueError, "negative"),
        (lambda: normal(0, size=1.5), TypeError, "integers"),
        (lambda: normal(0, size=4, chunks=(3, 3)), ValueError, "add up"),
        (lambda: draw(STREAM, "normal", (0, 1), 3, 1, FLOAT, {"colour": 1}), TypeError, "colour"),
        (lambda: draw(STREAM, "dirichlet", (1,), 3, 1, FLOAT, {}, (1,)), ValueError, "needs an array of 1 dim"),
    ],
)
def test_wrong_parameters_raise_when_building(call, error, text):
    with config.set(scheduler=raising):
        with pytest.raises(error, match=text):
            call()


def test_large_parameters_are_checked_when_they_are_computed():
    x = normal(np.zeros(2000), np.full(2000, -1.0), chunks=1000)
    with pytest.raises(ValueError, match="scale < 0"):
        x.compute()


def test_factories_check_by_themselves():
    stream = Stream(OfRandomState(np.random.RandomState), 5, (0,), 4)
    assert_eq(draw(stream, "normal", (1, 0), 3, 2, FLOAT), np.ones(3))
    with pytest.raises(ValueError, match="scale < 0"):
        draw(stream, "normal", (1, -1), 3, 2, FLOAT).compute()


@pytest.mark.filterwarnings("ignore::minidask.array.performance.PerformanceWarning")
def test_building_costs_the_same_for_any_number_of_chunks():
    with config.set(scheduler=raising):
        x = normal(da.ones((10**6, 10**6), chunks=100), 1, chunks=100)
    assert x.npartitions == 10**8
