from __future__ import annotations

import bz2
import gzip
import io
import os
from pathlib import Path

import fsspec
import pandas as pd
import pytest

import minidask
import minidask.dataframe as dd
from minidask.dataframe.io.to_csv import Append
from minidask.io.writing import Staging

FRAME = pd.DataFrame({"x": range(25), "s": ['a"b', None, "é,\n", "d", "e"] * 5})


@pytest.fixture
def frame():
    return dd.from_pandas(FRAME, npartitions=3)


def test_a_file_for_each_partition(frame, tmp_path):
    paths = frame.to_csv(tmp_path / "x-*.csv", index=False)
    assert paths == [str(tmp_path / f"x-{at}.csv") for at in range(3)]
    assert sorted(os.listdir(tmp_path)) == ["x-0.csv", "x-1.csv", "x-2.csv"]
    pd.testing.assert_frame_equal(dd.read_csv(paths).compute().reset_index(drop=True), FRAME)
    parts = [frame.get_partition(at).compute() for at in range(3)]
    assert [Path(path).read_bytes().decode() for path in paths] == [part.to_csv(index=False) for part in parts]


def test_numbers_are_padded_so_that_names_sort(tmp_path):
    paths = dd.from_pandas(pd.DataFrame({"x": range(11)}), npartitions=11).to_csv(tmp_path / "*.csv")
    assert [os.path.basename(path) for path in paths][:2] == ["00.csv", "01.csv"]


def test_ways_to_name_files(frame, tmp_path):
    assert [os.path.relpath(path, tmp_path) for path in frame.to_csv(tmp_path / "deep" / "dir")] == [
        f"deep/dir/{n}.part" for n in range(3)
    ]
    named = frame.to_csv(tmp_path / "*.csv", name_function=lambda at: "abc"[at])
    assert [os.path.basename(path) for path in named] == ["a.csv", "b.csv", "c.csv"]
    given = [tmp_path / "q.csv", str(tmp_path / "p.csv"), tmp_path / "r.csv"]
    assert frame.to_csv(given) == list(map(str, given))


@pytest.mark.parametrize(
    "keywords", [{}, {"index": False}, {"sep": ";", "columns": ["s"]}, {"header": ["a", "b"]}, {"header": False}]
)
def test_a_single_file_is_what_pandas_writes(frame, tmp_path, keywords):
    assert frame.to_csv(tmp_path / "x.csv", single_file=True, **keywords) == [str(tmp_path / "x.csv")]
    assert (tmp_path / "x.csv").read_bytes().decode() == FRAME.to_csv(**keywords)
    assert os.listdir(tmp_path) == ["x.csv"]


def test_a_series(tmp_path):
    series = dd.from_pandas(FRAME["x"], npartitions=3)
    series.to_csv(tmp_path / "x.csv", single_file=True)
    assert (tmp_path / "x.csv").read_text() == FRAME["x"].to_csv()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(frame, tmp_path, encoding):
    frame.to_csv(tmp_path / "x.csv", single_file=True, encoding=encoding, index=False)
    assert (tmp_path / "x.csv").read_bytes() == FRAME.to_csv(index=False).encode(encoding)


@pytest.mark.parametrize(("suffix", "expand"), [(".gz", gzip.decompress), (".bz2", bz2.decompress)])
def test_compression(frame, tmp_path, suffix, expand):
    frame.to_csv(tmp_path / f"x.csv{suffix}", single_file=True, compression="infer", index=False)
    assert expand((tmp_path / f"x.csv{suffix}").read_bytes()).decode() == FRAME.to_csv(index=False)
    paths = frame.to_csv(tmp_path / f"part-*.csv{suffix}", compression="infer", index=False)
    texts = [expand(Path(path).read_bytes()).decode() for path in paths]
    assert pd.concat([pd.read_csv(io.StringIO(text)) for text in texts], ignore_index=True).equals(FRAME)
    assert frame.to_csv(tmp_path / "d", compression="gzip")[0].endswith("0.part.gz")


