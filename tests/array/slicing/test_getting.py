import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.chunks import UnknownChunkSizes
from minidask.array.slicing.getting import cut_positions
from minidask.array.testing import assert_eq
from tests.array.arrays import EVERY_DTYPE, chunkings, few, forget, outcome, pairs, raising, sample
from tests.array.slicing.chunked_indices import lazy_indices

ENDS = st.none() | st.integers(-9, 9)


@st.composite
def basic_parts(draw, length):
    if length and draw(st.booleans()):
        return draw(st.integers(-length, length - 1))
    return slice(draw(ENDS), draw(ENDS), draw(st.sampled_from([None, 1, 2, -1, -3])))


@st.composite
def indices(draw, shape, arrays=True):
    """Ints, slices, new axes, an ellipsis, and arrays of positions or booleans, several at once."""
    out = []
    common = draw(st.sampled_from([(2,), (3,), (2, 3), (0,)]))
    axis = 0
    while axis < len(shape):
        length = shape[axis]
        kind = draw(st.sampled_from(["basic"] * 3 + (["positions", "mask"] if arrays else [])))
        if kind == "positions" and length:
            positions = draw(st.lists(st.integers(-length, length - 1), min_size=6, max_size=6))
            out.append(np.resize(positions, common).astype(int) if np.prod(common) else np.zeros(common, int))
        elif kind == "mask" and common == (3,) and length > 3:
            out.append(np.isin(np.arange(length), draw(st.permutations(range(length)))[:3]))
        else:
            out.append(draw(basic_parts(length)))
        axis += 1
        if draw(st.integers(0, 5)) == 0:
            break
    if draw(st.booleans()):
        out.insert(draw(st.integers(0, len(out))), None)
    if draw(st.booleans()) and len(out) < len(shape) + 1:
        out.insert(draw(st.integers(0, len(out))), Ellipsis)
    return tuple(out)


@few
@given(pairs(EVERY_DTYPE, max_dims=4), st.data())
def test_any_index_is_numpys(pair, data):
    a, x = pair
    index = data.draw(indices(a.shape))
    expected = outcome(lambda: a[index])
    if isinstance(expected, type):
        with pytest.raises(expected):
            x[index]
    else:
        assert_eq(x[index], expected)


@few
@given(pairs(), st.data())
def test_slices_of_slices(pair, data):
    a, x = pair
    for _ in range(3):
        index = data.draw(indices(a.shape, arrays=False))
        if not isinstance(outcome(lambda: a[index]), type):
            a, x = a[index], x[index]
    assert_eq(x, a)
    assert_eq(x + 1, a + 1)


@few
@given(pairs(EVERY_DTYPE), st.data())
def test_masks_of_the_whole(pair, data):
    a, x = pair
    mask = sample(a.shape, "?", 1)
    lazy = da.from_array(mask, chunks=data.draw(chunkings(a.shape)))
    assert_eq(x[mask], a[mask])
    y = x[lazy]
    assert_eq(y, a[mask], check_shape=False)
    if a.ndim:
        assert np.isnan(y.shape[0])


def test_masks_of_one_axis():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    mask = np.array([True, False, True])
    assert_eq(x[da.from_array(mask, chunks=1)], a[mask], check_shape=False)
    assert_eq(x[:, da.from_array(a[0] > 1, chunks=3)], a[:, a[0] > 1], check_shape=False)
    assert_eq(x[x[:, 0] > 2], a[a[:, 0] > 2], check_shape=False)
    assert_eq(x[1, x[1] > 5], a[1, a[1] > 5], check_shape=False)
    assert_eq(forget(x)[forget(x)[:, 0] > 2], a[a[:, 0] > 2], check_shape=False)
    assert_eq(x[True], a[True])
    assert_eq(x[np.array(False)], a[np.array(False)])


