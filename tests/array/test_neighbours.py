import numpy as np
import pytest

import minidask.array as da
from minidask.array.neighbours import Coordinates, Differences, Slopes, differences, slopes
from minidask.array.testing import assert_eq

DATA = np.random.default_rng(0).normal(size=(13, 7)).round(2)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("chunks", [(13, 7), (4, 3), ((3, 3, 4, 3), (3, 4)), (5, 1), (1, 2)])
def test_differences_of_any_chunks(chunks, axis, times):
    assert_eq(da.diff(da.from_array(DATA, chunks=chunks), n=times, axis=axis), np.diff(DATA, n=times, axis=axis))


@pytest.mark.parametrize("dtype", ["?", "u1", "i8", "f4", "c16", "M8[s]", "m8[s]", object])
def test_differences_of_any_dtype(dtype):
    data = np.array([3, 1, 4, 1, 5, 9, 2, 6]).astype(dtype)
    assert_eq(da.diff(da.from_array(data, chunks=3)), np.diff(data))
    assert_eq(da.diff(da.from_array(data, chunks=4), n=2), np.diff(data, n=2))


def test_differences_of_masked_arrays_keep_masks():
    data = np.ma.array(DATA[:, 0], mask=DATA[:, 0] > 1)
    assert_eq(da.diff(da.from_array(data, chunks=4)), np.diff(data))


def test_short_blocks_are_merged():
    x = da.from_array(DATA, chunks=(1, 7))
    assert differences(x, 0, 2).chunks == ((3, 3, 3, 2), (7,))
    assert slopes(x, 0, 1.0, 2).chunks == ((2, 2, 2, 2, 2, 3), (7,))
    assert_eq(da.diff(x, n=20, axis=0), np.diff(DATA, n=20, axis=0))


def test_gradients_of_times_in_blocks_of_one():
    data = np.array([3, 1, 4, 1, 5, 9, 2], "M8[D]")
    for places in (0.5, np.array([0.0, 1, 3, 4, 6, 7, 9])):
        for edge_order in (1, 2):
            got = da.gradient(da.from_array(data, chunks=1), places, edge_order=edge_order)
            assert_eq(got, np.gradient(data, places, edge_order=edge_order))


def test_gradients_of_bools_raise_as_numpys_do():
    with pytest.raises(TypeError, match="numpy boolean subtract"):
        da.gradient(da.from_array(np.array([True, False, True]), chunks=2))


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("chunks", [(13, 7), (4, 3), ((2, 2, 5, 4), (3, 4)), (1, 1), (6, 6)])
@pytest.mark.parametrize("step", [1.0, 2, np.float32(0.5), "even", "uneven"])
def test_gradients_of_any_chunks(chunks, axis, edge_order, step):
    places = np.arange(DATA.shape[axis]) * 0.5
    step = {"even": places, "uneven": places**2}.get(step, step) if isinstance(step, str) else step
    x = da.from_array(DATA, chunks=chunks)
    assert_eq(
        da.gradient(x, step, axis=axis, edge_order=edge_order),
        np.gradient(DATA, step, axis=axis, edge_order=edge_order),
    )


@pytest.mark.parametrize("dtype", ["f2", "f4", "i4", "c8", "m8[s]", "M8[s]"])
def test_gradients_of_any_dtype(dtype):
    data = np.array([3, 1, 4, 1, 5, 9, 2, 6, 8]).astype(dtype)
    assert_eq(da.gradient(da.from_array(data, chunks=4)), np.gradient(data))


def test_gradients_are_exactly_those_of_numpy():
    data = np.random.default_rng(1).normal(size=1000)
    for chunks in (1000, 100, 300):
        got = da.gradient(da.from_array(data, chunks=chunks), 0.3, edge_order=2).compute()
        assert (got == np.gradient(data, 0.3, edge_order=2)).all()


def test_coordinates_of_blocks_reach_into_their_neighbours():
    coordinates = Coordinates(np.arange(6), (2, 3, 1))
    assert [coordinates[at].tolist() for at in range(len(coordinates))] == [[0, 1, 2], [1, 2, 3, 4, 5], [4, 5]]


def test_building_makes_one_layer_beside_the_borders():
    x = da.ones(10_000, chunks=10)
    assert len(da.diff(x).dask.layers) == len(da.gradient(x).dask.layers) == len(x.dask.layers) + 2


def test_results_are_written_where_they_stay():
    block, more = np.arange(6.0).reshape(2, 3) ** 2, np.full((1, 3), 100.0)
    place = np.zeros((2, 3))
    made = Differences(0, 1).into(place, block, (more,))
    assert made is place
    assert np.array_equal(place, np.diff(np.vstack([block, more]), axis=0))
    assert Differences(0, 1).into(place, block) is None
    assert Differences(0, 2).into(place, block, (more,)) is None
    assert Differences(0, 1).into(np.zeros((2, 3), "f4"), block, (more,)) is None
    made = Slopes(1, 1).into(place, block, (None, None), 0.5)
    assert made is place
    assert np.array_equal(place, np.gradient(block, 0.5, axis=1))
    assert Slopes(1, 1).into(place.astype("f4"), block, (None, None), 0.5) is None
    assert Slopes(0, 1).into(place, block, (None, None), 0.5) is None  # two rows are too few for it


@pytest.mark.parametrize("axis", [0, 1])
def test_what_follows_may_write_into_them(axis):
    a = np.random.default_rng(0).random((40, 50))
    x = da.from_array(a, chunks=(10, 15))
    assert_eq(abs(da.diff(x, axis=axis)) - 1, abs(np.diff(a, axis=axis)) - 1)
    assert_eq(
        da.gradient(x, axis=axis) ** 2 + da.gradient(x, axis=axis),
        np.gradient(a, axis=axis) ** 2 + np.gradient(a, axis=axis),
    )
    d = da.diff(x, axis=axis)
    assert_eq(da.stack([d * 2, d + 1]), np.stack([np.diff(a, axis=axis) * 2, np.diff(a, axis=axis) + 1]))
    assert np.array_equal(x.compute(), a)
