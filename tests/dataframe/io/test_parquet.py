from __future__ import annotations

import os
import pickle

import fsspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem

import minidask.dataframe as dd
from minidask.dataframe.io.parquet_reader import ParquetReader
from minidask.dataframe.testing import assert_eq
from minidask.io import FileChangedError
from tests.dataframe.frames import every_dtype


def rich(rows=23):
    """Every dtype that parquet keeps."""
    frame = every_dtype(rows)
    at = np.arange(rows)
    return frame.assign(
        z=pd.date_range("2020-03-28 22:00", periods=rows, freq="h", tz="UTC").tz_convert("Europe/Berlin"),
        B=pd.array([None if x % 3 == 0 else x % 2 == 0 for x in at], dtype="boolean"),
        F=pd.array([None if x % 5 == 0 else x / 2 for x in at], dtype="Float64"),
        i8=at.astype("int8"),
        u64=at.astype("uint64") + 2**63,
        f4=at.astype("float32"),
        day=[pd.Timestamp("2020-01-01").date()] * rows,
        list=[[x, None] if x % 2 else None for x in at.tolist()],
        dict=[{"a": x, "b": str(x)} for x in at.tolist()],
        bytes=[b"\x00" * x for x in at.tolist()],
        missing=pd.Series([None] * rows, dtype="object"),
    )


INDEXES = {
    "range": pd.RangeIndex(23),
    "shifted": pd.RangeIndex(100, 146, 2),
    "named range": pd.RangeIndex(5, 28, name="row"),
    "numbers": pd.Index(np.arange(23) * 3, name="n"),
    "unnamed": pd.Index(np.arange(23) ** 2),
    "floats": pd.Index(np.linspace(0, 1, 23), name="q"),
    "strings": pd.Index([f"k{x:02d}" for x in range(23)], name="key"),
    "dates": pd.date_range("2020-01-01", periods=23, name="when").as_unit("us"),
    "unnamed dates": pd.date_range("2020-01-01", periods=23).as_unit("us"),
    "unnamed zone": pd.date_range("2020-01-01", periods=23, tz="Asia/Tokyo").as_unit("us"),
    "zone": pd.date_range("2020-01-01", periods=23, name="when", tz="America/New_York").as_unit("us"),
    "categories": pd.CategoricalIndex(list("abcdefghijklmnopqrstuvw"), name="c"),
    "levels": pd.MultiIndex.from_arrays([np.arange(23) // 5, [f"k{x:02d}" for x in range(23)]], names=["a", "b"]),
    "unnamed levels": pd.MultiIndex.from_arrays([np.arange(23) // 5, np.arange(23)]),
    "null": pd.Index([None, *np.arange(22.0)], name="n"),
}


def indexed(kind):
    return pd.DataFrame({"x": range(23), "s": [f"v{x}" for x in range(23)]}, index=INDEXES[kind])


@pytest.mark.parametrize("split", [False, True, 2])
def test_every_dtype_as_pandas_wrote_it(tmp_path, split):
    frame = rich()
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=4)
    df = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=split)
    assert df.npartitions == {False: 1, True: 6, 2: 3}[split]
    assert_eq(df, pd.read_parquet(tmp_path / "x.parquet"))


@pytest.mark.parametrize("column", rich(3).columns)
def test_each_column_alone(tmp_path, column):
    frame = rich()
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=4)
    df = dd.read_parquet(tmp_path / "x.parquet", columns=column, split_row_groups=True)
    assert_eq(df, pd.read_parquet(tmp_path / "x.parquet")[column])


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("kind", INDEXES)
def test_every_index_as_pandas_wrote_it(tmp_path, kind, split):
    frame = indexed(kind)
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    whole = pd.read_parquet(tmp_path / "x.parquet")
    for known in (False, True):
        df = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=split, calculate_divisions=known)
        assert_eq(df, whole)
        assert_eq(df["s"], whole["s"])
        assert_eq(df[["s"]], whole[["s"]])


@pytest.mark.parametrize("kind", ["numbers", "unnamed", "floats", "dates", "zone"])
def test_divisions_of_sorted_indexes(tmp_path, kind):
    frame = indexed(kind)
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    df = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True, calculate_divisions=True)
    assert df.divisions == (*frame.index[::5], frame.index[-1])
    assert not dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True).known_divisions


