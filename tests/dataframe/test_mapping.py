from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask import delayed
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()[["i", "f", "g"]]
CUT = cuttings(FRAME)


def double(frame, by=2):
    return frame * by


@pytest.mark.slow
def test_map_partitions():
    for df in CUT:
        assert_eq(df.map_partitions(double), FRAME * 2)
        assert_eq(df.map_partitions(double, by=3), FRAME * 3)
        assert_eq(df["i"].map_partitions(double, 4), FRAME["i"] * 4)
        assert_eq(dd.map_partitions(pd.Series.add, df["i"], df["g"]), FRAME["i"] + FRAME["g"])
        assert_eq(df["i"].map_partitions(double, df["g"].max()), FRAME["i"] * FRAME["g"].max())
        assert_eq(df.map_partitions(double) + df, FRAME * 3)


def test_one_value_a_partition():
    assert dd.map_partitions(len, CUT[1]).compute().tolist() == [7, 8, 8]
    assert dd.map_partitions(len, CUT[1]).compute().index.tolist() == [0, 1, 2]


def test_meta_can_be_given():
    def surprising(frame):
        assert frame["i"].iloc[0] != 1 or len(frame) > 2, "not for made-up rows"
        return frame["i"].rename("j")

    assert_eq(CUT[1].map_partitions(surprising, meta=("j", "int64")), FRAME["i"].rename("j"))


def numbered(frame, partition_info=None):
    return frame.assign(n=partition_info["number"], low=partition_info["division"])


def test_partition_info():
    result = CUT[1].map_partitions(numbered).compute()
    assert result["n"].tolist() == [0] * 7 + [1] * 8 + [2] * 8
    assert result["low"].tolist() == [0] * 7 + [7] * 8 + [15] * 8


def test_divisions():
    assert CUT[1].map_partitions(double).divisions == CUT[1].divisions
    assert not CUT[1].map_partitions(double, clear_divisions=True).known_divisions


def test_broadcasting_of_one_partition():
    table = dd.from_pandas(pd.DataFrame({"k": [10]}), npartitions=1)

    def total(frame, other):
        return frame["i"] + other["k"].sum()

    assert_eq(CUT[1].map_partitions(total, table), FRAME["i"] + 10)
    assert_eq(CUT[1].map_partitions(total, table.compute()), FRAME["i"] + 10)


def test_pairing_by_position():
    left, right = cut(FRAME, [0, 3, 23]), cut(FRAME, [0, 4, 23])
    with pytest.raises(ValueError, match="come from different data"):
        dd.map_partitions(lambda a, b: a, left, right)
    paired = dd.map_partitions(lambda a, b: a.assign(n=len(b)), left, right, align_dataframes=False)
    assert paired.compute()["n"].tolist() == [4] * 3 + [19] * 20


def test_functions_have_names():
    assert CUT[1].map_partitions(double)._name == CUT[1].map_partitions(double)._name
    assert CUT[1].map_partitions(double)._name != CUT[1].map_partitions(double, by=3)._name
    assert CUT[1].map_partitions(double)._name.startswith("double-")


def add(frame, other, factor=1):
    return frame + other * factor


def test_delayed_and_lazy_arguments():
    for df in CUT:
        one, two = delayed(1), df["g"].max()
        assert_eq(df.map_partitions(add, one, meta=FRAME), FRAME + 1)
        assert_eq(df.map_partitions(add, one, factor=delayed(3), meta=FRAME), FRAME + 3)
        assert_eq(df.map_partitions(add, other=two), FRAME + FRAME["g"].max())
        assert_eq(df.map_partitions(add, other=two, factor=2), FRAME + FRAME["g"].max() * 2)
    names = {CUT[1].map_partitions(add, delayed(value), meta=FRAME)._name for value in (1, 2)}
    assert len(names) == 2


def test_map_by_a_lazy_series():
    table = pd.Series([1.5, 2.5, 3.5, 9.0], index=[-1, 0, 2, 7])
    for df in CUT:
        lazy = dd.from_pandas(table, npartitions=2)
        assert_eq(df["i"].map(lazy), FRAME["i"].map(table))
        assert_eq(df["i"].map(lazy, na_action="ignore"), FRAME["i"].map(table))
        whole = pd.Series(["m", "n"], index=[0, 1])
        assert_eq(df["g"].map(dd.from_pandas(whole, npartitions=1)), FRAME["g"].map(whole))
    assert_eq(CUT[1].index.map(dd.from_pandas(pd.Series(range(100, 130)), npartitions=3)), FRAME.index + 100)
    twice = dd.from_pandas(pd.Series([1, 2], index=[0, 0]), npartitions=1)
    with pytest.raises(ValueError, match="unique index"):
        CUT[1]["i"].map(twice).compute()


def test_map_of_each_value():
    for df in CUT:
        assert_eq(df.map(lambda x: x + 0.5), FRAME.map(lambda x: x + 0.5))
        assert_eq(df.map(str, meta={"i": "str", "f": "str", "g": "str"}), FRAME.map(str))
        assert_eq(df.map(lambda x: x * 2, na_action="ignore")[["f"]], FRAME.map(lambda x: x * 2)[["f"]])


