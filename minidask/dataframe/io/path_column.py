"""The column that tells each row's file.

Place in the flow: ``include_path_column`` of the readers of text. The column is a categorical whose categories are the
files' paths, all of them, in the files' order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from minidask.io.paths import StoredFile


def path_column_name(include: Any, columns: Collection[Hashable]) -> str | None:
    """Return the column's name, None for no column.

    Raises
    ------
    ValueError
        If the files have a column of that name.

    Examples
    --------
    >>> path_column_name(True, ["x"]), path_column_name("file", ["x"]), path_column_name(False, ["x"])
    ('path', 'file', None)
    """
    if not isinstance(include, bool | str):
        raise TypeError(
            f"include_path_column must be True, False or a name, got {type(include).__name__}: {include!r:.80}"
        )
    if not include:
        return None
    name = include if isinstance(include, str) else "path"
    if name in columns:
        raise ValueError(
            f"the files have a column {name!r} already: give the column of paths "
            "another name with include_path_column='...'"
        )
    return name


def path_categories(
    files: Sequence[StoredFile], converter: Callable[[str], Any] | None
) -> tuple[pd.CategoricalDtype, list[int]]:
    """Return the column's dtype and each file's category.

    Parameters
    ----------
    files : sequence of StoredFile
    converter : callable, optional
        What to show of a path; files for which it gives equal values share a category.

    Raises
    ------
    TypeError
        If the converter isn't callable.
    """
    if converter is not None and not callable(converter):
        raise TypeError(f"the converter of paths must be callable, got {type(converter).__name__}: {converter!r:.80}")
    shown = [file.url if converter is None else converter(file.url) for file in files]
    codes, categories = pd.factorize(pd.Index(shown))
    return pd.CategoricalDtype(pd.Index(categories)), codes.tolist()


def path_values(dtype: Any, code: int, count: int) -> pd.Categorical:
    """Return the column of ``count`` rows of one file."""
    return pd.Categorical.from_codes(np.full(count, code), dtype=dtype)
