"""``Aggregation``: a groupby-aggregation that users define, in three steps.

Place in the flow: given to ``agg``; ``partials`` calls ``chunk`` in each partition, and ``agg`` and ``finalize`` once at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from minidask.dataframe.join_parts import join_parts
from minidask.tokenize import tokenize


class Aggregation:
    """Aggregate groups by functions of your own.

    Parameters
    ----------
    name : str
        What the result's column is called where a list of aggregations is given.
    chunk : callable
        Called with the grouped column (a pandas SeriesGroupBy) of each partition; returns a Series with a value a group, or a
        tuple of these.
    agg : callable
        Called with what all chunks gave, put together and grouped (a pandas SeriesGroupBy; several arguments where ``chunk``
        returned a tuple); returns a Series with a value a group, or a tuple of these.
    finalize : callable, optional
        Called with what ``agg`` returned; returns the Series that is the result.

    Raises
    ------
    TypeError
        If a step isn't callable or the name is no string.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> spread = dd.Aggregation(
    ...     "spread", lambda s: (s.max(), s.min()), lambda hi, lo: (hi.max(), lo.min()), lambda hi, lo: hi - lo
    ... )
    >>> df = dd.from_pandas(pd.DataFrame({"k": [1, 1, 2], "x": [5, 9, 3]}), npartitions=2)
    >>> df.groupby("k")["x"].agg(spread).compute().to_dict()
    {1: 4, 2: 0}
    """

    def __init__(
        self,
        name: str,
        chunk: Callable[..., Any],
        agg: Callable[..., Any],
        finalize: Callable[..., Any] | None = None,
    ) -> None:
        if not isinstance(name, str):
            raise TypeError(f"an Aggregation's name must be a string, got {type(name).__name__}: {name!r:.80}")
        for step, func in (("chunk", chunk), ("agg", agg), ("finalize", finalize)):
            if not callable(func) and not (step == "finalize" and func is None):
                raise TypeError(f"{step} of the Aggregation {name!r} must be callable, got {type(func).__name__}")
        self.name = self.__name__ = name
        self.chunk, self.agg, self.finalize = chunk, agg, finalize

    def __dask_tokenize__(self) -> tuple[str, str]:
        return self.name, tokenize(self.chunk, self.agg, self.finalize)

    def __repr__(self) -> str:
        return f"Aggregation({self.name!r})"

    def partial(self, groups: Any) -> tuple[pd.Series, ...]:
        """Return what ``chunk`` gives for a grouped column, always as a tuple."""
        return _as_tuple(self.chunk(groups))

    def whole(self, partials: Sequence[tuple[pd.Series, ...]], **options: bool) -> pd.Series:
        """Return the result of what the chunks gave, indexed by group."""
        grouped = []
        for parts in zip(*partials, strict=True):
            filled = [part for part in parts if len(part)] or [parts[0]]
            column = join_parts(filled) if filled[0].index.nlevels == 1 else pd.concat(filled)
            grouped.append(column.groupby(level=list(range(column.index.nlevels)), **options))
        result = _as_tuple(self.agg(*grouped))
        final = self.finalize(*result) if self.finalize is not None else result[0]
        if not isinstance(final, pd.Series):
            raise TypeError(f"the Aggregation {self.name!r} must end with a Series, got {type(final).__name__}")
        return final


def _as_tuple(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)
