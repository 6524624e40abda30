"""Aggregations that need few rows of each group: ``head``, ``tail``, ``idxmin``, ``idxmax`` and ``unique``.

Each partition leaves out the rows that can't matter; so do those that combine; what is left at the end is given to pandas. The
rows stay in their order, so that the result is what pandas gives for all of them, whatever the options.

Place in the flow: methods of the grouped objects; trees made by ``reduce_partitions``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from minidask.dataframe.groupby.layout import Layout
from minidask.dataframe.groupby.whole import GroupCall
from minidask.dataframe.join_parts import join_parts


class Choose(NamedTuple):
    """Leave the packed rows that matter for ``how`` ("head", "tail", "idxmin", "idxmax", "unique") of packed ``columns``."""

    layout: Layout
    how: str
    columns: tuple[str, ...]
    n: int = 0

    def __call__(self, packed: pd.DataFrame) -> pd.DataFrame:
        if self.how == "unique":
            return packed.loc[~packed[[*self.layout.key_columns, *self.columns]].duplicated().to_numpy()]
        keys = [packed[column].array for column in self.layout.key_columns]
        places = pd.Series(np.arange(len(packed)))
        keyed = [pd.Series(key) for key in keys]
        groups = places.groupby(keyed, sort=False, observed=True, dropna=dict(self.layout.options)["dropna"])
        if self.how in ("head", "tail"):
            return packed.iloc[getattr(groups, self.how)(self.n).to_numpy()]
        keep = np.zeros(len(packed), dtype=bool)
        keep[groups.head(1).to_numpy()] = True
        for column in self.columns:
            self._mark_extremes(pd.Series(packed[column].array), keyed, keep)
        return packed.iloc[np.flatnonzero(keep)]

    def _mark_extremes(self, values: pd.Series, keyed: list[pd.Series], keep: NDArray[np.bool_]) -> None:
        """Keep the first row of each group with its extreme value, and the first with a missing one."""
        dropna = dict(self.layout.options)["dropna"]
        by_group: Any = values.groupby(keyed, sort=False, observed=True, dropna=dropna)
        best = by_group.transform(self.how[3:])
        for there in ((values == best).fillna(False), values.isna()):
            chosen = np.flatnonzero(there.to_numpy(dtype=bool))
            some = pd.Series(chosen).groupby(
                [key.iloc[chosen].reset_index(drop=True) for key in keyed], sort=False, observed=True, dropna=dropna
            )
            keep[some.head(1).to_numpy()] = True


class ChooseFirst(NamedTuple):
    """Pack a partition and leave the rows that matter."""

    choose: Choose

    def __call__(self, obj: Any, *series: Any) -> pd.DataFrame:
        return self.choose(self.choose.layout.pack((0,), obj, *series))


class ChooseAgain(NamedTuple):
    """Leave the rows that matter of those that several partitions have left."""

    choose: Choose

    def __call__(self, parts: list[pd.DataFrame]) -> pd.DataFrame:
        return self.choose(join_parts(parts))


class CallLast(NamedTuple):
    """Give the rows that are left to pandas."""

    choose: Choose
    call: GroupCall

    def __call__(self, parts: list[pd.DataFrame]) -> Any:
        return self.call(self.choose.layout.group(join_parts(parts)))

    def __hash__(self) -> int:
        return hash(self.choose)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return not self == other


class GroupRows(NamedTuple):
    """Take the rows of one group: those whose keys equal ``values``; keys are labels, or (None) the given Series."""

    labels: tuple[Any, ...]
    values: tuple[Any, ...]

    def __call__(self, obj: Any, *series: pd.Series) -> Any:
        mask = np.ones(len(obj), dtype=bool)
        given = iter(series)
        for label, value in zip(self.labels, self.values, strict=True):
            key = next(given).reindex(obj.index) if label is None else obj[label[0]]
            same = key.isna() if pd.api.types.is_scalar(value) and pd.isna(value) else key == value
            mask &= same.fillna(False).to_numpy(dtype=bool)
        return obj[mask]
