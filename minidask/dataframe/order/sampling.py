"""One pass over the keys that rows will be ordered by: are they in order already, what are their bounds, where to cut.

Place in the flow: ``set_index``, ``sort_values`` and ``sort_index`` compute a *summary* of every partition at once, of the
key columns alone. ``splitters`` makes of the samples in it the rows at which the whole is cut into parts of about equal
numbers of rows.

Rows are sampled in proportion: each partition gives at most ``count`` of its rows, drawn with a fixed seed, each of the weight
``rows / count``; so a whole that is small is known exactly. With 400 sampled rows for each part that is made, parts differ by a
few percent (a binomial share of 400 has a standard deviation of 5 %).

Not for: moving rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from minidask.collection import compute
from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.divisions import scalars
from minidask.dataframe.join_parts import join_parts
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.sizeof import sizeof

# Sampled rows for each part that is made, and at least for the whole and for each partition; see the module's head.
SAMPLES_A_PART = 400
LEAST_SAMPLES = 10_000
LEAST_SAMPLES_A_PARTITION = 64


class Summary(NamedTuple):
    """What a partition's keys are like; ``low`` and ``high`` are of the first key, None if it has no value.

    ``sample`` has a column for each key, named 0, 1, ...; each of its rows stands for ``weight`` rows.
    """

    rows: int
    missing: int
    low: Any
    high: Any
    ascends: bool
    nbytes: int
    sample: pd.DataFrame
    weight: float


class Summarize(NamedTuple):
    """Make a list of the one summary of a partition, of at most ``most`` sampled rows; ``sized``: with its bytes."""

    most: int
    sized: bool

    def __call__(self, keys: Any, whole: Any = None) -> list[Summary]:
        """Return the summary of keys (a DataFrame, Series or Index); ``whole`` is what is weighed."""
        frame = as_frame(keys)
        rows = len(frame)
        first = frame[0]
        there = first.dropna()
        if isinstance(first.dtype, pd.CategoricalDtype):
            # Only the sample matters, and the categories that it carries.
            low = high = None
        else:
            low, high = scalars([there.min(), there.max()]) if len(there) else (None, None)
        ascends = bool(first.is_monotonic_increasing) if frame.shape[1] == 1 else False
        sample = frame
        if rows > self.most:
            # With replacement: drawing rows costs no permutation of all of them.
            sample = frame.take(np.sort(np.random.default_rng(rows).integers(0, rows, self.most)))
        nbytes = sizeof(whole) if self.sized else 0
        weight = rows / max(len(sample), 1)
        return [Summary(rows, rows - len(there), low, high, ascends, nbytes, sample.reset_index(drop=True), weight)]


def as_frame(keys: Any) -> pd.DataFrame:
    """Return keys as a frame of columns 0, 1, ...; a Series or Index is one key, a MultiIndex one a level."""
    if isinstance(keys, pd.MultiIndex):
        return pd.DataFrame({level: keys.get_level_values(level) for level in range(keys.nlevels)})
    if isinstance(keys, pd.DataFrame):
        return keys.set_axis(range(keys.shape[1]), axis=1)
    return pd.DataFrame({0: keys.array})


def join_lists(parts: list[list[Any]]) -> list[Any]:
    """Return one list of the items of several."""
    return [item for part in parts for item in part]


def summaries(
    keys: FrameCollection, parts: int, upsample: float = 1.0, whole: FrameCollection | None = None
) -> list[Summary]:
    """Compute the summaries of the partitions of some keys.

    Parameters
    ----------
    keys : DataFrame, Series or Index
        The columns to order by, or the index.
    parts : int
        How many parts will be made; decides how many rows are sampled.
    upsample : float
        Sample so many times more.
    whole : collection, optional
        Weigh its partitions, too, which reads all its columns.

    Raises
    ------
    ValueError
        If ``upsample`` isn't positive.
    """
    if not upsample > 0:
        raise ValueError(f"upsample must be a positive number, got {upsample!r}")
    wanted = max(SAMPLES_A_PART * parts, LEAST_SAMPLES) * upsample
    count = max(int(-(-wanted // keys.npartitions)), LEAST_SAMPLES_A_PARTITION)
    chunk = Summarize(count, whole is not None)
    operands = [keys] if whole is None else [keys, whole]
    found: list[Summary] = compute(
        reduce_partitions("summary", operands, chunk, join_lists, join_lists, None, (count, whole is not None))
    )[0]
    return found


def splitters(
    found: Sequence[Summary], parts: int, ascending: Sequence[bool], na_position: str = "last"
) -> pd.DataFrame:
    """Return rows of keys, in the order asked for, that cut the whole into at most ``parts`` of about equal numbers of rows.

    They differ from each other. A part begins with a splitter; the first part has no splitter before it.

    Raises
    ------
    TypeError
        If keys can't be compared.
    """
    weighed = [each for each in found if each.rows]
    if not weighed:
        return found[0].sample.iloc[:0]
    whole = join_parts([each.sample for each in weighed]).reset_index(drop=True)
    weights = np.concatenate([np.full(len(each.sample), each.weight) for each in weighed])
    order = sorted_rows(whole, ascending, na_position)
    total = weights[order].cumsum()
    places = np.searchsorted(total, total[-1] * np.arange(1, parts) / parts, side="left")
    chosen = whole.iloc[order].iloc[np.unique(places)].drop_duplicates()
    return chosen.reset_index(drop=True)


def sorted_rows(keys: pd.DataFrame, ascending: Sequence[bool], na_position: str) -> Any:
    """Return the positions of rows in their order; stable."""
    numbered: Any = keys.set_axis(pd.RangeIndex(len(keys)), axis=0)
    single = keys.shape[1] == 1
    ordered = numbered.sort_values(
        0 if single else list(keys.columns),
        ascending=ascending[0] if single else list(ascending),
        na_position=na_position,
        kind="stable",
    )
    return ordered.index.to_numpy()


def in_order(found: Sequence[Summary], ascending: bool = True, na_first: bool = False) -> bool:
    """Whether the partitions' ranges of one key follow each other, though rows inside may be in any order.

    A value may be at both sides of a border. Missing values may only be where they will be sorted to. Categories count as not
    in order: they may differ from partition to partition.
    """
    filled = [each for each in found if each.rows]
    without = filled[1:] if na_first else filled[:-1]
    if any(each.missing for each in without) or any(each.low is None and each.rows > each.missing for each in filled):
        return False
    valued = [each for each in filled if each.low is not None]
    pairs = list(pairwise(valued if ascending else valued[::-1]))
    return all(left.high <= right.low for left, right in pairs)
