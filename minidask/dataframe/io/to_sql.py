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
from minidask.dataframe.io.finish import Chain, finished, run
from minidask.dataframe.io.sql_reader import SqlReader, connected
from minidask.dataframe.io.sql_tables import RENAMING, Staged, Target, check_free
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.dataframe.reading import FrameSource
from minidask.graph import Layer, source
from minidask.graph.blockwise import Parts

_EXISTING = ("fail", "replace", "append", "delete_rows")


@dataclass(frozen=True)
class AppendRows:
    """Add each partition's rows after those of the one before, and make the table before the first if that is yet to be done."""

    target: Target
    meta: Any
    if_exists: str
    count: int
    makes: bool

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_sql"

    def __call__(self, at: int, frame: Any) -> int | None:
        """Write; return the number of partitions that are there, None after the last."""
        if at == 0 and self.makes:
            self.target.make(self.meta, self.if_exists)
        self.target.write(frame, at)
        if at + 1 < self.count:
            return at + 1
        self.target.finish(self.if_exists)
        return None


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
        self.target.make(self.meta, self.if_exists)
        return True


@dataclass(frozen=True)
class WriteRows:
    """Add a partition's rows to a table that is there."""

    target: Target

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "to_sql"

    def __call__(self, frame: Any, at: int, made: bool = True) -> None:
        """Write."""
        self.target.write(frame, at)


@dataclass(frozen=True)
class FinishTable:
    """Put the table in place when all partitions are in it."""

    target: Target
    if_exists: str

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "finish_table"

    def __call__(self, parts: list[None]) -> None:
        """Do it."""
        self.target.finish(self.if_exists)


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
        What to do with a table of that name: ``"fail"``, ``"replace"`` it, ``"delete_rows"``, or ``"append"`` to it. The first
        two leave a whole table, or everything as it was, in SQLite and PostgreSQL; otherwise a write that fails leaves the rows
        of the partitions before it.
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
        check_free(connection, name, schema, if_exists)
        staged = if_exists in ("fail", "replace") and connection.dialect.name in RENAMING
    keywords = {
        "schema": schema, "index": index, "index_label": index_label, "chunksize": chunksize, "dtype": dtype, "method": method,
    }  # fmt: skip
    token = uuid.uuid4().hex[:16]
    target = (Staged.of if staged else Target)(name, uri, engine_kwargs, keywords)
    if parallel:
        operands = [df._layer, Parts(range(df.npartitions))]
        if not compute:
            start = source(bool, [0], name=f"sql-table-{token}")
            operands.append(Chain(f"make-table-{token}", start, MakeTable(target, df._meta, if_exists), None))
        layer = frame_layer(FrameLayer, "to-sql", WriteRows(target), operands, None, None, token=token)
        written = finished(layer, FinishTable(target, if_exists), f"finish-sql-{token}")
    else:
        append = AppendRows(target, df._meta, if_exists, df.npartitions, makes=not compute)
        written = new_collection(Chain(f"to-sql-{token}", df._layer, append, 0), None)
    if compute:
        # A task that outlives a failed write must not make it anew.
        target.make(df._meta, if_exists)
    try:
        return run(written, compute, None, None, target.discard)
    except BaseException as error:
        error.add_note(
            f"The table {name!r} was not touched."
            if staged
            else f"The table {name!r} may hold the rows of some partitions: each is a transaction of its own."
        )
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
