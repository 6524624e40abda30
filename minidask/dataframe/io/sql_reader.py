"""One range of a table's or query's index to one pandas DataFrame, with the dtypes that the collection promised.

Place in the flow: the tasks of ``read_sql_table`` and ``read_sql_query``. ``SqlReader`` is made by
``minidask.dataframe.io.sql``, narrowed by the optimiser (only the columns that are needed are selected), and called with
a ``SqlRange``.

Invariants: each task opens and closes a connection of its own. Rows come in the order of the index. Values that aren't of the
promised dtype are an error that names column, what was found and the remedy.

Not for: anything but SQLAlchemy's databases.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_object_dtype

from minidask.dataframe.io.settle import is_text, settle

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class SqlRange:
    """Index values from ``lower`` to ``upper``, which belongs to the last range alone; None has no bounds."""

    lower: Any
    upper: Any
    last: bool
    whole: bool = False

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "SqlRange", self.lower, self.upper, self.last, self.whole

    def __str__(self) -> str:
        return "the whole table" if self.whole else f"[{self.lower!r}, {self.upper!r}{']' if self.last else ')'}"


@dataclass(frozen=True)
class SqlReader:
    """Read ranges of an index.

    Parameters
    ----------
    con : str
        The database's url.
    engine_kwargs : mapping
        For ``sqlalchemy.create_engine``.
    elements : mapping
        From column to what is selected for it.
    index : SQLAlchemy column element
        What ranges are of; it becomes the index.
    meta : pandas.DataFrame
        The promise; its columns are those to read.
    keywords : mapping
        For ``pandas.read_sql_query``.
    declared : bool
        Whether the user gave the dtypes.
    tables : frozenset of str
        The tables that are read.
    token : str
        Of this source alone: a database may change between two reads.
    """

    con: str
    engine_kwargs: Mapping[str, Any]
    elements: Mapping[Hashable, sa.ColumnElement[Any]]
    index: sa.ColumnElement[Any]
    meta: pd.DataFrame
    keywords: Mapping[str, Any]
    declared: bool
    tables: frozenset[str]
    token: str

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The labels of what is read, in order."""
        return tuple(self.meta.columns)

    def project(self, columns: tuple[Hashable, ...]) -> SqlReader:
        """Return a reader that selects fewer columns."""
        return replace(self, meta=self.meta[list(columns)])

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return "SqlReader", self.token, self.columns

    def query(self, part: SqlRange) -> sa.Select[Any]:
        """Return the query for a range."""
        sa = sqlalchemy()
        label = str(self.meta.index.name)
        query = sa.select(self.index.label(label), *[self.elements[name].label(str(name)) for name in self.columns])
        if not part.whole:
            upper = self.index <= part.upper if part.last else self.index < part.upper
            query = query.where(self.index >= part.lower, upper)
        return query.order_by(self.index)

    def __call__(self, part: SqlRange) -> pd.DataFrame:
        """Read a range.

        Raises
        ------
        pandas.errors.DatabaseError, sqlalchemy.exc.SQLAlchemyError
            What the database says.
        ValueError
            If values aren't of the promised dtypes.
        """
        keywords: dict[str, Any] = dict(self.keywords)
        for name in ("dtype", "parse_dates"):
            given = keywords.get(name)
            if isinstance(given, Mapping):
                keywords[name] = {label: value for label, value in given.items() if label in self.columns} or None
            elif isinstance(given, list):
                keywords[name] = [label for label in given if label in self.columns]
        with connected(self.con, self.engine_kwargs) as connection:
            frame = pd.read_sql_query(self.query(part), connection, index_col=str(self.meta.index.name), **keywords)
        return self._settled(part, frame)

    def _settled(self, part: SqlRange, frame: pd.DataFrame) -> pd.DataFrame:
        broken: dict[Hashable, Any] = {}
        for label in self.columns:
            promised = self.meta[label].dtype
            if frame[label].dtype != promised:
                values = self._as(frame[label], promised)
                if values is None:
                    broken[label] = frame[label].dtype
                else:
                    frame[label] = values
        index = frame.index
        if index.dtype != self.meta.index.dtype:
            values = self._as(index.to_series(), self.meta.index.dtype)
            if values is None:
                broken[index.name] = index.dtype
            else:
                frame.index = pd.Index(values, name=index.name)
        if broken:
            told = "; ".join(
                f"{label!r} was to be {self._promised(label)} and is {found}" for label, found in broken.items()
            )
            remedy = {label: _wide_enough(self._promised(label), found) for label, found in broken.items()}
            raise ValueError(
                f"{', '.join(sorted(self.tables)) or 'the query'}, {self.meta.index.name} in {part}: values do not fit "
                f"the dtypes {'given in meta' if self.declared else 'of the first rows'}: {told}. "
                + (
                    f"Correct meta=: {remedy!r}."
                    if self.declared
                    else f"Read them with dtype={remedy!r}, or look at more rows with head_rows=."
                )
            )
        return frame

    def _promised(self, label: Hashable) -> Any:
        return self.meta[label].dtype if label in self.meta.columns else self.meta.index.dtype

    def _as(self, found: pd.Series, promised: Any) -> pd.Series | None:
        """Return values as promised, or None if something would be lost."""
        if found.isna().all() and is_object_dtype(promised):
            return found.astype(object)
        values = settle(found, promised)
        if values is None and self.declared and not (is_text(promised) and not is_text(found.dtype)):
            try:
                cast = found.astype(promised)
                values = cast if cast.isna().equals(found.isna()) and (cast == found)[found.notna()].all() else None
            except (ValueError, TypeError):
                # No such values in that dtype: the caller says so.
                values = None
        return values


def sqlalchemy() -> Any:
    """Return the module.

    Raises
    ------
    ImportError
        If it isn't installed.
    """
    try:
        import sqlalchemy as sa
    except ImportError:
        raise ImportError("reading and writing databases needs SQLAlchemy: install minidask[sql]") from None
    return sa


@contextmanager
def connected(con: str, engine_kwargs: Mapping[str, Any]) -> Iterator[sa.Connection]:
    """Open a connection in a transaction, and close it and its engine afterwards.

    Raises
    ------
    ImportError
        If SQLAlchemy isn't installed.
    TypeError
        If ``con`` is no url.
    """
    if not isinstance(con, str):
        raise TypeError(
            f"the database must be given by its url, such as 'sqlite:///path.db', since tasks open connections of their own; "
            f"got {type(con).__name__}"
        )
    engine = sqlalchemy().create_engine(con, **engine_kwargs)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _wide_enough(promised: Any, found: Any) -> str:
    kinds = {getattr(dtype, "kind", "O") for dtype in (promised, found)}
    if kinds <= set("iuf"):
        return "float64"
    return "str" if is_text(promised) or is_text(found) else "object"
