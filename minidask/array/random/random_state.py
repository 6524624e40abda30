"""``RandomState``: NumPy's older interface to random numbers; and the one that the package's functions share.

Place in the flow: above ``distributions`` and ``choosing``. Streams are made as for ``Generator``; only the blocks'
own generators differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.random import choosing
from minidask.array.random.distributions import Distributions
from minidask.array.random.streams import OfRandomState, Stream, next_stream, seeds_of


class RandomState(Distributions):
    """Make random arrays; as ``numpy.random.RandomState``, with ``chunks=``.

    Parameters
    ----------
    seed : None, int, sequence of int, SeedSequence or BitGenerator
    RandomState : callable, optional
        ``RandomState(seed=array of 624 unsigned integers)`` makes the generator of a block; default: NumPy's Mersenne Twister.

    Raises
    ------
    TypeError, ValueError
        If that is no seed.

    Examples
    --------
    >>> state = RandomState(5)
    >>> x, y = state.normal(size=4, chunks=2), RandomState(5).normal(size=4, chunks=2)
    >>> bool((x == y).all()), bool((x == state.normal(size=4, chunks=2)).any())
    (True, False)
    """

    __slots__ = ("_make", "_seeds")

    _integer = np.dtype("l")

    def __init__(self, seed: Any = None, RandomState: Callable[..., Any] | None = None) -> None:
        self._seeds, _ = seeds_of(seed)
        self._make: Any = OfRandomState(RandomState)

    def _stream(self) -> Stream:
        return next_stream(self._seeds, self._make)

    def seed(self, seed: Any = None) -> None:
        """Begin anew with a seed."""
        self._seeds, _ = seeds_of(seed)

    def random_sample(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw floats from [0, 1)."""
        return self._draw("random_sample", (), size, chunks, kwargs)

    def random(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw floats from [0, 1); as ``random_sample``."""
        return self._draw("random_sample", (), size, chunks, kwargs)

    def rand(self, *shape: int, chunks: Any = "auto") -> Any:
        """Draw floats from [0, 1), the shape in separate arguments."""
        return self._draw("random_sample", (), shape, chunks, {})

    def randn(self, *shape: int, chunks: Any = "auto") -> Any:
        """Draw from the standard normal distribution, the shape in separate arguments."""
        return self._draw("standard_normal", (), shape, chunks, {})

    def randint(
        self, low: Any, high: Any = None, size: Any = None, chunks: Any = "auto", dtype: Any = "l", **kwargs: Any
    ) -> Any:
        """Draw integers from [low, high), or from [0, low) without ``high``."""
        kind = np.dtype(dtype)
        return self._draw("randint", (low, high), size, chunks, {"dtype": kind, **kwargs}, kind)

    def random_integers(self, low: Any, high: Any = None, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw integers from [low, high], both ends included; from [1, low] without ``high``."""
        low, high = (1, low) if high is None else (low, high)
        return self._draw("randint", (low, high + 1), size, chunks, kwargs, self._integer)

    def tomaxint(self, size: Any = None, chunks: Any = "auto", **kwargs: Any) -> Any:
        """Draw integers from 0 to the largest one of a C long."""
        return self._draw("tomaxint", (), size, chunks, kwargs, self._integer)

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None, chunks: Any = "auto") -> Any:
        """Choose elements of a vector, or integers below ``a``; see ``Generator.choice``.

        Raises
        ------
        ValueError
            If ``a`` has several axes, the sample is larger than the population, or ``p`` is no distribution over it.
        """
        ndim = a.ndim if isinstance(a, ArrayBase) else np.ndim(a)
        if ndim > 1:
            raise ValueError(f"a must be 1-dimensional, got {ndim} dimensions: default_rng().choice has axis=")
        return choosing.choice(self._stream(), a, size, replace, p, 0, chunks, {})

    def permutation(self, x: Any) -> Any:
        """Return an array's slices along the first axis, or the integers below ``x``, in random order."""
        return choosing.permutation(self._stream(), x)

    def shuffle(self, x: Any) -> None:
        """Put a chunked array's slices along the first axis into random order; raises TypeError for other arrays."""
        if not isinstance(x, ArrayBase):
            raise TypeError(f"shuffle changes a chunked array, got {type(x).__name__}: use permutation")
        changed: Any = x
        changed[...] = self.permutation(x)

    def __repr__(self) -> str:
        return "RandomState(MT19937)" if self._make.factory is None else f"RandomState({self._make.factory!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._seeds, self._make.factory)


def _restored(seeds: np.random.SeedSequence, factory: Callable[..., Any] | None) -> RandomState:
    return RandomState(seeds, factory)


# Behind the functions of the package.
SHARED = RandomState()
