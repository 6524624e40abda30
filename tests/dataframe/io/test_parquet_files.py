from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_files import (
    cut,
    find_parquet,
    fused_type,
    group_bounds,
    has_nulls,
    holds_null_type,
    open_parquet,
    same_type,
    typed_elsewhere,
)
from minidask.dataframe.testing import assert_eq


def write(folder, **columns):
    """Write each file ``name=values of x``."""
    folder.mkdir(exist_ok=True)
    for name, values in columns.items():
        pd.DataFrame({"x": values}).to_parquet(folder / f"{name}.parquet")
    return folder


def names(path):
    return [one.file.url.rsplit("/", 1)[-1] for one in find_parquet(path, None)]


def test_files_come_in_natural_order(tmp_path):
    frame = pd.DataFrame({"x": [0]})
    for at in (10, 2, 1):
        frame.to_parquet(tmp_path / f"part.{at}.parquet")
    assert names(tmp_path) == names(str(tmp_path) + "/") == names(tmp_path / "*.parquet")
    assert names(tmp_path) == ["part.1.parquet", "part.2.parquet", "part.10.parquet"]


def test_a_list_keeps_its_order(tmp_path):
    write(tmp_path, a=[1], b=[2])
    assert_eq(
        dd.read_parquet([tmp_path / "b.parquet", str(tmp_path / "a.parquet")])["x"],
        pd.Series([2, 1], name="x"),
        check_index=False,
    )
    assert names([tmp_path]) == ["a.parquet", "b.parquet"]


def test_hidden_and_foreign_files_are_no_data(tmp_path):
    write(tmp_path, a=[1], b=[2])
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".a.parquet.crc").write_bytes(b"crc")
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / "empty").mkdir()
    write(tmp_path / ".hidden", c=[3])
    write(tmp_path / "_temporary", c=[3])
    pq.write_metadata(pa.schema([("x", "int64")]), tmp_path / "_common_metadata")
    pq.write_metadata(pa.schema([("x", "int64")]), tmp_path / "_metadata")
    assert names(tmp_path) == ["a.parquet", "b.parquet"]
    assert dd.read_parquet(tmp_path)["x"].compute().tolist() == [1, 2]


def test_a_glob_leaves_hidden_files_out(tmp_path):
    write(tmp_path, a=[1], b=[2])
    pq.write_metadata(pa.schema([("x", "int64")]), tmp_path / "_metadata")
    (tmp_path / ".a.parquet.crc").write_bytes(b"crc")
    assert names(tmp_path / "*") == ["a.parquet", "b.parquet"]
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "_SUCCESS").touch()
    with pytest.raises(FileNotFoundError, match="no parquet file matches"):
        find_parquet(tmp_path / "only" / "*", None)


def test_directories_below_belong_to_the_data_set(tmp_path):
    write(tmp_path / "2020", a=[1])
    write(tmp_path / "2021", a=[2])
    assert dd.read_parquet(tmp_path)["x"].compute().tolist() == [1, 2]