@pytest.mark.parametrize("values", [[3, 2, 1, 0], [0, 1, 1, 2], [0, 1, None, 3], [None, None, 1, 2]])
def test_no_divisions_where_the_footers_prove_none(tmp_path, values):
    frame = pd.DataFrame({"x": range(4)}, index=pd.Index(values, name="k"))
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=2)
    df = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True, calculate_divisions=True)
    assert not df.known_divisions
    assert_eq(df, frame)


def test_files_of_pyarrow_have_the_rows_numbers(tmp_path):
    table = pa.table({"x": range(10), "s": [None, *"abcdefghi"], "l": [[1, None]] * 10, "d": pa.array([b"x"] * 10)})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=3)
    for split in (False, True, 2):
        assert_eq(
            dd.read_parquet(tmp_path / "x.parquet", split_row_groups=split), pd.read_parquet(tmp_path / "x.parquet")
        )


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, 3, None, 5, 6]),
        pa.array([1, 2, 3, None, 5, 6], "uint8"),
        pa.array([True, False, True, None, True, True]),
        pa.array(["a", "b", "c", None, "e", "f"], pa.dictionary(pa.int8(), pa.string())),
        pa.array([1, 2, 3, None, 5, 6], pa.timestamp("ms", tz="UTC")),
        pa.array([1, 2, 3, None, 5, 6], pa.date32()),
        pa.array([1, 2, 3, None, 5, 6], pa.duration("us")),
        pa.array([1, 2, 3, None, 5, 6], pa.decimal128(5, 2)),
        pa.array(["a", "b", "c", None, "e", "f"], pa.large_string()),
        pa.array([{"a": 1}, None] * 3),
        pa.nulls(6),
    ],
    ids=lambda values: str(values.type),
)
def test_nulls_in_one_row_group(tmp_path, values):
    """All partitions have the dtype that pandas gives the whole."""
    pq.write_table(pa.table({"x": values}), tmp_path / "x.parquet", row_group_size=2)
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True), pd.read_parquet(tmp_path / "x.parquet"))


@pytest.mark.parametrize("writer", ["pandas", "pyarrow"])
@pytest.mark.parametrize("lengths", [[0], [0, 3], [2, 0, 3], [2, 0], [0, 0]])
def test_files_without_rows(tmp_path, lengths, writer):
    frame = rich().drop(columns=["missing", "c"])
    pieces = []
    for at, rows in enumerate(lengths):
        pieces.append(frame.iloc[:rows])
        if writer == "pandas":
            table = pa.Table.from_pandas(frame.iloc[:rows], pa.Schema.from_pandas(frame))
        else:
            table = pa.Table.from_pandas(frame.iloc[:rows], pa.Schema.from_pandas(frame)).replace_schema_metadata()
        pq.write_table(table, tmp_path / f"{at}.parquet")
    expected = pd.concat([pd.read_parquet(tmp_path / f"{at}.parquet") for at in range(len(lengths))])
    df = dd.read_parquet(tmp_path)
    assert df.npartitions == len(lengths)
    assert_eq(df, expected, check_index=False)


def test_columns(tmp_path):
    frame = rich()
    frame.to_parquet(tmp_path / "x.parquet")
    whole = pd.read_parquet(tmp_path / "x.parquet")
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", columns=["s", "i"]), whole[["s", "i"]])
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", columns=("f",)), whole[["f"]])
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", columns="f"), whole["f"])
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", columns=[]), whole[[]])
    assert len(dd.read_parquet(tmp_path / "x.parquet", columns=[])) == 23


def test_columns_that_arent_there(tmp_path):
    pd.DataFrame({"delay": [1], "carrier": ["a"]}).to_parquet(tmp_path / "x.parquet")
    for columns in ("delai", ["carrier", "delai"]):
        with pytest.raises(KeyError, match="no column 'delai'; the nearest is 'delay'"):
            dd.read_parquet(tmp_path / "x.parquet", columns=columns)
    with pytest.raises(KeyError, match="no column for the index 'delai'; the nearest is 'delay'"):
        dd.read_parquet(tmp_path / "x.parquet", index="delai")
    with pytest.raises(ValueError, match=r"columns= names 'delay' twice"):
        dd.read_parquet(tmp_path / "x.parquet", columns=["delay", "delay"])


