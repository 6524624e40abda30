import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.slicing.setting import put_where
from minidask.array.testing import assert_eq
from tests.array.arrays import few, forget, outcome, pairs, raising, sample
from tests.array.slicing.chunked_indices import lazy_indices

ENDS = st.none() | st.integers(-9, 9)


@st.composite
def targets(draw, shape):
    out = []
    for length in shape:
        kind = draw(st.sampled_from(["slice", "int", "positions"]))
        if kind == "int" and length:
            out.append(draw(st.integers(-length, length - 1)))
        elif kind == "positions" and length:
            out.append(np.array(draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2))))
        else:
            out.append(slice(draw(ENDS), draw(ENDS), draw(st.sampled_from([None, 2, -1]))))
    return tuple(out)


@few
@given(pairs(["f8", "i4", "?", "M8[s]", "U3"]), st.data())
def test_assignment_is_numpys_and_leaves_older_arrays_alone(pair, data):
    a, x = pair
    index = data.draw(targets(a.shape))
    expected, older = a.copy(), x[...] if a.ndim else x.copy()
    older = older.copy()
    part = a[index]
    how = data.draw(st.sampled_from(["element", "array", "lazy", "row"]))
    if how == "element" or not part.size:
        value = sample((1,), a.dtype.str.lstrip("<|>") if a.dtype.kind != "M" else "M8[s]", 5)[0]
        lazy = value
    else:
        value = part.ravel()[::-1].reshape(part.shape).copy() if part.ndim else part
        if how == "row" and part.ndim:
            value = value[:1]
        lazy = da.from_array(value, chunks=2) if how == "lazy" else value
    expected[index] = value
    x[index] = lazy
    assert_eq(x, expected)
    assert_eq(older, a)


def test_masks():
    a = np.arange(12.0).reshape(3, 4)
    x = da.from_array(a, chunks=2)
    y = x.copy()
    y[y > 5] = -1
    assert_eq(y, np.where(a > 5, -1, a))
    y = x.copy()
    y[a > 5] = da.from_array(a * 2, chunks=3)
    assert_eq(y, np.where(a > 5, a * 2, a))
    y = x.copy()
    y[x[:, 0] > 2] = 0
    assert_eq(y, np.where((a[:, 0] > 2)[:, None], 0, a))
    y = x.copy()
    y[:, x[0] > 1] = np.nan
    assert_eq(y, np.where(a[0] > 1, np.nan, a))
    y = forget(x)
    y[y > 5] = -1
    assert_eq(y, np.where(a > 5, -1, a), check_shape=False)
    y = da.zeros((), dtype=int)
    y[()] = 5
    assert_eq(y, 5)
    assert put_where(np.arange(2), True, [5, 6]).tolist() == [5, 6]


@pytest.mark.parametrize("how", ["eager", "lazy"])
def test_a_mask_in_memory_takes_a_list_of_values_in_order(how):
    mask = np.array([[True, False, True], [False, True, False]])
    value = np.array([7.0, 8.0, 9.0])
    lazy = da.from_array(value, chunks=2) if how == "lazy" else value
    a, x = np.zeros((2, 3)), da.zeros((2, 3), chunks=(1, 2))
    a[mask] = value
    x[mask] = lazy
    assert_eq(x, a)
    x[da.from_array(mask, chunks=2)] = lazy + 1
    a[mask] = value + 1
    assert_eq(x, a)


def test_a_mask_of_known_sizes_makes_them_known():
    x = forget(da.ones(4, chunks=2))
    assert np.isnan(x.shape[0])
    x[da.ones(4, chunks=2) > 0] = 2
    assert x.chunks == ((2, 2),)
    assert x.shape == (4,)
    assert_eq(x.rechunk({0: -1}), np.full(4, 2.0))


def test_unknown_rows_take_whole_axes():
    x = forget(da.ones((4, 3), chunks=2))
    x[:, 1] = 7
    assert_eq(x[:, 1], np.full(4, 7.0), check_shape=False)


