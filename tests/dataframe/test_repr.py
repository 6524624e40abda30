from __future__ import annotations

import pandas as pd

import minidask.dataframe as dd

FRAME = pd.DataFrame({"x": range(20), "y": 0.5, "c": pd.Categorical(["a"] * 20)})


def test_structure_without_data():
    text = repr(dd.from_pandas(FRAME, npartitions=2))
    assert text.splitlines()[0] == "minidask DataFrame Structure:"
    assert "npartitions=2" in text
    assert "int64" in text
    assert "category" in text
    assert text.endswith("Name: from_pandas, 1 graph layer")


def test_many_partitions_are_shortened():
    text = repr(dd.from_pandas(FRAME, npartitions=20) + 1 if False else dd.from_pandas(FRAME, npartitions=20))
    assert len(text.splitlines()) == 11


def test_unknown_divisions():
    assert "None" not in repr(dd.from_pandas(FRAME, npartitions=2).clear_divisions())


def test_series_and_index():
    df = dd.from_pandas(FRAME, npartitions=2)
    assert "Name: x, dtype: int64" in repr(df["x"])
    assert "minidask Index Structure:" in repr(df.index)
    assert "dtype: category" in repr(df["c"])


def test_html():
    html = dd.from_pandas(FRAME, npartitions=2)._repr_html_()
    assert "<table" in html
    assert "int64" in html


def test_text_and_html_with_fewer_rows():
    df = dd.from_pandas(FRAME, npartitions=9)
    assert len(df.to_string(max_rows=3).splitlines()) == 5
    assert df["x"].to_string().count("\n") == 6
    assert "npartitions=9" in df.to_html()
    assert "minidask Series Structure" in df["x"].to_html()
