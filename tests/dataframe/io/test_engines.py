from __future__ import annotations

import pytest

from minidask.dataframe.io.engines import check_engine


@pytest.mark.parametrize("engine", ["auto", "pyarrow", "arrow"])
def test_engines_that_are_there(engine):
    check_engine(engine)


def test_fastparquet_names_the_remedy():
    with pytest.raises(NotImplementedError, match="engine='pyarrow' reads and writes the same files"):
        check_engine("fastparquet")


@pytest.mark.parametrize("engine", ["arow", "", None, 1])
def test_unknown_engine(engine):
    with pytest.raises(ValueError, match=f"unknown parquet engine {engine!r}: use 'auto' or 'pyarrow'"):
        check_engine(engine)
