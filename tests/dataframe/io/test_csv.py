from __future__ import annotations

import bz2
import csv
import gzip
import io
import os
import random
import warnings

import fsspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.errors import EmptyDataError, ParserError, ParserWarning

import minidask
import minidask.dataframe as dd
from minidask.dataframe.io.csv_reader import CsvReader


@pytest.fixture
def write(tmp_path):
    def write(*texts, name="x"):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"{name}-{number}.csv"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        return paths

    return write


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("csv") / "x.csv"


def computed(frame):
    """The parts one after the other, each as its meta says."""
    layer = frame._layer
    parts = [layer.reader(part) for part in layer.parts]
    for part in parts:
        pd.testing.assert_series_equal(part.dtypes, frame.dtypes)
    return pd.concat(parts, ignore_index=True)


def same_as_pandas(path, blocksize, **keywords):
    expected = pd.read_csv(path, low_memory=False, **keywords)
    pd.testing.assert_frame_equal(computed(dd.read_csv(path, blocksize=blocksize, **keywords)), expected)


# -- blocks against the whole --------------------------------------------------------------------------------------------

texts = st.text(alphabet='ab1,"\n\r é', max_size=6)
cells = {
    "int": st.integers(-1000, 1000).map(str),
    "float": st.one_of(st.floats(-1e6, 1e6, width=32).map(repr), st.just("")),
    "text": texts,
    "bool": st.sampled_from(["True", "False"]),
    "day": st.dates().map(str),
}


@st.composite
def csv_files(draw):
    kinds = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=4))
    rows = draw(st.lists(st.tuples(*[cells[kind] for kind in kinds]), max_size=12))
    out = io.StringIO()
    end = draw(st.sampled_from(["\n", "\r\n"]))
    writer = csv.writer(out, lineterminator=end, quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])))
    writer.writerow([f"{kind}-{at}" for at, kind in enumerate(kinds)])
    for row in rows:
        writer.writerow(row)
        if draw(st.integers(0, 9)) == 0:
            out.write(end)
    text = out.getvalue()
    if draw(st.booleans()):
        text = text.rstrip("\r\n")
    if draw(st.integers(0, 4)) == 0:
        text = "\ufeff" + text
    return text


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=csv_files(), blocksize=st.integers(1, 200))
def test_blocks_make_what_pandas_makes_of_the_whole(scratch, text, blocksize):
    scratch.write_bytes(text.encode())
    same_as_pandas(scratch, blocksize)


@pytest.mark.parametrize("blocksize", [1, 5, 17, 1000, None])
@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("x,y\n1,2\n3,4\n", {}),
        ("x,y\r\n1,2\r\n3,4", {}),
        ("x,y\r1,2\r3,4\r", {}),
        ("x,y\n\n1,2\n\n\n3,4\n\n", {}),
        ("x,y\n\n1,2\n", {"skip_blank_lines": False}),
        ("\ufeffx,y\n1,2\n3,4\n", {}),
        ("\ufeffx,y\n1,2\n3,4\n", {"encoding": "utf-8-sig"}),
        ("1,2\n3,4\n5,6\n", {"header": None}),
        ("1,2\n3,4\n5,6\n", {"names": ["x", "y"]}),
        ("x,y\n3,4\n5,6\n", {"names": ["a", "b"], "header": 0}),
        ("made today\n\nx,y\n1,2\n3,4\n", {"skiprows": 2}),
        ("made today\n\nx,y\n1,2\n3,4\n", {"header": 1}),
        ('# made\nx,y\n1,2 # note, "so\n# more\n3,4\n', {"comment": "#"}),
        ("x;y\n1,5;'a\nb'\n2,5;c\n", {"sep": ";", "decimal": ",", "quotechar": "'"}),
        ("x y\n1   2\n 3 4\n", {"sep": r"\s+"}),
        ('x,y\n1, "a\nb"\n2, c\n', {"skipinitialspace": True}),
        ('x,y\n1,5" pipe\n2,"6"" pipe\n"\n3,7" pipe\n', {}),
        ('x,y\n1,"a\n2,b"\n', {"quoting": csv.QUOTE_NONE}),
        ("x~y|1~2|3~4", {"sep": "~", "lineterminator": "|"}),
        ("x,x,y\n1,2,3\n4,5,6\n", {}),
        ("x,y\n1,-\n2,3\n", {"na_values": ["-"]}),
        ("x,y\n1,yes\n2,no\n", {"true_values": ["yes"], "false_values": ["no"]}),
        ("x,y\n1,2,\n3,4,\n", {"index_col": False, "usecols": ["x", "y"]}),
        ("x,y,z\n1,2,a\n3,4,b\n", {"usecols": ["z", "x"]}),
        ("x,y,z\n1,2,a\n3,4,b\n", {"usecols": [2, 0]}),
        ("x,y\n1,2\n3,4\n", {"dtype": {"x": "float32", "y": "str"}}),
        ("x,y\n1,2\n3,\n", {"dtype": "Int64"}),
        ("x,y\n1,2.5\n3,\n", {"dtype_backend": "numpy_nullable"}),
        ("x,y\n1,a\n3,\n", {"dtype_backend": "pyarrow"}),
        ("x,y\n1,a\n3,b\n", {"converters": {"y": str.upper}}),
        ("x,y\n1,13/01/2020\n2,02/01/2020\n3,\n", {"parse_dates": ["y"], "dayfirst": True}),
        ("x,y\n1,2020-01-13 10:00\n2,2020-02-01 11:30\n", {"parse_dates": ["y"]}),
        ("x,y\n1,2020-01-13 10:00:00+02:00\n2,2020-02-01 11:30:00+02:00\n", {"parse_dates": [1]}),
        ("x,y\nmüll,2\nstraße,4\n", {}),
        ("x,y\n18446744073709551615,2\n3,4\n", {}),
    ],
)
def test_dialects_and_keywords(write, text, keywords, blocksize):
    [path] = write(text)
    same_as_pandas(path, blocksize, **keywords)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "gb18030", "shift_jis"])