def test_transform():
    for df in CUT:
        assert_eq(df.transform(lambda x: x - x.mean()), FRAME - FRAME.mean())
        assert_eq(df["i"].transform("cumsum"), FRAME["i"].cumsum())
        assert_eq(df.transform({"i": "abs", "g": lambda x: x + 1}), FRAME.transform({"i": "abs", "g": lambda x: x + 1}))


def test_renamed_labels():
    for df in CUT:
        assert_eq(
            df.rename(index=lambda x: x * 10, columns={"i": "n"}),
            FRAME.rename(index=lambda x: x * 10, columns={"i": "n"}),
        )
        assert_eq(df.rename({2: 5}), FRAME.rename({2: 5}))
        assert_eq(df["i"].rename({2: 5}), FRAME["i"].rename({2: 5}))
    lazy = CUT[1]["i"].rename(lambda x: x * 10, sorted_index=True)
    assert lazy.divisions == (0, 70, 150, 220)
    assert_eq(lazy, FRAME["i"].rename(lambda x: x * 10))


def fails(frame):
    raise RuntimeError("no")


BAD = {
    "no function": (lambda df: df.map_partitions(1), TypeError, "takes a function, got int"),
    "no collection": (lambda df: dd.map_partitions(double, FRAME), TypeError, "at least one collection"),
    "a lazy keyword": (lambda df: df.map_partitions(double, by=df["i"]), TypeError, "'by' is a collection"),
    "not inferred": (
        lambda df: df.map_partitions(fails),
        ValueError,
        r"map_partitions\(fails\) could not be inferred.*RuntimeError: no",
    ),
    "no pandas object": (lambda df: df.map_partitions(list), TypeError, "pandas object or a scalar, got list"),
    "different numbers": (
        lambda df: dd.map_partitions(double, df, CUT[2], align_dataframes=False),
        ValueError,
        r"numbers of partitions, \[3, 23\]",
    ),
    "apply nothing": (lambda df: df.apply(1, axis=1), TypeError, "apply takes a function"),
    "apply not inferred": (lambda df: df.apply(lambda row: row["nope"], axis=1), ValueError, "KeyError: 'nope'"),
    "map nothing": (lambda df: df["i"].map(3), TypeError, "a function, a dict or a pandas Series, got int"),
    "map a lazy DataFrame": (lambda df: df["i"].map(df), TypeError, "or a Series, got a DataFrame"),
    "map each by no function": (lambda df: df.map({}), TypeError, "map takes a function, got dict"),
    "delayed without meta": (lambda df: df.map_partitions(add, delayed(1)), ValueError, "say it with meta="),
    "a frame by keyword": (lambda df: df.map_partitions(add, other=df), TypeError, "'other' is a collection"),
    "transform that reduces": (lambda df: df["i"].transform("sum"), ValueError, "did not transform"),
    "transform by a list": (lambda df: df[["i"]].transform([abs]), NotImplementedError, "use assign"),
    "transform rows": (lambda df: df[["i"]].transform(abs, axis=1), NotImplementedError, "axis=1"),
    "transform by a number": (lambda df: df["i"].transform(3), TypeError, "got int"),
    "map no dict": (lambda df: df["i"].map(pd.Series([1, 2], index=[0, 0])), ValueError, "unique index"),
    "apply that reduces": (lambda df: df["i"].apply("sum"), TypeError, "reduces the whole Series"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1])


def test_wrong_meta_is_described():
    df = CUT[1].map_partitions(double, meta={"i": "int64", "q": "int64"})
    with pytest.raises(ValueError, match=r"map_partitions: what 'double' returned.*'q' declared int64, actual missing"):
        df.compute()
    assert len(CUT[1].map_partitions(double, meta={"i": "int64"}, enforce_metadata=False).compute().columns) == 3


APPLIED = {
    "rows to values": lambda df: df[["i", "f"]].apply(lambda row: row["i"] + row["f"], axis=1),
    "rows to rows": lambda df: df[["i", "g"]].apply(lambda row: row * 2, axis=1),
    "rows to strings": lambda df: df.apply(lambda row: f"{row['i']:.0f}!", axis=1),
    "map function": lambda df: df["i"].map(lambda x: x / 2),
    "map ignoring": lambda df: df["f"].map(lambda x: x * 2, na_action="ignore"),
    "map to strings": lambda df: df["i"].map(str),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(APPLIED))
def test_applied(case):
    for df in CUT:
        assert_eq(APPLIED[case](df), APPLIED[case](FRAME))


def test_map_with_meta():
    assert_eq(CUT[1]["i"].map(lambda x: x / 2, meta=("i", "float64")), FRAME["i"] / 2)
    assert_eq(CUT[1]["i"].apply(lambda x: x / 2, meta=("i", "float64")), FRAME["i"] / 2)
    assert_eq(CUT[1].apply(lambda row: row["f"], axis=1, meta=(None, "float64")), FRAME["f"].rename(None))


def fail_at_seven(value):
    if value == 7:
        raise RuntimeError("kaputt")
    return value


