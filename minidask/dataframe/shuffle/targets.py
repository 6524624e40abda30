"""Which partition each row goes to.

A *targets* object is a picklable callable that compares and tokenizes by value: ``targets(frame)`` gives an array of partition
numbers, one a row, each in ``range(npartitions)``. ``columns`` are the labels that it looks at, None for all of the frame.

Invariants: equal keys go to equal partitions whatever their dtypes' widths, whatever the categories' order, and in every process;
missing values of all kinds are equal keys, and so are -0.0 and 0.0. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Targets(Protocol):
    """What ``rearrange`` takes."""

    @property
    def columns(self) -> tuple[Hashable, ...] | None: ...

    def __call__(self, frame: Any) -> NDArray[np.intp]: ...


class HashTargets(NamedTuple):
    """Rows of equal keys meet: ``hash(keys) % npartitions``.

    ``labels`` are columns, in the order in which they are hashed; None stands for the index.
    """

    labels: tuple[Hashable, ...] | None
    npartitions: int

    @property
    def columns(self) -> tuple[Hashable, ...] | None:
        """The columns that are looked at."""
        return () if self.labels is None else self.labels

    def __call__(self, frame: Any) -> NDArray[np.intp]:
        """Return the partition number of each row."""
        if self.labels is None:
            index = frame if isinstance(frame, pd.Index) else frame.index
            keys = [index.get_level_values(level) for level in range(index.nlevels)]
        elif isinstance(frame, pd.DataFrame):
            keys = [frame[label] for label in self.labels]
        else:
            keys = [frame]
        return (hash_rows(keys, len(frame)) % np.uint64(self.npartitions)).astype(np.intp)


class RangeTargets(NamedTuple):
    """Rows go where their value lies among ``divisions``: partition ``i`` takes ``[divisions[i], divisions[i + 1])``.

    ``label`` is a column, or None for the index. Values beyond either end go to the partition at that end. Missing values go to
    the last partition, or to the first one if ``na_first``. With ``ascending=False`` the numbers are counted from the other end.
    """

    label: Hashable | None
    divisions: tuple[Any, ...]
    ascending: bool = True
    na_first: bool = False

    @property
    def columns(self) -> tuple[Hashable, ...] | None:
        """The columns that are looked at."""
        return () if self.label is None else (self.label,)

    def __call__(self, frame: Any) -> NDArray[np.intp]:
        """Return the partition number of each row."""
        if self.label is None:
            values = pd.Series(frame if isinstance(frame, pd.Index) else frame.index)
        else:
            values = frame[self.label] if isinstance(frame, pd.DataFrame) else frame
        last = len(self.divisions) - 2
        missing = values.isna().to_numpy()
        inner = pd.Series(list(self.divisions[1:-1]), dtype=_searchable(values.dtype))
        places = np.zeros(len(values), dtype=np.intp)
        if len(inner) and not missing.all():
            there = values[~missing].astype(inner.dtype) if inner.dtype != values.dtype else values[~missing]
            places[~missing] = inner.searchsorted(there.array, side="right")
        if not self.ascending:
            places = last - places
        places[missing] = 0 if self.na_first else last
        return places


def _searchable(dtype: Any) -> Any:
    return dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) and not dtype.ordered else dtype


def hash_rows(keys: list[Any], rows: int) -> NDArray[np.uint64]:
    """Return a hash for each row of some columns (Series or Indexes of ``rows`` values).

    Examples
    --------
    >>> one, other = hash_rows([pd.Series([1, 2])], 2), hash_rows([pd.Series([2.0, 1.0])], 2)
    >>> bool((one == other[::-1]).all())
    True
    """
    combined = np.full(rows, 0x345678, dtype=np.uint64)
    for key in keys:
        combined = (combined ^ _hash_values(pd.Series(key).reset_index(drop=True))) * np.uint64(0x9E3779B97F4A7C15)
        combined ^= combined >> np.uint64(32)
    return combined


def _hash_values(values: pd.Series) -> NDArray[np.uint64]:
    dtype = values.dtype
    missing = values.isna().to_numpy()
    if isinstance(dtype, pd.CategoricalDtype):
        of_categories = _hash_values(pd.Series(dtype.categories))
        codes = values.cat.codes.to_numpy()
        hashed = of_categories[codes] if len(of_categories) else np.zeros(len(values), dtype=np.uint64)
    elif pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        numbers = values.to_numpy(dtype=_number_dtype(dtype), na_value=0) if missing.any() else values.to_numpy()
        hashed = _hash_numbers(numbers)
    elif isinstance(dtype, pd.DatetimeTZDtype) or getattr(dtype, "kind", "O") in "mM":
        hashed = pd.util.hash_pandas_object(values.dt.as_unit("ns"), index=False).to_numpy()
    else:
        hashed = pd.util.hash_pandas_object(values, index=False, categorize=True).to_numpy()
    if missing.any():
        hashed = np.where(missing, np.uint64(0x2545F4914F6CDD1D), hashed)
    return hashed


def _number_dtype(dtype: Any) -> Any:
    kind = getattr(dtype, "kind", "f")
    return {"i": np.int64, "u": np.uint64, "b": np.int64, "c": np.complex128}.get(kind, np.float64)


def _hash_numbers(numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """Hash numbers so that equal ones of different dtypes are equal: what is a whole number is hashed as one."""
    if numbers.dtype.kind == "c":
        return _hash_numbers(numbers.real) ^ (_hash_numbers(numbers.imag) * np.uint64(3))
    if numbers.dtype.kind == "f":
        wide = numbers.astype(np.float64, copy=False)
        with np.errstate(invalid="ignore"):
            whole = wide.astype(np.int64)
        is_whole = whole == wide
        return np.where(is_whole, _mix(whole.view(np.uint64)), _mix(wide.view(np.uint64)))
    return _mix(numbers.astype(np.int64, copy=False).view(np.uint64))


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64 bits: the finalizer of splitmix64 (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