@pytest.mark.parametrize("split", [False, True])
def test_index(tmp_path, split):
    frame = indexed("strings")
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    assert_eq(dd.read_parquet(tmp_path, index="x", split_row_groups=split), frame.reset_index().set_index("x"))
    assert_eq(dd.read_parquet(tmp_path, index="x", columns=["s"], split_row_groups=split), frame.set_index("x")[["s"]])
    assert_eq(dd.read_parquet(tmp_path, index="key", split_row_groups=split), frame)
    assert_eq(dd.read_parquet(tmp_path, index=False, split_row_groups=split), frame.reset_index())
    assert_eq(
        dd.read_parquet(tmp_path, index=False, columns=["s"], split_row_groups=split),
        frame[["s"]].reset_index(drop=True),
    )


def test_index_that_becomes_a_column_has_no_divisions(tmp_path):
    frame = indexed("numbers")
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5)
    df = dd.read_parquet(tmp_path, index=False, split_row_groups=True, calculate_divisions=True)
    assert_eq(df, frame.reset_index())
    df = dd.read_parquet(tmp_path, index="x", split_row_groups=True, calculate_divisions=True)
    assert df.divisions == (0, 5, 10, 15, 20, 22)
    assert_eq(df, frame.reset_index().set_index("x"))


def test_files_that_differ_in_their_index(tmp_path):
    frame = pd.DataFrame({"x": [1, 2]}, index=pd.Index([7, 8], name="k"))
    frame.to_parquet(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": [3], "k": [9]}), tmp_path / "b.parquet")
    with pytest.raises(
        ValueError,
        match=r"b\.parquet: the index is made of the columns \[\], but of \['k'\] in .*a\.parquet.*index=False",
    ):
        dd.read_parquet(tmp_path)
    expected = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index([7, 8, 9], name="k"))
    assert_eq(dd.read_parquet(tmp_path, index="k"), expected)
    assert_eq(dd.read_parquet(tmp_path, index=False)[["x", "k"]], expected.reset_index()[["x", "k"]], check_index=False)


def test_categories_differ_between_files(tmp_path):
    pieces = [pd.DataFrame({"c": pd.Categorical(values)}) for values in (["a", "b"], ["b", "c", None])]
    for at, piece in enumerate(pieces):
        piece.to_parquet(tmp_path / f"{at}.parquet")
    df = dd.read_parquet(tmp_path)
    assert df["c"].astype("object").compute().tolist()[:4] == ["a", "b", "b", "c"]
    assert isinstance(df.compute()["c"].dtype, pd.CategoricalDtype)
    assert set(df.compute()["c"].cat.categories) == {"a", "b", "c"}


class Counted(LocalFileSystem):
    """The local disk, by way of Python's files, whose bytes are counted."""

    protocol = "counted"
    bytes_read = 0

    def _open(self, path, mode="rb", **kwargs):
        file = super()._open(path, mode, **kwargs)
        read = file.f.read

        def counted(size=-1):
            data = read(size)
            Counted.bytes_read += len(data)
            return data

        return Reads(file, counted)


class Reads:
    def __init__(self, file, read):
        self.file, self.read = file, read

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *details):
        self.file.close()


@pytest.fixture
def counted():
    fsspec.register_implementation("counted", Counted, clobber=True)
    Counted.bytes_read = 0
    return Counted


@pytest.mark.parametrize("split", [False, True])
def test_two_columns_of_twenty_touch_only_their_bytes(tmp_path, counted, split):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{at:02d}": rng.random(20_000) for at in range(20)})
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=5_000)
    footer = pq.read_metadata(tmp_path / "x.parquet")
    needed = sum(
        footer.row_group(group).column(at).total_compressed_size
        for group in range(footer.num_row_groups)
        for at in (3, 17)
    )
    df = dd.read_parquet(f"counted://{tmp_path}/x.parquet", split_row_groups=split)
    made = counted.bytes_read
    assert 0 < made < 150_000
    pd.testing.assert_series_equal((df["c03"] + df["c17"]).compute(scheduler="sync"), frame["c03"] + frame["c17"])
    # Each task reads the footer again.
    allowed = needed + df.npartitions * made
    assert needed <= counted.bytes_read - made <= allowed, (needed, made)
    assert allowed < os.path.getsize(tmp_path / "x.parquet") / 3
    counted.bytes_read = 0
    assert_eq(df, frame)
    assert counted.bytes_read > os.path.getsize(tmp_path / "x.parquet")


