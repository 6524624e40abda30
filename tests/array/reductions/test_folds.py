import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.reductions.folds import UfuncFold, longest
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, NUMBERS, RECORD, TIMES, few, forget, outcome, pairs, raising, sample

# NumPy reads numbers in these, where a dtype is given.
TEXTS = [("prod", "U"), ("prod", "S")]
NAMES = ["sum", "prod", "min", "max", "any", "all"]


@st.composite
def axes(draw, ndim):
    if not ndim or draw(st.booleans()):
        return None
    several = draw(st.lists(st.integers(0, ndim - 1), unique=True, max_size=ndim))
    return draw(st.sampled_from([tuple(several), draw(st.integers(-ndim, ndim - 1))]))


@few
@given(pairs(EVERY_DTYPE), st.sampled_from(NAMES), st.booleans(), st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_reductions_are_numpys(pair, name, keepdims, data):
    a, x = pair
    axis = data.draw(axes(a.ndim))
    expected = outcome(lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims))
    split_every = data.draw(st.sampled_from([None, 2, 3]))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            getattr(da, name)(x, axis=axis, keepdims=keepdims, split_every=split_every).compute()
        return
    assert_eq(getattr(da, name)(x, axis=axis, keepdims=keepdims, split_every=split_every), expected, rtol=1e-5)
    assert_eq(getattr(np, name)(x, axis=axis, keepdims=keepdims), expected, rtol=1e-5)
    assert_eq(getattr(x, name)(axis=axis, keepdims=keepdims), expected, rtol=1e-5)


@few
@given(
    pairs([*NUMBERS, *TIMES], nan=True),
    st.sampled_from(["nansum", "nanprod", "nanmin", "nanmax", "min", "sum"]),
    st.data(),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_is_left_out(pair, name, data):
    a, x = pair
    axis = data.draw(axes(a.ndim))
    expected = outcome(lambda: getattr(np, name)(a, axis=axis))
    if isinstance(expected, type):
        with pytest.raises((expected, TypeError)):
            getattr(da, name)(x, axis=axis).compute()
        return
    assert_eq(getattr(da, name)(x, axis=axis), expected, rtol=1e-5)


def test_only_nan_warns():
    x = da.full(4, np.nan, chunks=2)
    for name in ("nanmin", "nanmax"):
        with pytest.warns(RuntimeWarning, match="All-NaN slice encountered"):
            assert np.isnan(getattr(da, name)(x).compute(scheduler="sync"))


def test_dtypes_and_unknown_sizes():
    x = da.ones(6, dtype="i1", chunks=2)
    assert_eq(x.sum(dtype="f4"), np.float32(6))
    assert_eq(forget(x).sum(), np.sum(np.ones(6, "i1")))
    assert_eq(da.sum([1, 2, 3]), np.int64(6))
    assert_eq(forget(da.ones((4, 3), chunks=2)).max(axis=1), np.ones(4), check_shape=False)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x.sum(axis=2), np.exceptions.AxisError, "axis 2 is out of bounds"),
        (lambda x: x.sum(axis=(0, 0)), ValueError, "duplicate"),
        (lambda x: x.sum(split_every=1), ValueError, "split_every must be an integer of at least 2"),
        (lambda x: x[:0].min(), ValueError, "zero-size array to reduction operation minimum"),
        (lambda x: np.sum(x, out=np.zeros(())), TypeError, "out= must be a chunked array"),
        (lambda x: da.from_array(np.array(["a"])).min(), TypeError, "isn't defined"),
    ],
)
def test_bad_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((2, 3), chunks=1))


def test_folds():
    fold = UfuncFold("min", np.minimum, "", None, False)
    assert fold.chunk(np.ones((0, 2)), (0,), None).shape == (0, 2)
    with pytest.raises(ValueError, match="zero-size array"):
        fold.finish(np.ones((0, 2)), (0,))
    assert len(longest([np.ones((0, 1)), np.ones((0, 1))])) == 2


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((2, 3), chunks=1)
        for name in NAMES:
            getattr(x, name)(axis=0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("axis", [0, -1, None, ()])
def test_what_has_no_axis_is_reduced_along_the_first(name, axis):
    assert_eq(getattr(np, name)(da.from_array(np.array(3)), axis=axis), getattr(np, name)(np.array(3), axis=axis))


@pytest.mark.parametrize("name", ["sum", "prod", "nansum", "nanprod"])
def test_dtypes_that_numpy_refuses(name):
    for module, x in ((np, np.ones((4, 6))), (da, da.ones((4, 6), chunks=2))):
        with pytest.raises(TypeError, match="DType"):
            getattr(module, name)(x, axis=0, dtype="M8[s]")


def test_texts_that_take_no_part_are_neither_true_nor_false():
    data = np.array(["a", "", "b"])
    x = da.from_array(data, chunks=2)
    for where in ([False] * 3, [False, True, False], [True, True, False]):
        assert_eq(da.any(x, where=where), np.any(data, where=np.array(where)))
        assert_eq(da.all(x, where=where), np.all(data, where=np.array(where)))


@pytest.mark.parametrize("dtype", [">i4", ">f8", ">M8[s]", ">m8[D]"])
@pytest.mark.parametrize("name", ["min", "max", "nanmin", "nanmax"])
def test_extremes_are_in_the_machines_order_of_bytes(name, dtype):
    a = sample((4, 6), dtype)
    x = da.from_array(a, chunks=(2, 3))
    for axis in (None, 0, (0, 1)):
        for keepdims in (False, True):
            assert_eq(
                getattr(da, name)(x, axis=axis, keepdims=keepdims), getattr(np, name)(a, axis=axis, keepdims=keepdims)
            )


@pytest.mark.parametrize("name", ["sum", "nansum"])
@pytest.mark.parametrize("dtype", ["f4", "O", "i2", "c16"])
def test_timedeltas_stay_such_whatever_dtype_is_wanted(name, dtype):
    a = sample((4, 6), "m8[s]")
    x = da.from_array(a, chunks=(2, 3))
    for axis in (None, 0):
        assert_eq(getattr(da, name)(x, axis=axis, dtype=dtype), getattr(np, name)(a, axis=axis, dtype=dtype))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in ("sum", "prod", "nansum")
        for kind in ("M8[s]", "U3", "S2", RECORD)
        if (name, kind[0]) not in TEXTS
    ],
)
def test_dtypes_that_numpy_refuses_whatever_is_wanted(name, kind):
    a = sample((4, 6), kind)
    for module, x in ((np, a), (da, da.from_array(a, chunks=2))):
        with pytest.raises(TypeError):
            getattr(module, name)(x, axis=0, dtype="f8")


@pytest.mark.parametrize("name", ["any", "all"])
def test_records_are_neither_true_nor_false(name):
    for module, x in ((np, sample((4,), RECORD)), (da, da.from_array(sample((4,), RECORD), chunks=2))):
        with pytest.raises(TypeError):
            getattr(module, name)(x)
