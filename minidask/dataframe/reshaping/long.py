"""Longer tables: ``explode`` makes a row of each element of a list, ``melt`` a row of each value of some columns.

Place in the flow: behind the functions and methods of these names; both work partition by partition.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.divisions import unknown
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import Uses
from minidask.dataframe.partitionwise import method, partitionwise


def explode(frame: FrameCollection, column: Any, ignore_index: bool) -> Any:
    """Return ``frame.explode(column)``; see ``DataFrame.explode`` for arguments and errors."""
    if ignore_index:
        raise NotImplementedError(
            "explode(ignore_index=True) would number rows through all partitions: explode first, then reset_index(drop=True), "
            "which numbers each partition from 0"
        )
    if frame._kind != "DataFrame":
        return partitionwise("explode", Method("explode"), frame)
    labels = list(column) if isinstance(column, tuple) and column not in frame._meta.columns else as_labels(column)
    check_columns(labels, frame._meta.columns)
    # What is asked for decides about values, what is exploded about rows.
    return method("explode", frame, labels if len(labels) > 1 else labels[0], extra=frozenset(labels))


class Melt(NamedTuple):
    """Call ``melt`` with the same columns whatever else the partition has; in the order of pandas."""

    id_vars: tuple[Hashable, ...]
    value_vars: tuple[Hashable, ...]
    var_name: Any
    value_name: Any
    ignore_index: bool

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.melt(
            id_vars=list(self.id_vars),
            value_vars=list(self.value_vars),
            var_name=self.var_name,
            value_name=self.value_name,
            ignore_index=self.ignore_index,
        )


@takes_keywords_of(pd.melt)
def melt(
    frame: Any,
    id_vars: Any = None,
    value_vars: Any = None,
    var_name: Hashable = None,
    value_name: Hashable = "value",
    col_level: Any = None,
    ignore_index: bool = True,
) -> Any:
    """Make a row of each value of ``value_vars``, with the labels ``id_vars`` beside it.

    Parameters
    ----------
    frame : DataFrame
    id_vars, value_vars : label or list of labels, optional
        Columns that stay, and columns that become rows; default: none, and all others.
    var_name, value_name : label
        Names of the two columns that come about; default: the name of the columns or ``"variable"``, and ``"value"``.
    ignore_index : bool
        Whether rows are numbered anew, from 0 in each partition; otherwise they keep their labels.

    Rows come partition by partition, in each of them in the order of pandas.

    Raises
    ------
    TypeError
        If ``frame`` isn't a DataFrame of minidask.
    KeyError
        If a column is unknown.
    NotImplementedError
        For columns of several levels.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"id": [7, 8], "x": [1, 2], "y": [3, 4]}), npartitions=1)
    >>> dd.melt(df, id_vars="id").compute()
       id variable  value
    0   7        x      1
    1   8        x      2
    2   7        y      3
    3   8        y      4
    """
    if not isinstance(frame, FrameCollection) or frame._kind != "DataFrame":
        raise TypeError(f"melt takes a DataFrame of minidask, got {type(frame).__name__}; pandas has pandas.melt")
    columns = frame._meta.columns
    if col_level is not None or columns.nlevels > 1:
        raise NotImplementedError("melt takes columns of one level: give them single labels first, df.columns = [...]")
    ids = [] if id_vars is None else _labels(id_vars)
    values = [label for label in columns if label not in ids] if value_vars is None else _labels(value_vars)
    check_columns([*ids, *values], columns)
    call = Melt(tuple(ids), tuple(values), var_name, value_name, bool(ignore_index))
    divisions = unknown(frame.npartitions) if ignore_index else frame.divisions
    uses = (frozenset([*ids, *values]),)
    return partitionwise(
        "melt",
        call,
        frame,
        cls=Uses,
        uses=uses,
        divisions=divisions,
        rows=_rows(frame, ignore_index),
        token=tuple(call),
    )


def _labels(labels: Any) -> list[Hashable]:
    return list(labels) if isinstance(labels, tuple) else as_labels(labels)


def _rows(frame: FrameCollection, ignore_index: bool) -> Any:
    # Rows numbered anew are other rows: without a lineage of their own they would be matched by number.
    return f"melt-{frame._layer.name}" if ignore_index else None
