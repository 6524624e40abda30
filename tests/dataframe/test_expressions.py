from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype().assign(**{"two words": range(23)})
LIMIT = 1


def reading(columns):
    """A source that notes which columns it is asked for."""
    return dd.from_map(Noted(list(FRAME.columns), columns), [0], meta=FRAME.iloc[:0])


class Noted:
    def __init__(self, columns, log):
        self.columns = columns
        self.log = log

    def project_columns(self, columns):
        self.log.append(sorted(columns))
        return Noted(columns, self.log)

    def __call__(self, at):
        return FRAME[self.columns]


@pytest.mark.parametrize(
    "text",
    [
        "i > 0 and g != 2",
        "s == 'x' or f < @low",
        "i in @wanted",
        "i > @LIMIT",
        "s.str.startswith('x')",
        "i.isin([1, 2]) & ~b",
        "`two words` > 3",
        "index > 4",
        "s == '@low'",
        "i > @box.low",
    ],
)
def test_queries(text):
    low, wanted = 0.3, [1, 2]  # noqa: F841 - the text names them
    box = type("Box", (), {"low": 1})  # noqa: F841
    expected = FRAME.query(text)
    for df in cuttings(FRAME):
        assert_eq(df.query(text), expected)


def test_lazy_variables():
    for df in cuttings(FRAME):
        mean, other = df["f"].mean(), df["g"]  # noqa: F841
        assert_eq(df.query("f > @mean and i < @other"), FRAME[(FRAME.f > FRAME.f.mean()) & (FRAME.i < FRAME.g)])
        assert_eq(df.query("i > @n", local_dict={"n": 1}), FRAME[FRAME.i > 1])


def test_eval():
    add = 2.5  # noqa: F841
    for df in cuttings(FRAME):
        for text in ("i + g", "z = i + @add", "i > g", "z = i * 2\ny = z + 1"):
            assert_eq(df.eval(text), FRAME.eval(text))


def test_columns_that_are_not_named_are_not_read():
    log = []
    reading(log).query("i > 0 and s == 'x'")["f"].compute()
    assert log == [["f", "i", "s"]]


def test_repeated_labels():
    frame = pd.DataFrame([[1, 2, 3]], columns=["x", "x", "y"])
    assert_eq(dd.from_pandas(frame, npartitions=1).query("y > 2"), frame.query("y > 2"))


DF = dd.from_pandas(FRAME, npartitions=2)
BAD = {
    "no text": (lambda: DF.query(3), TypeError, "as text, got int"),
    "in place": (lambda: DF.eval("z = i", inplace=True), NotImplementedError, "nothing in place"),
    "unknown local": (lambda: DF.query("i > @nope"), NameError, "local variable 'nope' is not defined"),
    "unknown column": (lambda: DF.query("nope > 1"), NameError, "'nope' is not defined"),
    "all rows": (lambda: DF.query("i > i.mean()"), NotImplementedError, "make it a lazy value|Make it a lazy value"),
    "all rows, assigned": (lambda: DF.eval("z = i.cumsum()"), NotImplementedError, "partition by itself"),
    "syntax": (lambda: DF.query("i >"), SyntaxError, "invalid syntax"),
    "rows in memory": (lambda: DF.clear_divisions().query("i > @FRAME.i"), TypeError, "@FRAME can't combine"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_bad_input(case):
    call, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        call()


def test_unknown_names_show_the_columns():
    df = dd.from_pandas(pd.DataFrame({"x": [1], "y": [2]}), npartitions=1)
    with pytest.raises(NameError, match="'q' is not defined") as caught:
        df.query("q > 1")
    assert caught.value.__notes__ == ["The columns are ['x', 'y']; local variables are written with @ in front."]
