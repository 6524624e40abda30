"""``merge``, ``join``: which way two collections are joined, as far as it is known when they are.

Place in the flow: behind ``dd.merge``, ``DataFrame.merge`` and ``DataFrame.join``; they make a ``plan.Join``.
Decided here, because partitions and divisions depend on it:

1. both in one partition: one call of pandas;
2. by the index, both sides' divisions known: both are cut at the same bounds, no row leaves its neighbourhood;
3. one side's index with known divisions, the other's column: the other's rows move to where they belong;
4. one side in one partition, or small by what is known: it is shared, and the other side's partitions and order stay;
5. otherwise as many partitions as the larger number; ``plan`` chooses between sharing and a shuffle when all is known.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import inf, log2
from typing import Any

import pandas as pd

from minidask import config
from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import Divisions, unknown
from minidask.dataframe.joining.aligned import cut_alike, strictly_ascending
from minidask.dataframe.joining.call import HOWS, MergeCall, make_call
from minidask.dataframe.joining.keys import JoinKeys, Labels, find_keys, is_one_key
from minidask.dataframe.joining.plan import (
    CHOOSE,
    PARTITIONS,
    SHARE_LEFT,
    SHARE_RIGHT,
    SHUFFLE,
    SLOW_KEYS,
    Join,
    Sizes,
    quick_keys,
)
from minidask.dataframe.joining.shared import can_share, keeps_unmatched
from minidask.dataframe.joining.sizes import estimate_rows, row_bytes
from minidask.dataframe.joining.validation import validated
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.shuffle import RangeTargets, rearrange
from minidask.dataframe.shuffle.methods import check_method
from minidask.tokenize import quick_token
from minidask.units import parse_bytes

# Where sizes aren't known: share a side of fewer partitions than this part of the logarithm of the other's.
FEW = 0.5


@takes_keywords_of(pd.merge)
def merge(
    left: Any,
    right: Any,
    how: Any = "inner",
    on: Any = None,
    left_on: Any = None,
    right_on: Any = None,
    left_index: bool = False,
    right_index: bool = False,
    suffixes: tuple[str | None, str | None] = ("_x", "_y"),
    indicator: bool | str = False,
    shuffle_method: str | None = None,
    npartitions: int | None = None,
    broadcast: bool | float | None = None,
    validate: str | None = None,
) -> Any:
    """Join two dataframes of any numbers of partitions.

    Parameters
    ----------
    left, right : DataFrame, Series with a name, or the pandas ones
    how : {"inner", "left", "right", "outer", "cross", "left_anti", "right_anti", "leftsemi", "leftanti"}
        As in pandas; ``leftsemi`` gives the left side's rows whose keys are there on the right, ``leftanti`` the others, both
        without columns of the right side.
    on, left_on, right_on, left_index, right_index, suffixes, indicator
        As in pandas.
    shuffle_method : str, optional
        How rows move if they must; see ``shuffle``.
    npartitions : int, optional
        Partitions of the result. Default: those of the side that stays, or the larger number.
    broadcast : bool or float, optional
        True: send the smaller side to every partition of the other; False: don't, unless it is one partition; None: where it is
        smaller than the setting ``dataframe.merge.broadcast-limit`` by what files and data in memory say. A number is a factor
        of that limit.
    validate : str, optional
        "1:1", "1:m", "m:1" or "m:m": on which sides keys have to be unique, as in pandas. The keys are moved once more, to find
        out; computing the last partition (so, computing all) raises ``pandas.errors.MergeError`` if they aren't.

    Returns
    -------
    DataFrame
        Rows and dtypes are those of pandas. Their order is that of the side that stays where one side is small, by the index
        where divisions are known, and otherwise none that is promised. Rows are numbered anew in every partition,
        unless an index takes part in the join.

    Raises
    ------
    KeyError
        If a column is unknown.
    TypeError, ValueError
        Where pandas raises them: no common columns, keys of different types; and for arguments that aren't what they should be.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> flights = dd.from_pandas(pd.DataFrame({"carrier": ["AA", "UA"], "delay": [3, 5]}), npartitions=2)
    >>> names = pd.DataFrame({"carrier": ["AA", "UA"], "name": ["American", "United"]})
    >>> dd.merge(flights, names, on="carrier")["name"].compute().tolist()
    ['American', 'United']
    """
    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(HOWS)}, got {how!r}")
    _check_options(npartitions, broadcast, suffixes)
    check_method(shuffle_method)
    left, right = _side("left", left), _side("right", right)
    keys = find_keys(left._meta, right._meta, how, on, left_on, right_on, left_index, right_index)
    call, meta = make_call(left._meta, right._meta, how, keys, (suffixes[0], suffixes[1]), indicator)
    whole = (left, right)
    left, right, divisions = _placed(left, right, how, keys, npartitions, broadcast, shuffle_method)
    sizes = _sizes(left, right, broadcast)
    if left.npartitions == right.npartitions and divisions is not None:
        way, count = PARTITIONS, left.npartitions
    else:
        way, count = _way(left, right, call, sizes, npartitions, broadcast)
        divisions = _kept_divisions(left, right, how, keys, way, count)
    token = (how, keys, call.suffixes, indicator, way, sizes, count, shuffle_method)
    name = f"merge-{quick_token('merge', left._layer.name, right._layer.name, token)}"
    metas = (left._meta, right._meta)
    layer = Join(name, (left._layer, right._layer), count, call, meta, metas, way, sizes, shuffle_method)
    result = new_collection(layer, meta, divisions)
    return result if validate is None else validated(result, *whole, keys, validate, shuffle_method)


def _check_options(npartitions: Any, broadcast: Any, suffixes: Any) -> None:
    if npartitions is not None:
        if not isinstance(npartitions, int) or isinstance(npartitions, bool):
            raise TypeError(f"npartitions must be an integer, got {type(npartitions).__name__}: {npartitions!r:.80}")
        if npartitions < 1:
            raise ValueError(f"npartitions must be at least 1, got {npartitions}")
    if broadcast is not None and not isinstance(broadcast, bool | int | float):
        raise TypeError(f"broadcast must be True, False, None or a number, got {type(broadcast).__name__}")
    if not isinstance(suffixes, Sequence) or isinstance(suffixes, str) or len(suffixes) != 2:
        raise ValueError(f"suffixes must be a pair, one for each side, got {suffixes!r:.80}")


def _side(name: str, obj: Any) -> Any:
    if isinstance(obj, pd.DataFrame | pd.Series):
        obj = from_pandas(obj, npartitions=1, sort=False)
    if not isinstance(obj, FrameCollection) or obj._kind not in ("DataFrame", "Series"):
        raise TypeError(f"merge joins dataframes, got {type(obj).__name__} as {name}")
    if obj._kind == "Series":
        if obj._meta.name is None:
            raise ValueError(f"the Series on the {name} needs a name to be joined: it becomes a column")
        obj = obj.to_frame()  # type: ignore[attr-defined]
    return obj


def _placed(
    left: Any, right: Any, how: str, keys: JoinKeys, npartitions: int | None, broadcast: Any, method: str | None
) -> tuple[Any, Any, Divisions | None]:
    """Return both sides with rows of equal keys in corresponding partitions, and the result's divisions; None if they aren't."""
    if left.npartitions == right.npartitions == 1:
        return left, right, unknown(1)
    if keys.cross or broadcast is True or npartitions is not None or 1 in (left.npartitions, right.npartitions):
        return left, right, None
    if not (is_one_key(left._meta, keys.left) and is_one_key(right._meta, keys.right)):
        return left, right, None
    ordered = [labels is None and side.known_divisions for side, labels in ((left, keys.left), (right, keys.right))]
    if all(ordered):
        cut = cut_alike([left, right], _wanted_range(how, left.divisions, right.divisions))
        return (left, right, None) if cut is None else (cut[0], cut[1], cut[0].divisions)
    for at, (side, other, labels) in enumerate(((left, right, keys.right), (right, left, keys.left))):
        if not ordered[at] or not strictly_ascending(side.divisions) or not _like(side, other, labels):
            continue
        label = None if labels is None else labels[0]
        moved = rearrange(other, RangeTargets(label, side.divisions), side.npartitions, method=method)
        pair = (side, moved) if at == 0 else (moved, side)
        return *pair, unknown(side.npartitions)
    return left, right, None


def _wanted_range(how: str, left: Divisions, right: Divisions) -> tuple[Any, Any] | None:
    """Return the bounds outside which a join by indexes has no rows; None where there are none, or they can't be compared."""
    try:
        if how == "inner":
            low, high = max(left[0], right[0]), min(left[-1], right[-1])
            return (low, high) if low <= high else None
    except TypeError:
        return None
    if how in ("left", "leftsemi", "leftanti", "left_anti"):
        return left[0], left[-1]
    return (right[0], right[-1]) if how in ("right", "right_anti") else None


