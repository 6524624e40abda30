"""``Generator`` and ``default_rng``: NumPy's newer interface to random numbers.

Place in the flow: above ``distributions`` and ``choosing``. State: a ``SeedSequence``, which counts the calls, and the kind
of bit generator; nothing is drawn from here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minidask.array.collection import ArrayBase
from minidask.array.random import choosing
from minidask.array.random.distributions import Distributions
from minidask.array.random.streams import OfGenerator, Stream, next_stream, seeds_of, spawn


class Generator(Distributions):
    """Make random arrays; as ``numpy.random.Generator``, with ``chunks=``.

    Two calls give different arrays; generators of equal seeds give equal ones, whoever computes them in which order.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        Of its kind are those of the blocks, and its ``SeedSequence`` seeds them; numbers that were drawn from it play no part.

    Raises
    ------
    TypeError
        If it is no bit generator: use ``default_rng`` for seeds.

    Examples
    --------
    >>> rng = default_rng(5)
    >>> x, y = rng.normal(size=4, chunks=2), default_rng(5).normal(size=4, chunks=2)
    >>> bool((x == y).all()), bool((x == rng.normal(size=4, chunks=2)).any())
    (True, False)
    """

    __slots__ = ("_bit_generator", "_kind", "_seeds")

    _integer = np.dtype(np.int64)

    def __init__(self, bit_generator: np.random.BitGenerator) -> None:
        if not isinstance(bit_generator, np.random.BitGenerator):
            raise TypeError(
                f"a Generator is made of a bit generator such as numpy.random.PCG64(5), got {type(bit_generator).__name__}: "
                "use default_rng(seed)"
            )
        self._seeds, self._bit_generator = seeds_of(bit_generator)
        self._kind = type(bit_generator)

    @property
    def bit_generator(self) -> Any:
        """The bit generator that this was made of."""
        return self._bit_generator

    def _stream(self) -> Stream:
        make: Any = OfGenerator(self._kind)
        return next_stream(self._seeds, make)

    def spawn(self, n_children: int) -> list[Generator]:
        """Return generators that are independent of this one and of each other; raises ValueError for a negative number."""
        if n_children < 0:
            raise ValueError(f"n_children must be non-negative, got {n_children}")
        return [Generator(self._kind(seeds)) for seeds in spawn(self._seeds, n_children)]

    def random(
        self, size: Any = None, dtype: Any = np.float64, out: Any = None, chunks: Any = "auto", **kwargs: Any
    ) -> Any:
        """Draw floats from [0, 1)."""
        return self._draw("random", (), size, chunks, {"dtype": dtype, "out": out, **kwargs})

    def integers(
        self,
        low: Any,
        high: Any = None,
        size: Any = None,
        dtype: Any = np.int64,
        endpoint: bool = False,
        chunks: Any = "auto",
        **kwargs: Any,
    ) -> Any:
        """Draw integers from [low, high), or up to ``high`` itself with ``endpoint``; from [0, low) without ``high``."""
        kind = np.dtype(dtype)
        return self._draw("integers", (low, high), size, chunks, {"dtype": kind, "endpoint": endpoint, **kwargs}, kind)

    def multivariate_hypergeometric(
        self,
        colors: Any,
        nsample: Any,
        size: Any = None,
        method: str = "marginals",
        chunks: Any = "auto",
        **kwargs: Any,
    ) -> Any:
        """Draw how many of each color are among ``nsample`` elements taken without replacement; one more axis for the colors."""
        options = {"method": method, **kwargs}
        return self._draw(
            "multivariate_hypergeometric", (colors, nsample), size, chunks, options, self._integer, (1, 0)
        )

    def choice(
        self,
        a: Any,
        size: Any = None,
        replace: bool = True,
        p: Any = None,
        axis: int = 0,
        shuffle: bool = True,
        chunks: Any = "auto",
    ) -> Any:
        """Choose elements of an array along an axis, or integers below ``a``.

        Parameters
        ----------
        a : int or array-like
            Each task sees all of it along the axis.
        size : int or tuple of int, optional
            Default: one element.
        replace : bool
            Without replacement one task draws all positions.
        p : array-like of float, optional
            Probabilities.
        axis : int
        shuffle : bool
            Whether a sample without replacement is in random order.
        chunks
            Of the axes of ``size``.

        Raises
        ------
        ValueError
            If the sample is larger than the population, or ``p`` is no distribution over it.

        Examples
        --------
        >>> default_rng(5).choice([1, 2, 3], 3, replace=False).sum().compute()
        np.int64(6)
        """
        return choosing.choice(self._stream(), a, size, replace, p, axis, chunks, {"shuffle": bool(shuffle)})

    def permutation(self, x: Any, axis: int = 0) -> Any:
        """Return an array's slices along an axis, or the integers below ``x``, in random order."""
        return choosing.permutation(self._stream(), x, axis)

    def permuted(self, x: Any, *, axis: int | None = None) -> Any:
        """Return an array with each lane along an axis in a random order of its own; all elements if it is None."""
        return choosing.permuted(self._stream(), x, axis)

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Put a chunked array's slices along an axis into random order, by assignment; raises TypeError for other arrays."""
        if not isinstance(x, ArrayBase):
            raise TypeError(f"shuffle changes a chunked array, got {type(x).__name__}: use permutation")
        changed: Any = x
        changed[...] = self.permutation(x, axis)

    def __repr__(self) -> str:
        return f"Generator({self._kind.__name__})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._bit_generator, self._seeds)


def _restored(bit_generator: Any, seeds: np.random.SeedSequence) -> Generator:
    made = Generator(bit_generator)
    made._seeds = seeds
    return made


def default_rng(seed: Any = None) -> Generator:
    """Return a generator.

    Parameters
    ----------
    seed : None, int, sequence of int, SeedSequence, BitGenerator or Generator
        None is seeded by the operating system. A generator of chunked arrays is returned as it is.

    Raises
    ------
    TypeError, ValueError
        If that is no seed.

    Examples
    --------
    >>> default_rng(5).integers(10, size=4, chunks=2)
    minidask.array<integers, shape=(4,), dtype=int64, chunksize=(2,), chunktype=numpy.ndarray>
    """
    if isinstance(seed, Generator):
        return seed
    seeds, bit_generator = seeds_of(seed)
    return Generator(np.random.PCG64(seeds) if bit_generator is None else bit_generator)