def test_hive_directories_are_refused(tmp_path):
    write(tmp_path / "year=2020", a=[1])
    with pytest.raises(
        NotImplementedError, match=r"keeps values in the names of its directories \('year=2020/a.parquet'\)"
    ):
        dd.read_parquet(tmp_path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no parquet file '.*nowhere'"):
        dd.read_parquet(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"no parquet file matches '.*/\*\.parquet'"):
        dd.read_parquet(tmp_path / "*.parquet")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(
        FileNotFoundError, match=r"no parquet file in '.*' \(names must end with .parquet, .parq, .pq\)"
    ):
        dd.read_parquet(tmp_path)


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", b"PAR1" + b"\0" * 30 + b"PAR1"])
def test_files_that_are_no_parquet_are_named(tmp_path, content):
    write(tmp_path, a=[1])
    (tmp_path / "b.parquet").write_bytes(content)
    with pytest.raises(ValueError, match=r"b\.parquet' can't be read as parquet: "):
        dd.read_parquet(tmp_path)


def test_list_with_a_directory(tmp_path):
    write(tmp_path / "d", a=[1])
    with pytest.raises(IsADirectoryError, match="is a directory: name its files"):
        dd.read_parquet([tmp_path / "d" / "a.parquet", tmp_path / "d"])


def test_unfinished_write_is_refused(tmp_path):
    write(tmp_path, a=[1])
    (tmp_path / "_unfinished-0123").touch()
    with pytest.raises(
        ValueError, match=r"stopped while its files were put in place.*overwrite=True.*remove '_unfinished-0123'"
    ):
        dd.read_parquet(tmp_path)


def test_columns_that_differ(tmp_path):
    pd.DataFrame({"x": [1], "y": [2]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"x": [1], "z": [2]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(
        ValueError,
        match=r"b\.parquet: the columns differ from those of .*a\.parquet: missing: \['y'\]; not in the first: \['z'\]",
    ):
        dd.read_parquet(tmp_path)


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [([1], ["a"], "(large_)?string, but int64"), ([1], [1.5], "double, but int64"), ([True], [1], "int64, but bool")],
)
def test_types_that_differ(tmp_path, one, other, kinds):
    write(tmp_path, a=one, b=other)
    with pytest.raises(ValueError, match=rf"b\.parquet: the column 'x' is {kinds} in .*a\.parquet.*astype"):
        dd.read_parquet(tmp_path)


def test_order_of_columns_may_differ(tmp_path):
    pd.DataFrame({"x": [1], "y": [2]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"y": [3], "x": [4]}).to_parquet(tmp_path / "b.parquet")
    assert_eq(dd.read_parquet(tmp_path), pd.DataFrame({"x": [1, 4], "y": [2, 3]}), check_index=False)


@pytest.mark.parametrize(
    "values", [["a", None], [1.5, None], pd.to_datetime(["2020-01-01", None]), pd.array([1, None], dtype="Int64")]
)
@pytest.mark.parametrize("first", [True, False])
def test_columns_of_nulls_alone_fit(tmp_path, values, first):
    frame = pd.DataFrame({"x": values})
    nulls = pa.table({"x": pa.nulls(2)})
    pq.write_table(nulls, tmp_path / ("a.parquet" if first else "b.parquet"))
    frame.to_parquet(tmp_path / ("b.parquet" if first else "a.parquet"))
    missing = pd.DataFrame({"x": pd.Series([None, None], dtype=frame["x"].dtype)})
    assert_eq(dd.read_parquet(tmp_path), pd.concat([missing, frame] if first else [frame, missing]), check_index=False)


def test_whole_numbers_beside_nulls_become_floats(tmp_path):
    pq.write_table(pa.table({"x": pa.nulls(1)}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "b.parquet")
    assert_eq(dd.read_parquet(tmp_path), pd.DataFrame({"x": [None, 1.0, 2.0]}), check_index=False)
    files = [tmp_path / "b.parquet", tmp_path / "a.parquet"]
    assert_eq(dd.read_parquet(files), pd.DataFrame({"x": [1.0, 2.0, None]}), check_index=False)


def test_same_type():
    assert same_type(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int32(), pa.large_string()))
    assert not same_type(pa.dictionary(pa.int8(), pa.string()), pa.string())
    assert not same_type(pa.dictionary(pa.int8(), pa.string(), ordered=True), pa.dictionary(pa.int8(), pa.string()))
    assert same_type(pa.null(), pa.int8())
    assert not same_type(pa.timestamp("us"), pa.timestamp("us", tz="UTC"))
    assert not same_type(pa.int32(), pa.int64())


@pytest.fixture
def grouped(tmp_path):
    """A file of 10 rows in row groups of 3, 3, 3 and 1."""
    pq.write_table(
        pa.table({"x": list(range(9)) + [None], "s": list("abcdefghij")}), tmp_path / "x.parquet", row_group_size=3
    )
    return find_parquet(tmp_path / "x.parquet", None)


@pytest.mark.parametrize(
    ("split", "blocksize", "groups"),
    [
        (False, 1, [(0, 1, 2, 3)]),
        (True, 1 << 30, [(0,), (1,), (2,), (3,)]),
        (1, 1, [(0,), (1,), (2,), (3,)]),
        (3, 1, [(0, 1, 2), (3,)]),
        (9, 1, [(0, 1, 2, 3)]),
        ("infer", 1 << 30, [(0, 1, 2, 3)]),
        ("adaptive", 1, [(0,), (1,), (2,), (3,)]),
    ],
)
def test_cut(grouped, split, blocksize, groups):
    parts = cut(grouped, split, blocksize)
    assert [part.groups for part in parts] == groups
    assert [part.first_row for part in parts] == [3 * part.groups[0] for part in parts]
    assert sum(part.rows for part in parts) == 10


def test_cut_counts_bytes(grouped):
    [one] = grouped
    size = one.footer.row_group(0).total_byte_size
    assert [part.groups for part in cut(grouped, "infer", 2 * size)] == [(0, 1), (2, 3)]


def test_a_file_without_row_groups_is_one_part(tmp_path):
    pq.write_table(pa.table({"x": pa.array([], "int64")}), tmp_path / "x.parquet")
    [part] = cut(find_parquet(tmp_path, None), True, 1)
    assert part.rows == 0


def test_statistics(grouped):
    [one] = grouped
    assert has_nulls(grouped, "x")
    assert not has_nulls(grouped, "s")
    assert not has_nulls(grouped, "q")
    assert group_bounds(one.footer, 1, "x") == (3, 5)
    assert group_bounds(one.footer, 3, "x") is None
    assert group_bounds(one.footer, 0, "q") is None


def test_files_without_statistics(tmp_path):
    table = pa.table({"x": [1, 2, 3, 4]})
    pq.write_table(table, tmp_path / "x.parquet", write_statistics=False, row_group_size=2)
    [one] = find_parquet(tmp_path, None)
    assert group_bounds(one.footer, 0, "x") is None
    assert_eq(dd.read_parquet(tmp_path, filters=[("x", ">", 3)]), pd.DataFrame({"x": [4]}), check_index=False)
    with_nulls = pa.table({"x": pa.array([1, 2, 3, None])})
    pq.write_table(with_nulls, tmp_path / "x.parquet", write_statistics=False, row_group_size=2)
    with pytest.raises(
        ValueError, match=r"x\.parquet \(row groups 0, 1\): the column 'x' is float64 where the footers promised int64"
    ):
        dd.read_parquet(tmp_path).compute()


def test_open_parquet(tmp_path):
    write(tmp_path, a=[1, 2])
    [one] = find_parquet(tmp_path / "a.parquet", None)
    with open_parquet(one.file) as opened:
        assert opened.read()["x"].to_pylist() == [1, 2]


def test_types_inside_lists_and_structures():
    numbers, nulls = pa.list_(pa.int64()), pa.list_(pa.null())
    assert fused_type(nulls, numbers) == fused_type(numbers, nulls) == numbers
    assert fused_type(pa.list_(nulls), pa.list_(numbers)) == pa.list_(numbers)
    assert fused_type(numbers, pa.list_(pa.string())) is None
    one, other = pa.struct([("a", pa.null()), ("b", pa.int8())]), pa.struct([("a", pa.string()), ("b", pa.null())])
    assert fused_type(one, other) == pa.struct([("a", pa.string()), ("b", pa.int8())])
    assert fused_type(one, pa.struct([("a", pa.null())])) is None
    assert [holds_null_type(kind) for kind in (one, nulls, numbers, pa.null(), pa.int8())] == [
        True,
        True,
        False,
        True,
        False,
    ]


def test_lists_without_values_fit(tmp_path):
    frames = [pd.DataFrame({"l": values}) for values in ([[], None], [[1, 2], []])]
    for at, frame in enumerate(frames):
        frame.to_parquet(tmp_path / f"{at}.parquet")
    assert [None if value is None else list(value) for value in dd.read_parquet(tmp_path)["l"].compute()] == [
        [],
        None,
        [1, 2],
        [],
    ]


def test_a_relative_glob(tmp_path, monkeypatch):
    write(tmp_path / "d", a=[1], b=[2])
    write(tmp_path / ".hidden", a=[9])
    monkeypatch.chdir(tmp_path)
    assert names("*/*.parquet") == names(f"file://{tmp_path}/*/*.parquet") == ["a.parquet", "b.parquet"]
    assert names("d/a[.]parquet") == ["a.parquet"]
    assert names(".hidden/*") == ["a.parquet"]


def test_typed_elsewhere(tmp_path):
    pq.write_table(pa.table({"x": pa.nulls(1), "y": pa.nulls(1), "z": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [1], "y": pa.nulls(1), "z": [1]}), tmp_path / "b.parquet")
    found = typed_elsewhere(find_parquet(tmp_path, None))
    assert {name: schema.field(name).type for name, schema in found.items()} == {"x": pa.int64()}
