from __future__ import annotations

import pickle

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.optimize import project_columns
from minidask.dataframe.reading import FrameSource, Reader
from minidask.dataframe.source import from_reader, make_frame
from minidask.dataframe.testing import assert_eq

META = pd.DataFrame({"x": [0], "y": [0.5], "z": ["a"]}).iloc[:0]


class Table:
    """A reader that makes rows of numbers; it notes which columns it was asked for."""

    def __init__(self, columns: tuple[str, ...] = ("x", "y", "z")) -> None:
        self.columns = columns

    def project(self, columns: tuple[str, ...]) -> Table:
        assert columns, "a reader is never asked for no columns"
        return Table(columns)

    def __call__(self, part: int) -> pd.DataFrame:
        return pd.DataFrame({"x": [part], "y": [part / 2], "z": [f"s{part}"]})[list(self.columns)]

    def __dask_tokenize__(self) -> tuple:
        return "Table", self.columns


def table() -> dd.DataFrame:
    return from_reader(Table(), [0, 1, 2], META, prefix="table")


EXPECTED = pd.concat([Table()(part) for part in range(3)])


def sources(collection) -> list[FrameSource]:
    plan = project_columns(collection.dask, collection.__dask_keys__())
    return [layer for layer in plan.layers.values() if isinstance(layer, FrameSource)]


def test_reading_all():
    assert isinstance(Table(), Reader)
    assert_eq(table(), EXPECTED)
    assert [source.reader.columns for source in sources(table())] == [("x", "y", "z")]


def test_equal_sources_have_equal_names():
    assert table()._layer.name == table()._layer.name
    assert table()._layer.name.startswith("table-")


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (lambda df: df["y"].sum(), ("y",)),
        (lambda df: df[["z", "x"]], ("x", "z")),
        (lambda df: df[df["x"] > 0]["y"], ("x", "y")),
        (lambda df: len_of(df), ("x",)),
        (lambda df: df.groupby("z")["x"].sum(), ("x", "z")),
        (lambda df: df.assign(w=df["x"])["y"], ("y",)),
    ],
)
def test_only_what_is_needed_is_read(query, columns):
    assert [source.reader.columns for source in sources(query(table()))] == [columns]
    assert_eq(query(table()), query(EXPECTED), check_index=False)


def len_of(df):
    return df._length() if isinstance(df, dd.DataFrame) else len(df)


def test_a_narrowed_source_has_another_name():
    (narrow,) = sources(table()["x"])
    (other,) = sources(table()["y"])
    assert len({narrow.name, other.name, table()._layer.name}) == 3


def test_a_function_without_projection():
    df = from_reader(make_frame, [[1, 2], [3]], META[["x"]])
    assert df["x"].sum().compute() == 6


def test_a_source_pickles():
    df = pickle.loads(pickle.dumps(table()))
    assert_eq(df, EXPECTED)


@pytest.mark.parametrize(
    ("args", "kind", "message"),
    [
        ((1, [1], META), TypeError, "a reader must be callable, got int"),
        ((Table(), [], META), ValueError, "no parts to read"),
        ((Table(), [1], "meta"), TypeError, "meta must be an empty pandas object, got str"),
        ((Table(), [1], META, [1]), ValueError, "1 partitions need 2 divisions"),
    ],
)
def test_bad_sources(args, kind, message):
    with pytest.raises(kind, match=message):
        from_reader(*args)
