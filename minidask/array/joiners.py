"""Arrays put together by an index: ``r_``, ``c_``.

Place in the flow: above ``joining``, whose ``concatenate`` does the work. NumPy's own ``r_`` isn't told of chunked arrays, and
would compute them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.creation.ranges import arange, linspace
from minidask.array.elementwise import as_array
from minidask.array.joining import concatenate
from minidask.array.shaping import swapaxes, transpose

# What NumPy takes for a number, whose type gives way to that of arrays.
_SCALARS = (int, float, complex, bool, str, bytes, np.generic)


class Joiner:
    """Put arrays, numbers and slices, which stand for ranges, together along an axis, by indexing with them.

    Parameters
    ----------
    axis : int
        Along which arrays are put together.
    ndmin : int
        How many axes they have at least; further ones come first.
    trans1d : int
        Where the axes that they have by themselves begin among these; -1: at the end.

    Examples
    --------
    >>> import minidask.array as da
    >>> da.r_[1, da.arange(3, chunks=2), 5:7].compute()
    array([1, 0, 1, 2, 5, 6])
    >>> da.c_[da.arange(2), da.ones(2)].compute().tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """

    __slots__ = ("axis", "ndmin", "trans1d")

    def __init__(self, axis: int = 0, ndmin: int = 1, trans1d: int = -1) -> None:
        self.axis = axis
        self.ndmin = ndmin
        self.trans1d = trans1d

    def __getitem__(self, index: Any) -> Any:
        """Return the arrays put together.

        Parameters
        ----------
        index
            Several in a tuple: chunked arrays, array-likes, numbers, slices (``start:stop:step``, with an imaginary step the
            number of points, both ends among them); before these perhaps a text ``"axis,ndmin,trans1d"``, or the first of them.

        Raises
        ------
        ValueError
            If a text is none of these or not the first, or shapes don't fit.
        NotImplementedError
            For matrices: ``"r"``, ``"c"``, and texts that name arrays.
        """
        items = list(index) if isinstance(index, tuple) else [index]
        joiner = self
        if items and isinstance(items[0], str):
            joiner = self._directed(items.pop(0), bool(items))
        if any(isinstance(item, str) for item in items):
            raise ValueError("special directives must be the first entry.")
        parts: list[Any] = [item if isinstance(item, _SCALARS) else joiner._part(item) for item in items]
        if not parts:
            raise ValueError("need at least one array to concatenate")
        dtype = np.result_type(*[part.dtype if isinstance(part, ArrayBase) else part for part in parts])
        for number, part in enumerate(parts):
            if not isinstance(part, ArrayBase):
                parts[number] = as_array(np.array(part, dtype, ndmin=joiner.ndmin))
        return concatenate(parts, axis=joiner.axis, dtype=dtype, casting="unsafe")

    def _directed(self, directive: str, more: bool) -> Joiner:
        if directive in ("r", "c") or not more:
            raise NotImplementedError("matrices aren't built: use block, of which @ is the product")
        try:
            numbers = [int(part) for part in directive.split(",")]
            axis, ndmin, trans1d = (*numbers, *(self.axis, self.ndmin, self.trans1d)[len(numbers) :])
        except ValueError:
            raise ValueError(f"unknown special directive {directive!r}") from None
        return Joiner(axis, ndmin, trans1d)

    def _part(self, item: Any) -> Any:
        """Return a slice as a range, anything else as an array, with as many axes as are wanted."""
        if isinstance(item, slice):
            start, step = item.start or 0, 1 if item.step is None else item.step
            if isinstance(step, complex):
                x = linspace(start, item.stop, int(abs(step)))
            else:
                x = arange(start, item.stop, step)
            x = x[(None,) * (self.ndmin - 1)]
            return x if self.trans1d == -1 or self.ndmin == 1 else swapaxes(x, -1, self.trans1d)
        x = as_array(item)
        missing = self.ndmin - x.ndim
        if missing <= 0:
            return x
        ndim = x.ndim
        x = x[(None,) * missing]
        if self.trans1d == -1:
            return x
        first = self.trans1d + missing + 1 if self.trans1d < 0 else self.trans1d
        own = list(range(missing, missing + ndim))
        order = list(range(missing))
        return transpose(x, (*order[:first], *own, *order[first:]))

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"<joins chunked arrays: axis={self.axis}, ndmin={self.ndmin}, trans1d={self.trans1d}>"


r_ = Joiner()
c_ = Joiner(-1, 2, 0)
