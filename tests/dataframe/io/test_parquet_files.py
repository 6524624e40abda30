from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import minidask.dataframe as dd
import minidask.dataframe.io.parquet_files as files_module
from minidask.dataframe.io.parquet_files import find_parquet, is_data_file, open_parquet
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


def test_open_parquet(tmp_path):
    write(tmp_path, a=[1, 2])
    [one] = find_parquet(tmp_path / "a.parquet", None)
    with open_parquet(one.file) as opened:
        assert opened.read()["x"].to_pylist() == [1, 2]


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


def test_any_names_of_files(tmp_path):
    write(tmp_path, a=[1])
    (tmp_path / "a.parquet").rename(tmp_path / "a.data")
    with pytest.raises(FileNotFoundError, match=r"names must end with \.parquet"):
        find_parquet(tmp_path, None)
    assert dd.read_parquet(tmp_path, parquet_file_extension=".data")["x"].compute().tolist() == [1]
    assert dd.read_parquet(tmp_path, parquet_file_extension=None)["x"].compute().tolist() == [1]
    assert dd.read_parquet(tmp_path, parquet_file_extension=(".x", ".data"))["x"].compute().tolist() == [1]
    assert is_data_file("a.data", (".data",))
    assert not is_data_file("a.data")


def summarized(folder, monkeypatch):
    """Return whether the footers of single files were spared."""
    opened = []
    real = files_module._footer
    monkeypatch.setattr(files_module, "_footer", lambda file: opened.append(file.path) or real(file))
    values = dd.read_parquet(folder)["x"].compute().tolist()
    monkeypatch.undo()
    return values, [path.rsplit("/", 1)[-1] for path in opened]


def test_metadata_spares_the_footers(tmp_path, monkeypatch):
    frame = dd.from_pandas(pd.DataFrame({"x": range(6)}), npartitions=3)
    frame.to_parquet(tmp_path / "d", write_metadata_file=True)
    assert summarized(tmp_path / "d", monkeypatch) == ([*range(6)], ["_metadata"])
    df = dd.read_parquet(tmp_path / "d", calculate_divisions=True, filters=[("x", ">", 3)])
    assert df.npartitions == 1
    assert df.divisions == (4, 5)
    assert_eq(dd.read_parquet(tmp_path / "d", ignore_metadata_file=True), frame.compute())


def test_metadata_that_does_not_know_all_is_not_trusted(tmp_path, monkeypatch):
    frame = dd.from_pandas(pd.DataFrame({"x": range(4)}), npartitions=2)
    frame.to_parquet(tmp_path / "d", write_metadata_file=True)
    pd.DataFrame({"x": [9]}, index=pd.Index([4])).to_parquet(tmp_path / "d" / "part.2.parquet")
    values, opened = summarized(tmp_path / "d", monkeypatch)
    assert values == [0, 1, 2, 3, 9]
    assert "part.2.parquet" in opened
    (tmp_path / "d" / "part.2.parquet").unlink()
    pd.DataFrame({"x": [7, 7, 7]}, index=pd.Index([2, 3, 4])).to_parquet(tmp_path / "d" / "part.1.parquet")
    assert summarized(tmp_path / "d", monkeypatch)[0] == [0, 1, 7, 7, 7]
