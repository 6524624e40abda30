"""Frames of every kind that has to come out of pieces as it went in."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa

from tests.dataframe.frames import every_dtype


def kinds(rows: int = 40) -> dict[str, pd.DataFrame]:
    """``{what is special: a frame of so many rows}``."""
    rng = np.random.default_rng(3)
    plain = every_dtype(rows)
    days = pd.date_range("2020-01-01", periods=rows, freq="D", tz="Europe/Oslo")
    numbers = rng.integers(0, 9, rows)
    special = pd.DataFrame(
        {
            "k": numbers,
            "tz": days,
            "tz_s": days.as_unit("s"),
            "ms": pd.date_range("2020", periods=rows, freq="h").as_unit("ms"),
            "span": pd.to_timedelta(numbers, unit="s").as_unit("s"),
            "period": pd.period_range("2020-01", periods=rows, freq="M"),
            "interval": pd.interval_range(0, rows),
            "complex": numbers + 1j,
            "half": numbers.astype("float16"),
            "byte": numbers.astype("uint8"),
            "boolean": pd.array([None if n == 3 else n > 4 for n in numbers], dtype="boolean"),
            "Float32": pd.array([None if n == 3 else n / 2 for n in numbers], dtype="Float32"),
            "python": pd.array([None if n == 3 else str(n) for n in numbers], dtype="string[python]"),
            "arrow": pd.array([None if n == 3 else str(n) for n in numbers], dtype="string[pyarrow]"),
            "decimal": pd.array([Decimal(int(n)) / 4 for n in numbers], dtype=pd.ArrowDtype(pa.decimal128(9, 2))),
            "small_text": pd.array([str(n) for n in numbers], dtype=pd.ArrowDtype(pa.string())),
            "time": pd.array([None if n == 3 else n for n in numbers], dtype=pd.ArrowDtype(pa.timestamp("ms", "UTC"))),
            "list": pd.array([[int(n), None] for n in numbers], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
            "sparse": pd.arrays.SparseArray(np.where(numbers > 5, numbers, 0)),
            "ordered": pd.Categorical.from_codes(numbers % 3, categories=["lo", "mid", "hi"], ordered=True),
        }
    )
    objects = pd.DataFrame(
        {
            "k": numbers,
            "text": pd.Series([None if n == 3 else "t" * n for n in numbers], dtype=object),
            "mixed": pd.Series(
                [[1, {"a": n}] if n % 2 else datetime.date(2020, 1, n + 1) for n in numbers.tolist()], dtype=object
            ),
            "missing": pd.Series([[None, np.nan, pd.NA, pd.NaT][n % 4] for n in numbers], dtype=object),
        }
    )
    odd_nans = pd.DataFrame({"k": numbers, "f": np.where(numbers > 4, -0.0, np.frombuffer(b"\1\0\0\0\0\0\xf8\x7f")[0])})
    two_levels = pd.MultiIndex.from_arrays([numbers, [f"n{n}" for n in numbers]], names=["a", None])
    return {
        "plain": plain.assign(k=numbers),
        "special": special,
        "objects": objects,
        "bits of NaN": odd_nans,
        "dates as index": plain.assign(k=numbers).set_index(days.rename("when")),
        "strings as index": plain.assign(k=numbers).set_index("s"),
        "categories as index": plain.assign(k=numbers).set_index("c"),
        "intervals as index": pd.DataFrame({"k": numbers}, index=pd.interval_range(0, rows)),
        "periods as index": pd.DataFrame({"k": numbers}, index=pd.period_range("2020", periods=rows, freq="D")),
        "objects as index": pd.DataFrame(
            {"k": numbers}, index=pd.Index([(n, "x") for n in numbers], dtype=object, tupleize_cols=False)
        ),
        "a range as index": pd.DataFrame({"k": numbers}, index=pd.RangeIndex(5, 5 + 3 * rows, 3, name="r")),
        "a MultiIndex": plain.assign(k=numbers).set_index(two_levels),
        "labels of two levels": pd.DataFrame({("k", ""): numbers, ("b", "x"): numbers + 0.5}),
        "labels that aren't strings": pd.DataFrame({"k": numbers, 0: numbers, None: numbers, ("t", 1): numbers}),
        "equal labels": pd.DataFrame(np.column_stack([numbers, numbers * 2.5, numbers]), columns=["k", "x", "x"]),
        "no columns": pd.DataFrame(index=pd.Index(numbers, name="k")),
    }
