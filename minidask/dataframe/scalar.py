"""``Scalar``: one lazy value, such as ``df["x"].sum()``.

Place in the flow: what reductions of Series give. A Scalar fits any partition: ``df["x"] - df["x"].mean()``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minidask.dataframe.collection import CLASSES, first
from minidask.dataframe.operators import Operators


class Scalar(Operators):
    """One value, computed when asked for."""

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

    def __int__(self) -> int:
        raise _lazy("int")

    def __float__(self) -> float:
        raise _lazy("float")

    def __index__(self) -> int:
        raise _lazy("integer")

    def __len__(self) -> int:
        raise TypeError("a Scalar has no length")

    def __repr__(self) -> str:
        return f"<minidask Scalar {self._layer.name!r}, {getattr(self.dtype, 'name', None) or self.dtype}>"


def _lazy(kind: str) -> TypeError:
    return TypeError(f"a lazy Scalar can't be used as {kind}: call .compute() first")


CLASSES[object] = Scalar
