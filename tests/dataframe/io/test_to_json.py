from __future__ import annotations

import gzip
import os
from pathlib import Path

import fsspec
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq

FRAME = pd.DataFrame({"x": range(25), "s": ['a"b', None, "é,\n", "d", "e"] * 5, "f": [0.5, None, 1, 2, 3] * 5})


@pytest.fixture
def frame():
    return dd.from_pandas(FRAME, npartitions=3)


def test_a_file_for_each_partition(frame, tmp_path):
    paths = frame.to_json(tmp_path / "x-*.json")
    assert paths == [str(tmp_path / f"x-{at}.json") for at in range(3)]
    assert sorted(os.listdir(tmp_path)) == ["x-0.json", "x-1.json", "x-2.json"]
    parts = [frame.get_partition(at).compute() for at in range(3)]
    assert [Path(path).read_text() for path in paths] == [part.to_json(orient="records", lines=True) for part in parts]
    for blocksize in (None, 50):
        assert_eq(dd.read_json(paths, blocksize=blocksize), FRAME, check_index=False)


@pytest.mark.parametrize("orient", ["records", "split", "index", "columns", "values", "table"])
def test_other_orients(frame, tmp_path, orient):
    paths = frame.to_json(tmp_path / "x-*.json", orient=orient, lines=False)
    parts = [frame.get_partition(at).compute() for at in range(3)]
    assert [Path(path).read_text() for path in paths] == [part.to_json(orient=orient) for part in parts]
    result = dd.read_json(paths, orient=orient, lines=False)
    expected = FRAME.set_axis([0, 1, 2], axis=1) if orient == "values" else FRAME
    assert_eq(result, expected, check_index=orient in ("split", "index", "columns", "table"))


def test_what_pandas_takes(tmp_path):
    data = pd.DataFrame({"d": pd.to_datetime(["2020-01-01", "2021-01-01"]), "f": [1 / 3, 2]})
    paths = dd.from_pandas(data, npartitions=2).to_json(tmp_path / "d", date_format="iso", double_precision=3)
    assert [os.path.relpath(path, tmp_path) for path in paths] == ["d/0.part", "d/1.part"]
    assert Path(paths[0]).read_text() == data[:1].to_json(
        orient="records", lines=True, date_format="iso", double_precision=3
    )
    [path] = dd.from_pandas(data["f"], npartitions=1).to_json(tmp_path / "*.json")
    assert Path(path).read_text() == data["f"].to_json(orient="records", lines=True)


def test_names_compression_and_encoding(frame, tmp_path):
    paths = frame.to_json(tmp_path / "*.json.gz", name_function=lambda at: "abc"[at], compression="infer")
    assert [os.path.basename(path) for path in paths] == ["a.json.gz", "b.json.gz", "c.json.gz"]
    assert gzip.decompress(Path(paths[0]).read_bytes()).startswith(b'{"x":0')
    assert_eq(dd.read_json(paths), FRAME, check_index=False)
    latin = frame.to_json(tmp_path / "*.json", encoding="latin-1", force_ascii=False)
    assert_eq(dd.read_json(latin, encoding="latin-1"), FRAME, check_index=False)
    with pytest.raises(UnicodeEncodeError):
        frame.to_json(tmp_path / "*.txt", encoding="ascii", force_ascii=False)
    replaced = frame.to_json(tmp_path / "*.txt", encoding="ascii", errors="replace", force_ascii=False)
    assert "?" in Path(replaced[0]).read_text()


def slice_of(start, stop):
    return FRAME.iloc[start:stop]


def test_empty_partitions_have_no_lines(tmp_path):
    df = dd.from_map(slice_of, [0, 0, 3], [0, 3, 3], meta=FRAME.iloc[:0])
    paths = df.to_json(tmp_path / "*.json")
    assert [os.path.getsize(path) > 0 for path in paths] == [False, True, False]
    assert_eq(dd.read_json(paths), FRAME[:3], check_index=False)


def test_nothing_is_written_before_it_is_computed(frame, tmp_path):
    lazy = frame.to_json(tmp_path / "*.json", compute=False)
    assert os.listdir(tmp_path) == []
    paths = minidask.compute(*lazy, scheduler="sync")
    assert [Path(path).name for path in paths] == ["0.json", "1.json", "2.json"]
    assert_eq(dd.read_json(list(paths)), FRAME, check_index=False)
    assert len(frame.to_json(tmp_path / "*.json", compute_kwargs={"scheduler": "sync"})) == 3


def test_other_file_systems(frame):
    fs = fsspec.filesystem("memory")
    try:
        assert frame.to_json("memory://out/x-*.json")[0] == "memory:///out/x-0.json"
        assert_eq(dd.read_json("memory://out/x-*.json"), FRAME, check_index=False)
    finally:
        fs.rm("/out", recursive=True)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"orient": "rows"}, ValueError, "Invalid value 'rows' for option 'orient'"),
        ({"orient": "split", "lines": True}, ValueError, "'lines' keyword only valid when 'orient' is records"),
        ({"mode": "a"}, TypeError, r"to_json\(\) got an unexpected keyword argument 'mode'"),
        ({"nonsense": 1}, TypeError, "unexpected keyword argument 'nonsense'"),
        ({"encoding": "nope"}, LookupError, "unknown encoding: nope"),
        ({"compression": "zap"}, ValueError, "unknown compression 'zap'"),
        ({"name_function": 5}, TypeError, "name_function must be callable"),
    ],
)
def test_bad_arguments(frame, tmp_path, keywords, error, message):
    with pytest.raises(error, match=message):
        frame.to_json(tmp_path / "*.json", **keywords)
    assert os.listdir(tmp_path) == []


def test_a_pandas_frame_is_refused(tmp_path):
    with pytest.raises(TypeError, match="to_json needs a minidask DataFrame or Series, got DataFrame"):
        dd.to_json(FRAME, tmp_path / "*.json")
