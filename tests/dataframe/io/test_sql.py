from __future__ import annotations

import pickle

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from minidask.tokenize import tokenize

ROWS = pd.DataFrame(
    {
        "name": ["a", "b", None, "d", "e", "f", "g"],
        "f": [0.5, None, 2, 3, 4, 5, 6],
        "n": [1, 2, 3, 4, 5, 6, 7],
        "t": pd.to_datetime(["2020-01-01 10:00:00.500000", None, *["2021-06-30 00:00:00.000000"] * 5]),
    },
    index=pd.Index([1, 2, 4, 4, 7, 9, 12], name="id"),
)


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    write(ROWS, "rows", url)
    return url


def write(frame, name, url, **kwargs):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        frame.to_sql(name, connection, **kwargs)
    engine.dispose()


def test_the_whole_table(url):
    frame = dd.read_sql_table("rows", url, "id", npartitions=3)
    assert frame.divisions == (1, 4, 8, 12)
    assert_eq(frame, ROWS.astype({"t": frame.dtypes["t"]}))
    assert frame.compute(scheduler="threads")["n"].tolist() == ROWS["n"].tolist()
    assert_eq(frame.loc[4:9, "n"], ROWS.loc[4:9, "n"])
    assert len(frame) == 7


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    ids=st.lists(st.integers(-20, 20), min_size=1, max_size=12),
    npartitions=st.integers(1, 9),
)
def test_any_number_of_partitions_gives_the_same_rows(tmp_path, ids, npartitions):
    url = f"sqlite:///{tmp_path}/y.db"
    rows = pd.DataFrame({"x": range(len(ids))}, index=pd.Index(ids, name="id"))
    write(rows, "y", url, if_exists="replace")
    frame = dd.read_sql_table("y", url, "id", npartitions=npartitions)
    assert_eq(frame, rows.sort_index(kind="stable"))


def test_partitions_by_bytes(url):
    assert dd.read_sql_table("rows", url, "id").npartitions == 1
    several = dd.read_sql_table("rows", url, "id", bytes_per_chunk=200)
    assert several.npartitions > 1
    assert several["n"].sum().compute() == 28


def test_divisions_and_limits(url):
    frame = dd.read_sql_table("rows", url, "id", divisions=[1, 4, 12], columns=["n"])
    assert_eq(frame, ROWS[["n"]])
    assert dd.read_sql_table("rows", url, "id", limits=(2, 9), npartitions=2).compute()["n"].tolist() == [2, 3, 4, 5, 6]
    cut = dd.read_sql_table("rows", url, "id", limits=(2, 9), divisions=[0, 4, 8])
    assert cut.divisions == (2, 4, 8)
    assert cut.compute()["n"].tolist() == [2, 3, 4, 5]
    assert dd.read_sql_table("rows", url, "id", limits=(4, 4), divisions=[4, 8]).compute()["n"].tolist() == [3, 4]
    with pytest.raises(
        ValueError, match=r"'id' has values from 1 to 12, outside of divisions from 2 to 9.*limits=\(2, 9\)"
    ):
        dd.read_sql_table("rows", url, "id", divisions=[2, 9])
    with pytest.raises(ValueError, match="have nothing in common"):
        dd.read_sql_table("rows", url, "id", divisions=[2, 9], limits=(20, 30))


def test_times_and_texts_as_index(url):
    rows = pd.DataFrame({"x": range(10)}, index=pd.date_range("2020-01-01", periods=10, freq="7h", name="t"))
    write(rows, "times", url)
    for columns in (None, ["x"]):
        frame = dd.read_sql_table("times", url, "t", npartitions=3, columns=columns)
        assert frame.npartitions == 3
        assert frame.divisions[0] == rows.index[0]
        assert_eq(frame, rows.set_axis(rows.index.astype(frame.index.dtype)), check_freq=False)
    named = ROWS.reset_index().dropna().set_index("name").drop(columns="t")
    write(named, "named", url)
    frame = dd.read_sql_table("named", url, "name", divisions=["a", "e", "g"])
    assert_eq(frame, named)
    with pytest.raises(TypeError, match=r"the index 'name' has values of type str.*divisions="):
        dd.read_sql_table("named", url, "name", npartitions=2)
    assert_eq(dd.read_sql_table("named", url, "name"), named)