def test_values_are_cast():
    x = da.zeros(3, dtype=int)
    x[0] = 2.7
    x[1:] = np.array([3.5, 4.5])
    assert_eq(x, np.array([2, 3, 4]))


@pytest.mark.parametrize(
    ("index", "value", "kind", "message"),
    [
        (7, 0, IndexError, "out of bounds"),
        (
            slice(0, 2),
            np.ones((3, 3)),
            ValueError,
            r"could not broadcast input array from shape \(3, 3\) into shape \(2, 3\)",
        ),
        (0, "text", ValueError, "could not convert"),
        (None, np.ones((2, 4, 3)), ValueError, r"the length 1 at new axes \(None\)"),
        (np.ones((2, 2), bool), 0, IndexError, r"boolean index has shape \(2, 2\)|did not match"),
        (([0, 1], [0, 1, 2]), 0, IndexError, "shape mismatch"),
        ((da.ones(4, dtype=bool), True), 1, NotImplementedError, "a single True or False"),
        ((da.ones(4, dtype=bool), [[0], [1]]), 1, NotImplementedError, "compute its positions first"),
        (da.ones((4, 3), dtype=bool), np.ones((2, 6)), ValueError, r"value array of shape \(2, 6\)"),
        (da.ones(4, dtype=bool), np.ones((4, 2)), ValueError, r"value array of shape \(4, 2\)"),
        ((slice(None), da.ones(2, dtype=int)), np.ones(3), ValueError, r"to indexing result of shape \(4, 2\)"),
        (np.array([], float), 1, IndexError, "must be of integer"),
        (da.ones((4, 3), dtype=bool), "text", ValueError, "could not convert"),
    ],
)
def test_bad_assignments(index, value, kind, message):
    x = da.zeros((4, 3), chunks=2)
    name = x.name
    with pytest.raises(kind, match=message):
        x[index] = value
    assert x.name == name


@few
@given(pairs(["f8", "i4", "U3"], min_dims=1, max_dims=4, min_side=1, max_side=5), st.data())
def test_assignment_at_chunked_arrays_is_numpys(pair, data):
    a, x = pair
    eager, lazy = data.draw(lazy_indices(a.shape))
    older, expected = x.copy(), a.copy()
    part = outcome(lambda: a[eager])
    if isinstance(part, type):
        try:
            x[lazy] = a.ravel()[-1]
            made = x.compute()
        except (part, NotImplementedError):
            return
        # Where a slice is empty no task meets the positions, and nothing is assigned.
        np.testing.assert_array_equal(made, a)
        assert (
            0
            in a[tuple([part if isinstance(part, slice) else slice(None) for part in eager if part is not None])].shape
        )
        return
    value = a.ravel()[:1][0]
    how = data.draw(st.sampled_from(["element", "array", "lazy", "row", "fewer axes", "same"]))
    if how != "element" and part.size:
        rest = np.roll(a, 1)
        value = rest[eager]
        if how == "same":
            value = part
        elif how == "row" and value.ndim:
            value = value[:1]
        elif how == "fewer axes" and value.ndim:
            value = value[0]
    lazy_value = value
    if how == "lazy":
        lazy_value = da.from_array(np.asarray(value), chunks=2)
    expected[eager] = value
    try:
        x[lazy] = x[lazy] if how == "same" else lazy_value
    except NotImplementedError as error:
        if "beside arrays of several axes" not in str(error):
            raise
        reject()
    assert_eq(x, expected)
    assert_eq(older, a)


