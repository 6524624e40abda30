"""``get_dummies``: a column for each category.

Place in the flow: a public function. The categories have to be known beforehand, since they are the columns of the result.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from minidask.dataframe.collection import FrameCollection
from minidask.dataframe.columns import as_labels, check_columns
from minidask.dataframe.keywords import takes_keywords_of
from minidask.dataframe.meta import has_unknown_categories
from minidask.dataframe.partitionwise import partitionwise


@takes_keywords_of(pd.get_dummies)
def get_dummies(
    data: Any,
    prefix: Any = None,
    prefix_sep: Any = "_",
    dummy_na: bool = False,
    columns: Any = None,
    sparse: bool = False,
    drop_first: bool = False,
    dtype: Any = bool,
) -> Any:
    """Make a column for each category of categorical columns, true where a row has it.

    Parameters
    ----------
    data : Series or DataFrame
        A Series, and the columns of a DataFrame that are encoded, have to be categorical with known categories
        (``df.categorize()``, ``series.cat.as_known()``, ``astype(pandas.CategoricalDtype([...]))``).
    columns : list of labels, optional
        Which columns are encoded; default: those of categories (columns of strings have to be categorized first).
    prefix, prefix_sep, dummy_na, sparse, drop_first, dtype
        As in pandas. Pandas objects and lists are passed on to ``pandas.get_dummies``.

    Raises
    ------
    KeyError
        If a column is unknown.
    NotImplementedError
        If a column isn't categorical, or its categories aren't known.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> s = dd.from_pandas(pd.Series(["a", "b", "a"], dtype="category"), npartitions=2)
    >>> dd.get_dummies(s).compute()["b"].tolist()
    [False, True, False]
    """
    options = {
        "prefix": prefix,
        "prefix_sep": prefix_sep,
        "dummy_na": dummy_na,
        "columns": columns,
        "sparse": sparse,
        "drop_first": drop_first,
        "dtype": dtype,
    }
    if not isinstance(data, FrameCollection):
        return pd.get_dummies(data, **options)
    if data._kind == "DataFrame":
        meta = data._meta
        if columns is None:
            encoded = [label for label, kind in meta.dtypes.items() if _is_text(kind) or _is_category(kind)]
        else:
            encoded = as_labels(columns)
            check_columns(encoded, meta.columns)
            options["columns"] = encoded
        for label in encoded:
            _check(meta[label], f"column {label!r}")
    elif data._kind == "Series":
        _check(data._meta, "the Series")
    else:
        raise TypeError(f"get_dummies takes a Series or DataFrame, got a {data._kind}")
    return partitionwise("get_dummies", pd.get_dummies, data, kwargs=options)


def _is_text(dtype: Any) -> bool:
    return isinstance(dtype, pd.StringDtype) or str(dtype) == "object"


def _is_category(dtype: Any) -> bool:
    return isinstance(dtype, pd.CategoricalDtype)


def _check(meta: Any, what: str) -> None:
    if not _is_category(meta.dtype):
        raise NotImplementedError(
            f"get_dummies makes a column of each category, but {what} is of {meta.dtype}, whose values aren't known before "
            "computing: convert first, with categorize() or astype(pandas.CategoricalDtype([...]))"
        )
    if has_unknown_categories(meta):
        raise NotImplementedError(
            f"get_dummies makes a column of each category, but those of {what} aren't known before computing: call "
            "categorize() on the DataFrame or cat.as_known() on the Series first"
        )
