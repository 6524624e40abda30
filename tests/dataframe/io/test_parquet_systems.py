from __future__ import annotations

import pandas as pd
import pyarrow.fs
import pytest
from fsspec.implementations.local import LocalFileSystem

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_systems import file_system
from minidask.dataframe.testing import assert_eq
from tests.dataframe.io.test_parquet import Counted

FRAME = pd.DataFrame({"x": range(6), "s": list("abcdef")})


def test_file_systems(tmp_path):
    df = dd.from_pandas(FRAME, npartitions=2)
    for at, system in enumerate(["fsspec", "arrow", LocalFileSystem(), Counted()]):
        df.to_parquet(tmp_path / str(at), filesystem=system)
        assert_eq(dd.read_parquet(str(tmp_path / str(at)), filesystem=system), FRAME)
    with pytest.raises(ValueError, match="storage_options and a file system exclude each other"):
        dd.read_parquet(tmp_path / "0", filesystem=LocalFileSystem(), storage_options={"x": 1})
    with pytest.raises(NotImplementedError, match="filesystem='arrow' reads the local disk only"):
        dd.read_parquet("memory://x", filesystem="arrow")
    with pytest.raises(NotImplementedError, match="LocalFileSystem of pyarrow isn't taken"):
        dd.read_parquet(tmp_path / "0", filesystem=pyarrow.fs.LocalFileSystem())


def test_what_a_path_says_is_the_default():
    assert file_system(None, "x") is file_system("fsspec", "memory://x") is None
    assert isinstance(file_system("arrow", ["x"]), LocalFileSystem)
