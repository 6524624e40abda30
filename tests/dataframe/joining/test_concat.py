from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)

CASES = {
    "the same": lambda df, concat: concat([df, df]),
    "different columns": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]]),
    "common columns": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]], join="inner"),
    "less": lambda df, concat: concat([df[["i", "f"]], df[["i", "s"]]])[["i", "s"]],
    "integers that are missing": lambda df, concat: concat([df[["i", "g"]], df[["i"]]]),
    "pandas too": lambda df, concat: concat([df, FRAME.head(3)]),
    "Series": lambda df, concat: concat([df["i"], df["f"]]),
    "one": lambda df, concat: concat([df]),
}


@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df, dd.concat), CASES[case](FRAME, pd.concat))


def test_divisions_are_known_where_they_ascend():
    first, second = dd.from_pandas(FRAME.iloc[:9], npartitions=2), dd.from_pandas(FRAME.iloc[9:], npartitions=2)
    assert dd.concat([first, second]).divisions == (0, 4, 9, 16, 22)
    assert not dd.concat([second, first]).known_divisions
    assert_eq(dd.concat([first, second]), FRAME)


def test_series_among_dataframes_are_columns():
    for df in CUT:
        pairs = [(df[["i"]], df["f"]), (df["i"], df[["i", "f"]])]
        for one, other in pairs:
            expected = pd.concat([one.compute(), other.compute()])
            assert_eq(dd.concat([one, other]), expected)


def test_categories_are_united():
    first = pd.DataFrame({"c": pd.Categorical(["a", "b"]), "x": [1, 2]})
    second = pd.DataFrame({"c": pd.Categorical(["c", None])}, index=[2, 3])
    result = dd.concat([dd.from_pandas(first, npartitions=2), dd.from_pandas(second, npartitions=2)])
    assert_eq(
        result,
        pd.DataFrame({"c": pd.Categorical(["a", "b", "c", None]), "x": [1, 2, None, None]}),
    )


@pytest.mark.parametrize("join", ["inner", "outer"])
def test_interleaved(join):
    first = pd.DataFrame({"x": range(6), "y": 1.5}, index=[0, 2, 2, 4, 6, 8])
    second = pd.DataFrame({"x": range(4), "z": "a"}, index=[1, 2, 7, 11])
    for n in (1, 2, 4):
        frames = [dd.from_pandas(first, npartitions=n), dd.from_pandas(second, npartitions=2), second]
        result = dd.concat(frames, join=join, interleave_partitions=True)
        assert result.known_divisions
        expected = pd.concat([first, second, second], join=join).sort_index(kind="stable")
        assert_eq(result, expected, check_order=False)
        assert_eq(result[["x"]], expected[["x"]], check_order=False)
    assert_eq(
        dd.concat([frames[0]["x"], frames[1]["x"]], interleave_partitions=True),
        pd.concat([first["x"], second["x"]]),
        check_order=False,
    )


def test_interleaved_in_order_is_one_after_the_other():
    first, second = dd.from_pandas(FRAME.iloc[:9], npartitions=2), dd.from_pandas(FRAME.iloc[9:], npartitions=2)
    assert dd.concat([first, second], interleave_partitions=True).divisions == (0, 4, 9, 16, 22)


@pytest.mark.parametrize("count", [127, 128, 129, 260])
def test_many_partitions(count):
    frame = pd.DataFrame({"x": range(300)})
    assert_eq(
        dd.concat([dd.from_pandas(frame, npartitions=count)] * 2),
        pd.concat([frame] * 2),
        check_meta=False,
        check_divisions=False,
    )


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda df: dd.concat([]), ValueError, "the list is empty"),
        (lambda df: dd.concat(df), TypeError, "takes a list of collections"),
        (lambda df: dd.concat([df, 1]), TypeError, "DataFrames or Series, got int"),
        (lambda df: dd.concat([df, df], axis=2), ValueError, "axis must be 0 or 1, got 2"),
        (lambda df: dd.concat([df, df], join="left"), ValueError, "'outer' or 'inner', got 'left'"),
        (
            lambda df: dd.concat([df, df.clear_divisions()], interleave_partitions=True),
            ValueError,
            "needs known divisions of all",
        ),
        (
            lambda df: dd.concat([df, dd.from_pandas(str_index(FRAME), npartitions=2)], interleave_partitions=True),
            ValueError,
            "can be compared with each other",
        ),
    ],
)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call(CUT[1])


def str_index(frame):
    return frame.set_axis(frame.index.astype("str"))