def test_values_for_the_places_of_a_mask_have_their_number():
    mask = da.from_array(np.array([True, False, True]), chunks=2)
    for index, value in ((mask, np.ones((3, 3))), ((slice(None), mask), np.ones(3))):
        x = da.zeros((3, 3), chunks=2)
        x[index] = value
        with pytest.raises(ValueError, match="3 values can't be assigned to the 2 places"):
            x.compute()
    x = da.zeros((2, 3), chunks=2)
    x[da.from_array(np.array([[True, True, True], [False, True, False]]), chunks=2)] = np.arange(3)
    with pytest.raises(ValueError, match="3 values can't be assigned to the 4 places"):
        x.compute()
    x = da.zeros(3, chunks=2)
    x[da.from_array([0, 3], chunks=1)] = 1
    with pytest.raises(IndexError, match="index 3 is out of bounds for axis 0 with size 3"):
        x.compute()
    x = forget(da.zeros(3, chunks=2))
    x[x >= 0] = da.arange(3, chunks=(1, 2))[da.ones(3, chunks=(1, 2)) > 0]
    with pytest.raises(ValueError, match=r"have blocks of (2 and 1|1 and 2) elements along axis 0, which are paired"):
        x.compute()


def test_values_of_unknown_number_at_positions():
    x = da.from_array(np.arange(6), chunks=2)
    x[[0, 2]] = x[x > 3]
    assert_eq(x, np.array([4, 1, 5, 3, 4, 5]))
    x[np.arange(6) > 3] = x[x == 4]
    assert_eq(x, np.array([4, 1, 5, 3, 4, 4]))


def test_a_tuple_is_a_record():
    a = np.zeros(4, [("a", "i4"), ("b", "f8")])
    x = da.from_array(a.copy(), chunks=2)
    for index, value in ((0, (1, 2.0)), ([1, 3], [(3, 4.0), (5, 6.0)]), (slice(2, 3), (7, 8.0))):
        a[index] = value
        x[index] = value
    assert_eq(x, a)
    x[x["a"] > 3] = (0, 9.0)
    a[a["a"] > 3] = (0, 9.0)
    x[da.from_array([0], chunks=1)] = (1, 1.0)
    a[[0]] = (1, 1.0)
    assert_eq(x, a)


def test_an_array_without_axes_is_masked():
    x = da.zeros((), dtype=float)
    x[()] = np.ma.masked
    assert_eq(x, np.ma.masked_array(0.0, True))


def test_masked_blocks_stay_masked():
    a = np.ma.masked_array(np.arange(12.0).reshape(4, 3), np.arange(12).reshape(4, 3) % 5 == 1)
    for change in (increment_some, replace_columns, mask_points, increment_plainly):
        expected, x = a.copy(), da.from_array(a, chunks=2)
        older = x.copy()
        change(expected, np.asarray)
        change(x, lambda part: da.from_array(part, chunks=1))
        assert_eq(x, expected)
        assert_eq(older, a)


def increment_some(x, lazy):
    x[x > 3] += 1


def increment_plainly(x, lazy):
    x[lazy(np.arange(12).reshape(4, 3) > 5)] += 1


def replace_columns(x, lazy):
    x[:, lazy(np.array([0, 2]))] = 7


def mask_points(x, lazy):
    x[[0, 1], [1, 2]] = np.ma.masked


def test_new_axes():
    for index, value in [
        (np.s_[None], 3),
        (np.s_[None, :, None], np.arange(4)[None, :, None, None]),
        (np.s_[:, None, [1, 2]], np.arange(8).reshape(4, 1, 2)),
        (np.s_[[0, 1], None, [1, 2]], np.array([[5], [6]])),
        (np.s_[0, None, [1, 2]], np.array([[5], [6]])),
        (np.s_[..., None], np.arange(3)[:, None]),
        (np.s_[:, None], np.arange(3)),
    ]:
        for lazy in (False, True):
            a, x = np.zeros((4, 3)), da.zeros((4, 3), chunks=2)
            a[index] = value
            x[index] = da.from_array(value, chunks=1) if lazy and np.ndim(value) else value
            assert_eq(x, a)


