from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import sys

import fsspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq


@pytest.fixture
def write(tmp_path):
    def write(*texts):
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"x-{number}.json"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            paths.append(path)
        return paths

    return write


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("json") / "x.json"


def lines(*records):
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def computed(frame):
    parts = [frame._layer.reader(part) for part in frame._layer.parts]
    for part in parts:
        pd.testing.assert_series_equal(part.dtypes, frame.dtypes)
    return pd.concat(parts, ignore_index=True)


def same_as_pandas(path, blocksize, **keywords):
    expected = pd.read_json(path, lines=True, **keywords)
    pd.testing.assert_frame_equal(computed(dd.read_json(path, blocksize=blocksize, **keywords)), expected)


# -- blocks against the whole ------------------------------------------------------------------------------------------

texts = st.text(alphabet='ab1"\\\n\r é\u2028', max_size=6)
kinds = {
    "int": st.integers(-(2**40), 2**40),
    "float": st.one_of(st.floats(-1e6, 1e6, width=32), st.none()),
    "text": st.one_of(texts, st.none()),
    "bool": st.booleans(),
    "date": st.dates(pd.Timestamp("1980-01-01").date(), pd.Timestamp("2100-01-01").date()).map(str),
    "nested": st.one_of(st.lists(st.integers(0, 3), max_size=2), st.dictionaries(st.sampled_from("ab"), texts)),
}


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), blocksize=st.integers(1, 200), end=st.sampled_from(["\n", "\r\n"]))
def test_any_blocksize_gives_the_same_rows(scratch, data, blocksize, end):
    names = data.draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=4, unique=True))
    records = data.draw(st.lists(st.fixed_dictionaries({name: kinds[name] for name in names}), min_size=1, max_size=9))
    blank = data.draw(st.booleans())
    text = (end * (1 + blank)).join(json.dumps(record) for record in records)
    scratch.write_bytes(text.encode())
    same_as_pandas(scratch, blocksize)


@pytest.mark.parametrize("blocksize", [1, 20, 1000, None])
@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        (lines({"x": 1, "y": "a"}, {"x": 2, "y": "b"}), {}),
        ("\ufeff" + lines({"x": 1}, {"x": 2}), {"convert_axes": False}),
        (lines({"x": "1"}, {"x": "a"}, {"x": "02"}, {"x": None}), {}),
        (lines({"x": 1}, {"x": "a"}, {"x": None}, {}, {"x": 2}), {}),
        (lines({"x": 1.5}, {"x": 9007199254740993}, {}), {}),
        (lines({"x": 0, "y": 1}, {"x": True, "y": 2}), {}),
        (lines({"date": "2020-01-01"}, {"date": None}), {}),
        (lines({"date": 1577836800000}, {"date": 1577836800001}), {}),
        (lines({"x": "2020-01-01"}, {"x": "1"}), {"dtype": {"x": "str"}}),
        (lines({"x": "1", "y": 1}, {"x": "2", "y": 2}), {"dtype": False}),
        (lines({"x": "01"}, {"x": "2"}), {"dtype": {"x": "str"}}),
        (lines({"x": 1, "y": None}, {"x": None, "y": "a"}, {"x": 3, "y": "b"}), {"dtype_backend": "numpy_nullable"}),
        (lines({"1": 1, "2": "a"}, {"1": 2, "2": "3"}), {}),
        (lines({"x": "é一"}, {"x": "\u2028"}), {}),
        (lines({"x": 1, "y": "a"}, {"x": 2, "y": "b"}), {"engine": "ujson"}),
        (lines({"x": 1, "y": "a"}, {"x": 2, "y": "b"}), {"engine": "pyarrow"}),
    ],
)
def test_lines(write, text, keywords, blocksize):
    [path] = write(text)
    if text[0] == "\ufeff":
        assert dd.read_json(path, blocksize=blocksize, **keywords).compute()["x"].tolist() == [1, 2]
    else:
        same_as_pandas(path, blocksize, **keywords)


