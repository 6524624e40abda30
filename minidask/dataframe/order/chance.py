"""Samples of rows and random splits, the same ones whenever they are computed.

Place in the flow: behind ``sample`` and ``random_split``. Each partition has a seed of its own, which follows from the random
state when the collection is made (``numpy.random.SeedSequence``), so that results depend neither on who computes nor on what
columns are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.partitionwise import columnwise
from minidask.graph import Parts


class SampleRows(NamedTuple):
    """Draw a fraction of a partition's rows."""

    frac: float
    replace: bool

    def __call__(self, part: Any, seed: int) -> Any:
        """Return the rows that were drawn, in random order as pandas gives them.

        The fraction of a row that is left decides by chance, so that many small partitions give as many rows as one large.
        """
        rng = np.random.default_rng(seed)
        exact = self.frac * len(part)
        count = int(exact) + int(rng.random() < exact - int(exact))
        return part.take(rng.choice(len(part), count, replace=self.replace) if len(part) else [])


class Share(NamedTuple):
    """Take the rows of a partition that fall between two bounds in [0, 1], each row having a random number there."""

    low: float
    high: float
    shuffle: bool

    def __call__(self, part: Any, seed: int) -> Any:
        """Return the rows, in random order if ``shuffle``."""
        rng = np.random.default_rng(seed)
        drawn = rng.random(len(part))
        places = np.flatnonzero((drawn >= self.low) & (drawn < self.high))
        return part.take(rng.permutation(places) if self.shuffle else places)


def sample_rows(frame: Any, n: Any, frac: Any, replace: bool, random_state: Any) -> Any:
    """Return a random sample of the rows; see ``DataFrame.sample``."""
    if n is not None:
        raise ValueError(
            "sample(n=...) would need the number of rows: give frac, the fraction of them, or take head(n) of a sample"
        )
    if frac is None:
        raise ValueError("sample needs frac, the fraction of the rows to draw")
    frac = float(frac)
    if not frac >= 0:
        raise ValueError(f"frac must be at least 0, got {frac}")
    if frac > 1 and not replace:
        raise ValueError(f"frac={frac} draws more rows than there are: pass replace=True")
    return _drawn("sample", SampleRows(frac, bool(replace)), frame, seeds(random_state, frame.npartitions))


def random_split(frame: Any, frac: Any, random_state: Any, shuffle: bool) -> list[Any]:
    """Return collections of a random share of the rows each; see ``DataFrame.random_split``."""
    shares = [float(each) for each in frac]
    if not shares or any(each < 0 for each in shares) or not np.isclose(sum(shares), 1):
        raise ValueError(f"the fractions must be at least 0 and add up to 1, got {shares}")
    borders = [0.0, *np.cumsum(shares)[:-1].tolist(), 1.0]
    drawn = seeds(random_state, frame.npartitions)
    return [_drawn("split", Share(low, high, bool(shuffle)), frame, drawn) for low, high in pairwise(borders)]


def seeds(random_state: Any, count: int) -> list[int]:
    """Return a seed for each partition.

    Parameters
    ----------
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None
        None: other ones each time.

    Raises
    ------
    TypeError
        If it is none of these.

    Examples
    --------
    >>> seeds(42, 2) == seeds(42, 3)[:2]
    True
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    elif isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**31 - 1))
    elif random_state is not None and not isinstance(random_state, int | np.integer):
        raise TypeError(
            f"random_state must be an integer, a RandomState or a Generator, got {type(random_state).__name__}"
        )
    entropy = None if random_state is None else int(random_state)
    children = np.random.SeedSequence(entropy).spawn(count)
    return [int(child.generate_state(1, np.uint64)[0]) for child in children]


def _drawn(prefix: str, call: Any, frame: FrameCollection, drawn: Sequence[int]) -> Any:
    token = tuple(call)
    done = columnwise(prefix, call, frame, Parts(list(drawn)), meta=frame._meta, token=token)
    # Rows that were drawn twice are aligned with nothing.
    rows = f"{prefix}-{done._layer.name}" if prefix == "sample" else done._rows
    return type(frame)(done._layer, done._meta, frame.divisions, rows)
