"""Groups of frames in which columns share a label."""

import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.groupby.repeated import GROUPS, ROWS, Relabelled, WithLabels
from minidask.dataframe.testing import assert_eq

RNG = np.random.default_rng(0)
WITH_TEXT = pd.DataFrame(
    {"k": RNG.integers(0, 5, 40), "a": RNG.integers(0, 99, 40), "b": RNG.random(40), "s": RNG.choice(list("abc"), 40)}
).set_axis(["k", "x", "x", "s"], axis=1)
NUMBERS = WITH_TEXT.iloc[:, :3]
OF_ALL = {
    "count",
    "first",
    "last",
    "max",
    "min",
    "nunique",
    "size",
    "sum",
    "bfill",
    "cumcount",
    "ffill",
    "head",
    "shift",
    "tail",
}


def check(action, frame=NUMBERS):
    for npartitions in (1, 3, 7):
        assert_eq(action(dd.from_pandas(frame, npartitions=npartitions)), action(frame))


@pytest.mark.parametrize("name", sorted(GROUPS | ROWS))
def test_methods(name):
    def call(grouped):
        return getattr(grouped, name)()

    frame = WITH_TEXT if name in OF_ALL else NUMBERS
    check(lambda df: call(df.groupby("k")), frame)
    check(lambda df: call(df.groupby("k")["x"]), frame)


@pytest.mark.parametrize(
    "action",
    [
        lambda df: df.groupby("k", as_index=False).sum(),
        lambda df: df.groupby(["k"])[["x"]].max(),
        lambda df: df.groupby(df["k"]).sum(),
        lambda df: df.groupby(df["k"] % 2).sum(),
        lambda df: df.groupby("k").agg("sum"),
        lambda df: df.groupby("k").agg(["sum", "max"]),
        lambda df: df.groupby("k").agg({"x": "sum"}),
        lambda df: df.groupby("k").agg({"x": ["sum", "min"]}),
        lambda df: df.groupby("k").transform("sum"),
        lambda df: df.groupby("k").transform(lambda column: column - column.mean()),
        lambda df: df.groupby("k").apply(lambda rows: rows["x"].max(axis=1).sum()),
        lambda df: df.groupby("k").x.sum(),
    ],
)
def test_forms(action):
    check(action)


def test_keys_beside_one_column_of_their_own():
    check(lambda df: df.groupby(["k", "s"]).sum(), WITH_TEXT)
    check(lambda df: df.groupby("k")["s"].max(), WITH_TEXT)
    check(lambda df: df.groupby("k").s.nunique(), WITH_TEXT)


def test_what_is_refused():
    grouped = dd.from_pandas(WITH_TEXT, npartitions=2).groupby("k")
    assert repr(grouped) == "<RepeatedGroupBy of columns ['k', 'x', 'x', 's']>"
    assert "sum" in dir(grouped)
    with pytest.raises(NotImplementedError, match=r"groupby\(...\).pipe needs columns of different labels"):
        grouped.pipe(len)
    with pytest.raises(ValueError, match="several columns have the label 'x'"):
        grouped.agg(total=("x", "sum"))
    with pytest.raises(KeyError, match="nobody"):
        grouped.agg(total=("nobody", "sum"))
    with pytest.raises(KeyError, match="nobody"):
        grouped.value_counts(["nobody"])
    with pytest.raises(NotImplementedError, match="a Grouper with key= needs columns"):
        dd.from_pandas(WITH_TEXT, npartitions=2).groupby(pd.Grouper(key="k"))
    with pytest.raises(ValueError, match="Grouper for 'x' not 1-dimensional"):
        dd.from_pandas(WITH_TEXT, npartitions=2).groupby("x")
    with pytest.raises(KeyError, match="nobody"):
        dd.from_pandas(WITH_TEXT, npartitions=2).groupby("nobody")
    with pytest.raises(KeyError, match="Columns not found: 'nobody'"):
        grouped["nobody"]
    with pytest.raises(AttributeError, match="no attribute 'nobody'"):
        grouped.nobody


def test_functions_see_labels():
    func = Relabelled(len, ("k", "x", "x"))
    assert func.__name__ == "len"
    assert func == Relabelled(len, ("k", "x", "x")) != Relabelled(len, ("k",))
    assert hash(func) == hash(Relabelled(len, ("k", "x", "x")))
    assert Relabelled(list, ("k", "x", "x"))(pd.DataFrame([[1, 2]], columns=[0, 2])) == ["k", "x"]
    made = WithLabels(("k", "x"), True)(pd.Series([1], index=pd.Index([5], name=0), name=1))
    assert (made.name, made.index.name) == ("x", "k")


def test_pairs_of_columns():
    check(lambda df: df.groupby("k").cov())
    check(lambda df: df.groupby("k")[["x"]].corr())


def test_counts_of_rows():
    check(lambda df: df.groupby("k").value_counts(), WITH_TEXT)
    check(lambda df: df.groupby("k").value_counts(["s"], ascending=True), WITH_TEXT)
    check(lambda df: df.groupby("k")[["x"]].value_counts(normalize=True), WITH_TEXT)
    check(lambda df: df.groupby("k", as_index=False).value_counts(), WITH_TEXT)
    check(lambda df: df.groupby("k").s.value_counts(), WITH_TEXT)


def test_named_aggregations_of_a_column_of_its_own_label():
    check(lambda df: df.groupby("k").agg(most=("s", "max"), n=pd.NamedAgg("s", "count")), WITH_TEXT)
    check(lambda df: df.groupby("k").s.agg(most="max"), WITH_TEXT)
    frame = dd.from_pandas(WITH_TEXT, npartitions=4)
    assert frame.groupby("k").agg(n=("s", "count"), split_every=2).compute().columns.tolist() == ["n"]


def test_rolling_windows_one_group_and_rows_of_functions():
    check(lambda df: df.groupby("k").rolling(3, min_periods=1).mean())
    check(lambda df: df.groupby("k").rolling(2)["x"].sum())
    check(lambda df: df.groupby("k").get_group(2), WITH_TEXT)
    check(lambda df: df.groupby("k", group_keys=False).apply(lambda rows: rows.head(2)))
    check(lambda df: df.groupby("k", group_keys=False).apply(lambda rows: rows * 2))
