"""Two collections of the same rows made one: ``combine``, ``combine_first``, ``align``, ``case_when``, ``dot``.

Place in the flow: mixins of ``DataFrame`` and ``Series``. Rows are matched by the index, in partitions that correspond (see
``partitionwise.align_partitions``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.calls import Method
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.meta import empty, emulate, sample
from minidask.dataframe.partitionwise import align_partitions, partitionwise, refuse_pandas, with_divisions
from minidask.graph import func_name
from minidask.tokenize import tokenize


class Combine(NamedTuple):
    """Call ``combine`` with a user's function."""

    func: Any
    options: dict[str, Any]

    @property
    def short_name(self) -> str:
        """The function's name, for people."""
        return f"combine-{func_name(self.func)}"

    def __call__(self, left: Any, right: Any) -> Any:
        return left.combine(right, self.func, **self.options)

    def __hash__(self) -> int:
        return hash((Combine, self.func))


class OnFirstRows(NamedTuple):
    """Call a function on the first row of each pandas object: labels of samples may be equal."""

    func: Any

    def __call__(self, *args: Any) -> Any:
        return self.func(*[arg.iloc[:1] if isinstance(arg, pd.DataFrame | pd.Series) else arg for arg in args])


class AlignedSide(NamedTuple):
    """Return one of the two that pandas's ``align`` gives."""

    at: int
    join: Any
    axis: Any
    fill_value: Any

    def __call__(self, left: Any, right: Any) -> Any:
        return left.align(right, join=self.join, axis=self.axis, fill_value=self.fill_value)[self.at]


class Combining(FrameCollection):
    """Methods that ``DataFrame`` and ``Series`` share."""

    def combine_first(self, other: Any) -> Any:
        """Take values of ``other``, matched by index and columns, where they are missing here.

        Raises
        ------
        ValueError
            If it isn't known that partitions correspond.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> a = dd.from_pandas(pd.Series([1.0, None, 3.0]), npartitions=2)
        >>> a.combine_first(pd.Series([7.0, 8.0], index=[1, 3])).compute().tolist()
        [1.0, 7.0, 3.0, 8.0]
        """
        frame, other = _pair("combine_first", self, other)
        meta = empty(one_row(frame._meta).combine_first(one_row(other._meta)))
        return partitionwise("combine_first", Method("combine_first"), frame, other, meta=meta)

    def align(self, other: Any, join: str = "outer", axis: Any = None, fill_value: Any = None) -> tuple[Any, Any]:
        """Return both with the same rows (and for DataFrames columns), missing where one hasn't got them.

        Parameters
        ----------
        other : collection, or pandas object where divisions are known
        join : "outer", "inner", "left" or "right"
        axis : 0, 1 or None
            Along what; None: along all.
        fill_value : scalar, optional
        """
        frame, other = _pair("align", self, other)
        sides = []
        for at in (0, 1):
            call = AlignedSide(at, join, axis, fill_value)
            meta = empty(call(one_row(frame._meta), one_row(other._meta)))
            sides.append(partitionwise("align", call, frame, other, meta=meta, token=tuple(call)))
        return sides[0], sides[1]

    def _combined(self, other: Any, func: Any, options: dict[str, Any]) -> Any:
        if not callable(func):
            raise TypeError(f"combine takes a function of two Series, got {type(func).__name__}: {func!r:.80}")
        if isinstance(other, FrameCollection | pd.DataFrame | pd.Series):
            frame, other = _pair("combine", self, other)
        else:
            refuse_pandas("combine", other)
            frame = self
        call = Combine(func, options)
        metas = [each._meta if isinstance(each, FrameCollection) else each for each in (frame, other)]
        meta = emulate(f"combine({func_name(func)})", OnFirstRows(call), *metas)
        return partitionwise("combine", call, frame, other, meta=meta, token=(tokenize(func), options))


