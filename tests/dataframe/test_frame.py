from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut, cuttings, every_dtype

FRAME = every_dtype()
CUT = cuttings(FRAME)


def assigned(df):
    df = df.copy()
    df["n"] = df["i"] + 1
    df["word"] = "w"
    df[["i", "g"]] = df[["g", "i"]]
    df[["p", "q"]] = 0
    df.f = df["f"] * 2
    del df["t"]
    return df


def inserted(df):
    df = df.copy()
    df.insert(1, "z", df["i"] * 2)
    df.pop("b")
    return df


def relabelled(df):
    df = df.copy()
    df.columns = [f"c{at}" for at in range(df.shape[1])]
    return df


CASES = {
    "column": lambda df: df["i"],
    "attribute": lambda df: df.f,
    "columns": lambda df: df[["s", "i"]],
    "callable": lambda df: df[lambda d: d["i"] > 0],
    "rows": lambda df: df[(df["i"] > 0) & df["b"]],
    "rows by Int64": lambda df: df[df["I"] > 3],
    "no rows": lambda df: df[df["i"] > 100],
    "rows by a frame": lambda df: df[["i", "f"]][df[["i", "f"]] > 0],
    "assign": lambda df: df.assign(z=df["i"] * 2, y=lambda d: d["z"] + 1, w=3),
    "assign over": lambda df: df.assign(i=df["f"]),
    "assign over, then less": lambda df: df.assign(i=df["f"], z=df["i"])[["z", "i"]],
    "assign a condition's rows": lambda df: df.assign(z=df["f"][df["i"] > 0]),
    "setitem": assigned,
    "insert and pop": inserted,
    "set columns": relabelled,
    "rename": lambda df: df.rename(columns={"i": "j", "f": "i"}),
    "rename, then less": lambda df: df.rename(columns={"i": "j", "f": "i"})[["i", "s"]],
    "rename by function": lambda df: df.rename(columns=str.upper),
    "drop": lambda df: df.drop(columns=["i", "f"]),
    "drop by axis": lambda df: df.drop("i", axis=1),
    "drop unknown": lambda df: df.drop(columns="nope", errors="ignore"),
    "select_dtypes": lambda df: df.select_dtypes("number"),
    "loc": lambda df: df.loc[df["i"] > 0, ["f", "g"]],
    "loc column": lambda df: df.loc[:, "f"],
    "iloc": lambda df: df.iloc[:, [0, 2]],
    "query": lambda df: df.query("i > 0 and g != 1"),
    "eval": lambda df: df[["i", "g"]].eval("z = i + g"),
    "apply": lambda df: df[["i", "f"]].apply(lambda row: row["i"] + row["f"], axis=1),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))
        pd.testing.assert_index_equal(
            CASES[case](df).compute(optimize_graph=False, scheduler="sync").index,
            CASES[case](FRAME).index,
            exact="equiv",
        )


def test_structure():
    df = CUT[1]
    assert list(df.columns) == list(FRAME.columns) == list(df.keys()) == list(df)
    assert df.dtypes.tolist() == FRAME.dtypes.tolist()
    assert (df.ndim, df.npartitions, len(df)) == (2, 3, len(FRAME))
    rows, columns = df.shape
    assert (rows.compute(), columns) == FRAME.shape
    assert df.size.compute() == FRAME.size
    assert not df.empty
    assert df[df["i"] > 100].empty
    assert "i" in df
    assert "i" in dir(df)
    assert [label for label, _ in df.items()] == list(FRAME)


def test_iteration():
    df = CUT[1]
    assert [index for index, _ in df.iterrows()] == list(FRAME.index)
    assert [row.i for row in df.itertuples()] == FRAME["i"].tolist()


def test_collections_made_before_an_assignment_stay():
    df = CUT[1].copy()
    before = df["i"] + 1
    df["i"] = 0
    assert_eq(before, FRAME["i"] + 1)


