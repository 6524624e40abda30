"""Checks of column labels, with errors that name the nearest ones that exist.

Place in the flow: every method that takes labels checks them here before a layer is made. Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd


def unknown_column(label: Any, columns: Iterable[Any], what: str = "column") -> KeyError:
    """Return the error for a label that is not there, to be raised by the caller.

    Examples
    --------
    >>> unknown_column("delai", ["delay", "carrier"])
    KeyError("no column 'delai'; the nearest is 'delay'")
    """
    names = list(columns)
    near = (
        difflib.get_close_matches(label, [name for name in names if isinstance(name, str)])
        if isinstance(label, str)
        else []
    )
    if near:
        hint = "the nearest is " + " or ".join(map(repr, near))
    elif len(names) <= 12:
        hint = f"there are {names!r}" if names else "there are none"
    else:
        hint = f"there are {len(names)}: {', '.join(map(repr, names[:10]))}, ..."
    return KeyError(f"no {what} {label!r}; {hint}")


def check_columns(labels: Iterable[Any], columns: pd.Index) -> None:
    """Raise KeyError for the first label that isn't among the columns."""
    for label in labels:
        check_column(label, columns)


def check_column(label: Any, columns: pd.Index) -> None:
    """Raise KeyError if the label isn't among the columns, TypeError if it can't be one."""
    try:
        present = label in columns
    except TypeError:
        raise TypeError(f"a column label must be hashable, got {type(label).__name__}: {label!r:.80}") from None
    if not present:
        raise unknown_column(label, columns)


def as_labels(labels: Any) -> list[Hashable]:
    """Return one label or a list of them as a list; a tuple is one label.

    Examples
    --------
    >>> as_labels("x"), as_labels(["x", "y"]), as_labels(("x", 1))
    (['x'], ['x', 'y'], [('x', 1)])
    """
    if isinstance(labels, list | pd.Index | set | frozenset):
        return list(labels)
    if hasattr(labels, "tolist") and not isinstance(labels, Hashable):
        return list(labels.tolist())
    return [labels]


def simple_columns(columns: Sequence[Any] | pd.Index) -> bool:
    """Whether each label stands for one column (no duplicates, one level, none missing): what projection needs."""
    return isinstance(columns, pd.Index) and columns.nlevels == 1 and columns.is_unique and not columns.hasnans


def take_labels(frame: pd.DataFrame, labels: Sequence[Any]) -> pd.DataFrame:
    """Return the columns of some labels, which may be True and False (pandas takes these for a mask of rows), or missing.

    Examples
    --------
    >>> take_labels(pd.DataFrame([[1, 2, 3]], columns=[True, None, False]), [False, None]).columns.tolist()
    [False, None]
    """
    if not any(label is None or isinstance(label, bool | np.bool_) or pd.isna(label) is True for label in labels):
        return frame[list(labels)]
    places: dict[Any, list[int]] = {}
    for at, label in enumerate(frame.columns):
        places.setdefault(_comparable(label), []).append(at)
    return frame.iloc[:, [at for label in labels for at in places[_comparable(label)]]]


def _comparable(label: Any) -> Any:
    # Of missing labels pandas tells those apart that are of different kinds; NaN isn't even equal to itself.
    return (type(label), "missing") if pd.isna(label) is True else label
