from __future__ import annotations

import pandas as pd
import pytest
import sqlalchemy as sa

from minidask.dataframe.io.sql_tables import Staged, Target, check_free
from tests.dataframe.io.test_to_sql import stored, tables, url

# A fixture.
__all__ = ["url"]
ROWS = pd.DataFrame({"x": [1, 2, 3]}, index=pd.Index([5, 6, 7], name="id"))
KEYWORDS = {"schema": None, "index": True}


def test_tasks_that_run_again_write_once(url):
    target = Staged.of("t", url, {}, KEYWORDS)
    for _ in range(2):
        target.make(ROWS.iloc[:0], "fail")
        target.write(ROWS.iloc[:2], 0)
    for at, rows in ((0, ROWS.iloc[:2]), (1, ROWS.iloc[2:]), (1, ROWS.iloc[2:])):
        target.write(rows, at)
    assert tables(url) == [target.name, f"{target.name}_parts"]
    for _ in range(2):
        target.finish("fail")
    assert tables(url) == ["t"]
    pd.testing.assert_frame_equal(stored(url, index_col="id"), ROWS)


def test_rows_that_fail_leave_no_note(url):
    target = Staged.of("t", url, {}, KEYWORDS)
    target.make(ROWS.iloc[:0], "fail")
    with pytest.raises(pd.errors.DatabaseError, match="no column named y"):
        target.write(ROWS.rename(columns={"x": "y"}), 0)
    target.write(ROWS, 0)
    target.finish("fail")
    pd.testing.assert_frame_equal(stored(url, index_col="id"), ROWS)


def test_a_finish_that_fails_changes_nothing(url):
    ROWS.to_sql("t", url)
    target = Staged.of("t", url, {}, KEYWORDS)
    target.make(ROWS.iloc[:0], "replace")
    target.write(ROWS.iloc[:1], 0)
    # The index can't get its name, which another has: the table that was dropped before is back.
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("create table other (a)"))
        connection.execute(sa.text("drop index ix_t_id"))
        connection.execute(sa.text("create index ix_t_id on other (a)"))
    engine.dispose()
    with pytest.raises(sa.exc.OperationalError, match="index ix_t_id already exists"):
        target.finish("replace")
    assert len(stored(url)) == 3
    target.discard()
    target.discard()
    assert tables(url) == ["other", "t"]


def test_what_cannot_be_removed_is_told(url, tmp_path):
    target = Staged.of("t", f"sqlite:///{tmp_path}/no/x.db", {}, KEYWORDS)
    with pytest.raises(OSError, match=r"the table 't_new_.*unable to open database file"):
        target.discard()


def test_long_names_leave_room_for_those_of_indexes(url):
    assert len(Staged.of("n" * 60, url, {}, KEYWORDS).name) == 25


def test_a_table_that_gets_more_rows(url):
    target = Target("t", url, {}, KEYWORDS)
    target.make(ROWS.iloc[:0], "fail")
    target.write(ROWS, 0)
    target.write(ROWS, 1)
    target.finish("append")
    target.discard()
    assert len(stored(url)) == 6
    engine = sa.create_engine(url)
    with engine.begin() as connection, pytest.raises(ValueError, match="there is a table 't' already"):
        check_free(connection, "t", None, "fail")
    engine.dispose()
