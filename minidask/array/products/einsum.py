"""``einsum``: sums of products in Einstein's notation, in all forms that NumPy reads.

Every form is first written as one label an axis: an ellipsis gets labels of its own. With ``optimize`` several operands are
multiplied two at a time, in the order that ``numpy.einsum_path`` finds for the whole arrays.

Place in the flow: above ``contraction``, which pairs the blocks; a block's product is ``numpy.einsum``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

import numpy as np

from minidask.array.chunks import check_known
from minidask.array.dispatch import implements
from minidask.array.elementwise import as_array
from minidask.array.planned import planned
from minidask.array.products.contraction import contract
from minidask.array.products.vectors import differ
from minidask.array.rebinding import rebind

# In the order in which labels of results that aren't given are sorted.
_LABELS = "".join(sorted(ascii_letters))


@dataclass(frozen=True, slots=True)
class Einsum:
    """``numpy.einsum`` of blocks; compares by value."""

    subscripts: str
    dtype: Any
    casting: str
    optimize: Any

    @property
    def short_name(self) -> str:
        """What is summed, for people."""
        return f"einsum({self.subscripts})"

    def __call__(self, *blocks: Any) -> Any:
        # Of several dtypes NumPy's matrix products sum the narrower ones before they are widened: bools and small ints overflow.
        optimize = self.optimize and len({block.dtype for block in blocks}) == 1
        kwargs: dict[str, Any] = {"casting": self.casting, "optimize": optimize}
        if self.dtype is not None:
            kwargs["dtype"] = self.dtype
        return np.einsum(self.subscripts, *blocks, **kwargs)


@implements(np.einsum)
@planned
def einsum(
    *operands: Any,
    dtype: Any = None,
    optimize: Any = False,
    split_every: Any = None,
    casting: str = "safe",
    order: str = "K",
    out: Any = None,
) -> Any:
    """Return a sum of products in Einstein's notation.

    Parameters
    ----------
    *operands
        ``"ij,jk->ik", x, y``, also without ``->`` and with ``...``; or ``x, [0, 1], y, [1, 2], [0, 2]``.
    dtype, casting
        In which NumPy calculates, and what it may cast to that.
    optimize : bool, str or list
        With three operands or more: False multiplies all of them at once; otherwise two at a time, as ``numpy.einsum_path``
        says for this argument (True is ``"greedy"``; ``"optimal"``; a path that it gave).
    split_every, order
        Accepted for compatibility: sums are trees of a width that follows from the sizes of blocks.
    out : Array, optional
        Takes the result.

    Raises
    ------
    ValueError
        If the notation is wrong or doesn't fit the arrays' dimensions, or lengths with one label differ.
    TypeError
        If NumPy can't multiply the dtypes.
    UnknownChunkSizes
        If an order is to be found for lengths that aren't known.

    Examples
    --------
    >>> import minidask.array as da
    >>> x = da.arange(6, chunks=2).reshape(2, 3)
    >>> da.einsum("ij->j", x).compute(), da.einsum("ij,kj", x, x).compute().tolist()
    (array([3, 5, 7]), [[5, 14], [14, 50]])
    """
    labels, kept, arrays = read(operands)
    for x, own in zip(arrays, labels, strict=True):
        for label, length in zip(own, x.shape, strict=True):
            if differ(x.shape[own.index(label)], length):
                raise ValueError(
                    f"einsum: an operand of shape {x.shape} has different lengths along the axes with label {label!r}"
                )
    if len(arrays) > 2 and optimize is not False:
        return rebind("einsum", out, _pairwise(labels, kept, arrays, dtype, casting, optimize))
    return rebind("einsum", out, _at_once(labels, kept, arrays, dtype, casting))


def _at_once(labels: Sequence[str], out: str, arrays: Sequence[Any], dtype: Any, casting: str) -> Any:
    # Of two blocks NumPy makes a product of matrices where it can; it sums the same numbers in another order.
    func = Einsum(f"{','.join(labels)}->{out}", None if dtype is None else np.dtype(dtype), casting, len(arrays) == 2)
    return contract("einsum", func, out, *[part for pair in zip(arrays, labels, strict=True) for part in pair])


def _pairwise(labels: Sequence[str], out: str, arrays: Sequence[Any], dtype: Any, casting: str, optimize: Any) -> Any:
    for x in arrays:
        check_known("einsum with optimize", x.shape)
    # Arrays of the same shapes that take no memory.
    shapes = [np.broadcast_to(np.float64(0), x.shape) for x in arrays]
    path = np.einsum_path(f"{','.join(labels)}->{out}", *shapes, optimize=optimize)[0][1:]
    pending = list(zip(labels, arrays, strict=True))
    for step in path:
        taken = [pending.pop(at) for at in sorted(step, reverse=True)]
        needed = set(out).union(*[own for own, _ in pending])
        made = "".join(sorted(needed.intersection(*[set().union(*[own for own, _ in taken])]))) if pending else out
        pending.append((made, _at_once([own for own, _ in taken], made, [x for _, x in taken], dtype, casting)))
    return pending[0][1]


def read(operands: Sequence[Any]) -> tuple[list[str], str, list[Any]]:
    """Return the labels of each operand's axes, those of the result, and the operands as arrays.

    Raises
    ------
    ValueError, TypeError
        See ``einsum``.

    Examples
    --------
    >>> read(["...i,i", np.ones((2, 3)), np.ones(3)])[:2]
    (['Ai', 'i'], 'A')
    """
    if not operands:
        raise ValueError("einsum needs a text of labels and arrays, got nothing")
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), [as_array(x) for x in operands[1:]]
    else:
        text, arrays = _from_sublists(operands)
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: {text!r} is for {len(terms)} operands, got {len(arrays)}")
    for term in (*terms, right):
        rest = term.replace("...", "", 1)
        bad = [character for character in rest if character not in _LABELS]
        if bad:
            raise ValueError(
                f"einsum: invalid character {bad[0]!r} in {text!r}: labels are letters, and an ellipsis is '...'"
            )
    spare = [label for label in _LABELS if label not in text]
    extents = []
    for term, x in zip(terms, arrays, strict=True):
        named = len(term.replace("...", ""))
        if named > x.ndim or (named < x.ndim and "..." not in term):
            raise ValueError(f"einsum: {term!r} has {named} labels, but its operand has {x.ndim} dimensions")
        extents.append(x.ndim - named if "..." in term else 0)
    most = max(extents)
    if most > len(spare):
        raise ValueError(f"einsum: {text!r} needs more labels than there are letters")
    more = "".join(spare[:most])
    labels = [term.replace("...", more[most - extent :]) for term, extent in zip(terms, extents, strict=True)]
    if not arrow:
        named_once = [label for label in sorted(set(left) - set(".,")) if left.count(label) == 1]
        return labels, more + "".join(named_once), arrays
    if more and "..." not in right:
        raise ValueError(f"einsum: the result of {text!r} must have '...' where operands have dimensions for it")
    out = right.replace("...", more)
    for label in out:
        if out.count(label) > 1:
            raise ValueError(f"einsum: the result of {text!r} has label {label!r} more than once")
        if not any(label in own for own in labels):
            raise ValueError(f"einsum: the result of {text!r} has label {label!r}, which no operand has")
    return labels, out, arrays


def _from_sublists(operands: Sequence[Any]) -> tuple[str, list[Any]]:
    count = len(operands) // 2
    arrays = [as_array(x) for x in operands[: 2 * count : 2]]
    lists = [list(labels) for labels in operands[1 : 2 * count : 2]]
    given = [list(operands[-1])] if len(operands) % 2 else []
    numbers = sorted({label for labels in (*lists, *given) for label in labels if label is not Ellipsis})
    if any(not hasattr(number, "__index__") for number in numbers) or len(numbers) > len(_LABELS):
        raise ValueError("einsum: labels in lists are integers or Ellipsis, at most 52 different ones")
    letters: dict[Any, str] = dict(zip(numbers, _LABELS, strict=False))

    def write(labels: Sequence[Any]) -> str:
        return "".join(["..." if label is Ellipsis else letters[label] for label in labels])

    text = ",".join(map(write, lists))
    return (f"{text}->{write(given[0])}" if given else text), arrays