def test_only_needed_columns_are_selected(url):
    frame = dd.read_sql_table("rows", url, "id", npartitions=2)
    reader = frame._layer.reader.project(("n",))
    query = str(reader.query(frame._layer.parts[0]))
    assert "name" not in query
    assert "rows.n" in query
    assert list(reader(frame._layer.parts[0]).columns) == ["n"]
    source = frame["n"].sum().optimize()
    assert source.compute() == 28


def test_columns_by_name_and_by_expression(url):
    table = sa.table("rows", sa.column("n"))
    frame = dd.read_sql_table("rows", url, "id", npartitions=2, columns=["name", (table.c.n * 2).label("double"), "id"])
    assert list(frame.columns) == ["name", "double"]
    assert frame["double"].compute().tolist() == (ROWS["n"] * 2).tolist()


def test_queries(url):
    rows = sa.table("rows", sa.column("id", sa.Integer), sa.column("n"), sa.column("f"))
    query = sa.select(rows.c.id, rows.c.n, (rows.c.f + 1).label("more")).where(rows.c.n > 2)
    frame = dd.read_sql_query(query, url, "id", npartitions=2)
    expected = ROWS.assign(more=ROWS["f"] + 1)[ROWS["n"] > 2][["n", "more"]]
    assert_eq(frame, expected)
    assert_eq(dd.read_sql_query(query, url, rows.c.id, divisions=[4, 12]), expected)
    text = sa.text("select id, n from rows").columns(sa.column("id", sa.Integer), sa.column("n", sa.Integer))
    assert_eq(dd.read_sql(text, url, "id", npartitions=3), ROWS[["n"]])
    assert_eq(dd.read_sql("rows", url, "id", columns=["n"]), ROWS[["n"]])


def test_what_pandas_takes(url):
    frame = dd.read_sql_table("rows", url, "id", npartitions=2, columns=["n", "f"], dtype={"n": "float32"})
    assert_eq(frame, ROWS[["n", "f"]].astype({"n": "float32"}))
    assert frame[["f"]].compute()["f"].isna().sum() == 1
    nullable = dd.read_sql_table("rows", url, "id", npartitions=2, columns=["n"], dtype_backend="numpy_nullable")
    assert nullable.compute()["n"].dtype == "Int64"
    write(pd.DataFrame({"day": ["2020-01-01", "2020-01-02"]}, index=pd.Index([1, 2], name="id")), "days", url)
    days = dd.read_sql_table("days", url, "id", parse_dates=["day"])
    assert days.compute()["day"].dt.day.tolist() == [1, 2]


def test_meta_casts_where_nothing_is_lost(url):
    frame = dd.read_sql_table("rows", url, "id", npartitions=2, meta={"n": "int8", "f": "Float64"})
    assert_eq(frame, ROWS[["n", "f"]].astype({"n": "int8", "f": "Float64"}))
    with pytest.raises(
        ValueError, match=r"rows, id in \[.*values do not fit the dtypes given in meta: 'f' .*Correct meta="
    ):
        dd.read_sql_table("rows", url, "id", npartitions=2, meta={"f": "int64"}).compute()
    with pytest.raises(KeyError, match="meta has columns that are not selected"):
        dd.read_sql_table("rows", url, "id", meta={"q": "int64"})
    with pytest.raises(TypeError, match="meta must describe a DataFrame"):
        dd.read_sql_table("rows", url, "id", meta=("q", "int64"))


def test_values_that_turn_into_something_else(url):
    late = pd.DataFrame({"n": [*range(10), None], "s": [None] * 6 + ["x"] * 5}, index=pd.Index(range(11), name="id"))
    write(late, "late", url, dtype={"n": sa.Integer, "s": sa.String})
    frame = dd.read_sql_table("late", url, "id", npartitions=2)
    assert frame.dtypes["n"] == "int64"
    assert frame.dtypes["s"] == "str"
    with pytest.raises(
        ValueError, match=r"late, id in \[5, 10\]: .*'n' was to be int64 and is float64.*dtype={'n': 'float64'}"
    ):
        frame.compute()
    assert_eq(dd.read_sql_table("late", url, "id", npartitions=2, dtype={"n": "float64"}), late.astype({"s": "str"}))
    assert_eq(dd.read_sql_table("late", url, "id", npartitions=2, head_rows=100), late.astype({"s": "str"}))
    # What isn't needed isn't read.
    assert frame["s"].count().compute() == 5


