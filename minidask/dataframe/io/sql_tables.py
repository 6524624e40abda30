"""Tables of a database that rows are written to: at once, or under another name until all are there.

Place in the flow: the tasks of ``to_sql`` make a table, write a partition's rows in a transaction each, and finish it.

Invariants of a ``Staged`` table
- It is there as a whole or not at all: its rows go to a table of another name, which gets its own in one transaction.
- A partition's rows are in it once, however often its task runs (a worker may be lost with the news that it is done): a second
  table notes in the same transaction which are there.

Not for: tables that are there and get more rows. Each of their partitions is a transaction, and that is all.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minidask.dataframe.io.sql_reader import connected, sqlalchemy

if TYPE_CHECKING:
    import sqlalchemy as sa

# Databases whose changes of tables are part of transactions.
RENAMING = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Target:
    """A table to write, and how pandas is to do it."""

    name: str
    uri: str
    engine_kwargs: Mapping[str, Any]
    keywords: Mapping[str, Any]

    def make(self, meta: Any, if_exists: str) -> None:
        """Make the table, without rows."""
        with self.transaction() as connection:
            meta.to_sql(self.name, connection, if_exists=if_exists, **self.keywords)

    def write(self, frame: Any, at: int) -> None:
        """Write the rows of a partition."""
        with self.transaction() as connection:
            frame.to_sql(self.name, connection, if_exists="append", **self.keywords)

    def finish(self, if_exists: str) -> None:
        """Do what remains when all rows are there."""

    def discard(self) -> None:
        """Remove what a write left that failed."""

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Open a connection in a transaction."""
        with connected(self.uri, self.engine_kwargs) as connection:
            yield connection


@dataclass(frozen=True)
class Staged(Target):
    """A table that has another name until it is whole."""

    final: str = ""

    @classmethod
    def of(cls, final: str, uri: str, engine_kwargs: Mapping[str, Any], keywords: Mapping[str, Any]) -> Staged:
        """Make one with a first name of its own."""
        # Short: names of indexes have it in them, which some databases let have 63 characters.
        return cls(f"{final[:12]}_new_{uuid.uuid4().hex[:8]}", uri, engine_kwargs, keywords, final)

    def make(self, meta: Any, if_exists: str) -> None:
        """Make the table under its first name, unless that is done.

        Raises
        ------
        ValueError
            If there is one of the final name that isn't to be replaced.
        """
        with self.transaction() as connection:
            if sqlalchemy().inspect(connection).has_table(self._written.name, schema=self.keywords["schema"]):
                return
            check_free(connection, self.final, self.keywords["schema"], if_exists)
            meta.to_sql(self.name, connection, if_exists="fail", **self.keywords)
            self._written.create(connection)

    def write(self, frame: Any, at: int) -> None:
        """Write the rows of a partition, unless they are there."""
        written = self._written
        with self.transaction() as connection:
            if connection.scalar(written.select().where(written.c.part == at)) is not None:
                return
            frame.to_sql(self.name, connection, if_exists="append", **self.keywords)
            connection.execute(written.insert(), {"part": at})

    def finish(self, if_exists: str) -> None:
        """Give the table its name, and its indexes theirs, unless that is done; one of that name goes.

        Raises
        ------
        ValueError
            If there is one of the final name that isn't to be replaced.
        """
        sa, schema = sqlalchemy(), self.keywords["schema"]
        with self.transaction() as connection:
            if not sa.inspect(connection).has_table(self._written.name, schema=schema):
                return
            check_free(connection, self.final, schema, if_exists)
            staged = sa.Table(self.name, sa.MetaData(), schema=schema, autoload_with=connection)
            indexes = list(staged.indexes)
            for index in indexes:
                index.drop(connection)
            sa.Table(self.final, sa.MetaData(), schema=schema).drop(connection, checkfirst=True)
            quoted = connection.dialect.identifier_preparer
            connection.execute(
                sa.text(f"ALTER TABLE {quoted.format_table(staged)} RENAME TO {quoted.quote(self.final)}")
            )
            table = sa.Table(self.final, sa.MetaData(), schema=schema, autoload_with=connection)
            for index in indexes:
                name = index.name.replace(self.name, self.final, 1)
                sa.Index(name, *[table.c[column.name] for column in index.columns]).create(connection)
            self._written.drop(connection)

    def discard(self) -> None:
        """Drop the table under its first name.

        Raises
        ------
        OSError
            If the database doesn't let it go.
        """
        sa = sqlalchemy()
        try:
            with self.transaction() as connection:
                sa.Table(self.name, sa.MetaData(), schema=self.keywords["schema"]).drop(connection, checkfirst=True)
                self._written.drop(connection, checkfirst=True)
        except sa.exc.SQLAlchemyError as error:
            raise OSError(f"the table {self.name!r}: {error}") from error

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Open a connection in a transaction that changes of tables are part of."""
        with super().transaction() as connection:
            if connection.dialect.name == "sqlite":
                # Its driver begins one only when rows are written; and who reads first may find it locked then.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @property
    def _written(self) -> sa.Table:
        """The table of the numbers of the partitions that are there."""
        sa = sqlalchemy()
        number = sa.Column("part", sa.Integer, primary_key=True, autoincrement=False)
        return sa.Table(f"{self.name}_parts", sa.MetaData(), number, schema=self.keywords["schema"])


def check_free(connection: sa.Connection, name: str, schema: str | None, if_exists: str) -> None:
    """Raise ValueError if there is a table of that name that nobody said what to do with."""
    if if_exists == "fail" and sqlalchemy().inspect(connection).has_table(name, schema=schema):
        raise ValueError(
            f"there is a table {name!r} already: say what to do with it by if_exists='replace', 'append' or 'delete_rows'"
        )
