from __future__ import annotations

import contextlib
import pickle

import pandas as pd
import pytest
from pandas.errors import ParserWarning

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


def test_short_rows_alone_in_a_block_fill_up_whatever_columns_are_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,2,3\n" + "4\n" * 20 + "5,6,7\n")
    for keywords in ({"header": None}, {"names": ["a", "b", "c"]}, {"names": ["a", "b", "c", "d"]}):
        df = dd.read_csv(path, blocksize=12, **keywords)
        expected = pd.read_csv(path, **keywords)
        first = expected.columns[0]
        assert df.npartitions > 2
        pd.testing.assert_frame_equal(df[[first]].compute().reset_index(drop=True), expected[[first]])
        assert len(df) == len(expected)
        last = expected.columns[-1]
        pd.testing.assert_frame_equal(df[[last]].compute().reset_index(drop=True), expected[[last]])


def test_short_rows_of_texts_that_look_like_numbers(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n" * 9 + "1\n" * 20)
    df = dd.read_csv(path, blocksize=12, sample=30, names=["x", "y", "z"])
    pd.testing.assert_frame_equal(df.compute().reset_index(drop=True), pd.read_csv(path, names=["x", "y", "z"]))


@pytest.mark.parametrize("bad_lines", ["skip", "warn"])
def test_bad_lines_are_left_out_whatever_columns_are_read(tmp_path, bad_lines):
    path = tmp_path / "x.csv"
    path.write_text("x,y\n1,2\n1,2,3\n4,5\n")
    with pytest.warns(ParserWarning, match="Skipping line 3") if bad_lines == "warn" else contextlib.nullcontext():
        df = dd.read_csv(path, on_bad_lines=bad_lines)
        assert df["x"].compute().tolist() == [1, 4]
        assert len(df) == 2


def test_the_path_column_beside_columns_that_were_picked(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("x,y\n1,2\n3,4\n")
    df = dd.read_csv(path, usecols=["y"], include_path_column=True)
    assert df["path"].compute().tolist() == [str(path)] * 2
    assert len(df) == 2


def test_no_column_picked_is_no_row(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("x,y\n1,2\n")
    df = dd.read_csv(path, usecols=lambda name: False)
    pd.testing.assert_frame_equal(df.compute(), pd.read_csv(path, usecols=lambda name: False), check_column_type=False)


def test_categories_are_texts_or_numbers_in_all_blocks(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("x\na\n1\n" + "2\n" * 20)
    df = dd.read_csv(path, blocksize=8, dtype="category")
    assert df.npartitions > 2
    assert df["x"].compute().tolist() == ["a", "1"] + ["2"] * 20
    path.write_text("x\n" + "2\n" * 20 + "a\n")
    with pytest.raises(
        ValueError, match=r"the categories of the column 'x' are texts here, but numbers in .*dtype={'x': 'str'}"
    ):
        dd.read_csv(path, blocksize=8, sample=20, dtype={"x": "category"}).compute()
    few, every = dd.read_csv(path, sample=20, dtype="category"), dd.read_csv(path, dtype="category")
    assert tokenize(few._layer.reader) != tokenize(every._layer.reader)


def test_bytes_that_are_no_text_say_where(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"x,y\n" + b"1,a\n" * 50 + b"1,\xff\n")
    df = dd.read_csv(path, blocksize=100, sample=50)
    with pytest.raises(UnicodeDecodeError) as caught:
        df.compute()
    assert any("x.csv (bytes 138 to the end)" in note and "encoding=" in note for note in caught.value.__notes__)
    with pytest.raises(UnicodeDecodeError) as caught:
        dd.read_csv(path)
    assert any("x.csv: say how" in note for note in caught.value.__notes__)