def test_filters_read_their_columns_only(tmp_path, counted):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{at:02d}": rng.random(20_000) for at in range(20)})
    frame.to_parquet(tmp_path / "x.parquet")
    df = dd.read_parquet(f"counted://{tmp_path}/x.parquet", columns=["c01"], filters=[("c02", ">", 0.5)])
    counted.bytes_read = 0
    assert_eq(df, frame.loc[frame["c02"] > 0.5, ["c01"]])
    assert counted.bytes_read < 2 * os.path.getsize(tmp_path / "x.parquet") / 5


def test_memory_file_system():
    fs = fsspec.filesystem("memory")
    frame = rich()
    try:
        for at in range(3):
            with fs.open(f"/minidask-parquet/{at}.parquet", "wb") as file:
                frame.to_parquet(file)
        with fs.open("/minidask-parquet/1.parquet") as file:
            frame = pd.read_parquet(file)
        for path in ("memory://minidask-parquet", "memory://minidask-parquet/*.parquet"):
            assert_eq(dd.read_parquet(path), pd.concat([frame] * 3))
        assert_eq(dd.read_parquet("memory://minidask-parquet/1.parquet")[["s"]], frame[["s"]])
    finally:
        fs.rm("/minidask-parquet", recursive=True)


def test_links_to_files_and_directories(tmp_path):
    frame = pd.DataFrame({"x": [1]})
    (tmp_path / "d").mkdir()
    frame.to_parquet(tmp_path / "d" / "x.parquet")
    (tmp_path / "link").symlink_to(tmp_path / "d")
    assert_eq(dd.read_parquet(tmp_path / "link"), frame)


def test_columns_that_arent_texts(tmp_path):
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=[0, 1])
    frame.to_parquet(tmp_path / "x.parquet")
    whole = pd.read_parquet(tmp_path / "x.parquet")
    assert_eq(dd.read_parquet(tmp_path / "x.parquet"), whole)
    assert_eq(dd.read_parquet(tmp_path / "x.parquet")[whole.columns[1]], whole[whole.columns[1]])


def test_names_with_dots_and_spaces(tmp_path):
    frame = pd.DataFrame({"a.b": [1, 2], "a b": [3, 4], "a": [{"b": 1}, {"b": None}], "ü": [5, 6], "": [7, 8]})
    frame.to_parquet(tmp_path / "x.parquet")
    whole = pd.read_parquet(tmp_path / "x.parquet")
    df = dd.read_parquet(tmp_path / "x.parquet")
    assert_eq(df, whole)
    for column in frame:
        assert_eq(df[[column]], whole[[column]])


def test_file_that_changes_or_goes_afterwards(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"x": [1]}).to_parquet(path)
    df = dd.read_parquet(path)
    pd.DataFrame({"x": range(1000)}).to_parquet(path)
    with pytest.raises(FileChangedError, match=r"x\.parquet' has changed since the collection was made"):
        df.compute()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"x\.parquet' was there when the collection was made and is gone now"):
        df.compute()


def test_names_say_what_is_read(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"x": [1, 2], "y": [3, 4]}).to_parquet(path, row_group_size=1)
    names = {
        dd.read_parquet(path, **kwargs)._name
        for kwargs in (
            {},
            {"columns": ["x"]},
            {"index": "x"},
            {"index": False},
            {"filters": [("x", ">", 1)]},
            {"split_row_groups": True},
        )
    }
    assert len(names) == 6
    assert dd.read_parquet(path)._name == dd.read_parquet(str(path))._name


def test_reader_is_pickled_and_projected(tmp_path):
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4]})
    frame.to_parquet(path)
    layer = dd.read_parquet(path)._layer
    reader = pickle.loads(pickle.dumps(layer.reader))
    assert isinstance(reader, ParquetReader)
    assert reader.columns == ("x", "y")
    pd.testing.assert_frame_equal(reader.project(("y",))(layer.parts[0]), frame[["y"]])


@pytest.mark.slow
def test_other_processes_read(tmp_path):
    frame = rich()
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=12)
    df = dd.read_parquet(tmp_path / "x.parquet", split_row_groups=True)
    pd.testing.assert_frame_equal(
        df.compute(scheduler="processes", num_workers=2), pd.read_parquet(tmp_path / "x.parquet")
    )


