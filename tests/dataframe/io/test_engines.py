from __future__ import annotations

import sys

import pytest

from minidask.dataframe.io.engines import check_engine


@pytest.mark.parametrize("engine", [None, "auto", "pyarrow", "arrow"])
def test_pyarrow_is_the_default(engine):
    assert check_engine(engine) == "pyarrow"


def test_fastparquet():
    assert check_engine("fastparquet") == "fastparquet"


def test_fastparquet_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    with pytest.raises(ImportError, match=r"install minidask\[fastparquet\], or use engine='pyarrow'"):
        check_engine("fastparquet")


@pytest.mark.parametrize("engine", ["arow", "", 1])
def test_unknown_engine(engine):
    with pytest.raises(ValueError, match=f"unknown parquet engine {engine!r}: use 'auto', 'pyarrow' or 'fastparquet'"):
        check_engine(engine)
