from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.checked import CheckedCall, check_meta_choice, note_rows
from minidask.dataframe.testing import assert_eq

META = pd.DataFrame({"x": [1]}).iloc[:0]


def test_a_fitting_value_is_passed_on():
    call = CheckedCall(pd.DataFrame, META, "map_partitions")
    assert call({"x": [1]}).shape == (1, 1)
    assert call.short_name == "DataFrame"


def test_what_has_no_rows_gets_the_declared_dtypes():
    empty = pd.DataFrame({"x": pd.Series([], dtype="str")})
    call = CheckedCall(lambda: empty, META, "map_partitions")
    assert call().dtypes.tolist() == ["int64"]
    assert empty.dtypes.tolist() == ["str"]
    source = pd.DataFrame({"s": ["a", "b"], "i": [1, 2]})
    lazy = dd.from_pandas(source, npartitions=2)
    for change in (lambda f: f.s.map(pd.Series([1.5, 2.5], index=["a", "b"])), lambda f: f.i.map({1: 0.5, 2: 1.5})):
        assert_eq(change(lazy[lazy.i > 1]), change(source[source.i > 1]))


def test_a_value_that_does_not_fit_is_described():
    call = CheckedCall(pd.DataFrame, META, "map_partitions")
    with pytest.raises(
        ValueError, match=r"map_partitions: what 'DataFrame' returned does not fit its meta: columns: 'x'.*missing"
    ):
        call({"y": [1]})


def test_equal_calls():
    assert CheckedCall(len, META, "a") == CheckedCall(len, META, "a")
    assert CheckedCall(len, META, "a") != CheckedCall(abs, META, "a")
    assert len({CheckedCall(len, META, "a"), CheckedCall(len, META, "a")}) == 1


def test_meta_must_be_pandas():
    with pytest.raises(TypeError, match="got int: 1"):
        check_meta_choice(1, "from_map")


def test_without_meta_nothing_is_checked():
    assert CheckedCall(pd.DataFrame, None, "map_partitions")({"y": [1]}).shape == (1, 1)


def divide(rows):
    return 1 // rows


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        (pd.Series([1], index=["k"]), "apply: 'divide' failed on 1 rows, index 'k' to 'k'."),
        (pd.DataFrame({"x": []}), "apply: 'divide' failed on 0 rows, an empty partition."),
        (
            pd.date_range("2020-01-01", periods=2),
            "apply: 'divide' failed on 2 rows, index 2020-01-01 00:00:00 to 2020-01-02 00:00:00.",
        ),
        (5, None),
    ],
)
def test_the_rows_are_noted(rows, note):
    error = ZeroDivisionError()
    note_rows(error, "apply", divide, ["x", rows])
    assert getattr(error, "__notes__", [None]) == [note]


def test_a_call_that_fails_says_on_which_rows():
    with pytest.raises(TypeError) as caught:
        CheckedCall(divide, META, "map_partitions")(pd.DataFrame({"x": ["a", "b"]}, index=[3, 9]))
    assert caught.value.__notes__ == ["map_partitions: 'divide' failed on 2 rows, index 3 to 9."]


def double_in_place(rows, others=None):
    for each in (rows, others):
        if each is not None:
            each["x"] *= 2
            each.loc[each.index[:1], "x"] = -1
    return rows


def test_functions_that_write_into_their_arguments_change_nothing_held():
    frame = pd.DataFrame({"x": [1, 2, 3, 4]})
    others = frame.copy()
    for npartitions in (1, 2):
        held = dd.from_pandas(frame, npartitions=npartitions).persist()
        for _ in range(2):
            assert held.map_partitions(double_in_place, others=others, meta=frame).compute()["x"].iloc[0] == -1
            held.map_overlap(double_in_place, 0, 0, meta=frame).compute()
            held.reduction(double_in_place, pd.DataFrame.sum, meta=frame.sum()).compute()
        assert_eq(held, pd.DataFrame({"x": [1, 2, 3, 4]}))
    assert others["x"].tolist() == [1, 2, 3, 4]


def test_nothing_of_a_dtype_that_the_declared_one_is_not_made_of():
    meta = pd.Series([], dtype="int64[pyarrow]")
    call = CheckedCall(lambda part: part, meta, "map")
    assert call(pd.Series([], dtype="date32[pyarrow]")).dtype == meta.dtype