@pytest.mark.parametrize(
    ("kwargs", "kind", "message"),
    [
        ({"engine": "x"}, ValueError, "unknown parquet engine 'x'"),
        (
            {"aggregate_files": "y"},
            ValueError,
            r"aggregate_files='y' must name a directory.*there are none \(aggregate_files=True",
        ),
        (
            {"split_row_groups": 0},
            ValueError,
            "split_row_groups must be True, False, 'infer', 'adaptive' or a positive number, got 0",
        ),
        ({"split_row_groups": -1}, ValueError, "split_row_groups must be .* got -1"),
        ({"split_row_groups": "x"}, ValueError, "split_row_groups must be .* got 'x'"),
        ({"blocksize": "x"}, ValueError, "'x'"),
        ({"blocksize": 0}, ValueError, "blocksize must be at least 1 byte, got 0"),
        (
            {"categories": "x"},
            TypeError,
            "categories must be a list of columns, or a mapping of them to numbers, got 'x'",
        ),
        ({"index": 5}, TypeError, "index must be a column's name, a list of names, or False, got 5"),
        (
            {"parquet_file_extension": 5},
            TypeError,
            "parquet_file_extension must be a text, several of them, or None, got 5",
        ),
        ({"dtype_backend": "x"}, ValueError, "dtype_backend must be 'numpy_nullable' or 'pyarrow', got 'x'"),
        ({"arrow_to_pandas": 5}, TypeError, "arrow_to_pandas must be a mapping of options .* got int"),
        (
            {"dtype_backend": "pyarrow", "arrow_to_pandas": {"types_mapper": None}},
            ValueError,
            "dtype_backend and arrow_to_pandas=.* exclude each other",
        ),
        ({"filesystem": "x"}, TypeError, "filesystem must be 'fsspec', 'arrow', or a file system of fsspec, got 'x'"),
        ({"categories": ["q"]}, KeyError, "no column 'q'"),
        ({"filters": "x"}, TypeError, "filters must be a list"),
        ({"columns": 5}, TypeError, "columns must be a name or a list of names, got int: 5"),
    ],
)
def test_bad_arguments(tmp_path, kwargs, kind, message):
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(kind, match=message):
        dd.read_parquet(tmp_path / "x.parquet", **kwargs)


@pytest.mark.parametrize("path", [None, 5, b"x"])
def test_paths_of_wrong_types(path):
    with pytest.raises(TypeError, match="a path, a glob, or a list of them is needed"):
        dd.read_parquet(path)


# Filters: rows are those that pandas's masks select.

OPERATORS = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
DAY = pd.Timestamp("2020-01-01")
COMPARED = [
    *[
        [[(column, name, value)]]
        for name in OPERATORS
        for column, value in {"i": 5, "f": 5, "s": "a", "d": DAY, "I": 5}.items()
    ],
    *[[[("z", name, DAY.tz_localize("Europe/Berlin"))]] for name in OPERATORS],
    *[[[(column, name, value)]] for name in ("==", "!=") for column, value in {"b": True, "B": True, "c": "u"}.items()],
    *[
        [[(column, name, values)]]
        for name in ("in", "not in")
        for column, values in [
            ("i", [5, 9]),
            ("i", []),
            ("f", [5.0, None]),
            ("f", [np.nan]),
            ("s", ["a", None]),
            ("s", {"a"}),
            ("d", [DAY, None]),
            ("I", [5, None]),
        ]
    ],
    [[("f", "<", 2)], [("f", "!=", 5)]],
    [[("f", "<", 2), ("i", ">", 1)], [("s", "==", "b")]],
    [[("i", ">", 1000)]],
]


def selected(frame, filters):
    either = pd.Series(False, index=frame.index)
    for group in filters:
        both = pd.Series(True, index=frame.index)
        for column, name, value in group:
            isin = frame[column].isin(value) if "in" in name else None
            mask = (
                isin if name == "in" else ~isin if name == "not in" else getattr(frame[column], OPERATORS[name])(value)
            )
            # As when a mask with NA selects rows.
            both &= mask.fillna(False).astype(bool)
        either |= both
    return frame[either]


