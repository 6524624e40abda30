"""Stacks of ``.npy`` files, as Dask lays them out."""

from __future__ import annotations

import pickle
import subprocess

import numpy as np
import pytest

import minidask.array as da
from minidask import config
from minidask.array.testing import assert_eq
from tests.array.arrays import RECORD, forget, raising, sample


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("dtype", ["f8", "i2", "M8[s]", "U3", RECORD])
def test_there_and_back(tmp_path, dtype, axis):
    a = sample((5, 4), dtype)
    x = da.from_array(a, chunks=(2, 3))
    da.to_npy_stack(tmp_path / "deep" / "stack", x, axis)
    files = sorted(path.name for path in (tmp_path / "deep" / "stack").iterdir())
    assert files == [*[f"{n}.npy" for n in range(x.numblocks[axis])], "info"]
    with config.set(scheduler=raising):
        back = da.from_npy_stack(tmp_path / "deep" / "stack")
    assert back.chunks[axis] == x.chunks[axis]
    assert_eq(back, a)
    assert_eq(da.from_npy_stack(str(tmp_path / "deep" / "stack"), mmap_mode=None)[1:3], a[1:3])


def test_empty_blocks(tmp_path):
    x = da.from_array(np.arange(3), chunks=((0, 2, 0, 1),))
    da.to_npy_stack(tmp_path, x)
    assert_eq(da.from_npy_stack(tmp_path), np.arange(3))


def test_the_name_changes_with_the_files(tmp_path):
    da.to_npy_stack(tmp_path, da.ones(3, chunks=2))
    first = da.from_npy_stack(tmp_path)
    assert first.name == da.from_npy_stack(tmp_path).name
    da.to_npy_stack(tmp_path, da.zeros(3, chunks=2))
    assert first.name != da.from_npy_stack(tmp_path).name


def test_the_info_file_runs_no_code(tmp_path):
    da.to_npy_stack(tmp_path, da.ones(3, chunks=2))

    class Evil:
        def __reduce__(self):
            return subprocess.check_call, (["false"],)

    (tmp_path / "info").write_bytes(pickle.dumps({"chunks": ((2, 1),), "axis": 0, "dtype": Evil()}))
    with pytest.raises(pickle.UnpicklingError, match=r"not subprocess\.check_call"):
        da.from_npy_stack(tmp_path)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f: da.to_npy_stack(f, np.ones(3)), TypeError, "numpy.save"),
        (lambda f: da.to_npy_stack(f, da.ones(3), axis=1), np.exceptions.AxisError, "out of bounds"),
        (lambda f: da.to_npy_stack(f, forget(da.ones(3))), ValueError, "compute_chunk_sizes"),
        (lambda f: da.to_npy_stack(f, da.ones(3).astype(object)), TypeError, "Python objects"),
        (lambda f: da.from_npy_stack(f / "none"), FileNotFoundError, "info"),
        (lambda f: da.from_npy_stack(f, mmap_mode="w"), ValueError, "mmap_mode"),
    ],
)
def test_errors(call, error, message, tmp_path):
    with pytest.raises(error, match=message):
        call(tmp_path)
