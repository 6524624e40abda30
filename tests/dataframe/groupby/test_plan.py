from __future__ import annotations

import numpy as np
import pytest

from minidask.dataframe.groupby.plan import NEEDS, Output, Plan, Primitive, aggregation_name, outputs_of


def plan(*outputs: Output) -> Plan:
    return Plan((("k",),), ("k",), outputs, True, True, True, True, None, None)


def test_names_of_functions():
    assert [aggregation_name(f) for f in (sum, np.mean, list, "first")] == ["sum", "mean", "list", "first"]
    for func in ("median", len, lambda x: x):
        with pytest.raises(NotImplementedError, match="groupby can't aggregate by"):
            aggregation_name(func)


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
