from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.extensions import (
    register_dataframe_accessor,
    register_index_accessor,
    register_series_accessor,
)
from minidask.dataframe.testing import assert_eq

FRAME = pd.DataFrame({"x": [1, 2, 3]})
DF = dd.from_pandas(FRAME, npartitions=2)


class Twice:
    def __init__(self, owner):
        if getattr(owner, "_kind", None) == "Series" and owner.dtype != "int64":
            raise AttributeError("twice is for integers")
        self.owner = owner

    def all(self):
        return self.owner * 2


@pytest.mark.parametrize(
    ("register", "kind", "lazy", "expected"),
    [
        (register_dataframe_accessor, dd.DataFrame, DF, FRAME * 2),
        (register_series_accessor, dd.Series, DF["x"], FRAME["x"] * 2),
        (register_index_accessor, dd.Index, DF.index, FRAME.index * 2),
    ],
)
def test_accessors(register, kind, lazy, expected):
    try:
        assert register("twice")(Twice) is Twice
        assert_eq(lazy.twice.all(), expected)
        assert kind.twice is Twice
        with pytest.warns(UserWarning, match="twice is there already; the accessor 'Twice' replaces it"):
            register("twice")(Twice)
        if kind is dd.Series:
            with pytest.raises(AttributeError, match="twice is for integers"):
                (DF["x"] * 0.5).twice
    finally:
        del kind.twice


def test_names_are_identifiers():
    with pytest.raises(ValueError, match="must be an identifier, got 'a b'"):
        register_series_accessor("a b")
