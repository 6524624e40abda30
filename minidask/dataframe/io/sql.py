"""``read_sql_table``, ``read_sql_query``, ``read_sql``: tables and queries of a database, read by ranges of an index column.

Place in the flow: looks at the first rows (dtypes, bytes a row) and at the least and greatest value of the index, and
makes a collection of a ``SqlReader`` and ranges, whose bounds are the divisions.

Invariant: every row is read once. Rows without an index value, or outside of ``divisions``, are an error unless
``limits`` says that they are not wanted.

Not for: writing (``minidask.dataframe.io.to_sql``).
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from minidask.dataframe.io.settle import is_text
from minidask.dataframe.io.sql_ranges import check_given, even_divisions, partitions_for
from minidask.dataframe.io.sql_reader import SqlRange, SqlReader, connected, sqlalchemy
from minidask.dataframe.meta import make_meta
from minidask.dataframe.source import from_reader
from minidask.units import parse_bytes

if TYPE_CHECKING:
    import sqlalchemy as sa

# Keywords of pandas.read_sql_query that are handled here, or make no sense for ranges.
_OWN = ("sql", "con", "index_col", "chunksize", "params")


def read_sql_table(
    table_name: str,
    con: str,
    index_col: str,
    divisions: Sequence[Any] | None = None,
    npartitions: int | None = None,
    limits: tuple[Any, Any] | None = None,
    columns: Sequence[Any] | None = None,
    bytes_per_chunk: int | str = "256 MiB",
    head_rows: int = 5,
    schema: str | None = None,
    meta: Any = None,
    engine_kwargs: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Read a table of a database into a DataFrame, a range of its index column to a partition.

    Parameters
    ----------
    table_name : str
    con : str
        The database's url for SQLAlchemy; tasks open connections of their own.
    index_col : str
        The column that becomes the index; it should be indexed in the database.
    divisions : sequence, optional
        Bounds of the ranges.
    npartitions : int, optional
        How many ranges of equal width to cut numbers or times into; default: as ``bytes_per_chunk`` demands.
    limits : pair, optional
        Read index values from the first to the second only, both included.
    columns : list, optional
        Names, or labelled SQLAlchemy expressions; default: all.
    bytes_per_chunk : int or str
        About how large a partition is, if neither divisions nor their number are given.
    head_rows : int
        How many rows dtypes and sizes are inferred from.
    schema : str, optional
        Where the table is in the database.
    meta : optional
        Columns and dtypes, as for ``make_meta``; values are cast where nothing is lost.
    engine_kwargs : mapping, optional
        For ``sqlalchemy.create_engine``.
    **kwargs
        Of ``pandas.read_sql_query``: ``dtype``, ``parse_dates``, ``coerce_float``, ``dtype_backend``.

    Returns
    -------
    DataFrame
        Divisions are known; rows are in the order of the index.

    Raises
    ------
    ImportError
        If SQLAlchemy isn't installed.
    TypeError
        If ``con`` is no url, or the index is of a type that can't be cut and there are no divisions.
    KeyError
        If a column isn't there.
    ValueError
        If there is no such table, rows lie outside of the divisions, or have no index value.

    Examples
    --------
    >>> import tempfile
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> fruit = pd.DataFrame(
    ...     {"name": ["Apple", "Pear", "Fig"], "weight": [3, 4, 1]}, index=pd.Index([1, 2, 3], name="id")
    ... )
    >>> dd.from_pandas(fruit, npartitions=2).to_sql("fruit", f"sqlite:///{folder.name}/x.db")
    >>> df = read_sql_table("fruit", f"sqlite:///{folder.name}/x.db", "id", npartitions=2)
    >>> df.divisions, df.weight.sum().compute()
    ((1, 2, 3), np.int64(8))
    >>> folder.cleanup()
    """
    if not isinstance(table_name, str):
        raise TypeError(
            f"read_sql_table takes a table's name, got {type(table_name).__name__}; queries are for read_sql_query"
        )
    with connected(con, engine_kwargs or {}) as connection:
        sa = sqlalchemy()
        try:
            table = sa.Table(table_name, sa.MetaData(), autoload_with=connection, schema=schema)
        except sa.exc.NoSuchTableError:
            known = sa.inspect(connection).get_table_names(schema=schema)
            raise ValueError(
                f"there is no table {table_name!r} in {connection.engine.url!r}; there are {known}"
            ) from None
    index = _column(table.c, index_col, table_name)
    elements: dict[Hashable, Any] = {}
    for column in table.c if columns is None else columns:
        element = _column(table.c, column, table_name) if isinstance(column, str) else _bound(column, table)
        name = getattr(element, "name", None)
        if name is None:
            raise TypeError(f"columns must be names or labelled SQLAlchemy expressions, got {column!r:.80}")
        if name in elements:
            raise ValueError(f"two columns are called {name!r}: label one of them otherwise")
        if name != index.name:
            elements[name] = element
    return _frame(
        con, engine_kwargs, elements, index, frozenset((table_name,)), "read-sql-table",
        divisions, npartitions, limits, bytes_per_chunk, head_rows, meta, kwargs,
    )  # fmt: skip


