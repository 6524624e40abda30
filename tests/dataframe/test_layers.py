from __future__ import annotations

import pickle

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.layers import (
    UNUSED,
    Assign,
    Columnwise,
    Filter,
    FrameLayer,
    Project,
    Rename,
    SelectPartitions,
    Stack,
    Uses,
    assign_columns,
    rewritten_name,
)

FRAME = pd.DataFrame({"x": [1, 2, 3], "y": [4, 5, 6], "z": [7, 8, 9]})
DF = dd.from_pandas(FRAME, npartitions=2)


def test_what_layers_need():
    mask = DF["x"] > 1
    assert isinstance(DF[mask]._layer, Filter)
    assert DF[mask]._layer.required({"y"}) == ({"y"}, None)
    assert DF[["x", "y"]]._layer.required({"y"}) == ({"y"},)
    assert DF[["x", "y"]]._layer.required(None) == ({"x", "y"},)
    assert DF["x"]._layer.required(None) == ({"x"},)
    assert (DF + 1)._layer.required({"y"}) == ({"y"},)
    assert (DF + DF)._layer.required({"y"}) == (None,)
    assert DF.dropna(subset=["z"])._layer.required({"y"}) == ({"y", "z"},)
    assert DF.rename(columns={"x": "a"})._layer.required({"a", "y"}) == ({"x", "y"},)
    assert DF.assign(w=DF["x"])._layer.required({"w", "y"}) == ({"y"}, None)
    assert DF.assign(w=DF["x"])._layer.required({"y"}) == ({"y"}, UNUSED)
    assert DF.partitions[0]._layer.required({"y"}) == ({"y"},)
    assert DF.map_partitions(lambda df: df)._layer.required({"y"}) == (None,)
    assert DF.index._layer.required(None) == (frozenset(),)


def test_kinds():
    assert isinstance(DF["x"]._layer, Project)
    assert isinstance((DF + 1)._layer, Columnwise)
    assert isinstance(DF.assign(w=1)._layer, Assign)
    assert isinstance(DF.rename(columns={"x": "a"})._layer, Rename)
    assert isinstance(DF.partitions[0]._layer, SelectPartitions)
    assert isinstance(dd.concat([DF, DF])._layer, Stack)
    assert isinstance(DF.index._layer, Uses)
    assert isinstance(DF.map_partitions(lambda df: df)._layer, FrameLayer)


def test_narrowed_layers_have_other_names():
    layer = DF[["x", "y"]]._layer
    narrow = layer.narrow({"x"}, layer.inputs)
    assert narrow.name != layer.name
    assert narrow.name == layer.narrow({"x"}, layer.inputs).name
    assert narrow.labels == ["x"]
    assert layer.labels == ["x", "y"]
    assert rewritten_name("a-b", 1, ()) == rewritten_name("a-b", 1, ()) != rewritten_name("a-b", 2, ())


def test_an_assignment_that_nobody_wants_is_left_out():
    layer = DF.assign(v=1, w=DF["x"])._layer
    assert layer.narrow({"x"}, layer.inputs) is layer.inputs[0]
    some = layer.narrow({"v"}, layer.inputs)
    assert some.names == ("v",)
    assert len(some.inputs) == 1


def test_layers_pickle():
    layer = pickle.loads(pickle.dumps(DF.assign(w=DF["x"])[["w", "y"]]._layer))
    assert layer.labels == ["w", "y"]
    assert layer.inputs[0].names == ("w",)


def test_assigning_leaves_the_frame_alone():
    assign_columns(FRAME, ("x",), 0)
    assert FRAME["x"].tolist() == [1, 2, 3]


def test_assigning_adds_no_rows():
    assert len(assign_columns(FRAME.iloc[:0], ("w",), FRAME["x"])) == 0
    assert assign_columns(FRAME.iloc[:0], ("w",), FRAME["x"] * 0.5)["w"].dtype == "float64"
