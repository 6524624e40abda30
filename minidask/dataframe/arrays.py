"""Values of columns on their way into other frames: of objects that happen to be texts pandas would make ``str`` there.

Place in the flow: inside tasks that build working frames of columns and keys, e.g. those of groups. Pure.

Invariant: a column's dtype is in the new frame what it was. Not for columns of the same rows: those are assigned as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

OBJECT = np.dtype(object)


def values_of(column: pd.Series | pd.Index, index: pd.Index | None = None) -> Any:
    """Return a column's array; of objects a Series of rows labelled ``index``, or numbered: a frame keeps its dtype.

    Examples
    --------
    >>> column = pd.Series(["a", None], index=[7, 8], dtype=object)
    >>> str(pd.DataFrame({"x": column.array})["x"].dtype), str(pd.DataFrame({"x": values_of(column)})["x"].dtype)
    ('str', 'object')
    """
    if column.dtype != OBJECT:
        return column.array
    return pd.Series(column.array, dtype=object, index=index, copy=False)
