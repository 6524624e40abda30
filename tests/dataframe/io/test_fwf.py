from __future__ import annotations

import gzip

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.errors import EmptyDataError

import minidask.dataframe as dd
from minidask.dataframe.io.fwf import fwf_options, infer_colspecs


@pytest.fixture
def write(tmp_path):
    def write(*texts):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"x-{number}.txt"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        return paths

    return write


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("fwf") / "x.txt"


def computed(frame):
    parts = [frame._layer.reader(part) for part in frame._layer.parts]
    for part in parts:
        pd.testing.assert_series_equal(part.dtypes, frame.dtypes)
    return pd.concat(parts, ignore_index=True)


def same_as_pandas(path, blocksize, **keywords):
    pd.testing.assert_frame_equal(
        computed(dd.read_fwf(path, blocksize=blocksize, **keywords)), pd.read_fwf(path, **keywords)
    )


@pytest.mark.parametrize("blocksize", [1, 7, 30, None])
@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("name   w\napple  3\npear  14\n", {}),
        ("name   w\r\napple  3\r\npear  14", {}),
        ("name   w\rapple  3\rpear  14\r", {}),
        ('name   w\n"appl  3\npe"r  14\n', {}),
        ("name   w\n\napple  3\n   \npear  14\n\n", {}),
        ("\ufeffname    w\n apple  3\n pear  14\n", {}),
        ("made today\nname   w\napple  3\npear  14\n", {"skiprows": 1}),
        ("# made\nname   w\napple  3 # note\n# more\npear  14\n", {"comment": "#"}),
        ("apple  3\npear  14\n", {"header": None}),
        ("apple  3\npear  14\n", {"names": ["name", "w"]}),
        ("apple 31\npear 142\n", {"widths": [5, 3], "header": None}),
        ("apple 31\npear 142\n", {"colspecs": [(0, 5), (6, None)], "header": None}),
        ("name...w\napple..3\npear..14\n", {"delimiter": "."}),
        ("name   w z\napple  3 1\npear  14 2\n", {"usecols": ["z", "name"]}),
        ("name   w\napple  3\npear  14\n", {"dtype": {"w": "float32"}}),
        ("name   d\napple  2020-01-02\npear   2021-01-02\n", {"parse_dates": ["d"]}),
        ("name   w\nmüll   3\nstraße 4\n", {}),
        ("name   w\napple  3\npear  14\n", {"converters": {"name": str.upper}}),
        ("name   w\napple  3\npear  14\n", {"infer_nrows": 2}),
    ],
)
def test_blocks_make_what_pandas_makes_of_the_whole(write, text, keywords, blocksize):
    [path] = write(text)
    same_as_pandas(path, blocksize, **keywords)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(st.text("abé\"'", max_size=4), st.integers(-99, 999)), min_size=1, max_size=9),
    blocksize=st.integers(1, 80),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_blocksize_gives_the_same_rows(scratch, rows, blocksize, end):
    lines = ["name    n", *[f"{name:<5}{number:>4}" for name, number in rows]]
    scratch.write_bytes(end.join([*lines, ""]).encode())
    same_as_pandas(scratch, blocksize, widths=[5, 4])


def test_places_come_from_the_first_file_with_rows(write):
    paths = write("", "a    b\n", "a    b\n1234 5\n", "a    b\n12   5\n")
    result = dd.read_fwf(paths).compute()
    assert result.to_dict("list") == {"a": [1234, 12], "b": [5, 5]}
    assert list(dd.read_fwf(paths[:2]).columns) == ["a", "b"]


def test_lines_beyond_the_sample_count_for_places(write):
    [path] = write("a      b\n" + "1      2\n" * 50 + "1234   2\n")
    frame = dd.read_fwf(path, sample=20, blocksize=100)
    assert frame.compute()["a"].max() == 1234


def test_only_needed_columns_are_given(write):
    [path] = write("name   w z\napple  3 1\npear  14 2\n")
    frame = dd.read_fwf(path, blocksize=10)
    reader = frame._layer.reader.project(("z",))
    assert pd.concat([reader(part) for part in frame._layer.parts])["z"].tolist() == [1, 2]
    assert len(frame) == 2


