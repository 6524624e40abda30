from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.groupby.aggregation import Aggregation
from minidask.dataframe.groupby.plan import (
    NEEDS,
    Output,
    Plan,
    Primitive,
    outputs_of,
    placeholder,
    plain_pair,
    tree_aggregation,
)


def plan(*outputs: Output) -> Plan:
    return Plan((("k",),), ("k",), outputs, True, True, True, True, None, None)


def test_names_of_functions():
    assert [tree_aggregation(f) for f in (sum, np.mean, list, "first")] == ["sum", "mean", "list", "first"]
    own = Aggregation("own", len, len)
    assert tree_aggregation(own) is own
    for func in ("median", len, lambda x: x):
        assert tree_aggregation(func) is None


def test_pandas_gets_functions_of_the_same_names():
    own = Aggregation("own", len, len)
    spec = placeholder({"x": [own, "sum"], "y": ("z", own)})
    assert spec["x"][0].__name__ == spec["y"][1].__name__ == "own"
    assert spec["x"][1] == "sum"
    assert plain_pair(pd.NamedAgg("x", "sum")) == ("x", "sum")


def test_what_tables_hold():
    assert plan(Output("x", "mean")).in_tables
    assert not plan(Output("x", "nunique")).in_tables
    assert plan(Output("x", "size")).has_size
    assert plan(Output("x", "nunique")).has_size
    assert not plan(Output("x", "sum")).has_size


def test_primitives_are_shared():
    both = plan(Output("x", "mean"), Output("x", "count"), Output("x", "var"), Output("x", "std"), Output(None, "size"))
    assert both.primitives == (Primitive("x", "mean_sum"), Primitive("x", "count"), Primitive("x", "moments"))
    assert plan(Output("x", "sum", min_count=2)).primitives == (Primitive("x", "sum"), Primitive("x", "count"))
    assert set(NEEDS) >= {"sum", "nunique", "list"}


def test_plans_are_described():
    assert plan(Output("x", "var", 0)).describe() != plan(Output("x", "var", 1)).describe()


@pytest.mark.parametrize(
    ("spec", "named", "expected"),
    [
        ("sum", {}, [("x", "sum"), ("y", "sum")]),
        (["min", max], {}, [("x", "min"), ("x", "max"), ("y", "min"), ("y", "max")]),
        ({"y": ["sum", "mean"], "x": "min"}, {}, [("y", "sum"), ("y", "mean"), ("x", "min")]),
        (None, {"a": ("y", "sum"), "b": ("x", "var")}, [("y", "sum"), ("x", "var")]),
    ],
)
def test_outputs(spec, named, expected):
    assert [output[:2] for output in outputs_of(spec, ["x", "y"], named, False)] == expected


@pytest.mark.parametrize(
    ("spec", "named", "is_series", "message"),
    [
        (None, {}, False, "agg needs an aggregation"),
        ("sum", {"a": ("x", "sum")}, False, "agg got 'a' besides"),
        (None, {"a": "sum"}, False, "a named aggregation is name="),
        ({"x": "sum"}, {}, True, "by a name or a list of names"),
    ],
)
def test_bad_specs(spec, named, is_series, message):
    with pytest.raises(TypeError, match=message):
        outputs_of(spec, ["x"], named, is_series)
