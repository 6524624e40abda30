"""The methods by which dataframes are joined: a mixin of ``DataFrame``.

Place in the flow: thin methods on top of ``merge``.
"""

from __future__ import annotations

from typing import Any

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.joining import merge as merging


class JoinMethods(FrameCollection):
    """Joins with other dataframes."""

    def merge(
        self,
        right: Any,
        how: str = "inner",
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
        """Join with another dataframe, by columns or the index; see ``minidask.dataframe.merge``."""
        return merging.merge(
            self,
            right,
            how=how,
            on=on,
            left_on=left_on,
            right_on=right_on,
            left_index=left_index,
            right_index=right_index,
            suffixes=suffixes,
            indicator=indicator,
            shuffle_method=shuffle_method,
            npartitions=npartitions,
            broadcast=broadcast,
            validate=validate,
        )

    def join(
        self,
        other: Any,
        on: Any = None,
        how: str = "left",
        lsuffix: str = "",
        rsuffix: str = "",
        shuffle_method: str | None = None,
        npartitions: int | None = None,
        suffixes: tuple[str | None, str | None] | None = None,
        validate: str | None = None,
    ) -> Any:
        """Join columns of another dataframe or Series by its index, to this one's index or the columns ``on``.

        Parameters
        ----------
        other : DataFrame, Series, or list of these
            A list is joined one after the other, by the index.
        on : label or list of labels, optional
        how : str
            As in ``merge``.
        lsuffix, rsuffix : str
            Added to columns that both have; ``suffixes`` is a pair of them, as pandas 3 takes it.
        shuffle_method, npartitions, validate
            See ``merge``.

        Raises
        ------
        ValueError
            If columns overlap and no suffix is given.

        Examples
        --------
        >>> import pandas as pd, minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3]}), npartitions=3)
        >>> df.join(pd.Series([5, 6], [1, 2], name="y"), how="inner").compute()["y"].tolist()
        [5, 6]
        """
        left, right = suffixes or (lsuffix, rsuffix)
        return merging.join(self, other, on, how, left or "", right or "", shuffle_method, npartitions, validate)