def test_labels_that_are_no_strings_or_equal():
    frame = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=[0, ("a", 1), None])
    df = dd.from_pandas(frame, npartitions=2)
    assert_eq(df, frame)
    assert_eq(df[0] + df[("a", 1)], frame[0] + frame[("a", 1)])
    double = pd.DataFrame([[1, 2, 3], [4, 5, 6]], columns=["x", "x", "y"])
    df = dd.from_pandas(double, npartitions=2)
    assert_eq(df["y"], double["y"])
    assert_eq(df["x"], double["x"])
    assert_eq(df + 1, double + 1)
    assert_eq(df.drop(columns="x"), double.drop(columns="x"))
    assert_eq(df.sum(), double.sum())


BAD = {
    "unknown column": (lambda df: df["nope"], KeyError, "no column 'nope'"),
    "near column": (
        lambda df: cut(pd.DataFrame({"carrier": [1]}), [0, 1])["carier"],
        KeyError,
        "the nearest is 'carrier'",
    ),
    "unknown columns": (lambda df: df[["i", "nope"]], KeyError, "no column 'nope'"),
    "unknown attribute": (lambda df: df.nope, AttributeError, "no attribute 'nope'"),
    "rows by position": (lambda df: df[1:3], NotImplementedError, "rows by position"),
    "rows by numbers": (lambda df: df[df["i"]], TypeError, "Series of booleans, got one of int64"),
    "rows by an index": (lambda df: df[df.index], TypeError, "Series of booleans, got a Index"),
    "rows by a mask in memory": (lambda df: df.clear_divisions()[FRAME["b"]], TypeError, "in memory"),
    "assign rows in memory": (
        lambda df: df.clear_divisions().assign(z=FRAME["i"]),
        TypeError,
        "column 'z' can't combine",
    ),
    "assign a list": (lambda df: df.assign(z=[1] * 23), TypeError, "list of values"),
    "assign a frame": (lambda df: df.assign(z=df), TypeError, "must be one Series"),
    "new attribute": (lambda df: setattr(df, "new", df["i"]), AttributeError, "df\\['new'\\] = "),
    "assign rows by condition": (lambda df: df.__setitem__(df["b"], 0), TypeError, r"df\[column\].mask"),
    "insert again": (lambda df: df.insert(0, "i", 0), ValueError, "cannot insert 'i'"),
    "wrong number of labels": (lambda df: setattr(df, "columns", ["a"]), ValueError, "there are 9 columns, got 1"),
    "drop unknown": (lambda df: df.drop(columns="nope"), KeyError, "no column 'nope'"),
    "drop rows": (lambda df: df.drop([1, 2]), NotImplementedError, "leave out rows by a condition"),
    "rename nothing": (lambda df: df.rename(), TypeError, "columns= or index="),
    "rename rows by a list": (lambda df: df.rename(index=[1]), TypeError, "dict or a function, got list"),
    "rename by a list": (lambda df: df.rename(columns=["a"]), TypeError, "dict or a function, got list"),
    "apply on columns": (lambda df: df.apply(sum), NotImplementedError, "axis=1"),
    "query of unknown names": (lambda df: df.query("i > @n_o"), NameError, "local variable 'n_o' is not defined"),
    "sort by nothing": (lambda df: df.sort_values("nope"), KeyError, "no column 'nope'"),
    "one of several labels": (lambda df: df.__setitem__(["a", "b"], df[["i"]]), ValueError, "2 labels for 1 columns"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call(CUT[1].copy())


def test_groupby_by_position():
    frame = pd.DataFrame({"g": ["b", "a", None, "b"], "x": [1, 2, 3, 4]})
    df = dd.from_pandas(frame, npartitions=2)
    assert_eq(
        df.groupby("g", True, False, None, False)["x"].sum(), frame.groupby("g", sort=False, dropna=False)["x"].sum()
    )
    assert_eq(df["x"].groupby(df["g"], True, True).sum(), frame["x"].groupby(frame["g"]).sum())
    with pytest.raises(TypeError, match=r"groupby\(\) got an unexpected keyword argument 'axis'"):
        df.groupby("g", axis=1)


def test_renaming_columns_that_are_not_there():
    df = dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1)
    assert df.rename(columns={"y": "z"}).columns.tolist() == ["x"]
    with pytest.raises(KeyError, match="y"):
        df.rename(columns={"y": "z"}, errors="raise")
