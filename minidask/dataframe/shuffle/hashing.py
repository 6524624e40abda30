"""One hash for keys of all dtypes: equal keys have equal hashes, in every process and on every machine.

*Equal* means what pandas joins or groups together, whatever the columns' dtypes: ``1``, ``1.0``, ``True`` and ``Decimal(1)``;
strings of any storage; times of any unit and zone that name one instant; a category and its value; all missing values.

How. Each kind of value has one canonical form, which is hashed over whole arrays: numbers as 64 bits (of an integer, where there
is one below 2**53, else of the float), strings as their UTF-8 bytes, times as seconds and nanoseconds, categories by their
values. Columns of objects are sorted by kind first.

Place in the flow: ``targets`` makes partition numbers of it. Pure. Not for safety against chosen collisions.
"""

from __future__ import annotations

import datetime
import hashlib
import numbers
from collections.abc import Callable, Hashable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from minidask.tokenize import TokenizationError, tokenize

Hashes = NDArray[np.uint64]

_MISSING = np.uint64(0x2545F4914F6CDD1D)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
# Floats hold every integer up to here; this and larger ones are hashed as floats, since pandas compares them to floats that way.
_EXACT = 2**53
# Longer strings are hashed one by one: the loop over words costs as many rounds as the longest string has.
_LONG_BYTES = 256
# {left of a string: mask of the bytes of the next word that belong to it}
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(9)], dtype=np.uint64)
# Time units of NumPy, in parts of a second.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def hash_rows(keys: Sequence[Any], rows: int) -> Hashes:
    """Return a hash for each row of some columns.

    Parameters
    ----------
    keys : sequence of Series or Index
        Of ``rows`` values each; their order counts.

    Raises
    ------
    TypeError
        For objects that have no deterministic token.

    Examples
    --------
    >>> one, other = hash_rows([pd.Series([1, 2])], 2), hash_rows([pd.Series([2.0, 1.0])], 2)
    >>> bool((one == other[::-1]).all())
    True
    """
    combined = np.full(rows, 0x345678, dtype=np.uint64)
    for key in keys:
        combined = _combine(combined, hash_values(key))
    return combined


def hash_values(values: Any) -> Hashes:
    """Return a hash for each value of a Series or Index; see ``hash_rows``."""
    values = plain(values)
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        of_categories = hash_values(dtype.categories)
        # The code of a missing value, -1, is that of the last one.
        return np.append(of_categories, _MISSING)[values.array.codes]
    if isinstance(dtype, pd.StringDtype):
        return _hash_strings(pa.array(values.array))
    if isinstance(dtype, np.dtype):
        if dtype.kind in "biufc":
            return _hash_numbers(values.to_numpy())
        if dtype.kind in "mM":
            array = values.to_numpy()
            return _hash_instants(array.view(np.int64), np.datetime_data(array.dtype)[0])
        return _hash_objects(values.to_numpy().astype(object, copy=False))
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _hash_instants(values.array.asi8, dtype.unit)
    missing = values.isna()
    missing = missing if isinstance(missing, np.ndarray) else missing.to_numpy()
    if is_masked(dtype):
        found = _hash_numbers(values.to_numpy(dtype=dtype.numpy_dtype, na_value=0))
    elif isinstance(dtype, pd.PeriodDtype):
        found = _mix(values.array.asi8.view(np.uint64))
    elif isinstance(dtype, pd.IntervalDtype):
        found = hash_rows([values.array.left, values.array.right], len(values))
    else:
        return _hash_objects(np.asarray(values, dtype=object))
    return np.where(missing, _MISSING, found)


def plain(values: Any) -> Any:
    """Return a Series or Index of Arrow's or sparse dtypes as one of pandas's or NumPy's own; others as they are."""
    dtype = values.dtype
    if isinstance(dtype, pd.SparseDtype):
        return pd.Series(values.array.to_dense())
    if not isinstance(dtype, pd.ArrowDtype):
        return values
    kind = dtype.pyarrow_dtype
    if pa.types.is_integer(kind):
        return values.astype(f"{'UI' if pa.types.is_unsigned_integer(kind) else 'I'}nt{kind.bit_width}")
    if pa.types.is_floating(kind):
        return pd.Series(values.to_numpy(dtype=np.float64, na_value=np.nan))
    if pa.types.is_boolean(kind):
        return values.astype("boolean")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.astype("str")
    return pd.Series(pa.array(values.array).to_pandas())


def is_masked(dtype: Any) -> bool:
    """Whether a dtype is one of pandas's nullable numbers or booleans."""
    return isinstance(dtype, pd.api.extensions.ExtensionDtype) and isinstance(
        getattr(dtype, "numpy_dtype", None), np.dtype
    )