def fail_with_seven(part):
    return part.map(fail_at_seven)


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda s: s.map_partitions(fail_with_seven), "map_partitions: 'fail_with_seven'"),
        (lambda s: s.map_partitions(fail_with_seven, enforce_metadata=False), "map_partitions: 'fail_with_seven'"),
        (lambda s: s.map_partitions(sum_of_mapped, meta=0), "map_partitions: 'sum_of_mapped'"),
        (lambda s: s.map(fail_at_seven), "map: 'fail_at_seven'"),
        (lambda s: s.to_frame().map(fail_at_seven), "map: 'fail_at_seven'"),
        (lambda s: s.apply(fail_at_seven), "apply: 'fail_at_seven'"),
        (lambda s: s.to_frame().apply(fail_with_seven, axis=1), "apply: 'fail_with_seven'"),
        (lambda s: s.map_overlap(fail_with_seven, 0, 0), "map_partitions: 'fail_with_seven'"),
    ],
)
def test_a_function_that_fails_in_one_partition(call, operation):
    s = dd.from_pandas(pd.Series(range(10), name="x", index=range(100, 110)), npartitions=3)
    with pytest.raises(RuntimeError, match="kaputt") as caught:
        call(s).compute(scheduler="sync")
    notes = caught.value.__notes__
    assert f"{operation} failed on 4 rows, index 106 to 109." in notes
    # The partition's number ends the task's key.
    assert any("Raised by the task" in note and ", 2)" in note for note in notes)


def sum_of_mapped(part):
    return fail_with_seven(part).sum()


@pytest.mark.parametrize(
    "call",
    [
        lambda df: df.map_partitions(as_text, meta=df._meta),
        lambda df: df["x"].map(str, meta=("x", "float64")),
        lambda df: df["x"].apply(str, meta=("x", "float64")),
    ],
)
def test_values_of_another_kind_than_meta_says(call):
    df = dd.from_pandas(pd.DataFrame({"x": [1, 2], "y": [0.5, 1]}), npartitions=2)
    with pytest.raises(
        ValueError, match=r"does not fit its meta: (columns: 'x'|the dtype:) declared (int64|float64), actual str"
    ):
        call(df).compute(scheduler="sync")


def as_text(part):
    return part.assign(x=part["x"].astype(str))


@pytest.mark.parametrize("arg", [{0: "a", 1: "b"}, pd.Series([10, 20]), abs])
def test_map_keeps_the_index(arg):
    s = pd.Series([0, 1, 1], index=pd.date_range("2020-01-01", periods=3, name="when"))
    assert_eq(dd.from_pandas(s, npartitions=2).map(arg), s.map(arg), check_freq=False)


def first_column(part):
    return part["x"] + 1


def test_required_columns_are_all_that_is_read():
    frame = pd.DataFrame({"x": [1, 2, 3], "y": 2, "z": 3})
    df = dd.from_map(Wide(), [0, 1], meta=frame)
    mapped = df.map_partitions(first_column, required_columns=["x"])
    assert mapped.compute(scheduler="sync").tolist() == [2, 2]
    assert Wide.asked == [["x"]]
    with pytest.raises(AssertionError, match="read whole"):
        df.map_partitions(first_column, meta=("x", "int64")).compute(scheduler="sync")
    twice = dd.map_partitions(pd.DataFrame.add, df, df, required_columns=["x"])
    assert list(twice.columns) == ["x", "y", "z"]
    with pytest.raises(KeyError, match="no column 'q'"):
        df.map_partitions(first_column, required_columns=["q"])
    with pytest.raises(ValueError, match="got a Series first"):
        df["x"].map_partitions(abs, required_columns=["x"])


class Wide:
    """A source that refuses to be read whole."""

    columns = ("x", "y", "z")
    asked = []

    def project_columns(self, columns):
        self.asked.append(columns)
        return narrow

    def __call__(self, item):
        raise AssertionError("read whole")


def narrow(item):
    return pd.DataFrame({"x": [1]})


def test_no_meta_is_found_out():
    s = pd.Series([1, 2], name="x")
    lazy = dd.from_pandas(s, npartitions=2)
    assert_eq(lazy.map(abs, meta=None), s)
    assert_eq(lazy.to_frame().map(abs, meta=None), s.to_frame())


def test_results_of_values_and_rows_have_the_name_that_meta_says():
    frame, lazy = FRAME, CUT[1]
    assert_eq(lazy["i"].map(abs, meta=("size", "int64")), frame["i"].map(abs).rename("size"))
    assert_eq(lazy["i"].apply(abs, meta=("size", "int64")), frame["i"].apply(abs).rename("size"))
    total = frame.apply(lambda row: row["i"] + row["g"], axis=1)
    assert_eq(lazy.apply(lambda row: row["i"] + row["g"], axis=1, meta=("total", "float64")), total.rename("total"))


def test_errors_name_no_keyword_that_there_is_not():
    with pytest.raises(ValueError, match=r"declared int64, actual str. Correct meta= or the function\.\n"):
        CUT[1]["i"].map(str, meta=("i", "int64")).compute(scheduler="sync")