def test_encodings_that_hold_ascii_are_cut(write, encoding):
    text = "x,y\nb,一\n" if encoding[0] in "gs" else "x,y\nmüll,é\n"
    [path] = write((text + "a,b\n" * 5).encode(encoding))
    same_as_pandas(path, 7, encoding=encoding)
    assert dd.read_csv(path, blocksize=7, encoding=encoding).npartitions > 1


def test_many_files_many_blocks_and_the_scheduler(write):
    whole = pd.DataFrame({"x": range(1000), "y": [f"text {n}\nmore" for n in range(1000)]})
    paths = write(*[whole[at : at + 250].to_csv(index=False) for at in range(0, 1000, 250)])
    frame = dd.read_csv([str(path) for path in paths], blocksize="1 kiB")
    assert frame.npartitions == 20
    result = frame.compute(scheduler="threads")
    pd.testing.assert_frame_equal(result.reset_index(drop=True), whole)
    assert len(frame) == 1000


def test_the_default_blocksize_is_a_setting(write):
    [path] = write("x\n" + "1\n" * 100)
    with minidask.config.set({"dataframe.blocksize": 51}):
        assert dd.read_csv(path).npartitions == 4
    assert dd.read_csv(path).npartitions == 1


def test_read_table(write):
    [path] = write("x\ty,z\n1\ta,b\n")
    pd.testing.assert_frame_equal(computed(dd.read_table(path)), pd.read_table(path))
    pd.testing.assert_frame_equal(computed(dd.read_table(path, delimiter=",")), pd.read_table(path, delimiter=","))


def test_tokens_follow_the_file_and_the_options(write):
    [path] = write("x,y\n1,2\n")
    first = dd.read_csv(path)
    assert dd.read_csv(path)._name == first._name
    assert dd.read_csv(path, blocksize=3)._name != first._name
    assert dd.read_csv(path, dtype={"x": "float64"})._name != first._name
    os.utime(path, (1, 1))
    assert dd.read_csv(path)._name != first._name


# -- files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_compressed_files_are_read_whole(tmp_path, suffix, compress):
    path = tmp_path / f"x.csv{suffix}"
    path.write_bytes(compress(b"x,y\n" + b"1,2\n" * 1000))
    same_as_pandas(path, None)
    with pytest.warns(UserWarning, match="can't cut .* files into blocks.*blocksize=None") as record:
        frame = dd.read_csv(path, blocksize=10)
    assert record[0].filename == __file__
    assert frame.npartitions == 1


