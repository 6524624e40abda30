from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.path_column import path_categories, path_column_name, path_values
from minidask.io.paths import StoredFile

FILES = [StoredFile(None, name, name, 1, None) for name in ("b", "a", "b")]


def test_categories_are_paths_in_the_files_order():
    dtype, codes = path_categories(FILES, None)
    assert dtype == pd.CategoricalDtype(pd.Index(["b", "a"], dtype="str"))
    assert codes == [0, 1, 0]
    assert list(path_values(dtype, 1, 2)) == ["a", "a"]


def test_a_converter_may_give_anything():
    dtype, codes = path_categories(FILES, len)
    assert (list(dtype.categories), codes) == ([1], [0, 0, 0])
    with pytest.raises(TypeError, match="the converter of paths must be callable, got str: 'x'"):
        path_categories(FILES, "x")


def test_the_name():
    with pytest.raises(ValueError, match="the files have a column 'path' already"):
        path_column_name(True, ["path"])
    with pytest.raises(TypeError, match="True, False or a name, got int: 1"):
        path_column_name(1, [])


def test_converters_of_read_csv(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("x,y\n1,u\n2,v\n")
    keywords = {"include_path_column": True, "converters": {"path": lambda path: path[-5:], "y": str.upper}}
    result = dd.read_csv(tmp_path / "*.csv", blocksize=8, **keywords).compute()
    assert result["path"].tolist() == ["a.csv"] * 2 + ["b.csv"] * 2
    assert result["y"].tolist() == ["U", "V"] * 2
    twice = dd.read_csv([tmp_path / "a.csv"] * 2, include_path_column="file").compute()
    assert twice["file"].cat.categories.tolist() == [str(tmp_path / "a.csv")]
