"""Signatures of generalized ufuncs: ``"(i,j),(j,k)->(i,k)"``, and which axes of the arguments they mean.

Place in the flow: below ``gufunc``; text and numbers alone, no arrays. A name is a core dimension; a number is one of that
length.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from minidask.array.chunks import normalize_axis

_NAME = r"\s*(?:[^\W\d]\w*|\d+)\s*"
_CORE = rf"\(\s*(?:{_NAME}(?:,{_NAME})*)?\s*,?\s*\)"
_LIST = rf"{_CORE}(?:\s*,\s*{_CORE})*"
_SIGNATURE = re.compile(rf"\s*(?:{_LIST})?\s*->\s*{_LIST}\s*")

Core = tuple[str, ...]


class Signature(NamedTuple):
    """Core dimensions of the inputs and of the outputs."""

    inputs: tuple[Core, ...]
    outputs: tuple[Core, ...]


def parse_signature(signature: Any) -> Signature:
    """Return what a signature says.

    Raises
    ------
    ValueError
        If it is none.
    TypeError
        If it is no text.

    Examples
    --------
    >>> parse_signature("(i,j),(j)->(i),()")
    Signature(inputs=(('i', 'j'), ('j',)), outputs=(('i',), ()))
    """
    if not isinstance(signature, str):
        raise TypeError(f"a signature is text such as '(i,j),(j)->(i)', got {type(signature).__name__}")
    return _parsed(signature)


@lru_cache(256)
def _parsed(signature: str) -> Signature:
    # NumPy marks dimensions that may be left out ("?"), which arrays here must have.
    text = signature.replace("?", "")
    if not _SIGNATURE.fullmatch(text):
        raise ValueError(f"Not a valid gufunc signature: {signature!r}; a valid one is '(i,j),(j)->(i)'")
    left, right = text.split("->")
    return Signature(_cores(left), _cores(right))


def _cores(text: str) -> tuple[Core, ...]:
    return tuple([tuple(re.findall(r"\w+", core)) for core in re.findall(_CORE, text)])


class Axes(NamedTuple):
    """Where core dimensions lie: for each input, and for each output, an axis for each of its dimensions."""

    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]


def read_axes(signature: Signature, axes: Any, axis: Any, keepdims: bool) -> Axes:
    """Return where core dimensions lie, counted from the last axis where nothing else is said.

    Parameters
    ----------
    signature : Signature
    axes : list of tuple of int, optional
        One for each input and output; outputs without core dimensions may be left out, and an int stands for a tuple of one.
    axis : int, optional
        Of the only core dimension, of all arguments that have it.
    keepdims : bool
        Whether outputs keep the inputs' core dimensions with length 1, which lie where the first input's do.

    Raises
    ------
    ValueError
        If both are given, they don't fit the signature, or it has no such ``axis`` or ``keepdims``.
    TypeError
        If they are of other types.

    Examples
    --------
    >>> read_axes(parse_signature("(i),(i)->()"), None, 0, False)
    Axes(inputs=((0,), (0,)), outputs=((),))
    """
    if axes is not None and axis is not None:
        raise ValueError("Only one of `axis` or `axes` keyword arguments should be given")
    if axes is not None and not isinstance(axes, list):
        raise TypeError(f"`axes` has to be of type list, got {type(axes).__name__}")
    cores = [*signature.inputs, *signature.outputs]
    bare = not any(signature.outputs)
    if keepdims and not (bare and len({len(core) for core in signature.inputs}) == 1):
        raise ValueError(
            "`keepdims` can only be used for signatures whose inputs all have the same number of core dimensions, and whose "
            "outputs have none"
        )
    if axis is not None:
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise TypeError(f"`axis` has to be an integer, got {type(axis).__name__}")
        if len({name for core in cores for name in core}) != 1 or any(len(core) > 1 for core in cores):
            raise ValueError(
                "`axis` can be used only if one core dimension is present, once in each argument that has it"
            )
        number: tuple[Any, ...] = (axis.__index__(),)
        found: list[tuple[Any, ...]] = [number if core else () for core in cores]
    elif axes is None:
        found = [tuple(range(-len(core), 0)) for core in cores]
    else:
        found = [tuple(each) if isinstance(each, tuple | list) else (each,) for each in axes]
        if bare and len(found) == len(signature.inputs):
            found += [found[0] if keepdims else ()] * len(signature.outputs)
        if len(found) != len(cores):
            raise ValueError(f"`axes` has {len(found)} entries, but the signature has {len(cores)} inputs and outputs")
    inputs, outputs = found[: len(signature.inputs)], found[len(signature.inputs) :]
    if keepdims:
        if axes is None:
            outputs = [inputs[0]] * len(outputs)
        expected = [signature.inputs[0]] * len(outputs)
    else:
        expected = list(signature.outputs)
    _check(inputs, signature.inputs, "input")
    _check(outputs, expected, "output")
    return Axes(tuple(inputs), tuple(outputs))


def _check(found: Sequence[tuple[Any, ...]], cores: Sequence[Core], what: str) -> None:
    for number, (axes, core) in enumerate(zip(found, cores, strict=True)):
        if any(isinstance(at, bool) or not hasattr(at, "__index__") for at in axes):
            raise TypeError(f"`axes` must hold integers, got {axes} for {what} {number}")
        if len(axes) != len(core):
            raise ValueError(
                f"The number of `axes` entries for {what} #{number} is {len(axes)}, but it has {len(core)} core dimensions"
            )


def to_the_end(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the order of axes that puts some of them last.

    Raises
    ------
    numpy.exceptions.AxisError
        If one is out of range.
    ValueError
        If one is named twice.

    Examples
    --------
    >>> to_the_end((0,), 3)
    (1, 2, 0)
    """
    last = [normalize_axis(at, ndim) for at in axes]
    if len(set(last)) != len(last):
        raise ValueError(f"repeated axis in {tuple(axes)}")
    return (*[at for at in range(ndim) if at not in last], *last)


def from_the_end(axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the order of axes that puts the last ones to some places.

    Examples
    --------
    >>> from_the_end((0,), 3)
    (2, 0, 1)
    """
    order = to_the_end(axes, ndim)
    return tuple(sorted(range(ndim), key=order.__getitem__))