def test_positions_that_are_not_computed():
    a = np.arange(12).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    positions = np.array([2, -3, 1, 1, 0])
    assert_eq(x[da.from_array(positions, chunks=2)], a[positions])
    assert_eq(x[1:, da.from_array(positions, chunks=2)], a[1:, positions])
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 3"):
        x[da.from_array([5], chunks=1)].compute()
    assert_eq(x[da.from_array(np.array(-1))], a[-1])
    assert_eq(x[1, da.from_array(np.array(2))], a[1, 2])
    grid = np.array([[0, 2], [1, -1], [2, 2]])
    assert_eq(x[:, da.from_array(grid, chunks=(2, 1))], a[:, grid])
    assert_eq(x[da.flatnonzero(x[:, 0] > 1)], a[1:], check_shape=False)


@few
@given(pairs(["f8", "i4", "U3"], min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_indices_with_chunked_arrays_are_numpys(pair, data):
    a, x = pair
    eager, lazy = data.draw(lazy_indices(a.shape))
    expected = outcome(lambda: a[eager])
    if isinstance(expected, type):
        with pytest.raises((expected, NotImplementedError)):
            x[lazy].compute()
    else:
        assert_eq(unless_unbuilt(x, lazy), expected, check_shape=False)


def unless_unbuilt(x, index):
    """What an index selects, if it isn't one of the few that raise."""
    try:
        return x[index]
    except NotImplementedError as error:
        if "beside arrays of several axes" not in str(error):
            raise
        reject()


def test_a_mask_of_several_axes_beside_others():
    a = np.arange(24).reshape(2, 3, 4)
    x = da.from_array(a, chunks=2)
    for mask, index in (
        (a[0] % 2 == 1, (1,)),
        (a[0] % 2 == 1, (slice(None),)),
        (a[..., 0] > 3, ()),
        (a[0] % 3 == 1, (...,)),
    ):
        lazy = da.from_array(mask, chunks=(2, 1))
        assert_eq(x[(*index, lazy)], a[(*index, mask)], check_shape=False)
    mask = a[..., 0] > 3
    lazy = da.from_array(mask, chunks=2)
    for behind in (1, slice(1, 3), None, (..., -1)):
        behind = behind if isinstance(behind, tuple) else (behind,)
        assert_eq(x[(lazy, *behind)], a[(mask, *behind)], check_shape=False)


def test_an_ellipsis_of_no_width_separates():
    a = np.arange(24).reshape(2, 3, 4)
    x = da.from_array(a, chunks=2)
    mask = np.array([True, False, True, True])
    for each in (
        mask,
        np.flatnonzero(mask),
        da.from_array(mask, chunks=2),
        da.from_array(np.flatnonzero(mask), chunks=2),
    ):
        assert_eq(x[:, 0, ..., each], a[:, 0, ..., mask], check_shape=False)
        assert_eq(x[:, 0, each], a[:, 0, mask], check_shape=False)
        assert_eq(x[0, :, each], a[0, :, mask], check_shape=False)


def test_masks_of_unknown_rows():
    a = np.arange(12.0).reshape(4, 3)
    for chunks in (2, (2, 3)):
        x = forget(da.from_array(a, chunks=chunks))
        assert_eq(x[x > 3], a[a > 3], check_shape=False)
    x = forget(da.from_array(a, chunks=(2, 3)), 1)
    assert_eq(x[x > 3], a[a > 3], check_shape=False)


def test_one_bool_that_is_not_computed():
    a = np.arange(3)
    x = da.from_array(a, chunks=2)
    for value in (True, False):
        assert_eq(x[da.from_array(np.array(value))], a[value], check_shape=False)


def test_positions_in_memory_narrow_what_a_task_sees():
    x = da.ones((1000, 10), chunks=100)
    taken = x[[3, 5, 3], da.from_array([1, 2, 0], chunks=2)]
    assert_eq(taken, np.ones(3))
    assert taken._layer.inputs[-1].numblocks == (1, 1)


def test_fields():
    a = sample((4, 3), "record")
    x = da.from_array(a, chunks=2)
    assert_eq(x["a"], a["a"])
    assert_eq(x[["a", "b"]], a[["a", "b"]])
    with pytest.raises(IndexError, match="has no fields"):
        da.ones(3)["a"]
    with pytest.raises(NotImplementedError, match="is an array itself"):
        da.from_array(np.zeros(2, [("m", "f8", (2,))]), chunks=1)["m"]


def test_what_keeps_everything_is_the_array_itself():
    x = da.ones((4, 3), chunks=2)
    for index in (slice(None), ..., (slice(0, 4), slice(-3, None)), (), slice(None, None, 1)):
        assert x[index] is x


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: x[5], IndexError, "out of bounds"),
        (lambda x: x[np.ones((4, 2), bool)], IndexError, "boolean index did not match"),
        (
            lambda x: x[da.ones((4, 2), dtype=bool)],
            IndexError,
            "size of axis is 3 but size of corresponding boolean axis is 2",
        ),
        (lambda x: x[[0, 1], [0, 1, 2]], IndexError, "shape mismatch"),
        (lambda x: x[da.ones((2, 2), dtype=int), [0, 1, 2]], IndexError, r"with shapes \(2, 2\) \(3,\)"),
        (lambda x: x[da.ones(4, dtype=bool), [0, 1]].compute(), IndexError, r"with shapes \(4,\) \(2,\)"),
        (lambda x: x[da.ones(4, dtype=bool), [[0], [1]]], NotImplementedError, "compute its positions first"),
        (lambda x: x[forget(da.zeros((2, 2), dtype=int))], UnknownChunkSizes, "an index of several axes"),
        (lambda x: x[da.ones(4, dtype=bool), True], NotImplementedError, "a single True or False"),
        (lambda x: forget(x, 1)[forget(x, 1) > 0], UnknownChunkSizes, r"x\[mask\] takes elements in the order of rows"),
        (lambda x: x[np.array([], float)], IndexError, "must be of integer"),
        (lambda x: x.vindex[np.array([], float)], IndexError, "must be of integer"),
        (lambda x: x["a"], IndexError, "has no fields"),
    ],
)
def test_bad_indices(call, kind, message):
    with pytest.raises(kind, match=message):
        call(da.ones((4, 3), chunks=2))


