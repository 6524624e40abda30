"""What is known of where rows are: yes only where it is so."""

from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.collection import new_collection
from minidask.dataframe.layers import SelectPartitions
from minidask.dataframe.shuffle import HashTargets, RangeTargets, is_partitioned_by, rearrange, rows_meet

FRAME = pd.DataFrame({"x": [1, 2, 3, 4] * 5, "y": range(20), "z": 1.5})


@pytest.fixture
def moved():
    return dd.from_pandas(FRAME, npartitions=4).shuffle("x", npartitions=3)


def really(frame, labels, npartitions) -> bool:
    """Whether rows are where the targets would put them."""
    for at, part in enumerate(frame.partitions):
        places = HashTargets(labels, npartitions)(part.compute())
        if not (places == at).all():
            return False
    return True


def test_through_what_keeps_rows_and_keys(moved):
    for frame, labels in [
        (moved, ("x",)),
        (moved[moved["y"] > 3], ("x",)),
        (moved[["x", "z"]], ("x",)),
        (moved["x"], ("x",)),
        (moved.assign(w=1, y=moved["y"] + 1)[moved["x"] > 1][["w", "x"]], ("x",)),
        (moved.rename(columns={"x": "k", "y": "x"}), ("k",)),
    ]:
        assert is_partitioned_by(frame, labels, 3), frame
        assert really(frame, labels, 3)


def test_not_where_keys_change_or_rows_move(moved):
    assert not is_partitioned_by(moved, ["x"], 2)
    assert not is_partitioned_by(moved, ["y"], 3)
    assert not is_partitioned_by(moved, ["x", "y"], 3)
    assert not is_partitioned_by(moved, None, 3)
    assert not is_partitioned_by(moved.assign(x=moved["x"] + 1), ["x"], 3)
    assert not is_partitioned_by(moved.rename(columns={"x": "k", "y": "x"}), ["x"], 3)
    assert not is_partitioned_by(moved["y"], ["y"], 3)
    assert not is_partitioned_by(moved.partitions[[2, 1, 0]], ["x"], 3)
    assert not is_partitioned_by(moved.map_partitions(lambda part: part, meta=moved._meta), ["x"], 3)
    assert not is_partitioned_by(moved.shuffle("y"), ["x"], 3)
    assert not is_partitioned_by(dd.from_pandas(FRAME, npartitions=3), ["x"], 3)


def test_one_partition_has_all_rows():
    one = dd.from_pandas(FRAME, npartitions=1)
    assert is_partitioned_by(one, ["x"], 1)
    assert rows_meet(one, ["y"])


def test_by_the_index():
    moved = dd.from_pandas(FRAME, npartitions=4).shuffle(on_index=True, npartitions=3)
    assert is_partitioned_by(moved[moved["y"] > 3].assign(w=1)[["w"]], None, 3)
    assert really(moved["y"], None, 3)
    assert is_partitioned_by(moved["y"], None, 3)
    assert not is_partitioned_by(moved, ["x"], 3)
    assert rows_meet(moved, None)
    assert not rows_meet(moved, ["x"])


def test_rows_meet_where_some_of_the_keys_are_partitioned_by(moved):
    assert rows_meet(moved, ["x", "y"])
    assert rows_meet(moved[["y", "x"]], ["y", "x"])
    assert not rows_meet(moved, ["y"])
    assert not rows_meet(moved, None)
    both = moved.shuffle(["x", "y"])
    assert rows_meet(both, ["y", "x"])
    assert not rows_meet(both, ["x"])
    ranged = rearrange(moved, RangeTargets("y", (0, 10, 20)), 2)
    assert rows_meet(ranged, ["y", "z"])
    assert not rows_meet(ranged, ["z"])
    assert rows_meet(rearrange(moved, RangeTargets(None, (0, 10, 20)), 2), None)


@pytest.mark.slow
def test_long_chains_are_walked():
    frame = dd.from_pandas(FRAME, npartitions=2).shuffle("x")
    for at in range(2000):
        frame = frame.assign(**{f"n{at % 3}": at})
    assert is_partitioned_by(frame, ["x"], 2)


class Known(SelectPartitions):
    """A layer of another module that says what its rows are partitioned by."""

    __slots__ = ()
    partitioned_by = (HashTargets(("y",), 3), HashTargets(("x",), 3))


def test_layers_of_others_take_part(moved):
    frame = new_collection(Known("known", moved._layer, range(3)), moved._meta)
    assert is_partitioned_by(frame, ["x"], 3)
    assert is_partitioned_by(frame.assign(w=1), ["y"], 3)
    assert not is_partitioned_by(frame, ["z"], 3)
