from __future__ import annotations

import pickle

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.reading import Reader
from minidask.tokenize import tokenize


def test_readers_are_picklable_readers(tmp_path):
    (tmp_path / "x.csv").write_text("x,y\n1,a\n2,b\n")
    layer = dd.read_csv(tmp_path / "x.csv", blocksize=6)._layer
    reader, parts = pickle.loads(pickle.dumps((layer.reader, layer.parts)))
    assert isinstance(reader, Reader)
    assert reader.columns == ("x", "y")
    assert pd.concat([reader(part) for part in parts])["x"].tolist() == [1, 2]
    assert tokenize(reader) == tokenize(layer.reader) != tokenize(reader.project(("x",)))
    assert str(parts[0]).endswith("x.csv (bytes 0 to 6)")


def test_a_projection_in_another_order(tmp_path):
    (tmp_path / "x.csv").write_text("x,y,z\n1,a,2.5\n")
    layer = dd.read_csv(tmp_path / "x.csv", include_path_column=True)._layer
    reader = layer.reader.project(("z", "path", "x"))
    result = reader(layer.parts[0])
    assert sorted(result.columns) == ["path", "x", "z"]
    assert reader.project(("path",))(layer.parts[0])["path"].tolist() == [str(tmp_path / "x.csv")]