@pytest.mark.parametrize("orient", ["records", "split", "index", "columns", "values", "table"])
def test_other_orients_are_a_file_a_partition(write, orient):
    frames = [
        pd.DataFrame({"x": [1, 2], "s": ["a", None], "f": [0.5, 2]}, index=[3, 4]),
        pd.DataFrame({"x": [3], "s": ["1"], "f": [1.0]}, index=[5]),
    ]
    paths = write(*[frame.to_json(orient=orient) for frame in frames])
    result = dd.read_json(paths, orient=orient, lines=False)
    assert result.npartitions == 2
    whole = pd.concat([pd.read_json(path, orient=orient, dtype=False if orient != "table" else None) for path in paths])
    assert_eq(result, whole.astype({whole.columns[2]: "float64"}))


def test_many_files_and_the_scheduler(write):
    records = [{"x": n, "y": f"text {n}\nmore"} for n in range(300)]
    paths = write(*[lines(*records[at : at + 100]) for at in (0, 100, 200)])
    frame = dd.read_json([str(path) for path in paths], blocksize="1 kiB")
    assert frame.npartitions > 9
    assert frame.compute(scheduler="threads").to_dict("records") == records
    assert len(frame) == 300
    assert dd.read_json(str(paths[0].parent / "*.json"))["x"].sum().compute() == sum(range(300))


def test_encodings(write):
    text = lines({"x": "müll"}, {"x": "straße"})
    [path] = write(text.encode("latin-1"))
    assert dd.read_json(path, encoding="latin-1", blocksize=5).compute()["x"].tolist() == ["müll", "straße"]
    with pytest.raises(UnicodeDecodeError):
        dd.read_json(path)
    assert dd.read_json(path, errors="replace").compute()["x"].tolist() == ["m\ufffdll", "stra\ufffde"]
    [path] = write(text.encode("utf-16"))
    with pytest.warns(UserWarning, match="can't cut files with the encoding utf-16"):
        frame = dd.read_json(path, encoding="utf-16", blocksize=5)
    assert frame.compute()["x"].tolist() == ["müll", "straße"]


def test_an_encoding_that_breaks_later_names_the_part(write):
    paths = write(lines({"x": "a"}), '{"x": "ü"}\n'.encode("latin-1"))
    with pytest.raises(UnicodeDecodeError) as error:
        dd.read_json(paths).compute()
    assert any("x-1.json: say how it is written with encoding=" in note for note in error.value.__notes__)


def test_compressed_files_are_read_whole(tmp_path):
    path = tmp_path / "x.json.gz"
    path.write_bytes(gzip.compress(lines(*[{"x": n} for n in range(100)]).encode()))
    with pytest.warns(UserWarning, match="can't cut gzip files into blocks.*blocksize=None") as record:
        frame = dd.read_json(path, blocksize=10, sample=50)
    assert record[0].filename == __file__
    assert frame.npartitions == 1
    assert frame["x"].sum().compute() == sum(range(100))


def test_the_path_column(write):
    paths = write(lines({"x": 1}, {"x": 2}), lines({"x": 3}))
    frame = dd.read_json(paths, include_path_column=True, blocksize=10)
    assert frame.compute()["path"].tolist() == [str(paths[0])] * 2 + [str(paths[1])]
    assert frame["path"].compute().cat.categories.tolist() == list(map(str, paths))
    named = dd.read_json(paths, include_path_column="file", path_converter=lambda path: path[-6])
    assert named.compute().to_dict("list") == {"x": [1, 2, 3], "file": ["0", "0", "1"]}
    given_meta = dd.read_json(paths, include_path_column=True, meta={"x": "float64", "path": "category"})
    assert given_meta.compute()["x"].tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="the files have a column 'x' already"):
        dd.read_json(paths, include_path_column="x")
    with pytest.raises(ValueError, match="path_converter has no use without include_path_column"):
        dd.read_json(paths, path_converter=str)


