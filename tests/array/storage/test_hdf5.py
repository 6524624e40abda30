"""Datasets of HDF5 files."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest

import minidask.array as da
from minidask.array.testing import assert_eq
from tests.array.arrays import forget, sample


def test_one_dataset_and_several(tmp_path):
    a, b = sample((5, 4), "f4"), sample((3,), "i8")
    x, y = da.from_array(a, chunks=(2, 3)), da.from_array(b, chunks=2)
    path = tmp_path / "a.h5"
    da.to_hdf5(path, "/x", x)
    da.to_hdf5(str(path), {"/group/y": y, "z": x + 1}, compression="gzip")
    with h5py.File(path) as file:
        assert file["/x"].chunks == (2, 3)
        assert file["z"].compression == "gzip"
        np.testing.assert_array_equal(file["/x"], a)
        np.testing.assert_array_equal(file["/group/y"], b)
        assert_eq(da.from_array(file["z"], chunks=3), a + 1)


def test_how_the_file_is_cut(tmp_path):
    x = da.ones((4, 4), chunks=2)
    x.to_hdf5(tmp_path / "a.h5", "/x", chunks=False)
    x.to_hdf5(tmp_path / "a.h5", "/y", chunks=(1, 4))
    da.to_hdf5(tmp_path / "a.h5", {"/none": da.ones((0, 3)), "/one": da.ones(())})
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["/x"].chunks is None
        assert file["/y"].chunks == (1, 4)
        assert file["/none"].shape == (0, 3)
        assert file["/one"][()] == 1


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (("/x",), TypeError, "a name and an array"),
        ((1, da.ones(3)), TypeError, "a name and an array"),
        (("/x", np.ones(3)), TypeError, "use h5py"),
        (({},), TypeError, "chunked arrays"),
        (("/x", forget(da.ones(3))), ValueError, "compute_chunk_sizes"),
    ],
)
def test_errors(args, error, message, tmp_path):
    with pytest.raises(error, match=message):
        da.to_hdf5(tmp_path / "a.h5", *args)


def test_a_dataset_of_another_shape_stays(tmp_path):
    da.to_hdf5(tmp_path / "a.h5", "/x", da.ones(3))
    with pytest.raises(TypeError, match="Shapes do not match"):
        da.to_hdf5(tmp_path / "a.h5", "/x", da.ones(4))


def test_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match="needs the package 'h5py'"):
        da.to_hdf5(tmp_path / "a.h5", "/x", da.ones(3))