def _like(side: Any, other: Any, labels: Labels | None) -> bool:
    """Whether values of the other side's key can be found among the divisions of an index."""
    dtype = other._meta.index.dtype if labels is None else other._meta[labels[0]].dtype
    index = side._meta.index.dtype
    return bool(dtype == index and not isinstance(dtype, pd.CategoricalDtype)) or (
        getattr(dtype, "kind", "O") in "iuf" and getattr(index, "kind", "O") in "iuf"
    )


def _sizes(left: Any, right: Any, broadcast: Any) -> Sizes:
    limit = float(parse_bytes(config.get("dataframe.merge.broadcast-limit")))
    if broadcast is False:
        limit = -1.0
    elif broadcast is not None and broadcast is not True:
        limit *= float(broadcast)
    return Sizes(estimate_rows(left._layer), estimate_rows(right._layer), limit)


def _way(
    left: Any, right: Any, call: MergeCall, sizes: Sizes, npartitions: int | None, broadcast: Any
) -> tuple[str, int]:
    """Return how to join sides whose partitions don't correspond, and the number of partitions of the result."""
    counts = (left.npartitions, right.npartitions)
    ways = [
        (way, 1 - at)
        for at, way in ((1, SHARE_RIGHT), (0, SHARE_LEFT))
        if can_share(call.how, right=way == SHARE_RIGHT)
    ]
    nbytes = [
        inf if rows is None else rows * row_bytes(side._meta)
        for rows, side in ((sizes.left, left), (sizes.right, right))
    ]
    if call.keys.cross:
        # Sharing the right side keeps pandas's order.
        return SHARE_RIGHT, npartitions or max(counts)
    limit = sizes.limit_bytes
    if not quick_keys(call, left._meta, right._meta):
        limit /= SLOW_KEYS
    # A side in one partition is shared before any other: one task would do all of the join if it stayed.
    for way, stays in sorted(
        ways, key=lambda pair: (counts[1 - pair[1]] > 1, nbytes[1 - pair[1]], counts[1 - pair[1]])
    ):
        shared = 1 - stays
        one = counts[shared] == 1 and not keeps_unmatched(call.how, way == SHARE_RIGHT)
        few = nbytes[shared] == inf and broadcast is not False and counts[shared] < FEW * log2(max(counts[stays], 1))
        smaller = nbytes[shared] <= nbytes[stays] if nbytes[shared] < inf else counts[shared] <= counts[stays]
        if one or few or (broadcast is True and smaller) or (nbytes[shared] <= limit and smaller):
            return way, npartitions or counts[stays]
    count = npartitions or max(counts)
    return (SHUFFLE if broadcast is False else CHOOSE), count