class FrameCombining(Combining):
    """Methods of ``DataFrame``."""

    def combine(self, other: Any, func: Callable[..., Any], fill_value: Any = None, overwrite: bool = True) -> Any:
        """Combine column by column with another DataFrame: ``func(column, other's column)``, on aligned rows of one partition.

        Raises
        ------
        TypeError
            If ``func`` isn't callable.
        ValueError
            If partitions don't correspond, or the result could not be inferred.
        """
        return self._combined(other, func, {"fill_value": fill_value, "overwrite": overwrite})

    def dot(self, other: Any) -> Any:
        """Return the matrix product with a pandas Series or DataFrame whose index has the columns' labels.

        Raises
        ------
        TypeError
            For anything else: the rows of collections aren't columns of this one.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3, 4]}), npartitions=2)
        >>> df.dot(pd.Series([10, 1], index=["x", "y"])).compute().tolist()
        [13, 24]
        """
        if not isinstance(other, pd.Series | pd.DataFrame | np.ndarray):
            raise TypeError(
                f"dot takes a pandas Series or DataFrame, or an array, of one row a column, got {type(other).__name__}: call "
                ".compute() on a collection first"
            )
        return partitionwise("dot", Method("dot"), self, other)

    def __matmul__(self, other: Any) -> Any:
        return self.dot(other)


class SeriesCombining(Combining):
    """Methods of ``Series``."""

    def combine(self, other: Any, func: Callable[..., Any], fill_value: Any = None) -> Any:
        """Combine value by value with another Series or a scalar: ``func(value, other's value)``; see ``DataFrame.combine``."""
        return self._combined(other, func, {} if fill_value is None else {"fill_value": fill_value})

    def case_when(self, caselist: Sequence[tuple[Any, Any]]) -> Any:
        """Replace values where conditions hold: the first pair ``(condition, replacement)`` whose condition is true counts.

        Parameters
        ----------
        caselist : list of pairs
            Conditions are Series of booleans of the same rows, or functions of this Series; replacements scalars, Series, or
            functions of this Series.

        Raises
        ------
        TypeError, ValueError
            If it isn't a list of pairs, or it is empty.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> s = dd.from_pandas(pd.Series([1, 5, 9]), npartitions=2)
        >>> s.case_when([(s > 8, 0), (s > 3, -s)]).compute().tolist()
        [1, -5, 0]
        """
        if not isinstance(caselist, list):
            raise TypeError(f"case_when takes a list of pairs, got {type(caselist).__name__}: {caselist!r:.80}")
        if not caselist:
            raise ValueError("case_when needs at least one pair of condition and replacement")
        operands: list[Any] = []
        for pair in caselist:
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise TypeError(f"case_when takes pairs (condition, replacement), got {pair!r:.80}")
            for value in pair:
                called = value(self) if callable(value) and not isinstance(value, FrameCollection) else value
                operands.append(with_divisions("case_when", called, self))
        metas = [sample(value._meta) if isinstance(value, FrameCollection) else value for value in operands]
        return partitionwise("case_when", case_when, self, *operands, meta=empty(case_when(sample(self._meta), *metas)))

    def dot(self, other: Any) -> Any:
        """Return the sum of products with another Series of the same rows, lazily."""
        if not isinstance(other, FrameCollection | pd.Series) or getattr(other, "_kind", "Series") != "Series":
            raise TypeError(f"dot takes a Series of the same rows, got {type(other).__name__}")
        series: Any = self
        # As in a product of vectors: a missing value spoils it.
        return (series * other).sum(skipna=False)

    def __matmul__(self, other: Any) -> Any:
        return self.dot(other)


def case_when(series: Any, *operands: Any) -> Any:
    """Call ``case_when`` with conditions and replacements by turns.

    >>> case_when(pd.Series([1, 2]), pd.Series([True, False]), 7).tolist()
    [7, 2]
    """
    return series.case_when(list(zip(operands[::2], operands[1::2], strict=True)))


def one_row(meta: Any) -> Any:
    """Return a row that fits the meta: of two rows the labels may be equal."""
    return sample(meta).iloc[:1]


def _pair(operation: str, frame: FrameCollection, other: Any) -> tuple[Any, Any]:
    other = with_divisions(operation, other, frame)
    if not isinstance(other, FrameCollection) or other._kind not in ("DataFrame", "Series"):
        raise TypeError(f"{operation} takes a DataFrame or Series, got {type(other).__name__}")
    pair = align_partitions(operation, [frame, other])
    return pair[0], pair[1]
