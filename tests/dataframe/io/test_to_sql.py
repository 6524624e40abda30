from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

import minidask.dataframe as dd

FRAME = pd.DataFrame({"x": range(25), "s": ["a", None, "c", "d", "e"] * 5}, index=pd.Index(range(10, 35), name="id"))


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/x.db"


@pytest.fixture
def frame():
    return dd.from_pandas(FRAME, npartitions=4)


def stored(url, name="t", **kwargs):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = pd.read_sql_query(sa.text(f"select * from {name}"), connection, **kwargs)
    engine.dispose()
    return found


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("npartitions", [1, 4])
def test_rows_come_back(url, parallel, npartitions):
    frame = dd.from_pandas(FRAME, npartitions=npartitions)
    assert frame.to_sql("t", url, parallel=parallel) is None
    pd.testing.assert_frame_equal(stored(url, index_col="id").sort_index(), FRAME)
    if not parallel:
        assert stored(url)["id"].tolist() == list(FRAME.index)
    pd.testing.assert_frame_equal(dd.read_sql_table("t", url, "id", npartitions=3).compute(), FRAME)


@pytest.mark.slow
def test_what_is_there_already(frame, url):
    frame.to_sql("t", url)
    with pytest.raises(ValueError, match="there is a table 't' already: say what to do with it by if_exists='replace'"):
        frame.to_sql("t", url)
    frame.to_sql("t", url, if_exists="append")
    assert len(stored(url)) == 50
    frame[["x"]].to_sql("t", url, if_exists="replace", parallel=True)
    assert sorted(stored(url).columns) == ["id", "x"]
    assert len(stored(url)) == 25
    frame[["x"]].to_sql("t", url, if_exists="delete_rows")
    assert len(stored(url)) == 25


@pytest.mark.slow
def test_how_rows_are_written(frame, url):
    frame.to_sql("t", url, index=False, chunksize=3, method="multi", dtype={"x": sa.String})
    assert stored(url)["x"].tolist() == list(map(str, range(25)))
    frame.to_sql("u", url, index_label="key")
    assert list(stored(url, "u").columns) == ["key", "x", "s"]
    dd.from_pandas(FRAME["x"], npartitions=2).to_sql("v", url)
    assert stored(url, "v")["x"].tolist() == list(range(25))
    frame.to_sql("w", url, method=insert_twice, index=False)
    assert len(stored(url, "w")) == 50


def insert_twice(table, connection, keys, rows):
    data = [dict(zip(keys, row, strict=True)) for row in rows]
    if data:
        connection.execute(table.table.insert(), data + data)


