from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from minidask.io.writing import Staging
from tests.dataframe.frames import cut, every_dtype


def rich(rows=23):
    at = np.arange(rows)
    return every_dtype(rows).assign(
        z=pd.date_range("2020-03-28 22:00", periods=rows, freq="h", tz="UTC").tz_convert("Europe/Berlin"),
        B=pd.array([None if x % 3 == 0 else x % 2 == 0 for x in at], dtype="boolean"),
        i8=at.astype("int8"),
        f4=at.astype("float32"),
        list=[[x] * (x % 3) if x % 2 else None for x in at.tolist()],
        bytes=[b"\x00" * x for x in at.tolist()],
    )


SMALL = pd.DataFrame({"x": range(6), "s": list("abcdef")})


def small(npartitions=3):
    return dd.from_pandas(SMALL, npartitions=npartitions)


def data_files(path):
    return sorted(entry.name for entry in path.iterdir())


def hidden(folder):
    return [name for name in os.listdir(folder) if name.startswith(".")]


@pytest.mark.parametrize("npartitions", [1, 2, 5, 23])
def test_every_dtype(tmp_path, npartitions):
    frame = rich()
    assert dd.from_pandas(frame, npartitions=npartitions).to_parquet(tmp_path / "x") is None
    df = dd.read_parquet(tmp_path / "x")
    assert df.npartitions == npartitions
    assert_eq(df, frame)
    # pandas reads part.10 before part.2.
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "x").sort_index(), frame)
    assert not hidden(tmp_path)


@pytest.mark.parametrize("bounds", [[0, 0, 10, 23], [0, 10, 10, 23], [0, 23, 23], [0, 0, 0]])
def test_empty_partitions(tmp_path, bounds):
    frame = rich()
    expected = frame.iloc[: bounds[-1]]
    cut(frame, bounds).to_parquet(tmp_path / "x")
    df = dd.read_parquet(tmp_path / "x")
    assert df.npartitions == len(bounds) - 1
    if len(expected):
        assert_eq(df, expected)
    else:
        assert_eq(df.drop(columns=["list", "bytes", "c"]), expected.drop(columns=["list", "bytes", "c"]))


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(6),
        pd.RangeIndex(10, 22, 2, name="r"),
        pd.Index([0, 0, 1, 5, 5, 9], name="n"),
        pd.Index(list("aabbcd"), name="key"),
        pd.date_range("2020-01-01", periods=6, name="when").as_unit("us"),
        pd.date_range("2020-01-01", periods=6, tz="Asia/Tokyo").as_unit("us"),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["k", "l"]),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]]),
    ],
    ids=lambda index: f"{type(index).__name__} {index.names}",
)
def test_index(tmp_path, index):
    frame = SMALL.set_axis(index)
    df = cut(frame, [0, 2, 2, 6])
    df.to_parquet(tmp_path / "x")
    assert_eq(dd.read_parquet(tmp_path / "x"), frame, check_freq=False)
    df.to_parquet(tmp_path / "y", write_index=False)
    assert_eq(dd.read_parquet(tmp_path / "y"), frame.reset_index(drop=True), check_index=False)
    assert pq.read_schema(tmp_path / "y" / "part.0.parquet").names == ["x", "s"]


def test_divisions_come_back(tmp_path):
    df = small()
    df.to_parquet(tmp_path / "x")
    assert dd.read_parquet(tmp_path / "x", calculate_divisions=True).divisions == df.divisions


def test_thirty_partitions_stay_in_order(tmp_path):
    frame = pd.DataFrame({"x": np.arange(60)[::-1]})
    dd.from_pandas(frame, npartitions=30).to_parquet(tmp_path / "x")
    assert_eq(dd.read_parquet(tmp_path / "x"), frame)


def test_object_column_without_values_in_some_partitions(tmp_path):
    frame = pd.DataFrame({"o": pd.Series([None, None, [1, 2], None, None, [3]], dtype="object"), "x": range(6)})
    cut(frame, [0, 2, 4, 6]).to_parquet(tmp_path / "x")
    kinds = {str(pq.read_schema(tmp_path / "x" / name).field("o").type) for name in data_files(tmp_path / "x")}
    assert kinds == {"list<element: int64>"}
    assert (
        dd.read_parquet(tmp_path / "x")["o"]
        .compute()
        .map(lambda value: None if value is None else list(value))
        .tolist()
        == frame["o"].tolist()
    )