def _mix(bits: Hashes) -> Hashes:
    """Spread 64 bits: the finalizer of splitmix64 (Steele, Lea, Flood 2014)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _combine(before: Hashes, after: Hashes) -> Hashes:
    combined = (before ^ after) * _GOLDEN
    combined ^= combined >> _HALF
    return combined


def _hash_numbers(values: NDArray[Any]) -> Hashes:
    kind = values.dtype.kind
    if kind == "c":
        imaginary = values.imag
        return _hash_numbers(values.real) ^ np.where(imaginary == 0, np.uint64(0), _hash_numbers(imaginary) * _GOLDEN)
    if kind == "f":
        wide = values.astype(np.float64, copy=False)
        small = np.abs(wide) < _EXACT
        whole = np.where(small, wide, 0).astype(np.int64)
        # -0.0 is 0 as a whole number.
        hashed = _mix(np.where(small & (whole == wide), whole.view(np.uint64), wide.view(np.uint64)))
        return np.where(np.isnan(wide), _MISSING, hashed)
    bits = values.astype(np.int64, copy=False).view(np.uint64)
    if values.dtype.itemsize == 8:
        large = (values >= _EXACT) | (values <= -_EXACT) if kind == "i" else values >= np.uint64(_EXACT)
        if large.any():
            bits = np.where(large, values.astype(np.float64).view(np.uint64), bits)
    return _mix(bits)


def _hash_instants(ticks: NDArray[np.int64], unit: str) -> Hashes:
    per_second = _PER_SECOND[unit]
    seconds = ticks if per_second == 1 else ticks // per_second
    bits = seconds.view(np.uint64) * _GOLDEN
    if per_second > 1:
        bits = bits ^ ((ticks - seconds * per_second) * (10**9 // per_second)).view(np.uint64)
    return np.where(ticks == np.iinfo(np.int64).min, _MISSING, _mix(bits))


def _hash_strings(array: Any) -> Hashes:
    """Hash Arrow strings or bytes."""
    if isinstance(array, pa.ChunkedArray):
        parts = [_hash_strings(chunk) for chunk in array.chunks]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)
    starts, lengths, data = string_buffers(array)
    hashed = _mix(lengths.astype(np.uint64) + _GOLDEN)
    rows: Any = slice(None)
    left = lengths
    for done in range(0, min(int(lengths.max(initial=0)), _LONG_BYTES), 8):
        if done or left.min() <= 0:
            rows = np.flatnonzero(lengths > done)
            left = lengths[rows] - done
        hashed[rows] = _combine(hashed[rows], words_at(data, starts[rows] + done, left))
    for row in np.flatnonzero(lengths > _LONG_BYTES):
        digest = hashlib.blake2b(data[starts[row] : starts[row] + lengths[row]].tobytes(), digest_size=8).digest()
        hashed[row] = int.from_bytes(digest, "little")
    if array.null_count:
        hashed[array.is_null().to_numpy(zero_copy_only=False)] = _MISSING
    return hashed


def string_buffers(array: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return where each of Arrow's strings (or bytes) starts, how long it is, and the bytes, 8 more than there are."""
    kind = array.type
    if not (pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)):
        wide = pa.large_binary() if pa.types.is_binary(kind) else pa.large_string()
        array = array.cast(wide)
    _, offsets_buffer, data_buffer = array.buffers()
    if not len(array) or data_buffer is None:
        zeros = np.zeros(len(array), dtype=np.int64)
        return zeros, zeros, np.zeros(8, dtype=np.uint8)
    offsets = np.frombuffer(offsets_buffer, dtype=np.int64, count=len(array) + 1, offset=array.offset * 8)
    data = np.frombuffer(data_buffer, dtype=np.uint8)
    first, last = int(offsets[0]), int(offsets[-1])
    if last + 8 > len(data):
        data = np.concatenate([data[first:last], np.zeros(8, dtype=np.uint8)])
        offsets = offsets - first
    return offsets[:-1], np.diff(offsets), data


def words_at(data: NDArray[np.uint8], places: NDArray[np.int64], left: NDArray[np.int64]) -> Hashes:
    """Return the 8 bytes from each place on as little-endian numbers, those beyond ``left`` bytes as zeros."""
    # Overlapping words, one for each byte.
    words: Any = np.ndarray(shape=(len(data) - 7,), dtype="<u8", buffer=data.data, strides=(1,))
    return words[places].astype(np.uint64, copy=False) & _MASKS[np.clip(left, 0, 8)]


def _hash_objects(values: NDArray[Any]) -> Hashes:
    if pd.api.types.infer_dtype(values, skipna=True) == "string":
        try:
            return _hash_strings(pa.array(values, type=pa.large_string(), from_pandas=True))
        except (UnicodeEncodeError, pa.ArrowException):
            # Halves of surrogate pairs, which aren't UTF-8: hashed below.
            pass
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:
        # Lists and the like have no hash of their own.
        return _hash_kinds(values)
    return np.append(_hash_kinds(np.asarray(distinct, dtype=object)), _MISSING)[codes]