@pytest.fixture(scope="module")
def filtered(tmp_path_factory):
    """A frame with nulls in every type, and its file with row groups of two."""
    frame = pd.DataFrame(
        {
            "i": [1, 2, 3, 5, 5, 7, 8, 9],
            "f": [1.5, np.nan, 5.0, -2.0, np.nan, 5.0, 0.0, np.inf],
            "s": pd.Series(["a", None, "b", "a", "", None, "c", "a"], dtype="str"),
            "b": [True, False] * 4,
            "d": pd.to_datetime(
                ["2020-01-01", None, "2021-05-06", "2020-01-01", None, "2019-01-01", "2022-01-01", "2020-02-01"]
            ),
            "z": pd.to_datetime(["2020-01-01", None] * 4).tz_localize("Europe/Berlin"),
            "I": pd.array([1, None, 5, 5, None, 7, 8, 9], dtype="Int64"),
            "B": pd.array([True, None, False, True, None, True, False, None], dtype="boolean"),
            "c": pd.Categorical(["u", None, "v", "u", "w", None, "v", "u"]),
        }
    )
    path = tmp_path_factory.mktemp("filters") / "x.parquet"
    frame.to_parquet(path, row_group_size=2)
    return frame, path


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("filters", COMPARED, ids=str)
def test_filters_are_masks_of_pandas(filtered, filters, split):
    frame, path = filtered
    actual = dd.read_parquet(path, filters=filters, split_row_groups=split)
    assert_eq(actual, selected(frame, filters))
    assert_eq(actual[["b"]], selected(frame, filters)[["b"]])


def test_row_groups_that_cannot_pass_are_not_read(filtered):
    df = dd.read_parquet(filtered[1], filters=[("i", ">=", 8)], split_row_groups=True)
    assert df.npartitions == 1
    assert df["i"].compute().tolist() == [8, 9]


def test_filters_on_whole_numbers_with_nulls(tmp_path):
    """As pandas reads the whole: floats, of which missing ones differ from any number."""
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": pa.array([1, 2, 5, None, 7, None])}), path, row_group_size=2)
    whole = pd.read_parquet(path)
    for filters in (
        [[("x", "!=", 5)]],
        [[("x", "<", 2)], [("x", "!=", 5)]],
        [[("x", "in", [None, 7])]],
        [[("x", "<=", 5)]],
    ):
        assert_eq(dd.read_parquet(path, filters=filters, split_row_groups=True), selected(whole, filters))


@pytest.mark.parametrize("name", OPERATORS)
def test_row_groups_are_compared_as_pandas_compares(tmp_path, name):
    """NumPy compares in the precision of the column, footers hold what Python takes for other numbers."""
    for values, compared in (
        (np.array([0.1, 0.3], dtype="float32"), [0.1, 0.3]),
        (np.array([2**53 + 1, 2**53 - 1]), [float(2**53)]),
    ):
        frame = pd.DataFrame({"x": values})
        frame.to_parquet(tmp_path / "x.parquet", row_group_size=1)
        for value in compared:
            filters = [[("x", name, value)]]
            assert_eq(dd.read_parquet(tmp_path, filters=filters, split_row_groups=True), selected(frame, filters))


def test_filters_on_the_index_keep_the_index(tmp_path):
    frame = pd.DataFrame({"x": range(6)}, index=pd.Index(list("abcdef"), name="key"))
    frame.to_parquet(tmp_path / "x.parquet", row_group_size=2)
    filters = [("key", ">=", "c"), ("x", "!=", 4)]
    for columns in (None, ["x"], []):
        df = dd.read_parquet(tmp_path / "x.parquet", filters=filters, columns=columns, split_row_groups=True)
        assert_eq(df, frame.loc[["c", "d", "f"], frame.columns if columns is None else columns])
    frame = pd.DataFrame({"x": range(4)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "l"]))
    frame.to_parquet(tmp_path / "x.parquet")
    assert_eq(dd.read_parquet(tmp_path / "x.parquet", filters=[("l", "==", 2)]), frame.iloc[[1, 3]])


def test_bad_filters_are_found_when_the_collection_is_made(filtered):
    with pytest.raises(ValueError, match="filters name a column 'nope'"):
        dd.read_parquet(filtered[1], filters=[("nope", ">", 1)])
    with pytest.raises(TypeError, match="filters hold an empty list"):
        dd.read_parquet(filtered[1], filters=[[]])
    with pytest.raises(TypeError, match=r"a filter must be a tuple \(column, operator, value\), got 5"):
        dd.read_parquet(filtered[1], filters=[5])


@pytest.mark.parametrize("index", [[5, 6, 7], ["a", "b", "c"]])
def test_an_index_without_a_name_is_no_column(tmp_path, index):
    frame = pd.DataFrame({"x": [1, 2, 3], "y": 4}, index=index)
    dd.from_pandas(frame, npartitions=2).to_parquet(tmp_path)
    assert_eq(dd.read_parquet(tmp_path, index=False), frame, check_index=False)
    assert_eq(dd.read_parquet(tmp_path, index="x"), frame.set_index("x"))
