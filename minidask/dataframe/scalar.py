"""``Scalar``: one lazy value, such as ``df["x"].sum()``.

Place in the flow: what reductions of Series give. A Scalar fits any partition: ``df["x"] - df["x"].mean()``.

What a Scalar isn't: a number. Conversions (``int``, ``float``, ``bool``, ``len``, use as an index) raise TypeError, since
they would compute in silence; only NumPy's ``asarray`` computes, as it does for all collections.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.dataframe.collection import CLASSES, first
from minidask.dataframe.operators import Operators
from minidask.dataframe.partitionwise import partitionwise
from minidask.delayed import Delayed


class OneRow(NamedTuple):
    """Make a Series of one value."""

    index: Any

    def __call__(self, value: Any) -> pd.Series:
        return pd.Series([value], index=[self.index])


class Scalar(Operators):
    """One value, computed when asked for.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
    >>> (s.sum() / s.count() > 1).compute()
    np.True_
    """

    _kind = "Scalar"

    @property
    def dtype(self) -> Any:
        """The value's type: a NumPy dtype, or a Python type."""
        return getattr(self._meta, "dtype", type(self._meta))

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return first, ()

    @property
    def ndim(self) -> int:
        """0."""
        return 0

    @property
    def shape(self) -> tuple[()]:
        """``()``."""
        return ()

    @property
    def size(self) -> int:
        """1."""
        return 1

    def to_series(self, index: Any = 0) -> Any:
        """Return a Series of this one value, labelled ``index``.

        Examples
        --------
        >>> import minidask.dataframe as dd
        >>> dd.from_pandas(pd.Series([1, 2]), npartitions=2).sum().to_series("total").compute()
        total    3
        dtype: int64
        """
        meta = pd.Series([self._meta], index=[index]).iloc[:0]
        rows = f"to-series-{self._layer.name}"
        return partitionwise(
            "to_series", OneRow(index), self, meta=meta, divisions=(index, index), rows=rows, token=index
        )

    def to_delayed(self, optimize_graph: bool = True) -> Delayed:
        """Return the value as a ``Delayed``; ``optimize_graph`` says whether the graph is optimised before."""
        scalar = self.optimize() if optimize_graph else self
        return Delayed(scalar.key, scalar.dask)

    def astype(self, dtype: Any) -> Any:
        """Convert to a dtype."""
        return partitionwise("astype", Cast(np.dtype(dtype)), self, token=np.dtype(dtype))

    def __round__(self, decimals: int | None = None) -> Any:
        return partitionwise("round", round, self, decimals)

    def round(self, decimals: int = 0) -> Any:
        """Round to a number of decimals."""
        return partitionwise("round", np.round, self, decimals, token="numpy")

    def isna(self) -> Any:
        """Return whether the value is missing."""
        return partitionwise("isna", pd.isna, self)

    isnull = isna

    def __int__(self) -> int:
        raise _lazy("int")

    def __float__(self) -> float:
        raise _lazy("float")

    def __complex__(self) -> complex:
        raise _lazy("complex")

    def __index__(self) -> int:
        raise _lazy("integer")

    def __len__(self) -> int:
        raise TypeError("a Scalar has no length")

    def __iter__(self) -> Any:
        raise TypeError("a Scalar can't be iterated over")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.compute(), dtype=dtype)

    def __repr__(self) -> str:
        return f"<minidask Scalar {self._layer.name!r}, {getattr(self.dtype, 'name', None) or self.dtype}>"


class Cast(NamedTuple):
    """Convert a scalar."""

    dtype: np.dtype[Any]

    def __call__(self, value: Any) -> Any:
        return self.dtype.type(value)


def _lazy(kind: str) -> TypeError:
    return TypeError(f"a lazy Scalar can't be used as {kind}: call .compute() first")


CLASSES[object] = Scalar