def read_sql_query(
    sql: Any,
    con: str,
    index_col: Any,
    divisions: Sequence[Any] | None = None,
    npartitions: int | None = None,
    limits: tuple[Any, Any] | None = None,
    bytes_per_chunk: int | str = "256 MiB",
    head_rows: int = 5,
    meta: Any = None,
    engine_kwargs: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Read what a query selects into a DataFrame, a range of its index column to a partition.

    Parameters
    ----------
    sql : SQLAlchemy selectable
        ``sqlalchemy.select(...)``, or ``sqlalchemy.text(...).columns(...)``, which says what a text selects.
    index_col : str or SQLAlchemy column
        One of the selected columns.
    con, divisions, npartitions, limits, bytes_per_chunk, head_rows, meta, engine_kwargs, **kwargs
        As for ``read_sql_table``.

    Raises
    ------
    ImportError, KeyError, ValueError
        As ``read_sql_table``.
    TypeError
        If ``sql`` is no selectable, and as ``read_sql_table``.

    Examples
    --------
    >>> import tempfile
    >>> import sqlalchemy as sa
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> fruit = pd.DataFrame({"weight": [3, 4, 1]}, index=pd.Index([1, 2, 3], name="id"))
    >>> dd.from_pandas(fruit, npartitions=1).to_sql("fruit", f"sqlite:///{folder.name}/x.db")
    >>> heavy = (
    ...     sa.select(sa.column("id"), sa.column("weight"))
    ...     .select_from(sa.table("fruit"))
    ...     .where(sa.column("weight") > 1)
    ... )
    >>> read_sql_query(heavy, f"sqlite:///{folder.name}/x.db", "id").weight.sum().compute()
    np.int64(7)
    >>> folder.cleanup()
    """
    if not isinstance(sql, sqlalchemy().sql.expression.SelectBase):
        what = "a text without columns" if type(sql).__name__ == "TextClause" else f"a {type(sql).__name__}"
        raise TypeError(
            f"read_sql_query takes sqlalchemy.select(...), got {what}: for a text say "
            "sqlalchemy.text(...).columns(sqlalchemy.column('name', type), ...), and for a table's name use read_sql_table"
        )
    selected = sql.subquery()
    index = _column(selected.c, getattr(index_col, "name", index_col), "the query")
    elements = {column.name: column for column in selected.c if column.name != index.name}
    if len(elements) + 1 < len(selected.c):
        raise ValueError("two columns of the query have the same name: label one of them otherwise")
    return _frame(
        con, engine_kwargs, elements, index, _tables_of(sql), "read-sql-query",
        divisions, npartitions, limits, bytes_per_chunk, head_rows, meta, kwargs,
    )  # fmt: skip


def read_sql(sql: Any, con: str, index_col: Any, **kwargs: Any) -> Any:
    """Read a table, given by its name, or a query into a DataFrame: ``read_sql_table`` or ``read_sql_query``.

    Raises
    ------
    ImportError, TypeError, KeyError, ValueError
        As these.

    Examples
    --------
    >>> read_sql(5, "sqlite://", "id")
    Traceback (most recent call last):
    TypeError: read_sql_query takes sqlalchemy.select(...), got a int: ...
    """
    if isinstance(sql, str):
        return read_sql_table(sql, con, index_col, **kwargs)
    return read_sql_query(sql, con, index_col, **kwargs)


def _frame(
    con: str,
    engine_kwargs: Mapping[str, Any] | None,
    elements: dict[Hashable, sa.ColumnElement[Any]],
    index: sa.ColumnElement[Any],
    tables: frozenset[str],
    prefix: str,
    divisions: Sequence[Any] | None,
    npartitions: int | None,
    limits: tuple[Any, Any] | None,
    bytes_per_chunk: int | str,
    head_rows: int,
    meta: Any,
    kwargs: Mapping[str, Any],
) -> Any:
    check_given(divisions, npartitions, limits)
    known = inspect.signature(pd.read_sql_query).parameters
    wrong = next((name for name in kwargs if name not in known or name in _OWN), None)
    if wrong is not None:
        raise TypeError(f"{prefix.replace('-', '_')}() got an unexpected keyword argument {wrong!r}")
    if not isinstance(head_rows, int) or head_rows < 1:
        raise ValueError(f"head_rows must be a positive number of rows, got {head_rows!r}")
    chunk_nbytes = parse_bytes(bytes_per_chunk)
    if chunk_nbytes < 1:
        raise ValueError(f"bytes_per_chunk must be at least 1 byte, got {bytes_per_chunk!r}")
    name = str(index.name)
    promised = None if meta is None else make_meta(meta)
    if promised is not None:
        if not isinstance(promised, pd.DataFrame):
            raise TypeError(f"meta must describe a DataFrame, got a {type(promised).__name__}")
        missing = [label for label in promised.columns if label not in elements]
        if missing:
            raise KeyError(f"meta has columns that are not selected: {missing}; there are {list(elements)}")
        elements = {label: elements[label] for label in promised.columns}
    with connected(con, engine_kwargs or {}) as connection:
        frame = _head(connection, elements, index, name, head_rows, kwargs)
        head = _promise(frame, elements, index)
        if promised is not None:
            head = promised if promised.index.name == name else promised.set_axis(head.index, axis=0)
        bounds = _bounds(connection, frame, index, name, divisions, npartitions, limits, chunk_nbytes)
    reader = SqlReader(
        con, dict(engine_kwargs or {}), elements, index, head, dict(kwargs), promised is not None, tables, uuid.uuid4().hex
    )  # fmt: skip
    if bounds is None:
        return from_reader(reader, [SqlRange(None, None, True, whole=True)], head, prefix=prefix)
    parts = [SqlRange(low, high, at == len(bounds) - 2) for at, (low, high) in enumerate(pairwise(bounds))]
    return from_reader(reader, parts, head, divisions=_like_index(bounds, head.index), prefix=prefix)


def _head(
    connection: sa.Connection,
    elements: Mapping[Hashable, Any],
    index: sa.ColumnElement[Any],
    name: str,
    rows: int,
    kwargs: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the first rows."""
    query = sqlalchemy().select(index.label(name), *[element.label(str(label)) for label, element in elements.items()])
    return pd.read_sql_query(query.limit(rows), connection, index_col=name, **kwargs)


def _promise(
    head: pd.DataFrame, elements: Mapping[Hashable, sa.ColumnElement[Any]], index: sa.ColumnElement[Any]
) -> pd.DataFrame:
    """Return what all rows are to look like; where the first tell nothing, the type that the database declares does."""
    meta = head.iloc[:0]
    for label, element in elements.items():
        if head[label].dtype == np.dtype(object) and head[label].isna().all():
            meta = meta.assign(
                **{str(label): pd.Series([], dtype=_declared(element, missing=len(head) > 0), index=meta.index)}
            )
    if not len(head):
        meta.index = pd.Index([], dtype=_declared(index, missing=False), name=head.index.name)
    return meta


def _declared(element: sa.ColumnElement[Any], missing: bool) -> Any:
    """Return the dtype of values of a declared type, some of them missing or none."""
    sa = sqlalchemy()
    kind = element.type
    if isinstance(kind, sa.Boolean):
        return np.dtype(object) if missing else np.dtype(bool)
    if isinstance(kind, sa.Integer):
        return np.dtype("float64" if missing else "int64")
    if isinstance(kind, sa.Numeric | sa.Float):
        return np.dtype("float64")
    if isinstance(kind, sa.DateTime) and not kind.timezone:
        return np.dtype("datetime64[us]")
    if isinstance(kind, sa.String):
        return pd.Series(["text"]).dtype
    return np.dtype(object)


def _bounds(
    connection: sa.Connection,
    head: pd.DataFrame,
    index: sa.ColumnElement[Any],
    name: str,
    divisions: Sequence[Any] | None,
    npartitions: int | None,
    limits: tuple[Any, Any] | None,
    chunk_nbytes: int,
) -> tuple[Any, ...] | None:
    """Return the bounds of ranges; None for a table without rows."""
    sa = sqlalchemy()
    if limits is None:
        least, greatest = connection.execute(sa.select(sa.func.min(index), sa.func.max(index))).one()
        nameless = connection.execute(
            sa.select(sa.literal(1)).select_from(index.table).where(index.is_(None)).limit(1)
        ).first()
        if nameless is not None:
            raise ValueError(
                f"some rows have no value in {name!r}: they would belong to no partition. Take another index_col, or leave "
                "them out with limits="
            )
        if divisions is not None and least is not None:
            first, last = min(least, divisions[0]), max(greatest, divisions[-1])
            if (first, last) != (divisions[0], divisions[-1]):
                raise ValueError(
                    f"{name!r} has values from {least!r} to {greatest!r}, outside of divisions from {divisions[0]!r} to "
                    f"{divisions[-1]!r}: extend these, or say limits={(divisions[0], divisions[-1])!r} to leave such rows out"
                )
    else:
        least, greatest = limits
    if divisions is not None:
        if limits is None:
            return tuple(divisions)
        inner = [bound for bound in divisions if limits[0] < bound < limits[1]]
        first, last = max(limits[0], divisions[0]), min(limits[1], divisions[-1])
        if not first <= last:
            raise ValueError(
                f"limits {tuple(limits)!r} and divisions from {divisions[0]!r} to {divisions[-1]!r} have nothing in common"
            )
        return tuple(dict.fromkeys([first, *inner, last])) if first < last else (first, last)
    if least is None:
        return None
    if npartitions is None:
        if not len(head):
            return least, greatest
        count = sa.select(sa.func.count()).select_from(index.table).where(index >= least, index <= greatest)
        rows = connection.execute(count).scalar_one()
        npartitions = partitions_for(rows, head.memory_usage(deep=True, index=True).sum() / len(head), chunk_nbytes)
    if npartitions == 1:
        return least, greatest
    return even_divisions(least, greatest, npartitions, name)


def _like_index(bounds: tuple[Any, ...], index: pd.Index) -> tuple[Any, ...]:
    """Return bounds as values of the index's dtype, so that divisions compare with it."""
    if index.dtype == np.dtype(object) or is_text(index.dtype):
        return bounds
    return tuple(pd.Index(list(bounds)).astype(index.dtype)) if index.dtype.kind == "M" else bounds


def _column(columns: Any, name: Any, where: str) -> Any:
    if not isinstance(name, str):
        raise TypeError(f"index_col must be a column's name, got {type(name).__name__}: {name!r:.80}")
    if name not in columns:
        raise KeyError(f"{where} has no column {name!r}; there are {[column.name for column in columns]}")
    return columns[name]


def _bound(expression: Any, table: sa.Table) -> Any:
    """Return an expression whose columns are the table's, which the user had to name without having it."""
    sa = sqlalchemy()
    if not isinstance(expression, sa.sql.expression.ColumnElement):
        return None

    def replace(element: Any, **kwargs: Any) -> Any:
        if isinstance(element, sa.sql.expression.ColumnClause) and element.name in table.c:
            return table.c[element.name]
        return None

    return sa.sql.visitors.replacement_traverse(expression, {}, replace)


def _tables_of(sql: Any) -> frozenset[str]:
    """Return the names of the tables that a query reads, as far as it says so."""
    sa = sqlalchemy()
    return frozenset(
        element.name for element in sa.sql.visitors.iterate(sql) if isinstance(element, sa.sql.expression.TableClause)
    )