def test_object_column_of_different_types(tmp_path):
    frame = pd.DataFrame({"o": pd.Series([[1], [2], {"a": 1}, {"a": 2}], dtype="object")})
    with pytest.raises(
        ValueError,
        match=r"the column 'o' is list.* in part\.0\.parquet and struct.* in part\.1\.parquet: convert it with",
    ):
        cut(frame, [0, 2, 4]).to_parquet(tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_values_that_parquet_has_not(tmp_path):
    frame = pd.DataFrame({"o": pd.Series([1, "a", 2, 3], dtype="object")})
    with pytest.raises(
        ValueError, match=r"the partition for 'part\.0\.parquet' can't be written as parquet: .*schema="
    ):
        cut(frame, [0, 2, 4]).to_parquet(tmp_path / "x")
    assert os.listdir(tmp_path) == []


def test_schema(tmp_path):
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "o": pd.Series([None, None, 1.5, None], dtype="object")})
    df = cut(frame, [0, 2, 4])
    df.to_parquet(tmp_path / "x", schema={"x": pa.int8(), "o": pa.float32()})
    for name in ("part.0.parquet", "part.1.parquet"):
        assert pq.read_schema(tmp_path / "x" / name).field("x").type == pa.int8()
        assert pq.read_schema(tmp_path / "x" / name).field("o").type == pa.float32()
    df.to_parquet(tmp_path / "y", schema=pa.schema([("o", pa.float64())]))
    assert dd.read_parquet(tmp_path / "y")["o"].dtype == "float64"
    with pytest.raises(ValueError, match="can't be written as parquet"):
        df.assign(x=df["x"] * 1000).to_parquet(tmp_path / "z", schema={"x": pa.int8()})
    with pytest.raises(ValueError, match=r"schema names columns that are not there: \['q'\]"):
        df.to_parquet(tmp_path / "z", schema={"q": pa.int8()})
    with pytest.raises(TypeError, match=r"schema must be 'infer', a pyarrow\.Schema, or a mapping"):
        df.to_parquet(tmp_path / "z", schema="x")


def test_categories_differ_between_partitions(tmp_path):
    frame = pd.DataFrame({"c": ["a", "b", "c", "a"]})
    df = cut(frame, [0, 2, 4])
    df = df.map_partitions(lambda part: part.astype("category"), meta=frame.iloc[:0].astype("category"))
    df.to_parquet(tmp_path / "x")
    assert dd.read_parquet(tmp_path / "x")["c"].astype("object").compute().tolist() == list("abca")


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "lz4", "brotli", None, {"x": "zstd", "s": "gzip"}])
def test_compression(tmp_path, compression):
    small().to_parquet(tmp_path / "x", compression=compression)
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)
    group = pq.read_metadata(tmp_path / "x" / "part.1.parquet").row_group(0)
    found = {group.column(at).path_in_schema: group.column(at).compression for at in range(2)}
    wanted = compression if isinstance(compression, dict) else dict.fromkeys(["x", "s"], compression or "uncompressed")
    assert found == {name: kind.upper() for name, kind in wanted.items()}


def test_options_of_pyarrow(tmp_path):
    small(1).to_parquet(tmp_path / "x", row_group_size=2)
    assert pq.read_metadata(tmp_path / "x" / "part.0.parquet").num_row_groups == 3
    with pytest.raises(TypeError, match="unexpected keyword argument 'nope'"):
        small(1).to_parquet(tmp_path / "y", nope=1)
    assert data_files(tmp_path) == ["x"]


def test_unknown_compression(tmp_path):
    for compression in ("zippy", {"x": "zippy"}):
        with pytest.raises(ValueError, match="unknown compression 'zippy': use one of 'snappy', 'zstd'"):
            small().to_parquet(tmp_path / "x", compression=compression)
    assert os.listdir(tmp_path) == []