def test_the_header_once_over_several_files(frame, tmp_path):
    paths = frame.to_csv(tmp_path / "*.csv", header_first_partition_only=True, index=False)
    assert [Path(path).read_text().split("\n")[0] for path in paths] == ["x,s", "8,d", "16,"]


def test_modes(frame, tmp_path):
    path = tmp_path / "x.csv"
    for mode, times in (("xt", 1), ("a", 2), ("w", 1)):
        frame.to_csv(path, single_file=True, mode=mode, index=False)
        assert path.read_text() == FRAME.to_csv(index=False) * times
    with pytest.raises(FileExistsError, match=r"x.csv' is there already"):
        frame.to_csv(path, single_file=True, mode="x")
    for times in (1, 2):
        several = frame.to_csv(tmp_path / "several-*.csv", mode="at", header=False, compression="infer")
        assert "".join(Path(one).read_text() for one in several).count("\n") == 25 * times + 5 * times
    zipped = [frame.to_csv(tmp_path / "zipped-*.csv.gz", mode="a", compression="infer") for _ in range(2)][0]
    assert gzip.decompress(Path(zipped[0]).read_bytes()).decode() == frame.get_partition(0).compute().to_csv() * 2
    frame.to_csv(tmp_path / "p-*.csv", mode="x")
    with pytest.raises(FileExistsError, match=r"p-.\.csv' is there already"):
        frame.to_csv(tmp_path / "p-*.csv", mode="x")


def test_nothing_is_written_before_it_is_computed(frame, tmp_path):
    lazy = [
        frame.to_csv(tmp_path / "*.csv", compute=False),
        frame.to_csv(tmp_path / "x", single_file=True, compute=False),
    ]
    assert os.listdir(tmp_path) == []
    assert [len(values) for values in lazy] == [3, 1]
    paths = minidask.compute(*lazy[0], *lazy[1], scheduler="sync")
    assert [Path(path).name for path in paths] == ["0.csv", "1.csv", "2.csv", "x"]
    assert sorted(os.listdir(tmp_path)) == ["0.csv", "1.csv", "2.csv", "x"]


def fail_late(part):
    if part["x"].max() > 20:
        raise RuntimeError("late")
    return part


@pytest.mark.parametrize("single", [True, False])
def test_a_write_that_stops_leaves_no_half_file(frame, tmp_path, single):
    (tmp_path / "x-*.csv").write_text("old")
    broken = frame.map_partitions(fail_late, meta=FRAME.iloc[:0])
    with pytest.raises(RuntimeError, match="late"):
        broken.to_csv(tmp_path / ("x-*.csv" if not single else "x-one.csv"), single_file=single, scheduler="sync")
    left = [name for name in os.listdir(tmp_path) if name != "x-*.csv"]
    assert "x-2.csv" not in left
    assert "x-one.csv" not in left
    assert not any(name.startswith(".") for name in left)


def test_other_file_systems(frame):
    fs = fsspec.filesystem("memory")
    try:
        paths = frame.to_csv("memory://out/x-*.csv", index=False)
        assert paths[0] == "memory:///out/x-0.csv"
        frame.to_csv("memory://out/one.csv", single_file=True, index=False)
        assert fs.cat_file("/out/one.csv").decode() == FRAME.to_csv(index=False)
        pd.testing.assert_frame_equal(dd.read_csv("memory://out/x-*.csv").compute().reset_index(drop=True), FRAME)
        assert sorted(fs.ls("/out", detail=False)) == ["/out/one.csv", "/out/x-0.csv", "/out/x-1.csv", "/out/x-2.csv"]
    finally:
        fs.rm("/out", recursive=True)


