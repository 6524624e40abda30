"""``to_sql``: partitions become rows of a table of a database.

Place in the flow: one task makes the table of the empty frame, the others add rows; one after the other in the partitions'
order, or side by side. Each partition is a transaction of its own.

Invariant: the table that is written is none of those that are read, since it may be gone before they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from minidask.collection import collection_layers
from minidask.dataframe.collection import new_collection
from minidask.dataframe.io.finish import Chain, finished, nothing, run
from minidask.dataframe.io.sql_reader import SqlReader, connected, sqlalchemy
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.dataframe.reading import FrameSource
from minidask.graph import Layer, source

_EXISTING = ("fail", "replace", "append", "delete_rows")


@dataclass(frozen=True)
class Target:
    """A table to write, and how pandas is to do it."""

    name: str
    uri: str
    engine_kwargs: Mapping[str, Any]
    keywords: Mapping[str, Any]

    def write(self, frame: Any, if_exists: str) -> None:
        """Write rows in one transaction."""
        with connected(self.uri, self.engine_kwargs) as connection:
            frame.to_sql(self.name, connection, if_exists=if_exists, **self.keywords)


@dataclass(frozen=True)
class AppendRows:
    """Make the table before the first partition's rows, and add each partition's after those of the one before."""

    target: Target
    meta: Any
    if_exists: str
    count: int

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_sql"

    def __call__(self, at: int, frame: Any) -> int | None:
        """Write; return the number of partitions that are there, None after the last."""
        if at == 0:
            self.target.write(self.meta, self.if_exists)
        self.target.write(frame, "append")
        return at + 1 if at + 1 < self.count else None


@dataclass(frozen=True)
class MakeTable:
    """Make the table, without rows."""

    target: Target
    meta: Any
    if_exists: str

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "make_table"

    def __call__(self, state: None, block: None) -> bool:
        """Make it; return that it is there."""
        self.target.write(self.meta, self.if_exists)
        return True


@dataclass(frozen=True)
class WriteRows:
    """Add a partition's rows to a table that is there."""

    target: Target

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_sql"

    def __call__(self, frame: Any, made: bool) -> None:
        """Write."""
        self.target.write(frame, "append")


def to_sql(
    df: Any,
    name: str,
    uri: str,
    schema: str | None = None,
    if_exists: str = "fail",
    index: bool = True,
    index_label: str | Sequence[str] | None = None,
    chunksize: int | None = None,
    dtype: Any = None,
    method: str | Callable[..., Any] | None = None,
    compute: bool = True,
    parallel: bool = False,
    engine_kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Write a DataFrame or Series to a table of a database.

    Parameters
    ----------
    df : DataFrame or Series
    name : str
        The table's.
    uri : str
        The database's url for SQLAlchemy.
    schema : str, optional
        Where the table is in the database.
    if_exists : str
        What to do with a table of that name: ``"fail"``, ``"replace"`` it, ``"delete_rows"``, or ``"append"`` to it.
    index : bool
        Whether to write the index as a column, called ``index_label`` or as the index.
    chunksize : int, optional
        How many rows to insert at a time; default: a partition.
    dtype : mapping, optional
        From column to SQLAlchemy type.
    method : str or callable, optional
        How rows are inserted: ``"multi"`` or a function, as in ``pandas.DataFrame.to_sql``.
    compute : bool
        False: return a lazy value that writes when it is computed.
    parallel : bool
        Write partitions side by side, in any order.
    engine_kwargs : mapping, optional
        For ``sqlalchemy.create_engine``.

    Returns
    -------
    None, or a lazy value if ``compute`` is False

    Raises
    ------
    ImportError
        If SQLAlchemy isn't installed.
    TypeError
        If ``df`` is no collection of minidask or ``uri`` no url.
    ValueError
        If the table is there and ``if_exists="fail"``, or ``df`` is read from the same table.

    Examples
    --------
    >>> import tempfile
    >>> import minidask.dataframe as dd
    >>> folder = tempfile.TemporaryDirectory()
    >>> url = f"sqlite:///{folder.name}/x.db"
    >>> to_sql(dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=2), "numbers", url)
    >>> pd.read_sql("select x from numbers", url)["x"].tolist()
    [1, 2, 3]
    >>> folder.cleanup()
    """
    if not isinstance(getattr(df, "_meta", None), pd.DataFrame | pd.Series):
        raise TypeError(f"to_sql needs a minidask DataFrame or Series, got {type(df).__name__}")
    if not isinstance(name, str):
        raise TypeError(f"the table's name must be a str, got {type(name).__name__}: {name!r:.80}")
    if if_exists not in _EXISTING:
        raise ValueError(f"if_exists must be one of {', '.join(map(repr, _EXISTING))}, got {if_exists!r}")
    if method is not None and method != "multi" and not callable(method):
        raise ValueError(f"method must be None, 'multi' or a function, got {method!r:.80}")
    if chunksize is not None and (not isinstance(chunksize, int) or chunksize < 1):
        raise ValueError(f"chunksize must be a positive number of rows, got {chunksize!r}")
    for layer in _layers(df):
        reader = layer.reader if isinstance(layer, FrameSource) else None
        if isinstance(reader, SqlReader) and reader.con == uri and name in reader.tables:
            raise ValueError(
                f"the rows are read from the table {name!r} of the same database while it is written: write another table, or "
                "compute them first (persist)"
            )
    engine_kwargs = dict(engine_kwargs or {})
    with connected(uri, engine_kwargs) as connection:
        if if_exists == "fail" and sqlalchemy().inspect(connection).has_table(name, schema=schema):
            raise ValueError(
                f"there is a table {name!r} already: say what to do with it by if_exists='replace', 'append' or 'delete_rows'"
            )
    keywords = {
        "schema": schema, "index": index, "index_label": index_label, "chunksize": chunksize, "dtype": dtype, "method": method,
    }  # fmt: skip
    target = Target(name, uri, engine_kwargs, keywords)
    token = uuid.uuid4().hex[:16]
    if parallel:
        start = source(bool, [0], name=f"sql-table-{token}")
        made = Chain(f"make-table-{token}", start, MakeTable(target, df._meta, if_exists), None)
        layer = frame_layer(FrameLayer, "to-sql", WriteRows(target), [df._layer, made], None, None, token=token)
        written = finished(layer, _none, f"finish-sql-{token}")
    else:
        append = AppendRows(target, df._meta, if_exists, df.npartitions)
        written = new_collection(Chain(f"to-sql-{token}", df._layer, append, 0), None)
    try:
        return run(written, compute, None, None, nothing)
    except BaseException as error:
        error.add_note(f"The table {name!r} may hold the rows of some partitions: each is a transaction of its own.")
        raise


def _layers(df: Any) -> list[Layer]:
    """Return all layers that a collection is made of."""
    found: dict[str, Layer] = {}
    waiting = list(collection_layers(df))
    while waiting:
        layer = waiting.pop()
        if layer.name not in found:
            found[layer.name] = layer
            waiting.extend(layer.inputs)
    return list(found.values())


def _none(parts: list[None]) -> None:
    """Return nothing, when all is written."""
