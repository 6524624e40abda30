"""The methods that change a table's shape: mixins of ``DataFrame`` and ``Series``.

Place in the flow: thin methods on top of ``long`` and ``pivot``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.reshaping import long, pivot


class FrameReshaping(FrameCollection):
    """Other shapes of a DataFrame."""

    def explode(self, column: Any, ignore_index: bool = False) -> Any:
        """Make a row of each element of the lists in a column, or in several whose lists are equally long.

        Raises
        ------
        KeyError
            If a column is unknown.
        NotImplementedError
            For ``ignore_index=True``: rows can't be numbered through all partitions.

        Examples
        --------
        >>> import pandas as pd, minidask.dataframe as dd
        >>> df = dd.from_pandas(pd.DataFrame({"l": [[1, 2], []], "x": [5, 6]}), npartitions=2)
        >>> df.explode("l")["x"].compute().tolist()
        [5, 5, 6]
        """
        return long.explode(self, column, ignore_index)

    def melt(
        self,
        id_vars: Any = None,
        value_vars: Any = None,
        var_name: Hashable = None,
        value_name: Hashable = "value",
        col_level: Any = None,
        ignore_index: bool = True,
    ) -> Any:
        """Make a row of each value of some columns; see ``minidask.dataframe.melt``."""
        return long.melt(self, id_vars, value_vars, var_name, value_name, col_level, ignore_index)

    def pivot_table(
        self,
        index: Any,
        columns: Hashable,
        values: Any = None,
        aggfunc: str = "mean",
        fill_value: Any = None,
        margins: bool = False,
        observed: bool = False,
    ) -> Any:
        """Aggregate values by rows and columns of a grid; see ``minidask.dataframe.pivot_table``."""
        return pivot.pivot_table(self, index, columns, values, aggfunc, fill_value, margins, observed)


class SeriesReshaping(FrameCollection):
    """Other shapes of a Series."""

    def explode(self, ignore_index: bool = False) -> Any:
        """Make a row of each element of the lists; raises NotImplementedError for ``ignore_index=True``."""
        return long.explode(self, None, ignore_index)
