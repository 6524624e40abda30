from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

from minidask.dataframe.io.sql_reader import SqlRange, SqlReader, connected


@pytest.fixture
def reader(tmp_path):
    url = f"sqlite:///{tmp_path}/x.db"
    with connected(url, {}) as connection:
        connection.execute(sa.text("create table t (id integer, x integer, s text)"))
        connection.execute(sa.text("insert into t values (3, 30, 'c'), (1, 10, 'a'), (2, 20, NULL)"))
    table = sa.table("t", sa.column("id"), sa.column("x"), sa.column("s"))
    meta = pd.DataFrame({"x": pd.Series([], dtype="int64"), "s": pd.Series([], dtype="str")})
    meta.index = pd.Index([], dtype="int64", name="id")
    return SqlReader(url, {}, {"x": table.c.x, "s": table.c.s}, table.c.id, meta, {}, False, frozenset("t"), "token")


def test_ranges_end_before_their_bound_but_the_last(reader):
    assert reader(SqlRange(1, 3, False)).index.tolist() == [1, 2]
    assert reader(SqlRange(2, 3, True))["x"].tolist() == [20, 30]
    assert reader(SqlRange(None, None, True, whole=True)).index.tolist() == [1, 2, 3]
    empty = reader(SqlRange(5, 6, True))
    assert (len(empty), empty.dtypes["s"], empty.index.dtype) == (0, "str", "int64")
    assert str(SqlRange(1, 3, False)) == "[1, 3)"


def test_columns_that_are_left_out_are_not_selected(reader):
    query = str(reader.project(("s",)).query(SqlRange(1, 3, False)))
    assert "t.x" not in query
    assert reader.project(("s",)).columns == ("s",)


def test_what_keywords_say_of_columns_that_are_left_out(reader):
    keywords = {"dtype": {"x": "float64"}, "parse_dates": ["x"]}
    narrow = SqlReader(
        **{**{name: getattr(reader, name) for name in reader.__dataclass_fields__}, "keywords": keywords}
    )
    assert narrow.project(("s",))(SqlRange(1, 3, True))["s"].tolist()[0] == "a"


def test_a_failed_transaction_is_rolled_back(reader):
    with pytest.raises(RuntimeError, match="stop"), connected(reader.con, {}) as connection:
        connection.execute(sa.text("delete from t"))
        raise RuntimeError("stop")
    assert len(reader(SqlRange(1, 3, True))) == 3


def test_a_database_is_a_url():
    with (
        pytest.raises(TypeError, match=r"must be given by its url.*got Engine"),
        connected(sa.create_engine("sqlite://"), {}),
    ):
        pass
