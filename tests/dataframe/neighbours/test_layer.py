import pickle

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.calls import Method
from minidask.dataframe.neighbours.context import FirstRows, LastRows, Windowed
from minidask.dataframe.neighbours.layer import Neighbours, Side, with_neighbours

FRAME = pd.DataFrame({"x": range(12), "y": range(12)})
DF = dd.from_pandas(FRAME, npartitions=6)
SIDE = Side(LastRows(1), LastRows(1))
BEHIND = Side(FirstRows(1), FirstRows(1))


def layer(before=None, after=None, **options):
    return with_neighbours("x", DF, Windowed(Method("diff")), before, after, "diff", FRAME.iloc[:0], **options)._layer


@pytest.mark.parametrize(("before", "after"), [(SIDE, None), (None, BEHIND), (SIDE, BEHIND)])
def test_tasks_grow_with_partitions_only(before, after):
    tasks = layer(before, after).lower()
    sides = (before is not None) + (after is not None)
    assert len(tasks) == 6 + sides * (5 + 4)
    assert all(len(task.dependencies) <= 3 for task in tasks.values())


def test_wanted_partitions_need_what_comes_before_or_behind():
    tasks = layer(SIDE)
    assert set(tasks.lower([(tasks.name, 0)])) == {(tasks.name, 0)}
    assert len(tasks.lower([(tasks.name, 2)])) == 1 + 2 + 1
    behind = layer(None, BEHIND)
    assert len(behind.lower([(behind.name, 5)])) == 1
    assert len(behind.lower([(behind.name, 3)])) == 1 + 2 + 1


def test_reach_bounds_what_is_needed():
    near = layer(SIDE._replace(reach=(0, 0, 0, 1, 3, 4)), BEHIND._replace(reach=(1, 2, 3, 6, 5, 6)))
    kinds = [key[1] for key in near.lower([(near.name, 3)]) if len(key) == 3]
    assert sorted(kinds) == ["after"] + ["before"] + ["summary-after"] * 2 + ["summary-before"] * 2
    assert len(near.lower([(near.name, 2)])) == 1 + 2 + 1


def test_one_more_argument_for_each_partition():
    each = with_neighbours("x", DF, report, None, None, "report", FRAME["x"].iloc[:0], each=list("abcdef"))
    assert each.partitions[[1, 4]].compute().tolist() == ["b", "e"]


def report(part, before, after, letter):
    return pd.Series([letter])


def test_columns():
    through, whole = layer(SIDE), layer(SIDE, through=False)
    assert through.required(frozenset("x")) == (frozenset("x"),)
    assert through.required(None) == through.required(frozenset()) == whole.required(frozenset("x")) == (None,)
    assert through.narrow({"x"}, through.inputs) is through
    other = dd.from_pandas(FRAME[["x"]], npartitions=6)._layer
    assert through.narrow({"x"}, (other,)).name != through.name


def test_layers_pickle():
    again = pickle.loads(pickle.dumps(layer(SIDE, BEHIND)))
    assert isinstance(again, Neighbours)
    assert again.lower() == layer(SIDE, BEHIND).lower()


def test_lineage():
    kept = with_neighbours("x", DF, Windowed(Method("diff")), SIDE, None, 0, FRAME.iloc[:0])
    lost = with_neighbours("x", DF, Windowed(Method("diff")), SIDE, None, 1, FRAME.iloc[:0], keeps_rows=False)
    assert kept._rows == DF._rows != lost._rows
    assert kept.divisions == DF.divisions