def test_custom_metadata(tmp_path):
    small().to_parquet(tmp_path / "x", custom_metadata={"who": "me", b"b": b"\xff"})
    for name in data_files(tmp_path / "x"):
        metadata = pq.read_schema(tmp_path / "x" / name).metadata
        assert metadata[b"who"] == b"me"
        assert metadata[b"b"] == b"\xff"
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)
    with pytest.raises(ValueError, match="custom_metadata can't use the key 'pandas'"):
        small().to_parquet(tmp_path / "y", custom_metadata={"pandas": "x"})


def test_metadata_file(tmp_path):
    small().to_parquet(tmp_path / "x", write_metadata_file=True)
    assert pq.read_metadata(tmp_path / "x" / "_metadata").num_rows == 6
    small().to_parquet(tmp_path / "x", append=True, ignore_divisions=True)
    footer = pq.read_metadata(tmp_path / "x" / "_metadata")
    assert footer.num_rows == 12
    assert footer.row_group(5).column(0).file_path == "part.5.parquet"
    assert_eq(dd.read_parquet(tmp_path / "x"), pd.concat([SMALL, SMALL]))
    with pytest.raises(ValueError, match="has a '_metadata' of another data set"):
        small(6).to_parquet(tmp_path / "x")


def test_compute_false(tmp_path):
    lazy = small().to_parquet(tmp_path / "x", compute=False)
    assert os.listdir(tmp_path) == []
    assert lazy.compute() is None
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)


@pytest.mark.parametrize(
    "options", [{"scheduler": "sync"}, {"scheduler": "threads"}, {"compute_kwargs": {"scheduler": "sync"}}]
)
def test_scheduler(tmp_path, options):
    small().to_parquet(tmp_path / "x", **options)
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)


@pytest.mark.slow
def test_other_processes_write(tmp_path):
    small().to_parquet(tmp_path / "x", scheduler="processes", compute_kwargs={"num_workers": 2})
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)


def test_name_function(tmp_path):
    small().to_parquet(tmp_path / "x", name_function=lambda at: f"data-{at}")
    assert data_files(tmp_path / "x") == ["data-0.parquet", "data-1.parquet", "data-2.parquet"]
    small().to_parquet(tmp_path / "y", name_function="{}.parq".format)
    assert_eq(dd.read_parquet(tmp_path / "y"), SMALL)


@pytest.mark.parametrize(
    ("name_function", "message"),
    [
        (lambda at: "same", "must give a different name for each partition"),
        (lambda at: f"{9 - at}.parquet", "must give names in the partitions' order"),
        (lambda at: f"_{at}", "must give names of files that begin with neither '.' nor '_', got '_0'"),
        (lambda at: f".{at}", "must give names of files that begin"),
        (lambda at: f"a/{at}", "must give names of files"),
        (lambda at: at, "must give names of files .* got 0"),
        (lambda at: "", "must give a different name for each partition"),
    ],
)
def test_bad_name_functions(tmp_path, name_function, message):
    with pytest.raises(ValueError, match=f"name_function {message}"):
        small().to_parquet(tmp_path / "x", name_function=name_function)


def test_name_function_that_cannot_be_called(tmp_path):
    with pytest.raises(TypeError, match="name_function must be callable, got str"):
        small().to_parquet(tmp_path / "x", name_function="part")


def test_append(tmp_path):
    more = SMALL.assign(x=SMALL["x"] + 100)
    small().to_parquet(tmp_path / "x", append=True)
    with pytest.raises(ValueError, match=r"its index ends with 5, the new one begins with 0.*ignore_divisions=True"):
        dd.from_pandas(more, npartitions=2).to_parquet(tmp_path / "x", append=True)
    dd.from_pandas(more, npartitions=2).to_parquet(tmp_path / "x", append=True, ignore_divisions=True)
    assert data_files(tmp_path / "x") == [f"part.{at}.parquet" for at in range(5)]
    assert_eq(dd.read_parquet(tmp_path / "x"), pd.concat([SMALL, more]))


