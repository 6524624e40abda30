"""Reductions of masked arrays: what is masked takes no part, and where nothing is left the result is masked.

NumPy's ufuncs spread masks between partial results, so that each fold has a form for masked blocks here: sums and counts of
what is left, or partial results that are joined along the axis and reduced once more.

Place in the flow: ``tree`` asks for the form of a fold where blocks are masked. Not for: the functions of ``minidask.array.ma``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_EXTREME = ("min", "max")
_SIMPLE = ("sum", "prod", "any", "all", *_EXTREME)


class MaskedSimple(NamedTuple):
    """Reduce by a method of masked arrays, partial results too."""

    name: str
    axes: tuple[int, ...]
    dtype: Any
    skips_nan: bool

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        return self._reduced(without_nan(block) if self.skips_nan else block, axes)

    def _reduced(self, block: Any, axes: tuple[int, ...]) -> Any:
        block = np.ma.asanyarray(block)
        if not axes:
            return block
        if self.name in _EXTREME and any(block.shape[axis] == 0 for axis in axes):
            # Nothing to take the smallest of: all masked, so that neighbours decide.
            shape = tuple([1 if at in axes else n for at, n in enumerate(block.shape)])
            return np.ma.masked_all(shape, block.dtype)
        kwargs = {} if self.dtype is None or self.name not in ("sum", "prod") else {"dtype": self.dtype}
        return np.ma.asanyarray(getattr(block, self.name)(axis=axes, keepdims=True, **kwargs))

    def combine(self, partials: list[Any]) -> Any:
        return self._reduced(np.ma.concatenate(partials, axis=self.axes[0]), self.axes[:1])

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        return partial


class MaskedMean(NamedTuple):
    """Carry the count and the sum of what is not masked."""

    fold: Any
    skips_nan: bool

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.fold.name)

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        block = without_nan(block) if self.skips_nan else np.ma.asanyarray(block)
        _, total = self.fold.chunk(block.filled(0), axes, bounds)
        return left(block, axes), total

    def combine(self, partials: list[Any]) -> Any:
        return self.fold.combine(partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        count, total = partial
        return np.ma.masked_array(self.fold.finish((np.maximum(count, 1), total), axes), mask=count == 0)


class MaskedSpread(NamedTuple):
    """Carry count, mean and squared deviations of what is not masked."""

    fold: Any
    skips_nan: bool

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.fold.name)

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        block = without_nan(block) if self.skips_nan else np.ma.asanyarray(block)
        count = left(block, axes)
        kind = block.dtype if block.dtype == object else np.result_type(block.dtype, self.fold.dtype)
        mean = np.sum(block.filled(0), axis=axes, keepdims=True, dtype=kind) / np.maximum(count, 1)
        apart = np.where(np.ma.getmaskarray(block), 0, block.filled(0) - mean)
        return count, mean, np.sum((apart * np.conjugate(apart)).real, axis=axes, keepdims=True)

    def combine(self, partials: list[Any]) -> Any:
        return self.fold.combine(partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        count, _, squares = partial
        degrees = count - self.fold.ddof
        out = squares / np.where(degrees > 0, degrees, 1)
        return np.ma.masked_array(np.sqrt(out) if self.fold.root else out, mask=degrees <= 0)


class MaskedPlace(NamedTuple):
    """Find extreme elements, masked ones being the least extreme."""

    fold: Any

    @property
    def name(self) -> str:
        """The operation's name."""
        return str(self.fold.name)

    def chunk(self, block: Any, axes: tuple[int, ...], bounds: Any) -> Any:
        block = np.ma.asanyarray(block)
        fill = np.ma.minimum_fill_value(block) if self.fold.least else np.ma.maximum_fill_value(block)
        return self.fold.chunk(block.filled(fill), axes, bounds)

    def combine(self, partials: list[Any]) -> Any:
        return self.fold.combine(partials)

    def finish(self, partial: Any, axes: tuple[int, ...]) -> Any:
        return self.fold.finish(partial, axes)


def left(block: Any, axes: tuple[int, ...]) -> Any:
    """Return how many elements along axes aren't masked, the axes kept.

    Examples
    --------
    >>> left(np.ma.array([1, 2, 3], mask=[True, False, False]), (0,))
    array([2])
    """
    return np.sum(~np.ma.getmaskarray(block), axis=axes, keepdims=True)


def without_nan(block: Any) -> Any:
    """Return a block with NaN masked too."""
    return np.ma.masked_where(np.isnan(block.data), block) if block.dtype.kind in "fc" else block


def masked_fold(fold: Any, axes: tuple[int, ...]) -> Any:
    """Return the form of a fold for masked blocks; the fold itself if it has none.

    Examples
    --------
    >>> masked_fold(None, (0,)) is None
    True
    """
    name = getattr(fold, "name", "")
    base = name.removeprefix("nan")
    skips_nan = base != name
    if base in _SIMPLE:
        return MaskedSimple(base, axes, fold.dtype, skips_nan)
    if base == "mean":
        return MaskedMean(fold._replace(ignore_nan=False), skips_nan)
    if base in ("var", "std"):
        return MaskedSpread(fold, skips_nan)
    if base in ("argmin", "argmax"):
        return MaskedPlace(fold)
    return fold