def test_pieces_of_positions_have_about_the_blocks_size():
    pieces = cut_positions(np.arange(100)[::-1], (10,) * 10)
    assert max(map(len, pieces)) == 10
    assert [len(p) for p in cut_positions(np.array([0, 5, 5, 9]), (5, 5))] == [1, 3]
    assert [len(p) for p in cut_positions(np.zeros(100, int), (10,) * 10)] == [10] * 10
    assert len(cut_positions(np.zeros(0, int), (3,))) == 1


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.ones((4, 3), chunks=2)
        x[1:, ::-1][[0, 1]][x[0] > 1 if 0 else slice(None)]
        x[x > 0]


def test_slices_that_take_all_of_an_unknown_length():
    x = forget(da.from_array(np.arange(4), chunks=2))
    for index in (np.s_[::1], np.s_[None, ::1], np.s_[..., ::1, None], np.s_[None, :]):
        assert_eq(x[index], np.arange(4)[index], check_shape=False)
    x[::1] = 3
    assert_eq(x, np.full(4, 3), check_shape=False)
    with pytest.raises(UnknownChunkSizes, match="compute_chunk_sizes"):
        forget(da.ones((3, 3), chunks=2), 1)[np.array([[0], [1]])]


def test_one_text_keeps_its_dtype():
    x = da.from_array(np.array(["a", "bcd"]), chunks=1)[0]
    assert x.compute() == "a"
    assert_eq(x[None], np.array(["a"], "U3"))
    x[()] = "xyz"
    assert_eq(x[None], np.array(["xyz"]))
