"""Arrays in zarr's format: written by one task a chunk, read lazily."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

import minidask.array as da
from minidask import config
from minidask.array.storage.zarr_arrays import aligned, uniform
from minidask.array.testing import assert_eq
from tests.array.arrays import cuttings, few, forget, raising, sample


@few
@given(st.data(), st.integers(1, 20), st.integers(1, 6), st.integers(0, 7))
def test_blocks_end_where_units_do(data, length, unit, start):
    sizes = data.draw(cuttings(length))
    found = aligned(sizes, unit, start)
    assert sum(found) == length
    assert all((start + edge) % unit == 0 for edge in np.cumsum(found)[:-1])
    assert all(found)


def test_chunks_of_one_size():
    assert uniform(()) == ()
    assert uniform(((2, 2, 1), (0,))) == (2, 1)
    assert uniform(((1, 2),)) is None


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("dtype", ["f8", "i2", "?", "c8"])
def test_there_and_back(tmp_path, dtype, zarr_format):
    a = sample((5, 4), dtype)
    x = da.from_array(a, chunks=(2, 3))
    assert x.to_zarr(tmp_path / "a", zarr_format=zarr_format, fill_value=0) is None
    stored = zarr.open_array(str(tmp_path / "a"), mode="r")
    assert stored.metadata.zarr_format == zarr_format
    assert stored.chunks == (2, 3)
    with config.set(scheduler=raising):
        back = da.from_zarr(str(tmp_path / "a"))
        other = da.from_zarr(stored, chunks=-1)
    assert back.chunks == x.chunks
    assert_eq(back, a)
    assert_eq(other[1:, ::2], a[1:, ::2])


def test_within_groups(tmp_path):
    x = da.arange(5, chunks=2)
    da.to_zarr(x, tmp_path / "g", component="deep/x", attributes={"units": "m"})
    da.to_zarr(x + 1, str(tmp_path / "g"), component="y", zarr_format=3)
    assert zarr.open_group(str(tmp_path / "g"), mode="r")["deep/x"].attrs["units"] == "m"
    assert_eq(da.from_zarr(tmp_path / "g", component="deep/x"), np.arange(5))
    assert_eq(da.from_zarr(tmp_path / "g", "y", inline_array=True), np.arange(5) + 1)


def test_old_arrays_stay_unless_told(tmp_path):
    x = da.arange(5, chunks=2)
    x.to_zarr(tmp_path / "a")
    with pytest.raises(ValueError, match=r"array exists.*overwrite=True"):
        (x + 1).to_zarr(tmp_path / "a")
    assert_eq(da.from_zarr(tmp_path / "a"), np.arange(5))
    (x + 1).to_zarr(tmp_path / "a", overwrite=True)
    assert_eq(da.from_zarr(tmp_path / "a"), np.arange(5) + 1)
    (x[:3] + 2).to_zarr(tmp_path / "a", mode="w")
    assert_eq(da.from_zarr(tmp_path / "a"), np.arange(3) + 2)
    (x[:2] * 0).to_zarr(tmp_path / "a", mode="r+", region=slice(1, 3))
    assert_eq(da.from_zarr(tmp_path / "a"), np.array([2, 0, 0]))


@few
@given(st.data())
def test_regions(data):
    stored = zarr.create_array({}, shape=(11, 7), chunks=(4, 3), dtype="f8", fill_value=0)
    expected = np.zeros((11, 7))
    for _ in range(2):
        region = []
        for n in stored.shape:
            low = data.draw(st.integers(0, n - 1))
            region.append(slice(low, data.draw(st.integers(low + 1, n)), data.draw(st.sampled_from([None, 1, 2]))))
        shape = expected[tuple(region)].shape
        a = sample(shape, "f8", data.draw(st.integers(0, 9)))
        x = da.from_array(a, chunks=tuple(data.draw(cuttings(n)) for n in shape))
        da.to_zarr(x, stored, region=tuple(region))
        expected[tuple(region)] = a
    np.testing.assert_array_equal(stored[:], expected)


def test_each_chunk_is_written_once():
    written = []

    class Counting(zarr.storage.MemoryStore):
        async def set(self, key, value, byte_range=None):
            written.append(key)
            await super().set(key, value)

    da.ones((9, 9), chunks=(2, 2)).to_zarr(zarr.create_array(Counting(), shape=(9, 9), chunks=(4, 4), dtype="f8"))
    chunks = [key for key in written if key.startswith("c/")]
    assert len(chunks) == len(set(chunks)) == 9
    written.clear()
    da.ones(16, chunks=3).to_zarr(zarr.create_array(Counting(), shape=(16,), shards=(8,), chunks=(2,), dtype="f8"))
    assert sorted(key for key in written if key.startswith("c/")) == ["c/0", "c/1"]


def test_later_and_returned(tmp_path):
    x = da.arange(5, chunks=2)
    with config.set(scheduler=raising):
        later = x.to_zarr(tmp_path / "a", compute=False)
    later.compute()
    assert_eq(da.from_zarr(tmp_path / "a"), np.arange(5))
    back = (x + 1).to_zarr(tmp_path / "b", return_stored=True)
    assert_eq(back, np.arange(5) + 1)


def test_no_axes_and_no_elements(tmp_path):
    da.to_zarr(da.ones(()), tmp_path / "a")
    assert_eq(da.from_zarr(tmp_path / "a"), np.array(1.0))
    da.to_zarr(da.ones((0, 3)), tmp_path / "b")
    assert_eq(da.from_zarr(tmp_path / "b"), np.ones((0, 3)))


def test_uneven_blocks_need_chunks(tmp_path):
    x = da.ones(5, chunks=((1, 3, 1),))
    with pytest.raises(ValueError, match=r"x.rechunk\(...\) first, or give chunks="):
        x.to_zarr(tmp_path / "a")
    x.to_zarr(tmp_path / "a", chunks=(2,))
    assert zarr.open_array(str(tmp_path / "a")).chunks == (2,)


def test_urls_and_storage_options():
    x = da.arange(5, chunks=2)
    x.to_zarr("memory://minidask-test/a.zarr", storage_options={"asynchronous": False}, overwrite=True)
    assert_eq(da.from_zarr("memory://minidask-test/a.zarr", storage_options={"asynchronous": False}), np.arange(5))


@pytest.mark.slow
def test_processes(tmp_path):
    x = da.arange(5, chunks=3)
    with config.set(scheduler="processes", num_workers=1):
        x.to_zarr(tmp_path / "a")
        np.testing.assert_array_equal(da.from_zarr(tmp_path / "a").compute(), np.arange(5))
        with pytest.raises(TypeError, match="in the memory of this process"):
            x.to_zarr(zarr.storage.MemoryStore())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: da.to_zarr(np.ones(3), f), TypeError, "zarr.save_array"),
        (lambda f: da.to_zarr(da.ones(3), f, mode="r"), ValueError, "mode must be"),
        (lambda f: da.to_zarr(da.ones(3), f, region=(slice(0, 3),)), ValueError, "existing array"),
        (lambda f: da.to_zarr(forget(da.ones(3)), f), ValueError, "compute_chunk_sizes"),
        (lambda f: da.to_zarr(da.ones(3), zarr.zeros(4)), ValueError, r"can't be stored where \(4,\) is wanted"),
        (lambda f: da.to_zarr(da.ones(3), zarr.zeros(3), chunks=(3,)), TypeError, r"can't be given \['chunks'\]"),
        (lambda f: da.to_zarr(da.ones(3), zarr.zeros(3), region=(1,)), ValueError, "a region is a slice"),
        (lambda f: da.to_zarr(da.ones(3), f / "none", mode="r+"), FileNotFoundError, "none"),
        (lambda f: da.from_zarr(f / "none"), FileNotFoundError, "none"),
    ],
)
def test_errors(call, error, message, tmp_path):
    with pytest.raises(error, match=message):
        call(tmp_path)


def test_without_zarr(monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImportError, match="need the package 'zarr', version 3"):
        da.from_zarr("a.zarr")