@pytest.mark.parametrize(
    ("text", "keywords", "reason"),
    [
        ("x,y\n1,2\n3,4\n".encode("utf-16"), {"encoding": "utf-16"}, "the encoding utf-16"),
        (b"x::y\n1::2\n3::4\n", {"sep": "::"}, "a separator of several characters"),
        (b"x,y\n1,2\n3,4\nend\n", {"skipfooter": 1}, "skipfooter"),
        (b"x,y\n1,2\n3,4\n", {"skiprows": [1]}, "skiprows"),
        (b'x,y\n1,a\\"b\n3,4\n', {"escapechar": "\\"}, "escapechar"),
        (b"x,y\n1,2\n3,4\n", {"engine": "python"}, "engine='python'"),
    ],
)
def test_what_cannot_be_cut_is_read_whole(write, text, keywords, reason):
    [path] = write(text)
    with pytest.warns(UserWarning, match=reason):
        frame = dd.read_csv(path, blocksize=5, **keywords)
    assert frame.npartitions == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pd.testing.assert_frame_equal(computed(frame), pd.read_csv(path, **{"engine": "python", **keywords}))
    assert dd.read_csv(path, blocksize=None, **keywords).npartitions == 1


def test_the_path_column(write):
    paths = write("x\n1\n2\n", "x\n3\n")
    frame = dd.read_csv(paths, include_path_column=True, blocksize=4)
    result = frame.compute()
    assert result["path"].tolist() == [str(paths[0])] * 2 + [str(paths[1])]
    assert (
        result["path"].dtype == frame["path"].dtype == pd.CategoricalDtype(pd.Index(list(map(str, paths)), dtype="str"))
    )
    assert list(dd.read_csv(paths, include_path_column="file").columns) == ["x", "file"]
    with pytest.raises(ValueError, match="the files have a column 'x' already"):
        dd.read_csv(paths, include_path_column="x")


def test_files_without_rows_and_empty_files(write):
    paths = write("x,y\n", "", "x,y\n1,a\n", "\n\n", "x,y")
    frame = dd.read_csv(paths, blocksize=2)
    pd.testing.assert_frame_equal(computed(frame), pd.read_csv(paths[2]))
    only = dd.read_csv([paths[0], paths[4]])
    assert list(only.columns) == ["x", "y"]
    assert len(only.compute()) == 0


def test_only_empty_files(write):
    with pytest.raises(EmptyDataError, match=r"no columns to parse: .*x-0.csv and 1 more are empty"):
        dd.read_csv(write("", "\n"))


def test_other_file_systems():
    fs = fsspec.filesystem("memory")
    fs.pipe({"/csv/x-1.csv": b"x\n1\n2\n", "/csv/x-2.csv": b"x\n3\n"})
    try:
        frame = dd.read_csv("memory://csv/x-*.csv", blocksize=3, storage_options={}, include_path_column=True)
        result = frame.compute()
        assert result["x"].tolist() == [1, 2, 3]
        assert result["path"].iloc[0] == "memory:///csv/x-1.csv"
    finally:
        fs.rm("/csv", recursive=True)


def test_categories_are_unknown_until_read(write):
    paths = write("x\nb\na\n", "x\nc\n")
    frame = dd.read_csv(paths, dtype={"x": "category"})
    assert frame.compute()["x"].tolist() == ["b", "a", "c"]
    known = pd.CategoricalDtype(["a", "b", "c"])
    assert dd.read_csv(paths, dtype={"x": known}).compute()["x"].dtype == known


# -- columns -------------------------------------------------------------------------------------------------------------


def test_only_needed_columns_are_parsed(write, monkeypatch):
    [path] = write("x,y,z\n1,a,1.5\n2,b,2.5\n")
    parsed = []
    parse = CsvReader.parse

    def watching(self, data, columns=None, **changes):
        parsed.append(columns)
        return parse(self, data, columns, **changes)

    monkeypatch.setattr(CsvReader, "parse", watching)
    frame = dd.read_csv(path)
    assert frame[["z", "x"]].compute().to_dict("list") == {"z": [1.5, 2.5], "x": [1, 2]}
    assert len(frame) == 2
    assert parsed == [["x", "z"], ["x"]]