def test_append_to_what_pandas_wrote(tmp_path):
    (tmp_path / "x").mkdir()
    SMALL.to_parquet(tmp_path / "x" / "first.parquet", index=False)
    small().to_parquet(tmp_path / "x", append=True, write_index=False)
    assert sorted(dd.read_parquet(tmp_path / "x")["x"].compute()) == sorted([*range(6)] * 2)


@pytest.mark.parametrize(
    ("frame", "kwargs", "message"),
    [
        (
            SMALL[["x"]],
            {},
            r"it has the columns \['x', 's', '__index_level_0__'\], the new partitions have \['x', '__index_level_0__'\]",
        ),
        (SMALL, {"write_index": False}, "the new partitions have"),
        (SMALL.astype({"x": "float64"}), {}, "its column 'x' is int64, the new one is double: use astype"),
        (SMALL, {"name_function": "part.{}.parquet".format}, None),
        (SMALL, {"name_function": lambda at: f"part.{at - 3}"}, r"has 'part\.0\.parquet' already: give other names"),
    ],
)
def test_append_what_does_not_fit(tmp_path, frame, kwargs, message):
    small().to_parquet(tmp_path / "x")
    df = dd.from_pandas(frame, npartitions=2)
    if message is None:
        df.to_parquet(tmp_path / "x", append=True, ignore_divisions=True, **kwargs)
        assert len(dd.read_parquet(tmp_path / "x")) == 12
        return
    with pytest.raises(ValueError, match=message):
        df.to_parquet(tmp_path / "x", append=True, ignore_divisions=True, **kwargs)
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)


def test_overwrite_what_is_read(tmp_path):
    small().to_parquet(tmp_path / "x")
    df = dd.read_parquet(tmp_path / "x")
    df.assign(x=df["x"] + 1).to_parquet(tmp_path / "x", overwrite=True)
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL.assign(x=SMALL["x"] + 1))
    assert os.listdir(tmp_path) == ["x"]


def test_overwrite_removes_everything(tmp_path):
    small(6).to_parquet(tmp_path / "x", write_metadata_file=True)
    (tmp_path / "x" / "notes.txt").touch()
    small(2).to_parquet(tmp_path / "x", overwrite=True)
    assert data_files(tmp_path / "x") == ["part.0.parquet", "part.1.parquet"]


def test_overwrite_spares_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "x" / "below").mkdir(parents=True)
    for here in (tmp_path / "x", tmp_path / "x" / "below"):
        monkeypatch.chdir(here)
        with pytest.raises(ValueError, match="which holds the working directory: write to a directory of its own"):
            small().to_parquet(tmp_path / "x", overwrite=True)


def test_writing_again_replaces_files_of_the_same_names(tmp_path):
    small().to_parquet(tmp_path / "x")
    dd.from_pandas(SMALL.assign(x=0), npartitions=3).to_parquet(tmp_path / "x")
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL.assign(x=0))
    with pytest.raises(
        ValueError, match=r"would stay beside the new ones \('part\.1\.parquet' and 1 more\): say overwrite=True"
    ):
        small(1).to_parquet(tmp_path / "x")
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL.assign(x=0))


def test_failing_partition_leaves_what_was_there(tmp_path):
    def fail(part):
        if len(part) and part["x"].iloc[0] == 4:
            raise ZeroDivisionError("at four")
        return part

    broken = small().map_partitions(fail, meta=SMALL.iloc[:0])
    with pytest.raises(ZeroDivisionError, match="at four"):
        broken.to_parquet(tmp_path / "x")
    assert os.listdir(tmp_path) == []
    small().to_parquet(tmp_path / "x")
    for options in ({"overwrite": True}, {"append": True, "ignore_divisions": True}, {}):
        with pytest.raises(ZeroDivisionError):
            broken.to_parquet(tmp_path / "x", **options)
        assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)
        assert os.listdir(tmp_path) == ["x"]


