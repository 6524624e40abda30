"""How collections look: pandas's layout with dtypes in place of values, text and HTML.

Place in the flow: behind ``__repr__`` and ``_repr_html_``. Nothing is computed.
"""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from minidask.dataframe.collection import FrameCollection

_ROWS = 7


def structure(frame: FrameCollection, max_rows: int = _ROWS) -> pd.DataFrame:
    """Return a frame of text with one row a division: dtypes in the first, dots in the others; ``max_rows`` at most."""
    meta = frame._meta
    labels = ["" if value is None else str(value) for value in frame.divisions]
    if len(labels) > max_rows:
        shown = max(1, (max_rows - 1) // 2)
        labels = [*labels[:shown], "...", *labels[-shown:]]
    index = pd.Index(labels, name=f"npartitions={frame.npartitions}")
    dtypes = meta.dtypes if isinstance(meta, pd.DataFrame) else [meta.dtype]
    columns = meta.columns if isinstance(meta, pd.DataFrame) else [getattr(meta, "name", None)]
    cells = {at: [_dtype_name(dtype), *["..."] * (len(labels) - 1)] for at, dtype in enumerate(dtypes)}
    return pd.DataFrame(cells, index=index, dtype=object).set_axis(columns, axis=1)


def _dtype_name(dtype: Any) -> str:
    return "category" if isinstance(dtype, pd.CategoricalDtype) else str(dtype)


def _footer(frame: FrameCollection) -> str:
    count = len(frame.dask.layers)
    return f"Name: {frame._layer.name.rpartition('-')[0]}, {count} graph layer{'s' if count != 1 else ''}"


def frame_text(frame: FrameCollection) -> str:
    """Return the text of a DataFrame.

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [3.0, 4.0]}), npartitions=2)
    minidask DataFrame Structure:
                       x        y
    npartitions=2
    0              int64  float64
    1                ...      ...
    1                ...      ...
    Name: from_pandas, 1 graph layer
    """
    return f"minidask DataFrame Structure:\n{structure(frame).to_string(max_cols=12)}\n{_footer(frame)}"


def series_text(series: FrameCollection) -> str:
    """Return the text of a Series."""
    table = structure(series)
    column = table.iloc[:, 0].rename(None)
    lines = column.to_string().splitlines()
    name = "" if series._meta.name is None else f"Name: {series._meta.name}, "
    body = "\n".join(lines)
    return f"minidask Series Structure:\n{body}\n{name}dtype: {_dtype_name(series._meta.dtype)}\n{_footer(series)}"


def index_text(index: FrameCollection) -> str:
    """Return the text of an Index."""
    body = "\n".join(structure(index).iloc[:, 0].rename(None).to_string().splitlines())
    return f"minidask Index Structure:\n{body}\ndtype: {_dtype_name(index._meta.dtype)}\n{_footer(index)}"


class StructureText(FrameCollection):
    """Text and HTML of the structure: a mixin of ``DataFrame`` and ``Series``."""

    def to_string(self, max_rows: int = 5) -> str:
        """Return the structure as text, with so many of the divisions."""
        return structure(self, max_rows).to_string()

    def to_html(self, max_rows: int = 5) -> str:
        """Return the structure as HTML, with so many of the divisions."""
        return _html(self, structure(self, max_rows).to_html(notebook=True))


def frame_html(frame: FrameCollection) -> str:
    """Return the HTML of a DataFrame."""
    table = structure(frame).to_html(max_cols=20, notebook=True)
    return _html(frame, table)


def _html(frame: FrameCollection, table: str) -> str:
    title = f"minidask {type(frame).__name__} Structure:"
    return f"<div><strong>{title}</strong></div>{table}<div>{escape(_footer(frame))}</div>"
