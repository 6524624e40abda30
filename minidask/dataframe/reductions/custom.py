"""``reduction``: a tree of users' own functions.

Place in the flow: a mixin. What a function gives becomes rows of a pandas object; the next function gets these rows put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.checked import note_rows, own_copy
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.meta import emulate, make_meta, no_default, sample
from minidask.dataframe.reductions.base import Reducing
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.graph import func_name
from minidask.tokenize import tokenize


class AsRows(NamedTuple):
    """Call a user's function and make rows of what it returns."""

    func: Any
    kwargs: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, obj: Any) -> Any:
        try:
            return rows_of(self.func(own_copy(obj), **dict(self.kwargs)))
        except Exception as error:
            note_rows(error, "reduction", self.func, [obj])
            raise


class JoinedAsRows(NamedTuple):
    """Call a user's function on rows put together, and make rows of what it returns."""

    call: AsRows

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return self.call.short_name

    def __call__(self, parts: Sequence[Any]) -> Any:
        return self.call(join_rows(parts))


class Joined(NamedTuple):
    """Call a user's function on rows put together."""

    func: Any
    kwargs: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return func_name(self.func)

    def __call__(self, parts: Sequence[Any]) -> Any:
        return self.func(own_copy(join_rows(parts)), **dict(self.kwargs))


def rows_of(value: Any) -> Any:
    """Return a frame as it is, a Series as one row of a frame, an Index or list as a Series, a scalar as a Series of one value.

    >>> rows_of(pd.Series({"n": 3, "total": 5}))
       n  total
    0  3      5
    """
    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        return value.to_frame().T.infer_objects().reset_index(drop=True)
    if isinstance(value, pd.Index):
        return value.to_series().reset_index(drop=True)
    return pd.Series([value])


def join_rows(parts: Sequence[Any]) -> Any:
    """Return rows put together; what was made of scalars and Series is numbered by partition."""
    whole = join_parts(parts)
    numbered = isinstance(whole, pd.Series) or all(
        len(part) == 1 and isinstance(part.index, pd.RangeIndex) for part in parts
    )
    return whole.reset_index(drop=True) if numbered else whole


class CustomReductions(Reducing):
    """``reduction`` of ``DataFrame``, ``Series`` and ``Index``."""

    def reduction(
        self,
        chunk: Callable[..., Any],
        aggregate: Callable[..., Any] | None = None,
        combine: Callable[..., Any] | None = None,
        meta: Any = no_default,
        token: str | None = None,
        split_every: Any = None,
        chunk_kwargs: Mapping[str, Any] | None = None,
        aggregate_kwargs: Mapping[str, Any] | None = None,
        combine_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Reduce by own functions, in a tree.

        Parameters
        ----------
        chunk : callable
            Called with a partition.
        aggregate : callable, optional
            Called with what the chunks gave, put together: a Series with a row for each scalar, a DataFrame with a row for each
            Series, the rows of all DataFrames. Default: ``chunk``.
        combine : callable, optional
            Called like ``aggregate``, on a few at a time; what it gives is put together again. Default: ``aggregate``.
        meta : optional
            What results (see ``make_meta``, but a type or dtype means a scalar of it); default: the functions are called on two
            made-up rows to find out.
        token : str, optional
            First part of the keys' names.
        split_every : int or False, optional
            How many are put together at a time.
        chunk_kwargs, aggregate_kwargs, combine_kwargs : dict, optional
            For one of the functions.
        **kwargs
            For all of them.

        Raises
        ------
        TypeError
            For what isn't callable.
        ValueError
            If there is ``combine`` but no ``aggregate``, or the result could not be inferred.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> s = dd.from_pandas(pd.Series(range(50)), npartitions=4)
        >>> s.reduction(count_at_least, aggregate=sum, chunk_kwargs={"least": 25}).compute()
        25
        """
        for what, func in (("chunk", chunk), ("aggregate", aggregate), ("combine", combine)):
            if not (callable(func) or (func is None and what != "chunk")):
                raise TypeError(f"reduction: {what} must be callable, got {type(func).__name__}: {func!r:.80}")
        if combine is not None and aggregate is None:
            raise ValueError("reduction: combine needs aggregate, which makes the result of what combine gave")
        last = chunk if aggregate is None else aggregate
        for_chunk = {**kwargs, **(chunk_kwargs or {})}
        for_last = {**kwargs, **(aggregate_kwargs or {})} if aggregate is not None else for_chunk
        middle = last if combine is None else combine
        for_middle = {**kwargs, **(combine_kwargs or {})} if combine is not None else for_last
        first = AsRows(chunk, tuple(for_chunk.items()))
        between = JoinedAsRows(AsRows(middle, tuple(for_middle.items())))
        final = Joined(last, tuple(for_last.items()))
        if meta is no_default:
            found = emulate(f"reduction({func_name(chunk)})", _Trial(first, final), self._meta)
        else:
            named = isinstance(meta, str | type | np.dtype | pd.api.extensions.ExtensionDtype)
            found = sample(make_meta(meta)).iloc[0] if named else make_meta(meta)
        names = tokenize(chunk, last, middle, for_chunk, for_last, for_middle)
        prefix = token or "reduction"
        return reduce_partitions(prefix, [self], first, between, final, found, names, split_every=split_every)


class _Trial(NamedTuple):
    """The whole reduction of one partition."""

    first: AsRows
    final: Joined

    def __call__(self, obj: Any) -> Any:
        return self.final([self.first(obj)])


def count_at_least(values: Any, least: float = 0) -> int:
    """Return how many values are at least ``least``: a chunk, for examples."""
    return int((values >= least).sum())