def _hash_kinds(values: NDArray[Any]) -> Hashes:
    """Hash objects, all of one kind at a time."""
    places: dict[Hashable, list[int]] = {}
    for at, value in enumerate(values):
        places.setdefault(_kind(value), []).append(at)
    hashed = np.full(len(values), _MISSING, dtype=np.uint64)
    for kind, rows in places.items():
        if kind is not None:
            name, *rest = kind if isinstance(kind, tuple) else (kind,)
            hashed[rows] = _HASHERS[name]([values[row] for row in rows], *rest)
    return hashed


def _kind(value: Any) -> Hashable:
    """Return which of ``_HASHERS`` an object is for, with further arguments for it; None for missing values."""
    for types, kind in _KINDS:
        if isinstance(value, types):
            if kind == "number":
                return None if (value.is_nan() if isinstance(value, Decimal) else value != value) else kind
            if kind == "time":
                return None if pd.isna(value) else kind
            return (kind, len(value)) if kind == "sequence" else kind
    return None if value is None or value is pd.NA else "other"


_KINDS: tuple[tuple[Any, str], ...] = (
    (str, "string"),
    (bytes, "bytes"),
    ((bool, np.bool_, numbers.Number), "number"),
    # pd.NaT is of these types, too.
    ((datetime.date, datetime.timedelta, np.datetime64, np.timedelta64), "time"),
    ((tuple, list, np.ndarray), "sequence"),
    ((set, frozenset), "set"),
    (dict, "dict"),
    (pd.Period, "period"),
    (pd.Interval, "interval"),
)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    return array


def _of_strings(values: list[str]) -> Hashes:
    return _of_bytes([str.encode(value, "utf-8", "surrogatepass") for value in values])


def _of_bytes(values: list[bytes]) -> Hashes:
    return _hash_strings(pa.array(values, type=pa.large_binary()))


def _of_numbers(values: list[Any]) -> Hashes:
    hashed = np.empty(len(values), dtype=np.uint64)
    for at, value in enumerate(values):
        hashed[at] = _hash_numbers(np.array([_as_number(value)]))[0]
    return hashed


def _as_number(value: Any) -> Any:
    """Return a number of any type as what is hashed: an integer of 64 bits, a float or a complex number."""
    if isinstance(value, complex | np.complexfloating):
        return complex(value)
    if isinstance(value, float | np.floating):
        return float(value)
    try:
        if value == int(value) and -_EXACT < value < _EXACT:
            return int(value)
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _of_times(values: list[Any]) -> Hashes:
    hashed = np.empty(len(values), dtype=np.uint64)
    for at, value in enumerate(values):
        ticks, unit = ticks_of(value)
        hashed[at] = _hash_instants(np.array([ticks]), unit)[0]
    return hashed


def ticks_of(value: Any) -> tuple[int, str]:
    """Return a time or duration of any type as a count of a unit; instants with a zone count from UTC's epoch.

    Examples
    --------
    >>> ticks_of(pd.Timestamp("1970-01-01 00:00:02").as_unit("ms"))
    (2000, 'ms')
    """
    if isinstance(value, datetime.timedelta | np.timedelta64):
        exact: Any = pd.Timedelta(value)
    else:
        exact = pd.Timestamp(value)
        exact = exact if exact.tz is None else exact.tz_convert("UTC").tz_localize(None)
    return int(exact.asm8.view(np.int64)), exact.unit


def _of_sequences(values: list[Any], length: int) -> Hashes:
    columns = [_hash_objects(_objects([value[at] for value in values])) for at in range(length)]
    hashed = np.full(len(values), length, dtype=np.uint64)
    for column in columns:
        hashed = _combine(hashed, column)
    return _mix(hashed)


def _of_sets(values: list[Any]) -> Hashes:
    sums = [_hash_objects(_objects(list(value))).sum(dtype=np.uint64) for value in values]
    return _mix(np.array(sums, dtype=np.uint64))


def _of_dicts(values: list[Any]) -> Hashes:
    return _of_sets([list(value.items()) for value in values])


def _of_periods(values: list[Any]) -> Hashes:
    return _mix(np.array([value.ordinal for value in values], dtype=np.int64).view(np.uint64))


def _of_intervals(values: list[Any]) -> Hashes:
    sides = [_objects([value.left for value in values]), _objects([value.right for value in values])]
    return hash_rows([pd.Series(side, dtype=object) for side in sides], len(values))


def _of_others(values: list[Any]) -> Hashes:
    try:
        return _of_strings([tokenize(value, ensure_deterministic=True) for value in values])
    except TokenizationError as error:
        names = ", ".join(sorted({type(value).__name__ for value in values}))
        raise TypeError(
            f"rows can't be shuffled by objects of type {names}, which have no hash that is the same in every process: "
            "give the class a method __dask_tokenize__, or shuffle by a column of plain values"
        ) from error


_HASHERS: dict[str, Callable[..., Hashes]] = {
    "string": _of_strings,
    "bytes": _of_bytes,
    "number": _of_numbers,
    "time": _of_times,
    "sequence": _of_sequences,
    "set": _of_sets,
    "dict": _of_dicts,
    "period": _of_periods,
    "interval": _of_intervals,
    "other": _of_others,
}