def _kept_divisions(left: Any, right: Any, how: str, keys: JoinKeys, way: str, count: int) -> Divisions:
    """Return the divisions of the side that stays, where its index is that of the result."""
    stays = {SHARE_RIGHT: left, SHARE_LEFT: right}.get(way)
    if stays is None or stays.npartitions != count or keeps_unmatched(how, way == SHARE_RIGHT):
        return unknown(count)
    if keys.cross or keys.left is not None or keys.right is not None:
        return unknown(count)
    divisions: Divisions = stays.divisions
    return divisions


def join(
    left: Any,
    other: Any,
    on: Any = None,
    how: str = "left",
    lsuffix: str = "",
    rsuffix: str = "",
    shuffle_method: str | None = None,
    npartitions: int | None = None,
    validate: str | None = None,
) -> Any:
    """Join columns of another dataframe, or of several, by their index; see ``DataFrame.join``.

    Raises
    ------
    ValueError
        If columns overlap and no suffix is given, or ``on`` or a suffix is given for a list.
    """
    if isinstance(other, list | tuple):
        if validate is not None:
            raise NotImplementedError("validate= with a list isn't built: join one after the other")
        return _join_all(left, list(other), on, how, lsuffix or rsuffix, shuffle_method, npartitions)
    right = _side("right", other)
    overlap = [label for label in left._meta.columns if label in right._meta.columns]
    if overlap and how not in ("leftsemi", "leftanti") and not (lsuffix or rsuffix):
        raise ValueError(f"both sides have the columns {overlap}: give lsuffix or rsuffix")
    words: dict[str, Any] = {"shuffle_method": shuffle_method, "npartitions": npartitions, "validate": validate}
    if how != "cross":
        words |= {"right_index": True} | ({"left_index": True} if on is None else {"left_on": on})
    return merge(left, right, how=how, suffixes=(lsuffix, rsuffix), **words)


def _join_all(
    left: Any, others: list[Any], on: Any, how: str, suffix: str, method: str | None, npartitions: int | None
) -> Any:
    if on is not None:
        raise ValueError("joining several dataframes is by the index only: leave out on")
    if suffix:
        raise ValueError("joining several dataframes takes no suffixes: rename their columns")
    seen: set[Hashable] = set(left._meta.columns)
    for other in others:
        side = _side("right", other)
        again = [label for label in side._meta.columns if label in seen]
        if again:
            raise ValueError(f"several of the dataframes have the columns {again}: rename them")
        seen.update(side._meta.columns)
        left = join(left, side, how=how, shuffle_method=method, npartitions=npartitions)
    return left
