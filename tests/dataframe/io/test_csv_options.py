from __future__ import annotations

import csv

import pandas as pd
import pytest

from minidask.dataframe.io.csv_options import csv_options
from minidask.dataframe.io.records import Dialect
from minidask.tokenize import tokenize


def options(**keywords):
    return csv_options("read_csv", keywords)


def test_the_plain_case():
    found = options()
    assert found.keywords == {"engine": "c"}
    assert (found.skip, found.rows, found.skip_blank, found.whole) == (0, 1, True, "")
    assert found.dialect == Dialect()


@pytest.mark.parametrize(
    ("keywords", "dialect"),
    [
        ({"sep": ";"}, Dialect(delimiters=b";")),
        ({"delimiter": "|"}, Dialect(delimiters=b"|")),
        ({"sep": r"\s+"}, Dialect(delimiters=b" \t")),
        ({"quoting": csv.QUOTE_NONE}, Dialect(quote=b"")),
        ({"quotechar": "'"}, Dialect(quote=b"'")),
        ({"lineterminator": "\n"}, Dialect()),
        ({"lineterminator": "~"}, Dialect(newline=b"~")),
        ({"comment": "#", "skipinitialspace": True}, Dialect(comment=b"#", spaces=True)),
    ],
)
def test_dialects(keywords, dialect):
    assert options(**keywords).dialect == dialect


@pytest.mark.parametrize(
    ("keywords", "skip", "rows"),
    [
        ({"header": None}, 0, 0),
        ({"header": 2}, 0, 3),
        ({"names": ["x"]}, 0, 0),
        ({"names": ["x"], "header": 0}, 0, 1),
        ({"skiprows": 3}, 3, 1),
        ({"skiprows": [1, 0]}, 2, 1),
        ({"skiprows": range(2)}, 2, 1),
    ],
)
def test_what_stands_before_the_rows(keywords, skip, rows):
    found = options(**keywords)
    assert (found.skip, found.rows, found.whole) == (skip, rows, "")


@pytest.mark.parametrize(
    ("keywords", "reason", "engine"),
    [
        ({"sep": "::"}, "separator", "python"),
        ({"sep": "é"}, "separator", "python"),
        ({"sep": None}, "separator", "python"),
        ({"skipfooter": 2}, "skipfooter", "python"),
        ({"engine": "python"}, "engine", "python"),
        ({"skiprows": [2]}, "skiprows", None),
        ({"skiprows": lambda line: line % 2}, "skiprows", None),
        ({"escapechar": "\\"}, "escapechar", None),
        ({"doublequote": False}, "doublequote", None),
        ({"encoding": "utf-16"}, "encoding utf-16", None),
        ({"encoding": "utf-7"}, "encoding", None),
        ({"encoding": "iso2022_jp"}, "encoding", None),
        ({"encoding": "cp037"}, "encoding", None),
    ],
)
def test_what_needs_whole_files(keywords, reason, engine):
    found = options(**keywords)
    assert reason in found.whole
    assert found.keywords.get("engine") == engine


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "latin-1", "ascii", "cp1252", "gb18030", "big5", "shift_jis", "euc_jp"]
)
def test_encodings_that_hold_ascii(encoding):
    assert options(encoding=encoding).whole == ""


def test_whose_dtype_was_given():
    assert [options(dtype=dtype).declares("x") for dtype in (None, {"y": "str"}, {"x": "str"}, "str")] == [
        False,
        False,
        True,
        True,
    ]


def test_columns_of_dates():
    columns = pd.Index(["x", "y", "z"])
    assert options(parse_dates=["z", 0]).dates(columns) == ["z", "x"]
    assert options().dates(columns) == options(parse_dates=True).dates(columns) == []
    with pytest.raises(
        ValueError, match=r"parse_dates names columns that are not there: \['q'\]; there are \['x', 'y', 'z'\]"
    ):
        options(parse_dates=["q"]).dates(columns)


def test_harmless_values_of_refused_keywords():
    assert options(nrows=None, iterator=False, chunksize=None, index_col=None, low_memory=False).keywords == {
        "engine": "c"
    }
    assert options(index_col=False).keywords["index_col"] is False


def test_tokens():
    assert tokenize(options(sep=";")) == tokenize(options(sep=";"))
    assert (
        len(
            {tokenize(options(**k)) for k in ({}, {"sep": ";"}, {"dtype": "str"}, {"usecols": ["x"]}, {"header": None})}
        )
        == 5
    )


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"nrows": 3}, ValueError, r"nrows=3: take rows with .head\(n\)"),
        ({"nrows": 0}, ValueError, "nrows=0"),
        ({"index_col": 0}, ValueError, r"index_col=0: read the column and call .set_index"),
        ({"memory_map": True}, ValueError, "leave it out"),
        ({"dialect": "excel"}, ValueError, "give sep="),
        ({"engine": "pyarrow"}, ValueError, "does not take engine='pyarrow'"),
        ({"header": "first"}, ValueError, "header='first'"),
        ({"header": -1}, ValueError, "header=-1"),
        ({"parse_dates": [["x", "y"]]}, ValueError, "to_datetime"),
        ({"compression": "gzip"}, TypeError, "unexpected keyword argument 'compression'"),
        ({"colour": "red"}, TypeError, "unexpected keyword argument 'colour'"),
    ],
)
def test_refused(keywords, error, message):
    with pytest.raises(error, match=message):
        options(**keywords)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"sep": 3}, TypeError, "read_csv takes a text for sep, got int: 3"),
        ({"comment": 3}, TypeError, "read_csv takes a text for comment"),
        ({"sep": ""}, ValueError, "a separator of at least one character"),
        ({"usecols": "ab"}, ValueError, r"'usecols' must be a list .* write usecols=\['ab'\]"),
        ({"usecols": 3}, ValueError, "'usecols' must be a list"),
        ({"names": {"a", "b"}}, ValueError, "names must be in the columns' order, got a set"),
        ({"dtype": "nope"}, TypeError, "data type 'nope' not understood"),
        ({"dtype": {"absent": "nope"}}, TypeError, "data type 'nope' not understood"),
    ],
)
def test_values_of_the_wrong_kind(keywords, error, message):
    with pytest.raises(error, match=message):
        csv_options("read_csv", keywords)


def test_values_that_mean_nothing():
    assert "parse_dates" not in csv_options("read_csv", {"parse_dates": True, "index_col": False}).keywords
    assert csv_options("read_csv", {"skiprows": -1}).skip == 0
    assert csv_options("read_csv", {"skiprows": -1}).keywords["skiprows"] == 0


def test_converters_by_position():
    options = csv_options("read_csv", {"converters": {0: len, "y": str}})
    assert options.with_labels(["x", "y"]).keywords["converters"] == {"x": len, "y": str}
    # pandas's parser in Python counts columns that are read.
    options = csv_options("read_csv", {"converters": {0: len}, "usecols": ["y"], "engine": "python"})
    assert options.with_labels(["x", "y"]) is options


def test_dtypes_by_position():
    options = csv_options("read_csv", {"dtype": {0: "str", "y": "float32", 1: "int8", 9: "int8"}})
    assert options.with_labels(["x", "y"]).dtype == {"x": "str", "y": "float32", 9: "int8"}
    assert csv_options("read_csv", {"dtype": "str"}).with_labels(["x"]).dtype == "str"