@pytest.mark.parametrize(
    "keywords", [{}, {"usecols": ["x", "z"]}, {"usecols": lambda name: name != "y"}, {"parse_dates": ["z"]}]
)
def test_projection_gives_what_pandas_gives(write, keywords):
    [path] = write("x,y,z\n1,a,2020-01-01\n2,b,2020-01-02\n")
    frame = dd.read_csv(path, blocksize=10, **keywords)
    reader, parts = frame._layer.reader, frame._layer.parts
    expected = pd.read_csv(path, **keywords)
    for columns in [("x",), ("z",), ("x", "z")]:
        result = pd.concat([reader.project(columns)(part) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(result, expected[list(columns)])


def test_files_whose_columns_differ(write):
    for other in ("x,z\n1,2\n", "y,x\n1,2\n", "x\n1\n", "x,y,z\n1,2,3\n"):
        paths = write("x,y\n1,2\n", other)
        # Every block of the other file says so, not only its first.
        frame = dd.read_csv(paths, blocksize=4)
        with pytest.raises(ValueError, match=r"x-1.csv: the columns differ from those of the first file") as error:
            frame.partitions[frame.npartitions - 1].compute()
        assert "first file: ['x', 'y']" in str(error.value)


@pytest.mark.parametrize(
    ("text", "keywords"),
    [("x,y\n1,2,3\n4,5,6\n", {}), ("x,y\n7,2,3\n", {}), ("1,2,3\n4,5,6\n", {"names": ["x", "y"]})],
)
def test_rows_with_more_fields_than_columns(write, text, keywords):
    [path] = write(text)
    with pytest.raises((ValueError, ParserError), match=r"x-0.csv.*(more|3) fields .*names="):
        dd.read_csv(path, **keywords).compute()


def test_a_row_with_too_many_fields_later(write):
    [path] = write("x,y\n1,2\n3,4\n5,6,7\n8,9\n")
    for blocksize in (4, 8, None):
        with pytest.raises(ParserError, match=r"x-0.csv.*(Expected 2 fields|3 fields for 2 columns)"):
            dd.read_csv(path, blocksize=blocksize, sample=8).compute()


def test_rows_with_too_many_fields_are_left_out_wherever_a_block_begins(write):
    text = "x,y\n1,2\n3,4\n5,6,7\n5,6,7,8\n8,9\n1,2,3\n"
    [path] = write(text)
    expected = pd.read_csv(path, on_bad_lines="skip")
    for blocksize in (*range(4, 12), None):
        got = dd.read_csv(path, blocksize=blocksize, on_bad_lines="skip").compute()
        pd.testing.assert_frame_equal(got.reset_index(drop=True), expected)
    with pytest.warns(ParserWarning, match=r"x-0.csv.*skipping a row of . fields for 2 columns|Skipping line"):
        assert len(dd.read_csv(path, blocksize=4, on_bad_lines="warn").compute(scheduler="sync")) == 3


# -- values that turn out otherwise ----------------------------------------------------------------------------------------


def conflict(paths, column, found, remedy, **keywords):
    frame = dd.read_csv(paths, sample=20, **keywords)
    with pytest.raises(ValueError, match="values do not fit the dtypes") as error:
        frame.compute()
    message = str(error.value)
    for part in (repr(column), found, remedy):
        assert part in message, message
    return message


INTS = "x,y\n" + "1,a\n" * 20


@pytest.mark.parametrize(
    ("value", "found", "remedy"),
    [
        ("1.5", "'1.5' in row 20", "dtype={'x': 'float64'}"),
        ("", "a missing value in row 20", "dtype={'x': 'float64'}"),
        ("NA", "'NA' in row 20", "assume_missing=True"),
        ("abc", "'abc' in row 20", "dtype={'x': 'str'}"),
        ("99999999999999999999", "'99999999999999999999' in row 20", "dtype={'x': "),
    ],
)
def test_whole_numbers_that_turn_into_something_else(write, value, found, remedy):
    [path] = write(INTS + f"{value},b\n")
    message = conflict(path, "x", found, remedy)
    assert "x-0.csv" in message
    assert "int64 (inferred)" in message


def test_the_message_names_the_file_and_block(write):
    paths = write(INTS, "x,y\n" + "1,a\n" * 5 + "2.5,b\n")
    message = conflict(paths, "x", "'2.5' in row 2", "float64", blocksize=20)
    assert "x-1.csv (bytes 15 to the end)" in message


def test_other_dtypes_that_turn(write):
    conflict(write("x,y\n" + "1.5,a\n" * 20 + "abc,b\n"), "x", "'abc' in row 20", "{'x': 'str'}")
    conflict(write("x,y\n" + "True,a\n" * 20 + ",b\n"), "x", "a missing value in row 20", "{'x': 'boolean'}")
    conflict(write("x,y\n" + "True,a\n" * 20 + "perhaps,b\n"), "x", "'perhaps' in row 20", "{'x': 'str'}")
    conflict(write("x,y\n" + ",a\n" * 20 + "abc,b\n"), "x", "'abc' in row 20", "{'x': 'str'}")


def test_a_dtype_that_was_given_and_does_not_fit(write):
    message = conflict(
        write("x,y\n1,a\n,b\n", INTS)[::-1], "x", "a missing value in row 1", "'float64'", dtype={"x": "int64"}
    )
    assert "int64 (given)" in message


def test_a_number_too_large_for_any_dtype(write):
    large = "99999999999999999999"
    [path] = write("x,y\n" + "1,1\n" * 30 + f"{large},2\n")
    with pytest.raises(ValueError, match=r"Read them with dtype=\{'x': 'str'\}"):
        dd.read_csv(path, blocksize=50).compute()
    assert dd.read_csv(path, blocksize=50, dtype={"x": "str"})["x"].compute().iloc[-1] == large
    with pytest.raises(ValueError, match=r"x-0.csv: values of the column 'x' do not fit its dtype \(given\)"):
        dd.read_csv(path, dtype={"x": "int64"})


def test_assume_missing_reads_floats(write):
    paths = write(INTS, "x,y\n,a\n2.5,b\n")
    frame = dd.read_csv(paths, sample=20, assume_missing=True)
    assert frame.dtypes["x"] == "float64"
    assert frame["x"].sum().compute() == 22.5
    assert dd.read_csv(paths[0], assume_missing=True, dtype={"x": "int32"}).dtypes["x"] == "int32"


def test_texts_that_look_like_numbers_stay_as_they_are(write):
    paths = write("x,y\na,1.5\nb,\n", "x,y\n01,2\n1.0,3\n", "x,y\nTrue,4\n,5\n", "x,y\n,6\n,7\n")
    frame = dd.read_csv(paths)
    expected = pd.read_csv(io.StringIO("x,y\na,1.5\nb,\n01,2\n1.0,3\nTrue,4\n,5\n,6\n,7\n"))
    pd.testing.assert_frame_equal(computed(frame), expected)


def test_sparse_texts_raise_no_warning(write):
    """pandas warns of mixed types where a long run of missing values meets texts."""
    text = "x,y\na,0\n" + ",1\n" * 300_000 + "b,2\n" * 10
    [path] = write(text)
    result = dd.read_csv(path).compute()
    assert result["x"].dtype == "str"
    assert result["x"].count() == 11


def test_large_whole_numbers_in_a_float_column_are_parsed_as_floats(write):
    paths = write("x\n1.5\n", "x\n9007199254740993\n-9223372036854775808\n")
    expected = pd.read_csv(io.StringIO("x\n1.5\n9007199254740993\n-9223372036854775808\n"), float_precision=None)
    result = dd.read_csv(paths).compute()
    np.testing.assert_array_equal(result["x"], expected["x"])


def test_dates_are_read_alike_in_all_blocks(write):
    """Alone, the second file would be taken for days first."""
    paths = write("d\n01/02/2020\n03/04/2020\n", "d\n13/02/2020\n14/04/2020\n")
    with pytest.raises(ValueError, match="values do not fit the dtypes") as error:
        dd.read_csv(paths, parse_dates=["d"]).compute()
    assert "date_format=" in str(error.value)
    assert dd.read_csv(paths, parse_dates=["d"], date_format="%d/%m/%Y").compute()["d"].dt.day.tolist() == [
        1,
        3,
        13,
        14,
    ]


def test_dates_that_are_none(write):
    [path] = write("d,x\nhello,1\n")
    with pytest.raises(ValueError, match=r"the column 'd' can't be parsed as dates: the first value is 'hello'"):
        dd.read_csv(path, parse_dates=["d"])
    [path] = write("d,x\n2020-01-01,1\nhello,2\n")
    with pytest.raises(ValueError, match=r"the column 'd' can't be parsed as dates: 'hello' is none.* '2020-01-01'"):
        dd.read_csv(path, parse_dates=["d"])
    with pytest.raises(ValueError, match="Missing column provided to 'parse_dates': 'e'"):
        dd.read_csv(path, parse_dates=["e"])


# -- files that change, and other bad input --------------------------------------------------------------------------------


def test_files_that_are_gone_or_changed(write):
    paths = write("x\n1\n", "x\n2\n")
    frame = dd.read_csv(paths)
    paths[1].write_text("x\n345\n")
    with pytest.raises(RuntimeError, match=r"x-1.csv' has changed since the collection was made"):
        frame.compute()
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match=r"x-1.csv' was there when the collection was made and is gone now"):
        frame.compute()


def test_quotes_that_never_close(write):
    [path] = write('x,y\n1,"abc\n2,3\n4,5\n')
    for blocksize in (5, None):
        with pytest.raises(ParserError, match="EOF inside string"):
            dd.read_csv(path, blocksize=blocksize).compute()


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"nrows": 5}, ValueError, r"read_csv does not take nrows=5: take rows with .head\(n\)"),
        ({"index_col": "x"}, ValueError, r"index_col='x': read the column and call .set_index"),
        ({"index_col": 0}, ValueError, r".set_index"),
        ({"iterator": True}, ValueError, "partitions"),
        ({"chunksize": 10}, ValueError, "blocksize="),
        ({"header": [0, 1]}, ValueError, "the number of one header line"),
        ({"engine": "pyarrow"}, ValueError, "'c' or 'python'"),
        ({"nonsense": 1}, TypeError, r"read_csv\(\) got an unexpected keyword argument 'nonsense'"),
        ({"parse_dates": {"d": ["x", "y"]}}, ValueError, "to_datetime"),
        ({"usecols": ["z"]}, ValueError, "z"),
        ({"sample": 0}, ValueError, "sample must be at least 1 byte"),
        ({"blocksize": 0}, ValueError, "at least 1 byte"),
    ],
)
def test_bad_keywords(write, keywords, error, message):
    [path] = write("x,y\n1,2\n")
    with pytest.raises(error, match=message):
        dd.read_csv(path, **keywords)


