"""``merge_asof``: each row of the left side with the row of the right side whose key is nearest.

Place in the flow: a public function. Both sides must be sorted by the key, through all partitions, as pandas wants them; the left
side's partitions and order stay. Where both are joined by indexes of known divisions, the right side is cut at the left one's
bounds, and every partition is handed the rows of its neighbours that may be nearest (``carry``). Otherwise the right side is put
together in one task, which every left partition asks.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.collection import FrameCollection, new_collection
from minidask.dataframe.columns import as_labels, check_column, check_columns
from minidask.dataframe.construct import from_pandas
from minidask.dataframe.divisions import Divisions, unknown
from minidask.dataframe.joining.aligned import strictly_ascending
from minidask.dataframe.joining.carry import Carried
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.layers import FrameLayer, frame_layer
from minidask.dataframe.order.ranges import repartition_divisions
from minidask.dataframe.order.repartition import group_partitions
from minidask.tokenize import quick_token

DIRECTIONS = ("backward", "forward", "nearest")


class AsofCall(NamedTuple):
    """Join two frames by the nearest key; ``options`` are those of ``pandas.merge_asof``."""

    options: tuple[tuple[str, Any], ...]

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "merge_asof"

    def __call__(self, left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        return pd.merge_asof(left, right, **dict(self.options))


@takes_keywords_of(pd.merge_asof)
def merge_asof(
    left: Any,
    right: Any,
    on: Any = None,
    left_on: Any = None,
    right_on: Any = None,
    left_index: bool = False,
    right_index: bool = False,
    by: Any = None,
    left_by: Any = None,
    right_by: Any = None,
    suffixes: tuple[str | None, str | None] = ("_x", "_y"),
    tolerance: Any = None,
    allow_exact_matches: bool = True,
    direction: str = "backward",
) -> Any:
    """Join each row of the left side with the right side's row of the nearest key.

    Parameters
    ----------
    left, right : DataFrame or Series with a name, or the pandas ones
        Sorted by the key, from the first partition's first row to the last one's last. Known divisions of an index that is joined
        by let the right side be read in pieces; otherwise it is put together in memory.
    on, left_on, right_on, left_index, right_index
        The key: numbers or dates.
    by, left_by, right_by
        Columns that must be equal besides.
    suffixes, tolerance, allow_exact_matches, direction
        As in pandas.

    Returns
    -------
    DataFrame
        One row for each of the left side, in its order and partitions.

    Raises
    ------
    KeyError
        If a column is unknown.
    ValueError
        For a wrong direction, missing keys, or keys of different types; when it is computed, for keys that aren't sorted.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> trades = dd.from_pandas(pd.DataFrame({"t": [1, 5, 10]}), npartitions=3)
    >>> quotes = pd.DataFrame({"t": [1, 2, 3, 6, 7], "price": [1, 2, 3, 6, 7]})
    >>> merge_asof(trades, quotes, on="t").compute()["price"].tolist()
    [1, 3, 7]
    """
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {', '.join(DIRECTIONS)}, got {direction!r}")
    left, right = _side("left", left), _side("right", right)
    given = {"on": on, "left_on": left_on, "right_on": right_on, "by": by, "left_by": left_by, "right_by": right_by}
    _check_labels(left, right, given)
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    options |= {"left_index": left_index, "right_index": right_index, "suffixes": tuple(suffixes)}
    options |= {"tolerance": tolerance, "allow_exact_matches": allow_exact_matches, "direction": direction}
    meta = pd.merge_asof(left._meta, right._meta, **options).iloc[:0]
    # The empty join has the dtypes of matched rows; that of two rows has the index that pandas gives to rows.
    meta.index = pd.merge_asof(left._meta_nonempty, right._meta_nonempty, **options).index[:0]
    by_index = left_index and right_index
    groups = tuple(as_labels(by if right_by is None else right_by)) if by is not None or right_by is not None else ()
    pieces = _in_ranges(left, right, groups, direction) if by_index else None
    if pieces is None:
        pieces = right if right.npartitions == 1 else group_partitions(right, [0, right.npartitions])
    call = AsofCall(tuple(options.items()))
    layer = frame_layer(
        FrameLayer, "merge-asof", call, [left._layer, pieces._layer], None, meta, tuple(options.items())
    )
    divisions: Divisions = left.divisions if left_index and by_index else unknown(left.npartitions)
    return new_collection(layer, meta, divisions)


def _side(name: str, obj: Any) -> Any:
    if isinstance(obj, pd.DataFrame | pd.Series):
        obj = from_pandas(obj, npartitions=1, sort=False)
    if not isinstance(obj, FrameCollection) or obj._kind not in ("DataFrame", "Series"):
        raise TypeError(f"merge_asof joins dataframes, got {type(obj).__name__} as {name}")
    if obj._kind == "Series":
        if obj._meta.name is None:
            raise ValueError(f"the Series on the {name} needs a name to be joined: it becomes a column")
        obj = obj.to_frame()  # type: ignore[attr-defined]
    return obj


def _check_labels(left: Any, right: Any, given: dict[str, Any]) -> None:
    for name, value in given.items():
        sides = {"left": [left], "right": [right]}.get(name.split("_")[0], [left, right])
        for side in sides if value is not None else ():
            if name.endswith("by"):
                check_columns(as_labels(value), side._meta.columns)
            elif isinstance(value, Hashable):
                check_column(value, side._meta.columns)
            else:
                for label in as_labels(value):
                    check_column(label, side._meta.columns)


def _in_ranges(left: Any, right: Any, groups: tuple[Hashable, ...], direction: str) -> Any:
    """Return the right side in the left one's ranges, with what neighbours hand on; None where ranges aren't known."""
    if not (left.known_divisions and right.known_divisions) or left.npartitions == 1 or right.npartitions == 1:
        return None
    if not strictly_ascending(left.divisions):
        return None
    bounds = list(left.divisions)
    try:
        bounds[0], bounds[-1] = min(bounds[0], right.divisions[0]), max(bounds[-1], right.divisions[-1])
        cut = repartition_divisions(right, tuple(bounds), force=True)
    except TypeError:
        return None
    before, behind = direction in ("backward", "nearest"), direction in ("forward", "nearest")
    name = f"asof-carried-{quick_token('carried', cut._layer.name, groups, before, behind)}"
    return new_collection(Carried(name, cut._layer, groups, before, behind), right._meta)
