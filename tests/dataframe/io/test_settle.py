from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.io.settle import is_text, settle

NAN = float("nan")


@pytest.mark.parametrize(
    ("found", "promised", "settled"),
    [
        ([1, 2], "float64", [1.0, 2.0]),
        ([1, 2], "int8", [1, 2]),
        ([1, 300], "int8", None),
        ([2**53, -(2**53)], "float64", [2.0**53, -(2.0**53)]),
        ([2**53 + 1], "float64", None),
        ([-(2**63)], "float64", None),
        ([1, 2], "uint64", [1, 2]),
        ([-1, 2], "uint64", None),
        ([1.5, NAN], "int64", None),
        ([1.0, 2.0], "int64", None),
        ([NAN, NAN], "int64", None),
        ([NAN, NAN], "str", [NAN, NAN]),
        ([NAN, NAN], "datetime64[us]", [pd.NaT, pd.NaT]),
        ([NAN, NAN], "object", [NAN, NAN]),
        ([NAN, NAN], "bool", None),
        ([NAN, NAN], "Int64", [pd.NA, pd.NA]),
        ([1.5, NAN], "float32", [1.5, NAN]),
        ([0.1], "float32", None),
        ([True, False], "object", [True, False]),
        ([True, False], "int64", None),
        ([True, False], "str", None),
        ([True, False], "boolean", [True, False]),
        ([1, 0], "bool", None),
        (["a", "b"], "float64", None),
        (["a", "b"], "object", None),
    ],
)
def test_settle_loses_nothing(found, promised, settled):
    promised = pd.api.types.pandas_dtype(promised)
    result = settle(pd.Series(found), promised)
    if settled is None:
        assert result is None
    else:
        pd.testing.assert_series_equal(result, pd.Series(settled, dtype=promised))


def test_settle_mixed_texts_and_dates():
    mixed = pd.Series(["a", np.nan], dtype=object)
    pd.testing.assert_series_equal(
        settle(mixed, pd.StringDtype(na_value=np.nan)), pd.Series(["a", np.nan], dtype="str")
    )
    assert settle(pd.Series(["a", 1], dtype=object), pd.StringDtype(na_value=np.nan)) is None
    fine = pd.Series(pd.to_datetime(["2020-01-01 00:00:00.000000001"]).as_unit("ns"))
    coarse = pd.Series(pd.to_datetime(["2020-01-01"]).as_unit("ns"))
    assert settle(fine, np.dtype("datetime64[us]")) is None
    assert settle(coarse, np.dtype("datetime64[us]")).dtype == "datetime64[us]"
    assert settle(coarse, pd.DatetimeTZDtype("ns", "UTC")) is None


def test_what_counts_as_text():
    assert is_text(pd.StringDtype())
    assert is_text(pd.Series(["a"], dtype="string[pyarrow]").dtype)
    assert not is_text(np.dtype(object))


def test_no_rows_take_any_dtype():
    assert settle(pd.Series([], dtype=object), np.dtype("int64")).dtype == "int64"
