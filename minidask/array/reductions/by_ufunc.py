"""``ufunc.reduce`` and ``ufunc.accumulate`` of any ufunc of two operands.

Where the ufunc is associative, blocks are reduced by themselves and partial results by a tree; otherwise the order of the
operands matters, and the axis becomes one block.

Place in the flow: ``ufuncs`` calls these; ``sum``, ``min`` and the others that NumPy has functions for are in ``folds`` and
``cumulative``.
"""

from __future__ import annotations

from functools import reduce as fold_left
from typing import Any, NamedTuple

import numpy as np

from minidask.array.chunks import has_unknown, normalize_axes, normalize_axis
from minidask.array.collection import new_array
from minidask.array.dtypes import native
from minidask.array.elementwise import as_array, elementwise
from minidask.array.meta import with_dtype
from minidask.array.rebinding import rebind
from minidask.array.reductions.cumulative import Carried
from minidask.array.reductions.folds import longest
from minidask.array.reductions.selection import filled_where, initial_of, limits
from minidask.array.reductions.tree import reduce_tree
from minidask.tokenize import quick_token

ASSOCIATIVE = frozenset(
    {
        np.add, np.multiply, np.minimum, np.maximum, np.fmin, np.fmax, np.logical_and, np.logical_or, np.logical_xor,
        np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm, np.hypot, np.logaddexp, np.logaddexp2,
    }
)  # fmt: skip


class ByUfunc(NamedTuple):
    """Fold with a ufunc's own ``reduce``; ``identity`` and ``initial`` may be None."""

    name: str
    ufunc: Any
    dtype: Any
    identity: Any
    initial: Any
    # Order matters: there is one block, and what the reduction begins with comes first in it.
    ordered: bool = False

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        begins = self.identity is not None or (self.ordered and self.initial is not None)
        if not begins and any(np.shape(block)[axis] == 0 for axis in axes):
            return block[tuple([slice(0, 1) if at in axes else slice(None) for at in range(np.ndim(block))])]
        # One axis at a time: NumPy leaves the order to itself where there are several.
        if self.ordered and self.initial is not None:
            return self.ufunc.reduce(block, axis=axes[0], keepdims=True, dtype=self.dtype, initial=self.initial)
        for axis in axes:
            block = self.ufunc.reduce(block, axis=axis, keepdims=True, dtype=self.dtype)
        return block

    def combine(self, partials: list[Any]) -> Any:
        return fold_left(self.ufunc, longest(partials) if self.identity is None else partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        empty = self.identity is None and any(np.shape(partial)[axis] == 0 for axis in axes)
        if empty and self.initial is None:
            raise ValueError(f"zero-size array to reduction operation {self.ufunc.__name__} which has no identity")
        if empty:
            return np.full(
                [1 if at in axes else n for at, n in enumerate(np.shape(partial))], self.initial, partial.dtype
            )
        return partial if self.initial is None or self.ordered else self.ufunc(self.initial, partial)


def reduce_by(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """Return what ``ufunc.reduce`` gives.

    Parameters
    ----------
    ufunc : numpy.ufunc
        Of two operands and one result.
    array : Array
    axis : int, tuple of int, or None
    dtype : dtype, optional
    out : Array, optional
    keepdims : bool
    initial : scalar, optional
    where : Array or array-like of bool
        Needs an identity, or ``initial``.

    Raises
    ------
    ValueError
        If the ufunc has another number of operands, an axis has no elements and there is nothing to begin with, or there are
        several axes and their order matters.
    TypeError
        If NumPy has no loop for the dtype.
    UnknownChunkSizes
        If order matters and the axis is in several blocks of unknown sizes.

    Examples
    --------
    >>> import minidask.array as da
    >>> reduce_by(np.subtract, da.from_array([9, 3, 1], chunks=2)).compute()
    np.int64(5)
    """
    if ufunc.nin != 2 or ufunc.nout != 1:
        raise ValueError(f"reduce only supported for binary functions, {ufunc.__name__} has {ufunc.nin} operands")
    x = as_array(array)
    axes = normalize_axes(axis, x.ndim)
    regular = ufunc in ASSOCIATIVE
    if len(axes) > 1 and not regular:
        raise ValueError(
            f"reduction operation {ufunc.__name__!r} is not reorderable, so at most one axis may be specified"
        )
    kind = native(ufunc.reduce(np.ones((2, 1), x.dtype), dtype=dtype).dtype)
    if x.dtype == object:
        kind = np.dtype(object)
    start = initial_of(initial, kind)
    if limits(where):
        begin = start if ufunc.identity is None else ufunc.identity
        if begin is None:
            raise ValueError(
                f"reduction operation {ufunc.__name__!r} does not have an identity, so to use a where mask one has to specify "
                "'initial'"
            )
        if not regular:
            raise NotImplementedError(f"where= of {ufunc.__name__}.reduce isn't built, since order matters: use where")
        x = filled_where(x if dtype is None else x.astype(kind), where, begin)
    if ufunc.identity is None and start is None and any(x.shape[at] == 0 for at in axes):
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
    if not regular and any(x.numblocks[at] > 1 for at in axes):
        x = x.rechunk(dict.fromkeys(axes, -1))
    name = f"{ufunc.__name__}-reduce"
    wanted = None if kind.kind in "mM" or (kind.kind == "O" and dtype is None) else kind
    fold = ByUfunc(name, ufunc, wanted, ufunc.identity, start, not regular and bool(axes))
    token = (ufunc.__name__, str(type(start)), start, repr(ufunc))
    return rebind(name, out, reduce_tree(name, x, fold, axes, kind, keepdims, token=token))


class RunBy(NamedTuple):
    """Call ``ufunc.accumulate`` along an axis of a block."""

    ufunc: Any
    axis: int
    dtype: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return f"{self.ufunc.__name__}-accumulate"

    def __call__(self, block: Any) -> Any:
        return self.ufunc.accumulate(block, axis=self.axis, dtype=self.dtype)


def accumulate_by(ufunc: np.ufunc, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """Return what ``ufunc.accumulate`` gives; arguments and errors as for ``reduce_by``.

    Examples
    --------
    >>> import minidask.array as da
    >>> accumulate_by(np.maximum, da.from_array([1, 3, 2], chunks=2)).compute()
    array([1, 3, 3])
    """
    if ufunc.nin != 2 or ufunc.nout != 1:
        raise ValueError(f"accumulate only supported for binary functions, {ufunc.__name__} has {ufunc.nin} operands")
    x = as_array(array)
    axis = normalize_axis(axis, x.ndim)
    kind = native(ufunc.accumulate(np.ones((2,), x.dtype), dtype=dtype).dtype)
    sizes = x.chunks[axis]
    # Nothing stands for a block without elements where the ufunc has no identity.
    whole = ufunc not in ASSOCIATIVE or (ufunc.identity is None and (has_unknown(sizes) or not all(sizes)))
    if whole and len(sizes) > 1:
        x = x.rechunk({axis: -1})
    name = f"{ufunc.__name__}-accumulate"
    token = quick_token(name, repr(ufunc), axis, str(kind))
    run: Any = RunBy(ufunc, axis, None if kind.kind in "OmM" else kind)
    own = elementwise(run, x, name=f"{name} {token}", meta=with_dtype(x._meta, kind))
    if x.numblocks[axis] == 1:
        return rebind(name, out, own)
    layer = Carried(f"{name}-{quick_token('carried', own.name)}", own._layer, axis, ufunc)
    return rebind(name, out, new_array(layer, own._chunks, own._meta, own._shape))