def test_other_file_systems():
    fs = fsspec.filesystem("memory")
    fs.pipe({"/json/x-1.json": b'{"x": 1}\n{"x": 2}\n', "/json/x-2.json": b'{"x": 3}\n'})
    try:
        frame = dd.read_json("memory://json/x-*.json", blocksize=3, storage_options={})
        assert frame.compute()["x"].tolist() == [1, 2, 3]
    finally:
        fs.rm("/json", recursive=True)


def test_files_without_rows(write):
    paths = write("", lines({"x": 1}), "\n\n", lines({"x": 2}))
    assert dd.read_json(paths).compute()["x"].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"no records to infer columns from: .*x-0.json and 1 more are empty.*meta="):
        dd.read_json([paths[0], paths[2]])
    assert len(dd.read_json(paths[0], meta={"x": "int64"}).compute()) == 0


# -- meta and engines --------------------------------------------------------------------------------------------------


def test_meta_casts_where_nothing_is_lost(write):
    text = lines(
        {"a": 1, "b": None, "c": "u", "d": "2020-01-01", "e": "01"}, {"a": 2, "b": 3, "c": "v", "d": None, "e": "x"}
    )
    [path] = write(text)
    meta = {"a": "int8", "b": "Int64", "c": "category", "d": "datetime64[us]", "e": "str"}
    for blocksize in (10, None):
        frame = dd.read_json(path, meta=meta, blocksize=blocksize)
        result = frame.compute()
        assert result["b"].tolist() == [pd.NA, 3]
        assert result["e"].tolist() == ["01", "x"]
        assert result["d"].dt.year.iloc[0] == 2020
        assert frame.dtypes["a"] == "int8" == result["a"].dtype
    with pytest.raises(
        ValueError, match=r"(?s)'e'     float64 \(given in meta\)  str    '01' in line 1.*Correct meta="
    ):
        dd.read_json(path, meta={**meta, "e": "float64"}).compute()
    with pytest.raises(ValueError, match=r"columns that meta does not have: \['e'\]"):
        dd.read_json(path, meta={name: meta[name] for name in "abcd"}).compute()
    with pytest.raises(TypeError, match="meta must describe one, got a Series"):
        dd.read_json(path, meta=("x", "int64"))


def swapped(file, orient, lines, **kwargs):
    assert isinstance(file, io.TextIOBase)
    return pd.read_json(file, orient=orient, lines=lines, **kwargs) * 2


def test_an_engine_of_ones_own(write):
    [path] = write(lines({"x": 1}, {"x": 2}))
    assert dd.read_json(path, engine=swapped, blocksize=5).compute()["x"].tolist() == [2, 4]
    with pytest.raises(TypeError, match="the engine must return a pandas DataFrame, got list"):
        dd.read_json(path, engine=lambda file, **kwargs: [1])


def test_only_needed_columns_are_kept(write):
    [path] = write(lines({"x": 1, "y": "a", "z": 1.5}, {"x": 2, "y": "b", "z": 2.5}))
    frame = dd.read_json(path, blocksize=20)
    reader = frame._layer.reader.project(("z", "x"))
    assert [list(reader(part).columns) for part in frame._layer.parts] == [["z", "x"]] * frame.npartitions
    assert frame["z"].sum().compute() == 4.0


# -- what isn't as promised --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "found"),
    [
        ({"x": 1.5, "y": "a"}, r"1.5 in line 31"),
        ({"x": None, "y": "a"}, r"a missing value in line 31"),
        ({"y": "a"}, r"a missing value in line 31"),
        ({"x": "abc", "y": "a"}, r"'abc' in line 31"),
    ],
)
def test_whole_numbers_that_turn_into_something_else(write, later, found):
    [path] = write(lines(*[{"x": 1, "y": "a"}] * 30, later))
    for blocksize in (100, None):
        frame = dd.read_json(path, sample=40, blocksize=blocksize)
        with pytest.raises(ValueError, match=r"x-0.json.*values do not fit") as error:
            frame.compute()
        assert "int64 (inferred)" in str(error.value)
        assert re.search(found, str(error.value)), str(error.value)
        assert re.search(
            "Read them with dtype={'x': '(float64|str|object)'}, or look further with sample=", str(error.value)
        )
    remedied = dd.read_json(
        path, sample=40, blocksize=100, dtype={"x": "str" if later.get("x") == "abc" else "float64"}
    )
    assert len(remedied.compute()) == 31