def test_first_failure_is_what_is_raised(tmp_path, monkeypatch):
    def busy(staging):
        raise OSError("directory not empty")

    def fail(part):
        raise ZeroDivisionError

    monkeypatch.setattr(Staging, "discard", busy)
    with pytest.raises(ZeroDivisionError) as caught:
        small().map_partitions(fail, meta=SMALL.iloc[:0]).to_parquet(tmp_path / "x")
    assert "temporary files could not be removed: directory not empty" in caught.value.__notes__


def test_partition_that_is_not_as_its_meta(tmp_path):
    df = small().map_partitions(lambda part: part.rename(columns={"s": "t"}), meta=SMALL.iloc[:0])
    with pytest.raises(ValueError, match=r"declared|has the columns \['x', 't'\], but its meta has \['x', 's'\]"):
        df.to_parquet(tmp_path / "x")


CHILD = """
import os, sys
import pandas as pd
import minidask.dataframe as dd

where, when = sys.argv[1:]

def block():
    print("here", flush=True)
    sys.stdin.read()

def part(at):
    if when == "tasks" and at == 2:
        block()
    return pd.DataFrame({"x": [at + 100]})

replace = os.replace

def stop_after_one(source, target):
    replace(source, target)
    block()

if when == "commit":
    os.replace = stop_after_one
df = dd.from_map(part, range(4), meta=pd.DataFrame({"x": [0]}).iloc[:0])
options = {"append": True, "ignore_divisions": True} if when == "commit" else {"overwrite": True}
df.to_parquet(where, scheduler="sync", **options)
"""


def kill_in_the_middle(path, when):
    """Run a process that writes, and kill it when it says where it is."""
    command = [sys.executable, "-c", textwrap.dedent(CHILD), str(path), when]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "here\n"
        child.kill()
        child.wait()
    assert child.returncode == -9


@pytest.mark.slow
@pytest.mark.parametrize("before", [False, True])
def test_killed_while_partitions_are_written(tmp_path, before):
    if before:
        small().to_parquet(tmp_path / "x")
    kill_in_the_middle(tmp_path / "x", "tasks")
    assert hidden(tmp_path)
    if before:
        assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)
    else:
        with pytest.raises(FileNotFoundError):
            dd.read_parquet(tmp_path / "x")
    for path in (tmp_path, f"{tmp_path}/*/*.parquet"):
        if before:
            assert len(dd.read_parquet(path)) == 6
        else:
            with pytest.raises(FileNotFoundError):
                dd.read_parquet(path)
    small(2).to_parquet(tmp_path / "x", overwrite=True)
    assert_eq(dd.read_parquet(tmp_path / "x"), SMALL)


@pytest.mark.slow
def test_killed_while_files_are_put_in_place(tmp_path):
    frame = pd.DataFrame({"x": [1, 2]})
    dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "x")
    kill_in_the_middle(tmp_path / "x", "commit")
    assert data_files(tmp_path / "x")[1:] == ["part.0.parquet", "part.1.parquet", "part.2.parquet"]
    with pytest.raises(ValueError, match="stopped while its files were put in place: some may be missing"):
        dd.read_parquet(tmp_path / "x")
    with pytest.raises(ValueError, match="stopped while"):
        dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path / "x", append=True)
    dd.from_pandas(frame, npartitions=1).to_parquet(tmp_path / "x", overwrite=True)
    assert_eq(dd.read_parquet(tmp_path / "x"), frame)


def test_memory_file_system():
    fs = fsspec.filesystem("memory")
    url = "memory://minidask-to-parquet/x"
    try:
        small().to_parquet(url)
        assert_eq(dd.read_parquet(url), SMALL)
        dd.read_parquet(url).assign(x=1).to_parquet(url, overwrite=True, write_metadata_file=True)
        assert_eq(dd.read_parquet(url), SMALL.assign(x=1))
        small().to_parquet(url, append=True, ignore_divisions=True)
        assert_eq(dd.read_parquet(url), pd.concat([SMALL.assign(x=1), SMALL]))
        frame = pd.DataFrame({"o": pd.Series([None, b"x"], dtype="object")})
        cut(frame, [0, 1, 2]).to_parquet(url + "2")
        assert_eq(dd.read_parquet(url + "2"), frame)
        names = [name.rsplit("/", 1)[-1] for name in fs.find("/minidask-to-parquet")]
        assert not [name for name in names if name.startswith((".", "_unfinished"))]
    finally:
        fs.rm("/minidask-to-parquet", recursive=True)