@pytest.mark.slow
def test_nothing_is_written_before_it_is_computed(frame, url):
    lazy = [frame.to_sql(name, url, compute=False, parallel=parallel) for name, parallel in (("t", True), ("u", False))]
    engine = sa.create_engine(url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    assert [value.compute(scheduler="sync") for value in lazy] == [None, None]
    assert len(stored(url, "t")) == len(stored(url, "u")) == 25
    with pytest.raises(ValueError, match="there is a table 'u' already"):
        lazy[1].compute(scheduler="sync")


def test_columns_without_values_and_empty_partitions(url):
    parts = dd.from_map(slice_of, [0, 0, 3, 3], [0, 3, 3, 5], meta=FRAME.iloc[:0])
    parts.to_sql("t", url)
    pd.testing.assert_frame_equal(stored(url, index_col="id"), FRAME.iloc[:5])


def slice_of(start, stop):
    return FRAME.iloc[start:stop]


def fail_late(part):
    if part["x"].max() > 20:
        raise RuntimeError("late")
    return part


@pytest.mark.parametrize("parallel", [True, False])
def test_a_write_that_stops_says_what_is_left(frame, url, parallel):
    frame.to_sql("t", url)
    broken = frame.map_partitions(fail_late, meta=FRAME.iloc[:0])
    with pytest.raises(RuntimeError, match="late") as error:
        broken.to_sql("t", url, parallel=parallel, if_exists="append")
    assert any("'t' may hold the rows of some partitions" in note for note in error.value.__notes__)


@pytest.mark.parametrize("parallel", [True, False])
@pytest.mark.parametrize("if_exists", ["fail", "replace"])
def test_a_table_is_there_as_a_whole_or_not_at_all(frame, url, parallel, if_exists):
    if if_exists == "replace":
        frame.to_sql("t", url)
    broken = frame.map_partitions(fail_late, meta=FRAME.iloc[:0])
    with pytest.raises(RuntimeError, match="late") as error:
        broken.to_sql("t", url, parallel=parallel, if_exists=if_exists)
    assert "The table 't' was not touched." in error.value.__notes__
    assert tables(url) == (["t"] if if_exists == "replace" else [])
    if if_exists == "replace":
        pd.testing.assert_frame_equal(stored(url, index_col="id"), FRAME)


@pytest.mark.parametrize("parallel", [True, False])
def test_a_table_that_replaces_another_is_as_pandas_makes_it(frame, url, tmp_path, parallel):
    name = "fruit, and more of 2020"
    FRAME.rename(columns={"x": "old"}).to_sql(name, url)
    frame.to_sql(name, url, if_exists="replace", parallel=parallel)
    FRAME.to_sql(name, f"sqlite:///{tmp_path}/other.db")
    assert made(url) == made(f"sqlite:///{tmp_path}/other.db")
    assert tables(url) == [name]


def test_a_table_that_appears_meanwhile_is_kept(frame, url):
    taking = frame.map_partitions(take_name, url, meta=FRAME.iloc[:0])
    with pytest.raises(ValueError, match="there is a table 't' already"):
        taking.to_sql("t", url)
    assert stored(url)["mine"].tolist() == [1]
    assert tables(url) == ["t"]


def take_name(part, url):
    if part["x"].max() > 20:
        pd.DataFrame({"mine": [1]}).to_sql("t", url, index=False)
    return part


def tables(url):
    engine = sa.create_engine(url)
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return names


def made(url):
    """Return the statements that made tables and indexes, on one line each."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = connection.execute(sa.text("select type, name, sql from sqlite_master order by name")).all()
    engine.dispose()
    return [(kind, name, " ".join(text.split())) for kind, name, text in found]


@pytest.mark.slow
def test_a_table_is_not_written_while_it_is_read(frame, url):
    frame.to_sql("t", url)
    read = dd.read_sql_table("t", url, "id", npartitions=2)
    query = dd.read_sql_query(sa.select(sa.column("id"), sa.column("x")).select_from(sa.table("t")), url, "id")
    for source in (read, query):
        for if_exists in ("replace", "append"):
            with pytest.raises(ValueError, match="read from the table 't' of the same database while it is written"):
                (source.x + 1).to_sql("t", url, if_exists=if_exists)
    (read[["x"]] + 1).to_sql("u", url)
    assert stored(url, "u")["x"].sum() == FRAME["x"].sum() + 25
    read.persist().to_sql("t", url, if_exists="replace")
    assert len(stored(url)) == 25


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"if_exists": "maybe"}, ValueError, "if_exists must be one of 'fail', 'replace'"),
        ({"uri": 5}, TypeError, "must be given by its url.*got int"),
        ({"name": 5}, TypeError, "the table's name must be a str"),
        ({"method": "fast"}, ValueError, "method must be None, 'multi' or a function"),
        ({"chunksize": 0}, ValueError, "chunksize must be a positive number"),
    ],
)
def test_bad_arguments(frame, url, keywords, error, message):
    with pytest.raises(error, match=message):
        frame.to_sql(**{"name": "t", "uri": url, **keywords})


def test_a_pandas_frame_is_refused(url):
    with pytest.raises(TypeError, match="to_sql needs a minidask DataFrame or Series, got DataFrame"):
        dd.to_sql(FRAME, "t", url)
