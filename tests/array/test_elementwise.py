import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.elementwise import as_array, elementwise, from_memory, holds_arrays, operation_name
from minidask.array.testing import assert_eq
from minidask.delayed import delayed
from tests.array.arrays import NUMBERS, chunkings, few, forget, outcome, pairs, raising, sample

BINARY = [np.add, np.subtract, np.multiply, np.true_divide, np.floor_divide, np.maximum, np.equal, np.less, np.hypot]


@few
@given(pairs(NUMBERS), st.sampled_from(NUMBERS), st.sampled_from(BINARY), st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_two_arrays_are_broadcast_and_aligned(pair, dtype, ufunc, data):
    a, x = pair
    # Fewer axes, some of them of length 1, and other boundaries of blocks.
    shape = tuple(1 if data.draw(st.booleans()) else n for n in a.shape[data.draw(st.integers(0, a.ndim)) :])
    b = sample(shape, dtype, 1)
    y = da.from_array(b, chunks=data.draw(chunkings(shape)))
    expected = outcome(lambda: ufunc(a, b))
    if isinstance(expected, type):
        with pytest.raises(expected):
            elementwise(ufunc, x, y)
        return
    assert_eq(elementwise(ufunc, x, y), expected, rtol=1e-5)
    assert_eq(elementwise(ufunc, x, b), expected, rtol=1e-5)
    assert_eq(elementwise(ufunc, a, y), expected, rtol=1e-5)


def test_shapes_that_do_not_fit_raise_at_once():
    with pytest.raises(ValueError, match=r"could not be broadcast together with shapes \(2,\) \(3,\)"):
        da.ones(2) + da.ones(3)


def test_names_say_the_operation_and_its_operands():
    x = da.ones(4, chunks=2)
    assert (x + 1).name == (x + 1).name
    names = [
        (x + 1),
        (x + 1.0),
        (x + 2),
        (x - 1),
        (1 - x),
        x + True,
        x + np.float32(1),
        np.add(x, 1, dtype="f4"),
        x + x,
    ]
    assert len({y.name for y in names}) == len(names)
    assert operation_name(np.add) == "add"
    assert operation_name(outcome) != operation_name(pairs)


def test_unknown_sizes_meet_equal_numbers_of_blocks():
    a = np.arange(6)
    x = da.from_array(a, chunks=2)
    assert_eq(forget(x) + forget(x), a * 2, check_shape=False)
    assert_eq(forget(x) + x, a * 2, check_shape=False)
    with pytest.raises(ValueError, match="equal numbers of blocks"):
        forget(x) + da.ones(6, chunks=3)


def test_arrays_in_memory_are_cut_to_match():
    x = da.ones((4, 6), chunks=(2, 3))
    assert (x + np.ones(6)).chunks == x.chunks
    assert (x + np.ones((4, 1))).chunks == x.chunks
    assert_eq(x + [1, 2, 3, 4, 5, 6], 1 + np.ones((4, 6)) * range(1, 7))


def test_zero_dimensional_operands():
    assert_eq(da.ones(3) + np.array(2.0), np.full(3, 3.0))
    assert_eq(np.array(2.0) + da.ones(()), 3.0)


def test_other_collections_are_refused():
    with pytest.raises(TypeError, match="can't be combined with a Delayed"):
        elementwise(np.add, da.ones(3), delayed(1))
    with pytest.raises(TypeError, match="expected an array, got a Delayed"):
        as_array(delayed(1))


def test_masked_blocks_stay():
    m = np.ma.array([1.0, 2.0, 3.0], mask=[True, False, False])
    x = da.from_array(m, chunks=2)
    assert type((x + 1)._meta) is np.ma.MaskedArray
    assert_eq(x + 1, m + 1)


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones(4, chunks=2)
        elementwise(np.add, x, x, kwargs={"dtype": np.dtype("f4")})
        elementwise(np.modf, x, nout=2)
        from_memory(np.ones(3), 2)


def test_lists_of_arrays_are_stacked_without_computing():
    a = np.arange(24.0).reshape(4, 6)
    x = da.from_array(a, chunks=(2, 3))
    with config.set(scheduler=raising):
        made = [da.sum([x, x]), da.mean([x, 1 + x], axis=0), da.flip([x, x]), da.sin([x, x]), x + [x[0]] * 4]
        nested = as_array([[x[0], a[0]], (x[1], x[1])])
    both = np.array([a, a])
    for one, other in zip(
        made,
        [both.sum(), np.mean([a, 1 + a], axis=0), np.flip(both), np.sin(both), a + a[:1]],
        strict=True,
    ):
        assert_eq(one, other)
    assert_eq(nested, np.array([[a[0], a[0]], [a[1], a[1]]]))
    assert holds_arrays(([x],))
    assert not holds_arrays([a, [1]])