def test_texts_that_turn_into_numbers(write):
    paths = write(lines({"x": "a"}), lines({"x": "b"}, {"x": 5}))
    with pytest.raises(ValueError, match=r"(?s)x-1.json.*'x'.*5 in line 2.*dtype={'x': 'object'}"):
        dd.read_json(paths).compute()


def test_columns_that_come_later(write):
    paths = write(lines({"x": 1}), lines({"x": 1}, {"x": 2, "y": 3}))
    with pytest.raises(
        ValueError, match=r"x-1.json: there are columns that the first 9 B of .*x-0.json did not have: \['y'\].*meta="
    ):
        dd.read_json(paths).compute()
    result = dd.read_json(paths, meta={"x": "int64", "y": "float64"}).compute()
    assert result["y"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize("blocksize", [9, 30, None])
def test_broken_lines_are_named(write, blocksize):
    [path] = write(lines(*[{"x": n} for n in range(20)]) + '{"x": 5\n' + lines(*[{"x": n} for n in range(9)]))
    with pytest.raises(ValueError, match=r"x-0.json.*, line 21: '{\"x\": 5'"):
        dd.read_json(path, blocksize=blocksize, sample=50).compute()
    with pytest.raises(ValueError, match=r"x-0.json, line 21: "):
        dd.read_json(path, blocksize=blocksize)


def test_numbers_that_are_too_big(write):
    [path] = write(lines({"x": 1}, {"x": 10**30}))
    with pytest.raises(ValueError, match=r"x-0.json, line 2: .*: Value is too big"):
        dd.read_json(path, sample=10).compute()


def test_files_that_are_gone_or_changed(write):
    paths = write(lines({"x": 1}), lines({"x": 2}))
    frame = dd.read_json(paths)
    paths[1].write_text(lines({"x": 345}))
    with pytest.raises(RuntimeError, match="has changed since the collection was made"):
        frame.compute()
    paths[1].unlink()
    with pytest.raises(FileNotFoundError, match="is gone now"):
        frame.compute()


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"orient": "rows"}, ValueError, "orient must be one of 'records'"),
        ({"orient": "split", "lines": True}, ValueError, "lines are records"),
        ({"orient": "split", "blocksize": 5}, ValueError, "only lines can be cut into blocks"),
        ({"nrows": 3}, ValueError, r"read_json does not take nrows=3: take rows with .head\(n\)"),
        ({"chunksize": 3}, ValueError, "blocksize="),
        ({"typ": "series"}, ValueError, "a DataFrame is read"),
        ({"engine": "fast"}, ValueError, "engine must be 'ujson', 'pyarrow' or a function"),
        ({"engine": 5}, TypeError, "engine must be a name or a function, got int: 5"),
        ({"engine": "pyarrow", "orient": "split"}, ValueError, "reads lines only"),
        ({"nonsense": 1}, TypeError, r"read_json\(\) got an unexpected keyword argument 'nonsense'"),
        ({"sample": 3}, ValueError, "the sample of 3 bytes does not reach the end of the first line"),
        ({"sample": 0}, ValueError, "sample must be at least 1 byte"),
        ({"encoding": "nope"}, LookupError, "unknown encoding: nope"),
        ({"include_path_column": 5}, TypeError, "include_path_column must be True, False or a name"),
        ({"include_path_column": True, "path_converter": 5}, TypeError, "must be callable, got int"),
    ],
)
def test_bad_arguments(write, keywords, error, message):
    [path] = write(lines({"x": 1}, {"x": 2}))
    with pytest.raises(error, match=message):
        dd.read_json(path, **keywords)


def test_no_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no JSON file matches"):
        dd.read_json(tmp_path / "*.json")


@pytest.mark.slow
def test_importing_takes_no_memory_of_arrow():
    code = "import pyarrow, minidask.dataframe; print(pyarrow.default_memory_pool().max_memory())"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "0\n"
