"""``piecewise``: functions of one's own, each where its condition is true.

Place in the flow: one elementwise layer over the values and the conditions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import with_dtype
from minidask.array.planned import planned
from minidask.tokenize import tokenize


class Pieces:
    """Call NumPy's ``piecewise`` on a block and those of the conditions."""

    __slots__ = ("args", "functions", "kwargs")

    def __init__(self, functions: Sequence[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.functions = functions
        self.args = args
        self.kwargs = kwargs

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "piecewise"

    def __call__(self, block: Any, *conditions: Any) -> Any:
        values = np.asarray(block)
        chosen = [np.broadcast_to(condition, values.shape) for condition in conditions]
        return np.piecewise(values, chosen, list(self.functions), *self.args, **self.kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return Pieces, (self.functions, self.args, self.kwargs)


@implements(np.piecewise)
@planned
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """Return what functions make of values, each where its condition is true.

    Parameters
    ----------
    x : Array
    condlist : Array of bool, or sequence of these
        Of the values' shape; of several that are true the last one counts.
    funclist : sequence of callables or scalars
        One for each condition, and one more for where none is true (else 0).
    *args, **kw
        Passed to the functions.

    Returns
    -------
    values : Array
        Of the dtype of ``x``.

    Raises
    ------
    ValueError
        If numbers of functions and conditions don't fit, or shapes don't broadcast.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(-2, 3, chunks=2)
    >>> da.piecewise(x, [x < 0, x > 1], [np.negative, 10]).compute()
    array([ 2,  1,  0,  0, 10])
    """
    values = as_array(x)
    conditions: Any = condlist
    if isinstance(condlist, ArrayBase | np.ndarray | bool):
        conditions = [condlist] if getattr(condlist, "ndim", 0) <= values.ndim else [*conditions]
    elif condlist and np.isscalar(condlist[0]) and values.ndim:
        conditions = [condlist]
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ValueError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are expected"
        )
    known = [c if isinstance(c, ArrayBase) else np.asarray(c, bool) for c in conditions]
    call = Pieces(tuple(funclist), args, kw)
    name = f"piecewise {tokenize(funclist, args, kw)}"
    return elementwise(call, values, *known, name=name, meta=with_dtype(values._meta, values.dtype))
