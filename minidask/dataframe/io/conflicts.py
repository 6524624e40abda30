"""The error for values of a CSV file that don't fit the promised dtypes: which file, which column, what was found, what to do.

Place in the flow: only after something went wrong in ``csv_reader``; the block is parsed again, slowly, to say exactly what.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_float_dtype,
    is_integer_dtype,
    is_numeric_dtype,
    is_object_dtype,
)

# Texts that pandas takes for a truth value.
_BOOLEANS = frozenset({"true", "false"})


def conflict_error(reader: Any, part: Any, data: bytes, columns: list[Hashable], error: Exception | None) -> ValueError:
    """Return the error to raise for a block.

    Parameters
    ----------
    reader : CsvReader
    part : CsvPart
    data : bytes
        What was parsed.
    columns : list
        Where to look for the conflict.
    error : Exception, optional
        What pandas said.
    """
    rows, remedies, dates = [], {}, []
    try:
        found = reader.parse(data, columns, dtype=None, low_memory=False)
        text = reader.parse(
            data,
            columns,
            dtype="str",
            parse_dates=None,
            date_format=None,
            converters=None,
            na_filter=False,
            low_memory=False,
        )
    except (ValueError, TypeError, OverflowError) as again:
        return ValueError(f"{part}: {error or again}")
    for label in columns:
        promised = reader.meta[label].dtype if label in reader.meta.columns else None
        if promised is None or isinstance(promised, pd.CategoricalDtype):
            continue
        at = _misfit(text[label], found[label], promised)
        if at is None and (found[label].dtype == promised or error is not None):
            continue
        value = ""
        if at is not None:
            missing = text[label].iloc[at] == "" and bool(pd.isna(found[label].iloc[at]))
            value = f"{'a missing value' if missing else repr(text[label].iloc[at])} in row {at}"
        who = "given" if reader.options.declares(label) else "inferred"
        rows.append((repr(label), f"{promised} ({who})", str(found[label].dtype), value))
        if is_datetime64_any_dtype(promised):
            dates.append(label)
        else:
            remedies[label] = _wide_enough(promised, found[label])
    if not rows:
        return ValueError(f"{part}: {error or 'columns are not as in the sample'}")
    table = _table([("column", "expected", "found", "first, counted in the block"), *rows])
    lines = [f"{part}: values do not fit the dtypes of their columns (inferred from {reader.sampled}).", "", table, ""]
    if remedies:
        lines.append(f"Read them with dtype={remedies!r}.")
        if any(is_integer_dtype(reader.meta[label].dtype) and remedies[label] == "float64" for label in remedies):
            lines.append("Or read all whole numbers whose dtype isn't given as floats, with assume_missing=True.")
    if dates:
        lines.append(
            f"Say how the dates of {dates!r} are written with date_format=, "
            "or leave them out of parse_dates and convert the texts later."
        )
    return ValueError("\n".join(lines))


def _misfit(text: pd.Series, found: pd.Series, promised: Any) -> int | None:
    """Return the place of the first value that the promised dtype cannot hold; None if it isn't found."""
    missing = found.isna().to_numpy() if found.dtype != object else pd.isna(found).to_numpy()
    if is_bool_dtype(promised):
        bad = ~text.str.lower().isin(_BOOLEANS).to_numpy()
    elif is_numeric_dtype(promised):
        numbers = pd.to_numeric(text.where(~missing), errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        bad = np.isnan(numbers)
        if is_integer_dtype(promised):
            bad |= numbers != np.floor(numbers)
            bad |= np.abs(numbers) >= 2.0**63
    elif is_datetime64_any_dtype(promised):
        bad = pd.to_datetime(text.where(~missing), errors="coerce", format="mixed", utc=True).isna().to_numpy()
    else:
        return None
    if not (is_integer_dtype(promised) or is_bool_dtype(promised)) or isinstance(
        promised, pd.api.extensions.ExtensionDtype
    ):
        bad = bad & ~missing
    places = np.flatnonzero(bad)
    return int(places[0]) if len(places) else None


def _wide_enough(promised: Any, found: pd.Series) -> str:
    """Return the name of a dtype that holds what was found and what was promised, of the same kind of dtypes."""
    name = _wide_enough_in_numpy(promised, found)
    if isinstance(found.dtype, pd.ArrowDtype):
        return {"float64": "double[pyarrow]", "boolean": "bool[pyarrow]", "str": "string[pyarrow]"}.get(name, name)
    if isinstance(promised, pd.api.extensions.ExtensionDtype) and not isinstance(promised, pd.StringDtype):
        return {"float64": "Float64", "str": "string"}.get(name, name)
    return name


def _wide_enough_in_numpy(promised: Any, found: pd.Series) -> str:
    if is_bool_dtype(promised):
        return (
            "boolean"
            if pd.api.types.infer_dtype(found, skipna=True) in ("boolean", "empty") or found.isna().all()
            else "str"
        )
    if is_object_dtype(promised):
        # Numbers too large for any dtype are among the values that the sample had.
        return "str"
    if is_numeric_dtype(found.dtype) and not is_bool_dtype(found.dtype):
        return "float64" if is_float_dtype(found.dtype) or is_float_dtype(promised) else str(found.dtype)
    return "str"


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
