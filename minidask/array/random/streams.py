"""Where random numbers come from: a stream for each call, and from it a generator for each block.

A generator holds one ``SeedSequence`` and spawns a child of it for each call (NumPy's "spawn", so that streams are independent).
What a block draws depends on the seed, the number of the call and the block's place in the grid alone: neither on the order in
which blocks are computed nor on who computes them.

Place in the flow: below the two generators. Not for: drawing (``draws``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minidask.tokenize import tokenize

# Stands before a block's place, so that no block has the spawn key of a stream that a user spawned.
_BLOCK = 0xB10C

_SPAWNING = threading.Lock()


class OfGenerator(NamedTuple):
    """Make NumPy's ``Generator`` with a kind of bit generator."""

    kind: Any

    def __call__(self, seeds: np.random.SeedSequence) -> np.random.Generator:
        return np.random.Generator(self.kind(seeds))


class OfRandomState(NamedTuple):
    """Make NumPy's ``RandomState``, or what a factory makes of the keyword ``seed``, an array of 624 unsigned integers."""

    factory: Callable[..., Any] | None = None

    def __call__(self, seeds: np.random.SeedSequence) -> Any:
        if self.factory is None:
            return np.random.RandomState(np.random.MT19937(seeds))
        return self.factory(seed=seeds.generate_state(624))


class Stream(NamedTuple):
    """The random numbers of one call: ``stream.at(block_id)`` makes a block's generator.

    Examples
    --------
    >>> stream = Stream(OfGenerator(np.random.PCG64), 5, (0,), 4)
    >>> bool(stream.at((0,)).random() == stream.at((0,)).random() != stream.at((1,)).random())
    True
    """

    make: Callable[[np.random.SeedSequence], Any]
    entropy: Any
    spawn_key: tuple[int, ...]
    pool_size: int

    @property
    def parts(self) -> tuple[Any, ...]:
        """What stands for the stream in names."""
        return _maker_token(self.make), self.entropy, self.spawn_key, self.pool_size

    def at(self, block_id: tuple[int, ...]) -> Any:
        """Return the generator of a block."""
        key = (*self.spawn_key, _BLOCK, *block_id)
        return self.make(np.random.SeedSequence(self.entropy, spawn_key=key, pool_size=self.pool_size))


@lru_cache(256)
def _maker_token(make: Any) -> str:
    return tokenize(make)


def seeds_of(seed: Any) -> tuple[np.random.SeedSequence, Any]:
    """Return the seed sequence that a seed means, and the bit generator that was given as one, or None.

    Parameters
    ----------
    seed : None, int, sequence of int, SeedSequence, BitGenerator, numpy.random.Generator or numpy.random.RandomState
        None is seeded by the operating system. The sequence of a bit generator is shared with it; one that has none gives its
        next numbers instead.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If a number is negative.

    Examples
    --------
    >>> seeds_of(5)[0].entropy
    5
    """
    if isinstance(seed, np.random.Generator):
        seed = seed.bit_generator
    if isinstance(seed, np.random.RandomState):
        seed = seed._bit_generator
    if isinstance(seed, np.random.BitGenerator):
        found = getattr(seed, "seed_seq", None)
        if isinstance(found, np.random.SeedSequence):
            return found, seed
        return np.random.SeedSequence([int(part) for part in seed.random_raw(4)]), seed
    if isinstance(seed, np.random.SeedSequence):
        return seed, None
    if isinstance(seed, str | bytes | float) or hasattr(seed, "__dask_graph__"):
        raise TypeError(f"a seed must be None, an integer or several, or a SeedSequence, got {type(seed).__name__}")
    return np.random.SeedSequence(seed), None


def spawn(seeds: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """Return children that no call got before; threads may share a generator."""
    with _SPAWNING:
        return seeds.spawn(count)


def next_stream(seeds: np.random.SeedSequence, make: Callable[[np.random.SeedSequence], Any]) -> Stream:
    """Return the stream of the next call."""
    child = spawn(seeds, 1)[0]
    return Stream(make, child.entropy, tuple(child.spawn_key), child.pool_size)