@pytest.mark.parametrize("value", [True, False])
def test_one_bool_selects_all_or_nothing(value):
    for index in (value, np.array(value), da.from_array(np.array(value))):
        for put in (5, np.arange(3.0), np.ones((1, 4, 3))):
            a, x = np.zeros((4, 3)), da.zeros((4, 3), chunks=2)
            a[value] = put
            x[index] = put
            assert_eq(x, a)


def test_a_mask_beside_an_int_and_an_ellipsis_of_no_width():
    a = np.arange(24).reshape(2, 3, 4)
    mask = np.array([True, False, True, True])
    value = np.arange(6).reshape(3, 2)
    for each in (
        mask,
        np.flatnonzero(mask),
        da.from_array(mask, chunks=2),
        da.from_array(np.flatnonzero(mask), chunks=2),
    ):
        expected, x = a.copy(), da.from_array(a, chunks=2)
        expected[:, 0, ..., mask] = value
        x[:, 0, ..., each] = value
        assert_eq(x, expected)


def masked_cases(x):
    rows = np.array([True, False, True, False])
    hidden = np.ma.masked_array(np.arange(3), [False, True, False])
    return [
        (0, np.ma.masked),
        (slice(1), hidden),
        ((slice(None), [1, 2]), np.ma.masked),
        (([0, 1], [1, 2]), np.ma.masked),
        (rows, np.ma.masked),
        (da.from_array(rows, chunks=2), hidden),
        (x > 3, np.ma.masked),
        (da.from_array([1], chunks=1), np.ma.masked),
        ((da.from_array([1, 0], chunks=1), [2, 1]), np.ma.masked_array([7, 8], [False, True])),
        (1, da.from_array(hidden, chunks=2)),
        (2, np.ma.masked_array(5, True)),
    ]


def computed(x):
    return tuple(map(computed, x)) if isinstance(x, tuple) else x.compute() if isinstance(x, da.Array) else x


@pytest.mark.parametrize("number", range(11))
@pytest.mark.parametrize("dtype", ["f8", "i4"])
def test_masked_values_mask(number, dtype):
    a = np.arange(12).reshape(4, 3).astype(dtype)
    x = da.from_array(a, chunks=2)
    index, value = masked_cases(x)[number]
    older, expected = x + 0, np.ma.masked_array(a.copy())
    expected[computed(index)] = computed(value)
    x[index] = value
    assert isinstance(x._meta, np.ma.MaskedArray)
    assert_eq(x, expected)
    assert_eq(older, a)
    # What is masked stays so where an index is masked, and isn't where it is plain.
    expected[expected > 5] = -1
    x[x > 5] = -1
    assert_eq(x, expected)
    expected[a[:, 0] > 1] = 9
    x[da.from_array(a[:, 0] > 1, chunks=3)] = 9
    assert_eq(x, expected)


def test_nothing_is_computed():
    with config.set(scheduler=raising):
        x = da.zeros((4, 3), chunks=2)
        x[x[:, 0] > 1, 0] = 1
        x[x > 1] = x[x > 1] * 2
        x[x > 1] = np.arange(2)
        x[da.ones(2, dtype=int)] = 4
        x[[1, 2], da.ones(2, dtype=int)] = np.ma.masked
        x[1:] = 1
        x[x > 0] = 2
        x[[0, 1], [1, 2]] = 3


def test_literals_that_the_dtype_lacks_are_refused_at_once():
    for index in [da.ones(3, dtype=int), da.from_array(np.array([True, False, True]), chunks=2)]:
        x = da.zeros(3, dtype="i1", chunks=2)
        with config.set(scheduler=raising):
            for value, error in [(300, OverflowError), ("text", ValueError), (None, TypeError)]:
                with pytest.raises(error):
                    x[index] = value


def test_values_in_order_for_a_mask_of_known_length():
    a = np.arange(6)
    mask = a % 2 == 0
    x = forget(da.from_array(a, chunks=3))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        x[mask] = np.array([7, 8, 9])
