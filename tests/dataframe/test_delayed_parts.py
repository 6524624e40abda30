from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from minidask.delayed import delayed

FRAME = pd.DataFrame({"x": range(6), "y": 0.5})


def parts(count: int = 3) -> list:
    step = len(FRAME) // count
    return [delayed(FRAME.iloc)[at * step : (at + 1) * step] for at in range(count)]


def test_from_delayed():
    assert_eq(dd.from_delayed(parts()), FRAME)
    assert_eq(dd.from_delayed(parts(), meta={"x": "int64", "y": "float64"})["y"].sum(), 3.0)
    assert_eq(dd.from_delayed(parts(), divisions=(0, 2, 4, 5)), FRAME)
    assert_eq(dd.from_delayed(parts(1)[0]), FRAME)
    assert dd.from_delayed(parts(), prefix="mine")._name.startswith("mine-")


def test_there_and_back():
    df = dd.from_pandas(FRAME, npartitions=3)
    assert_eq(dd.from_delayed((df + 1).to_delayed()), FRAME + 1)


class Held:
    """What stands for a result elsewhere, as far as collections know it."""

    __minidask_future__ = True

    def __init__(self, key: str, value: object) -> None:
        self.key, self.value = key, value

    def result(self) -> object:
        return self.value

    def __dask_tokenize__(self) -> str:
        return self.key


def test_from_what_stands_for_results():
    held = [Held("a", FRAME), Held("b", FRAME)]
    df, again = (dd.from_delayed(held, meta=FRAME.iloc[:0]) for _ in range(2))
    assert df.npartitions == 2
    assert df._name == again._name
    assert_eq(df, pd.concat([FRAME, FRAME]))


def test_meta_is_checked():
    df = dd.from_delayed(parts(), meta={"x": "int64", "z": "float64"})
    with pytest.raises(ValueError, match=r"from_delayed: a value does not fit the meta.*'z' declared float64"):
        df.compute()
    assert len(dd.from_delayed(parts(), meta={"x": "int64"}, verify_meta=False).compute().columns) == 2


@pytest.mark.parametrize(
    ("args", "kind", "message"),
    [
        (([],), ValueError, "at least one delayed value"),
        (([FRAME],), TypeError, "takes delayed values or futures, got DataFrame"),
        ((delayed(1),), TypeError, "meta must describe"),
    ],
)
def test_bad_input(args, kind, message):
    with pytest.raises(kind, match=message):
        dd.from_delayed(*args)


def test_nothing_said_is_found_out():
    frame = pd.DataFrame({"x": [1]})
    lazy = dd.from_delayed([delayed(frame)], meta=None, prefix=None)
    assert lazy._name.startswith("from-delayed-")
    assert_eq(lazy, frame)
