from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.operators import ARITHMETIC, COMPARISONS, LOGIC, Reflected
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut_frames, cuttings, every_dtype, few

FRAME = every_dtype()
CUT = cuttings(FRAME)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ARITHMETIC, *COMPARISONS])
@pytest.mark.parametrize("column", ["i", "f", "I"])
def test_numbers(name, column):
    op = {**ARITHMETIC, **COMPARISONS}[name]
    for df in CUT:
        assert_eq(op(df[column], 2), op(FRAME[column], 2))
        assert_eq(op(df[column], df["f"]), op(FRAME[column], FRAME["f"]))
        assert_eq(getattr(df[column], name)(3), getattr(FRAME[column], name)(3))
        if name not in ("floordiv", "mod", "pow"):
            assert_eq(op(2, df[column]), op(2, FRAME[column]))


@pytest.mark.parametrize("name", list(LOGIC))
def test_logic(name):
    op = LOGIC[name]
    for df in CUT:
        assert_eq(op(df["b"], df["i"] > 0), op(FRAME["b"], FRAME["i"] > 0))
        assert_eq(op(True, df["b"]), op(True, FRAME["b"]))


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs])
def test_unary(op):
    for df in CUT:
        assert_eq(op(df[["i", "f"]]), op(FRAME[["i", "f"]]))
        assert_eq(~df["b"], ~FRAME["b"])


CASES = {
    "frame and scalar": lambda df: df[["i", "f"]] + 1,
    "scalar and frame": lambda df: 1 - df[["i", "f"]],
    "frames": lambda df: df[["i", "f"]] + df[["i", "f"]] * 2,
    "compared": lambda df: df[["i", "f"]] > 0,
    "by column": lambda df: df[["i", "f"]] - df[["i", "f"]].mean(),
    "standard scores": lambda df: (df[["i", "f"]] - df[["i", "f"]].mean()) / df[["i", "f"]].std(),
    "named by column": lambda df: df[["i", "f"]].sub(df[["i", "f"]].mean()),
    "rows": lambda df: df[["i", "f"]].sub(df["g"], axis=0),
    "list": lambda df: df[["i", "f"]] + [1, 2],
    "pandas Series by column": lambda df: df[["i", "f"]] * pd.Series({"i": 1, "f": 3}),
    "lazy scalar": lambda df: df["f"] - df["f"].mean(),
    "scalars": lambda df: df["f"].sum() / df["f"].count() + 1,
    "reflected scalar": lambda df: 2 - df["f"].sum(),
    "fill": lambda df: df["f"].add(df["i"], fill_value=0),
    "ufunc": lambda df: np.exp(df[["i", "f"]]),
    "ufunc of two": lambda df: np.maximum(df["i"], df["f"]),
    "numpy scalar": lambda df: np.float64(3) * df["f"],
    "dates": lambda df: df["d"] - pd.Timestamp("1980-01-01"),
    "durations": lambda df: df["d"] + df["t"],
    "strings": lambda df: df["s"] + "!",
    "string compared": lambda df: df["s"] == "x",
    "string not equal": lambda df: df["s"] != "x",
    "index": lambda df: df.index + 1,
    "filter by index": lambda df: df[df.index > 7],
}


@pytest.mark.slow
@pytest.mark.parametrize("case", list(CASES))
def test_like_pandas(case):
    for df in CUT:
        assert_eq(CASES[case](df), CASES[case](FRAME))


@pytest.mark.slow
@few
@given(cut_frames(), st.sampled_from(list(ARITHMETIC)), st.sampled_from(["i", "f", "I", "b"]))
def test_any_frame(pair, name, column):
    frame, df = pair
    op = ARITHMETIC[name]
    with np.errstate(all="ignore"):
        assert_eq(
            op(df[column].astype("float64"), 1.5), op(frame[column].astype("float64"), 1.5)
        ) if column != "I" else None
        assert_eq(df["f"] * df["i"], frame["f"] * frame["i"])


def test_a_series_beside_a_frame():
    df = CUT[1]
    with pytest.raises(TypeError, match="to match rows, use the named form with axis=0"):
        df[["i", "f"]] - df["g"]
    with pytest.raises(TypeError, match="pass axis=0"):
        df[["i", "f"]].sub(df["g"])


def test_a_series_of_other_labels():
    df = CUT[1]
    means = df[["i", "f"]].mean()
    with pytest.raises(ValueError, match="other labels than were expected"):
        (df[["i", "f"]] - means[means > 1e9]).compute()


def test_unhashable():
    with pytest.raises(TypeError, match="unhashable"):
        hash(CUT[0])


def test_wrong_types_are_refused_at_once():
    with pytest.raises(TypeError):
        CUT[0]["s"] + 1
    with pytest.raises(TypeError):
        CUT[0]["i"] < "a"


def test_reflected():
    assert Reflected(operator.sub)(1, 3) == 2
    assert Reflected(operator.sub) == Reflected(operator.sub) != Reflected(operator.add)
    assert len({Reflected(operator.sub), Reflected(operator.sub)}) == 1
    assert dd.Scalar


@pytest.mark.parametrize(
    "call",
    [
        lambda d: d["f"].add(d["g"], None, 1),
        lambda d: d["f"].lt(d["g"], None, 1),
        lambda d: d["f"].rsub(2, None, None, 0),
        lambda d: d[["i", "f"]].add(1, "columns", None, 0),
        lambda d: d[["i", "f"]].mul(d["g"], 0),
        lambda d: d[["i", "f"]].eq(1, "columns"),
    ],
)
def test_arguments_by_position(call):
    frame = every_dtype()
    assert_eq(call(dd.from_pandas(frame, npartitions=3)), call(frame))


def test_too_many_arguments():
    df = dd.from_pandas(pd.DataFrame({"x": [1]}), npartitions=1)
    with pytest.raises(TypeError, match=r"eq\(\) takes other, axis, level, got 4 arguments"):
        df.eq(1, 1, None, 0)
    with pytest.raises(TypeError, match=r"add\(\) got 'level' twice"):
        df["x"].add(1, None, level=None)


def test_divmod():
    frame = pd.DataFrame({"x": [5, -7, 9], "y": [2, 3, 4]})
    for lazy in cuttings(frame):
        for mine, theirs in (
            (divmod(lazy["x"], 2), divmod(frame["x"], 2)),
            (divmod(20, lazy["y"]), divmod(20, frame["y"])),
            (divmod(lazy["x"], lazy["y"]), divmod(frame["x"], frame["y"])),
            (lazy["x"].divmod(lazy["y"], fill_value=1), frame["x"].divmod(frame["y"], fill_value=1)),
            (lazy["y"].rdivmod(20), frame["y"].rdivmod(20)),
            (divmod(lazy, 2), (frame // 2, frame % 2)),
        ):
            for one, other in zip(mine, theirs, strict=True):
                assert_eq(one, other)