def test_a_table_without_rows(url):
    write(ROWS.iloc[:0], "empty", url)
    frame = dd.read_sql_table("empty", url, "id", npartitions=5)
    assert frame.npartitions == 1
    assert frame.dtypes["f"] == "float64"
    assert frame.index.dtype == "int64"
    assert len(frame.compute()) == 0


def test_rows_without_an_index_value_are_an_error(url):
    write(pd.DataFrame({"id": [1.0, None], "x": [1, 2]}), "holes", url, index=False)
    with pytest.raises(ValueError, match="some rows have no value in 'id'"):
        dd.read_sql_table("holes", url, "id")
    assert dd.read_sql_table("holes", url, "id", limits=(0.0, 5.0), npartitions=1).compute()["x"].tolist() == [1]


def test_readers_are_picklable_and_sources_differ(url):
    for frame in (
        dd.read_sql_table("rows", url, "id", npartitions=2),
        dd.read_sql_query(sa.select(sa.column("id"), sa.column("n")).select_from(sa.table("rows")), url, "id"),
    ):
        reader, parts = pickle.loads(pickle.dumps((frame._layer.reader, frame._layer.parts)))
        assert pd.concat([reader(part) for part in parts])["n"].tolist() == ROWS["n"].tolist()
    other = dd.read_sql_table("rows", url, "id", npartitions=2)
    assert other._name != dd.read_sql_table("rows", url, "id", npartitions=2)._name
    assert tokenize(other._layer.reader) == tokenize(other._layer.reader)


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"table_name": "nope"}, ValueError, r"there is no table 'nope' in sqlite:///.*; there are \['rows'\]"),
        ({"index_col": "nope"}, KeyError, "rows has no column 'nope'; there are"),
        ({"index_col": 5}, TypeError, "must be a column's name, got int: 5"),
        ({"columns": ["nope"]}, KeyError, "no column 'nope'"),
        ({"columns": [5]}, TypeError, "names or labelled SQLAlchemy expressions, got 5"),
        ({"columns": ["n", "n"]}, ValueError, "two columns are called 'n'"),
        ({"con": 5}, TypeError, "must be given by its url.*got int"),
        ({"table_name": sa.select(sa.column("x"))}, TypeError, "queries are for read_sql_query"),
        ({"npartitions": 0}, ValueError, "npartitions must be at least 1, got 0"),
        ({"npartitions": 1.5}, TypeError, "npartitions must be an integer"),
        ({"npartitions": 2, "divisions": [1, 2]}, ValueError, "divisions or npartitions, not both"),
        ({"limits": 5}, TypeError, "limits must be a pair"),
        ({"limits": (5, 1)}, ValueError, r"limits must be \(least, greatest\)"),
        ({"divisions": [5, 1]}, ValueError, "divisions must not fall"),
        ({"divisions": [5]}, ValueError, "at least two bounds"),
        ({"head_rows": 0}, ValueError, "head_rows must be a positive"),
        ({"bytes_per_chunk": 0}, ValueError, "bytes_per_chunk must be at least 1 byte"),
        ({"nonsense": 0}, TypeError, r"read_sql_table\(\) got an unexpected keyword argument 'nonsense'"),
        ({"chunksize": 5}, TypeError, "unexpected keyword argument 'chunksize'"),
    ],
)
def test_bad_arguments(url, keywords, error, message):
    with pytest.raises(error, match=message):
        dd.read_sql_table(**{"table_name": "rows", "con": url, "index_col": "id", **keywords})


def test_queries_that_are_none(url):
    with pytest.raises(TypeError, match=r"a text without columns: for a text say sqlalchemy.text\(...\).columns"):
        dd.read_sql_query(sa.text("select 1"), url, "id")
    with pytest.raises(TypeError, match="got a str"):
        dd.read_sql_query("rows", url, "id")
    with pytest.raises(KeyError, match="the query has no column 'id'"):
        dd.read_sql_query(sa.select(sa.column("n")).select_from(sa.table("rows")), url, "id")


def test_a_table_that_is_gone(url):
    frame = dd.read_sql_table("rows", url, "id")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("drop table rows"))
    engine.dispose()
    with pytest.raises(pd.errors.DatabaseError, match="no such table: rows"):
        frame.compute()
