from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.conflicts import conflict_error


def error(tmp_path, first, second, **keywords):
    """The error for a second file with the dtypes of the first."""
    (tmp_path / "a.csv").write_text(first)
    (tmp_path / "b.csv").write_text(second)
    frame = dd.read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], **keywords)
    with pytest.raises(ValueError, match=r"b\.csv: values do not fit") as caught:
        frame.compute()
    return str(caught.value)


def test_the_whole_message(tmp_path):
    message = error(tmp_path, "n,s,f\n1,a,1.5\n", "n,s,f\n1,a,2\n,b,3\n2.5,c,much\n")
    lines = [line.rstrip() for line in message.splitlines()]
    assert (
        lines[0]
        == f"{tmp_path}/b.csv: values do not fit the dtypes of their columns (inferred from the first 14 B of {tmp_path}/a.csv)."
    )
    assert lines[1:] == [
        "",
        "  column  expected            found    first, counted in the block",
        "  'n'     int64 (inferred)    float64  a missing value in row 1",
        "  'f'     float64 (inferred)  str      'much' in row 2",
        "",
        "Read them with dtype={'n': 'float64', 'f': 'str'}.",
        "Or read all whole numbers whose dtype isn't given as floats, with assume_missing=True.",
    ]


def test_the_remedy_works(tmp_path):
    first, second = "n,s,f\n1,a,1.5\n", "n,s,f\n1,a,2\n,b,3\n2.5,c,much\n"
    error(tmp_path, first, second)
    frame = dd.read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], dtype={"n": "float64", "f": "str"})
    expected = pd.concat(
        [pd.read_csv(tmp_path / name, dtype={"n": "float64", "f": "str"}) for name in ("a.csv", "b.csv")]
    )
    pd.testing.assert_frame_equal(frame.compute(), expected)


def test_dates(tmp_path):
    message = error(tmp_path, "d,x\n2020-01-01,1\n", "d,x\n2020-01-02,1\nlater,2\n", parse_dates=["d"])
    assert "'later' in row 1" in message
    assert "date_format=" in message
    assert "dtype=" not in message


def test_truth_values(tmp_path):
    assert "{'b': 'boolean'}" in error(tmp_path, "b,x\nTrue,1\n", "b,x\nFalse,1\n,2\n")
    assert "{'b': 'str'}" in error(tmp_path, "b,x\nTrue,1\n", "b,x\nFalse,1\nmaybe,2\n")


def test_an_error_that_no_column_explains(tmp_path):
    (tmp_path / "a.csv").write_text("x\n1\n")
    layer = dd.read_csv(tmp_path / "a.csv")._layer
    found = conflict_error(layer.reader, layer.parts[0], b"x\n1\n", ["x"], ValueError("something else"))
    assert str(found) == f"{tmp_path}/a.csv: something else"


def test_the_parser_in_python_says_the_same(tmp_path):
    message = error(tmp_path, "n\n1\n", "n\n1\n2.5\n", engine="python")
    assert "'n'     int64 (inferred)  float64  '2.5' in row 1" in message
