from __future__ import annotations

import pickle

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.reading import Reader
from minidask.tokenize import tokenize


def test_readers_are_picklable_readers(tmp_path):
    (tmp_path / "x.json").write_text('{"x": 1, "y": "a"}\n{"x": 2, "y": "b"}\n')
    layer = dd.read_json(tmp_path / "x.json", blocksize=20, include_path_column=True)._layer
    reader, parts = pickle.loads(pickle.dumps((layer.reader, layer.parts)))
    assert isinstance(reader, Reader)
    assert reader.columns == ("x", "y", "path")
    assert pd.concat([reader(part) for part in parts])["x"].tolist() == [1, 2]
    assert tokenize(reader) == tokenize(layer.reader) != tokenize(reader.project(("x",)))
    assert str(parts[0]).endswith("x.json (bytes 0 to 19)")
    assert list(reader.project(("path", "y"))(parts[0]).columns) == ["path", "y"]
    assert reader.project(("path",))(parts[1])["path"].tolist() == [str(tmp_path / "x.json")]


def test_an_index_of_another_kind(tmp_path):
    pd.DataFrame({"x": [1]}, index=[5]).to_json(tmp_path / "a.json", orient="split")
    pd.DataFrame({"x": [2]}, index=["k"]).to_json(tmp_path / "b.json", orient="split")
    frame = dd.read_json([tmp_path / "a.json", tmp_path / "b.json"], orient="split")
    with pytest.raises(
        ValueError, match=r"b.json: the index is of dtype str, that of .*a.json of int64.*convert_axes=False"
    ):
        frame.compute()


def test_categories_that_are_declared(tmp_path):
    (tmp_path / "x.json").write_text('{"x": "a"}\n{"x": "q"}\n')
    known = pd.Series([], dtype=pd.CategoricalDtype(["a", "q"]))
    assert dd.read_json(tmp_path / "x.json", meta={"x": known.dtype}).compute()["x"].tolist() == ["a", "q"]
    with pytest.raises(ValueError, match="values do not fit"):
        dd.read_json(tmp_path / "x.json", meta={"x": pd.CategoricalDtype(["a"])}).compute()
