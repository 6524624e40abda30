"""Collections of sources: ``from_reader``.

Place in the flow: the seam between input and dataframes. ``minidask.dataframe.io`` and ``from_map`` write readers (see
``minidask.dataframe.reading``); ``from_reader`` makes a collection of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from minidask.dataframe.collection import new_collection
from minidask.dataframe.divisions import check_divisions
from minidask.dataframe.meta import empty
from minidask.dataframe.reading import source_layer
from minidask.graph import Parts
from minidask.tokenize import quick_token


def from_reader(
    reader: Any,
    parts: Sequence[Any],
    meta: Any,
    divisions: Sequence[Any] | None = None,
    prefix: str = "from-reader",
    token: Any = None,
) -> Any:
    """Make a collection whose partition ``i`` is ``reader(parts[i])``.

    Parameters
    ----------
    reader : callable
        See the module's head; one without ``columns`` and ``project`` always reads everything.
    parts : sequence
        At least one; picklable.
    meta : pandas object
        Empty, with the columns, dtypes, names and index type that each partition has.
    divisions : sequence, optional
        Bounds of the partitions' indexes, one more than parts; None if they aren't known.
    prefix : str
        First part of the keys' names.
    token : optional
        Identifies reader and parts; default: they are tokenized.

    Raises
    ------
    TypeError
        If the reader isn't callable or meta is no pandas object.
    ValueError
        If there are no parts, or divisions don't fit their number.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> meta = pd.DataFrame({"x": pd.Series([], dtype="int64")})
    >>> from_reader(make_frame, [[1, 2], [3]], meta).compute()["x"].tolist()
    [1, 2, 3]
    """
    if not callable(reader):
        raise TypeError(f"a reader must be callable, got {type(reader).__name__}: {reader!r:.80}")
    if not isinstance(meta, pd.DataFrame | pd.Series | pd.Index):
        raise TypeError(f"meta must be an empty pandas object, got {type(meta).__name__}: {meta!r:.80}")
    if len(parts) == 0:
        raise ValueError("there are no parts to read: a dataframe has at least one partition")
    known = check_divisions(divisions, len(parts))
    name = f"{prefix}-{quick_token('source', *([reader, Parts(parts)] if token is None else [token]))}"
    return new_collection(source_layer(reader, parts, empty(meta), name), empty(meta), known)


def make_frame(values: Sequence[Any]) -> pd.DataFrame:
    """Return a frame with one column ``x``: a reader without projection, for examples."""
    return pd.DataFrame({"x": list(values)})