@pytest.mark.parametrize(
    ("filename", "keywords", "error", "message"),
    [
        ("*-*.csv", {}, ValueError, r"may have one '\*'"),
        (["a.csv"], {}, ValueError, "1 paths were given for 3 partitions"),
        (["a", "a", "b"], {}, ValueError, "a path of its own"),
        (["a", "b", "c"], {"name_function": str}, ValueError, "no use with a list"),
        ("*.csv", {"name_function": lambda at: "cab"[at]}, ValueError, "sort as the partitions' numbers"),
        ("*.csv", {"name_function": lambda at: "x"}, ValueError, "a path of its own"),
        ("x.csv", {"single_file": True, "name_function": str}, ValueError, "no use with single_file"),
        ("x.csv", {"single_file": True, "header_first_partition_only": False}, ValueError, "one header"),
        ("x.zip", {"single_file": True, "compression": "zip"}, ValueError, "zip files can't be put together of parts"),
        ("*.csv", {"mode": "r"}, ValueError, "mode must be one of"),
        ("*.csv", {"compression": "zap"}, ValueError, "unknown compression 'zap'"),
        ("*.csv", {"path_or_buf": "x"}, TypeError, r"^to_csv\(\) got an unexpected keyword argument 'path_or_buf'"),
        ("*.csv", {"nonsense": 1}, TypeError, r"^to_csv\(\) got an unexpected keyword argument 'nonsense'"),
    ],
)
def test_bad_arguments(frame, filename, keywords, error, message):
    with pytest.raises(error, match=message):
        frame.to_csv(filename, **keywords)


def test_a_pandas_frame_is_refused(tmp_path):
    with pytest.raises(TypeError, match="to_csv needs a minidask DataFrame or Series, got DataFrame"):
        dd.to_csv(FRAME, tmp_path / "x.csv")


@pytest.mark.parametrize("encoding", ["utf-16", "UTF16", "utf_32", "utf-8-sig"])
def test_one_byte_order_mark_in_a_single_file(tmp_path, encoding):
    data = pd.DataFrame({"s": ["ä", "b", None]})
    dd.from_pandas(data, npartitions=3).to_csv(tmp_path / "x.csv", single_file=True, encoding=encoding)
    data.to_csv(tmp_path / "y.csv", encoding=encoding)
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_each_of_several_files_has_its_byte_order_mark(tmp_path):
    df = dd.from_pandas(pd.DataFrame({"s": ["ä", "b"]}), npartitions=2)
    df.to_csv(tmp_path / "*.csv", encoding="utf-16", header_first_partition_only=True)
    assert (tmp_path / "1.csv").read_bytes().startswith((b"\xff\xfe", b"\xfe\xff"))


def test_mistakes_are_found_before_anything_is_computed(tmp_path):
    df = dd.from_pandas(pd.DataFrame({"s": ["ä", "b"]}), npartitions=2)
    for kwargs, error, message in [
        ({"encoding": "nope"}, LookupError, "unknown encoding: nope"),
        ({"nope": 1}, TypeError, "unexpected keyword argument 'nope'"),
        ({"columns": ["q"]}, KeyError, "q"),
        ({"header": ["a", "b"]}, ValueError, "Writing 1 cols but got 2 aliases"),
        ({"name_function": "x"}, TypeError, "name_function must be callable, got str: 'x'"),
        ({"name_function": int}, TypeError, "name_function must give texts, got int: 0"),
    ]:
        with pytest.raises(error, match=message):
            df.to_csv(tmp_path / "*.csv", compute=False, **kwargs)
    with pytest.raises(IsADirectoryError, match="is a directory: name the file"):
        df.to_csv(tmp_path, single_file=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lineterminator", ["\r\n", "\r", "~", None])
def test_line_ends(tmp_path, frame, lineterminator):
    frame.to_csv(tmp_path / "x.csv", single_file=True, lineterminator=lineterminator)
    FRAME.to_csv(tmp_path / "y.csv", lineterminator=lineterminator)
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "y.csv").read_bytes()


def test_a_part_that_is_added_again_is_there_once(tmp_path):
    append = Append(Staging.of(fsspec.filesystem("file"), f"{tmp_path}/x.csv"), f"{tmp_path}/x.csv", "x.csv", "w", 3)
    state = append((0, 0), b"one\n")
    # A worker was lost when it had written the second part, or some of it.
    append(state, b"two\n")
    state = append(state, b"two\n")
    assert state == (2, 8)
    assert append(state, b"three\n") == f"{tmp_path}/x.csv"
    assert (tmp_path / "x.csv").read_bytes() == b"one\ntwo\nthree\n"
    assert os.listdir(tmp_path) == ["x.csv"]