@pytest.mark.parametrize(
    ("kwargs", "kind", "message"),
    [
        ({"engine": "x"}, ValueError, "unknown parquet engine 'x'"),
        ({"partition_on": ["q"]}, KeyError, "no column 'q'"),
        ({"partition_on": ["s", "s"]}, ValueError, r"partition_on names a column twice: \['s', 's'\]"),
        ({"partition_on": ["s", "x"]}, ValueError, "partition_on names all columns: one has to remain"),
        ({"filesystem": 5}, TypeError, "filesystem must be 'fsspec', 'arrow', or a file system of fsspec, got 5"),
        ({"append": True, "overwrite": True}, ValueError, "append=True and overwrite=True exclude each other"),
    ],
)
def test_bad_arguments(tmp_path, kwargs, kind, message):
    with pytest.raises(kind, match=message):
        small().to_parquet(tmp_path / "x", **kwargs)
    assert os.listdir(tmp_path) == []


def test_what_is_no_frame(tmp_path):
    with pytest.raises(
        TypeError, match=r"to_parquet needs a minidask DataFrame, got Series; turn a Series into one with .to_frame\(\)"
    ):
        dd.to_parquet(small()["x"], tmp_path / "x")
    with pytest.raises(TypeError, match="to_parquet needs a minidask DataFrame, got DataFrame"):
        dd.to_parquet(SMALL, tmp_path / "x")


def test_path_that_is_a_file(tmp_path):
    (tmp_path / "x").touch()
    with pytest.raises(FileExistsError, match="x' is a file: to_parquet writes a directory"):
        small().to_parquet(tmp_path / "x")


def test_compression_of_unknown_columns(tmp_path):
    with pytest.raises(KeyError, match="no column 'q'"):
        dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1).to_parquet(tmp_path, compression={"q": "zstd"})


@pytest.mark.parametrize("engine", ["pyarrow", "fastparquet"])
@pytest.mark.parametrize(
    ("values", "kind"), [([7, 8, 9], "int64"), ([True, False, True], "bool"), ([1.5, 2.0, 3.0], "double")]
)
def test_what_is_missing_in_some_partitions_only(tmp_path, engine, values, kind):
    whole, right = pd.DataFrame({"k": [1, 2, 3, 4]}), pd.DataFrame({"k": [2, 3, 4], "v": values})
    lazy = dd.from_pandas(whole, npartitions=2).merge(right, on="k", how="left")
    lazy.to_parquet(tmp_path, engine=engine)
    assert {str(pq.read_schema(file).field("v").type) for file in tmp_path.glob("*.parquet")} == {kind}
    expected = whole.merge(right, on="k", how="left")
    if kind != "bool":  # what is missing is NaN before, and None afterwards
        assert_eq(dd.read_parquet(tmp_path), expected, check_index=False)
    for read in (dd.read_parquet(tmp_path).compute(), pd.read_parquet(tmp_path)):
        assert read.v.tolist()[1:] == values
        assert read.v.isna().tolist() == [True, False, False, False]


def test_what_is_no_whole_number_after_all(tmp_path):
    def halve(frame):
        return frame.assign(x=frame.x / 2) if frame.x.min() else frame

    lazy = dd.from_pandas(pd.DataFrame({"x": range(4)}), npartitions=2)
    with pytest.raises(ValueError, match=r"the column 'x' is int64 in .* and double in"):
        lazy.map_partitions(halve, meta=lazy._meta, enforce_metadata=False).to_parquet(tmp_path)


@pytest.mark.parametrize("given", [3, {"a": 1}, {1: "a"}])
def test_custom_metadata_that_is_no_text(tmp_path, given):
    with pytest.raises(TypeError, match="custom_metadata must be a mapping of texts to texts, got"):
        dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1).to_parquet(tmp_path / "d", custom_metadata=given)