@pytest.mark.parametrize("rows", [0, -1, 1.5, True, "all"])
def test_bad_sample_rows(write, rows):
    with pytest.raises(ValueError, match="sample_rows must be a positive number of rows, got"):
        dd.read_csv(write("x\n1\n")[0], sample_rows=rows)


def test_dates_made_by_a_converter_are_left_to_pandas(write):
    [path] = write("x,y\n2020,1\n2021,2\n")
    same_as_pandas(path, None, converters={"x": lambda text: pd.Timestamp(text)}, parse_dates=["x"])


def test_dtypes_by_position_hold_for_columns_alone(write):
    [path] = write("x,y\n1,2\n3,4\n")
    df = dd.read_csv(path, dtype={1: "float32"}, assume_missing=True)
    assert df["y"].compute().dtype == df["y"].dtype == "float32"


def test_a_sample_that_does_not_reach_a_row(write):
    [path] = write("x,y\n" + "a" * 1000 + ",2\n")
    with pytest.raises(
        ValueError, match=r"the sample of 100 bytes does not reach the end of the first row: give more with sample="
    ):
        dd.read_csv(path, sample=100)


def test_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no CSV file matches"):
        dd.read_csv(tmp_path / "*.csv")
    with pytest.raises(FileNotFoundError, match="there is no CSV file"):
        dd.read_csv(tmp_path / "x" / "y.csv")