def test_the_path_column_and_missing_values(write):
    paths = write("n w\n1 2\n", "n w\n3  \n")
    frame = dd.read_fwf(paths, widths=[2, 1], assume_missing=True, include_path_column="file", converters={"file": len})
    result = frame.compute()
    assert result["file"].tolist() == [len(str(paths[0]))] * 2
    assert result["w"].isna().tolist() == [False, True]


def test_values_that_do_not_fit(write):
    [path] = write("n  w\n" + "1  2\n" * 40 + "1  x\n")
    with pytest.raises(
        ValueError, match=r"x-0.txt: values do not fit.*\n\n.*\n  'w'     int64 \(inferred\)  str    'x' in row 40"
    ):
        dd.read_fwf(path, sample=30, widths=[3, 1]).compute()


def test_files_that_cannot_be_cut(write, tmp_path):
    [path] = write("n w\n1 2\nz z\n")
    with pytest.warns(UserWarning, match="read_fwf can't cut files with skipfooter") as record:
        frame = dd.read_fwf(path, blocksize=4, skipfooter=1)
    assert record[0].filename == __file__
    assert frame.compute().to_dict("list") == {"n": [1], "w": [2]}
    packed = tmp_path / "x.txt.gz"
    packed.write_bytes(gzip.compress(b"n w\n1 2\n"))
    assert dd.read_fwf(packed, blocksize=None).compute().to_dict("list") == {"n": [1], "w": [2]}


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"sep": ";"}, ValueError, "read_fwf does not take sep: fields are found by their places"),
        ({"lineterminator": "~"}, ValueError, "lineterminator must be left out"),
        ({"widths": [1], "colspecs": [(0, 1)]}, ValueError, "colspecs or widths, not both"),
        ({"widths": [0]}, TypeError, "positive integers"),
        ({"colspecs": [(0, 1, 2)]}, TypeError, "a list of pairs"),
        ({"colspecs": 5}, TypeError, "a list of pairs"),
        ({"infer_nrows": 0}, ValueError, "infer_nrows must be a positive number"),
        ({"nrows": 3}, ValueError, r"read_fwf does not take nrows=3: take rows with .head\(n\)"),
        ({"nonsense": 3}, TypeError, r"read_fwf\(\) got an unexpected keyword argument 'nonsense'"),
        ({"skiprows": abs}, ValueError, "a function skips lines"),
    ],
)
def test_bad_keywords(write, keywords, error, message):
    [path] = write("n w\n1 2\n")
    with pytest.raises(error, match=message):
        dd.read_fwf(path, **keywords)


def test_nothing_to_find_columns_from(write):
    with pytest.raises(EmptyDataError, match="no lines to find columns from"):
        dd.read_fwf(write("", "\n \n"))
    with pytest.raises(EmptyDataError):
        infer_colspecs(["  ", ""])


def test_the_options_say_what_lines_mean():
    options = fwf_options({"comment": "#", "skiprows": 2, "header": None})
    assert (options.dialect.quote, options.dialect.comment, options.skip, options.rows) == (b"", b"#", 2, 0)
    assert options.keywords["colspecs"] == "infer"
    assert "engine" not in options.keywords


def test_converters_by_position_hold_for_their_columns_alone(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("c0  c1  c2\n" + "".join(f"ab  {at:2}  {'a' if at < 9 else at:>2}\n" for at in range(20)))
    df = dd.read_fwf(path, blocksize=40, widths=[4, 4, 4], converters={0: len})
    expected = pd.read_fwf(path, widths=[4, 4, 4], converters={0: len})
    pd.testing.assert_frame_equal(df.compute().reset_index(drop=True), expected)
    for column in expected:
        pd.testing.assert_frame_equal(df[[column]].compute().reset_index(drop=True), expected[[column]])
    df = dd.read_fwf(path, blocksize=40, widths=[4, 4, 4], converters={0: len}, header=None)
    expected = pd.read_fwf(path, widths=[4, 4, 4], converters={0: len}, header=None)
    for column in expected:
        pd.testing.assert_frame_equal(df[[column]].compute().reset_index(drop=True), expected[[column]])
