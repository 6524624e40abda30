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


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
@pytest.mark.parametrize(
    ("first", "second", "remedy"),
    [
        ("n\n1\n", "n\n2\n2.5\n", {"numpy_nullable": "Float64", "pyarrow": "double[pyarrow]"}),
        ("n\n1\n", "n\n2\nx\n", {"numpy_nullable": "string", "pyarrow": "string[pyarrow]"}),
        ("n\nTrue\n", "n\nFalse\nmaybe\n", {"numpy_nullable": "string", "pyarrow": "string[pyarrow]"}),
    ],
)
def test_the_remedy_is_of_the_backend_that_was_asked_for(tmp_path, first, second, remedy, backend):
    said = {"n": remedy[backend]}
    assert f"Read them with dtype={said!r}." in error(tmp_path, first, second, dtype_backend=backend)
    frame = dd.read_csv([tmp_path / "a.csv", tmp_path / "b.csv"], dtype=said, dtype_backend=backend)
    (tmp_path / "whole.csv").write_text(first + second.removeprefix("n\n"))
    expected = pd.read_csv(tmp_path / "whole.csv", dtype_backend=backend)
    # No name stands for Arrow's texts in pandas.
    exact = said["n"] != "string[pyarrow]"
    pd.testing.assert_frame_equal(frame.compute().reset_index(drop=True), expected, check_dtype=exact)


def test_a_text_without_letters_is_not_missing(tmp_path):
    message = error(tmp_path, "m,x\n1,1\n", "m,x\n2,1\n,2\n", keep_default_na=False)
    assert "'m'     int64 (inferred)  str    '' in row 1" in message