@pytest.mark.slow
def test_random_broken_quotes_are_right_or_an_error(scratch):
    """Stray quotes anywhere: a block never gives rows that the whole doesn't have."""
    rng = random.Random(0)
    for _ in range(200):
        rows = [
            "".join(rng.choices('ab",\n', weights=[6, 6, 1, 3, 2], k=rng.randint(3, 9)))
            for _ in range(rng.randint(1, 8))
        ]
        scratch.write_text("x,y\n" + "\n".join(rows) + "\n")
        try:
            expected = pd.read_csv(scratch, dtype="str")
        except ParserError:
            continue
        if not isinstance(expected.index, pd.RangeIndex):
            continue
        try:
            result = dd.read_csv(scratch, dtype="str", blocksize=rng.randint(1, 30)).compute()
        except (ParserError, ValueError):
            continue
        pd.testing.assert_frame_equal(result.reset_index(drop=True), expected)


def test_a_dtype_that_does_not_fit_the_sample(write):
    paths = write("a,b\nx,1\n")
    with pytest.raises(
        ValueError, match=r"x-0\.csv: values of the column 'a' do not fit its dtype \(given\).*dtype=.*na_values="
    ):
        dd.read_csv(paths, dtype={"b": "int64", "a": "int64"})
    # Nothing to blame by itself: pandas's own error.
    with pytest.raises(ValueError, match=r"could not convert|invalid literal"):
        dd.read_csv(paths, dtype="int64")
