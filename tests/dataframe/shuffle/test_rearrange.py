"""The layer and the function that other parts call."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest
from hypothesis import given

import minidask.dataframe as dd
from minidask.dataframe.shuffle import HashTargets, RangeTargets, Rearrange, rearrange
from tests.dataframe.frames import cut_frames, every_dtype, few


def test_ranges_and_divisions():
    frame = every_dtype(30)
    source = dd.from_pandas(frame, npartitions=4)
    moved = rearrange(source, RangeTargets("i", (-3, 0, 3)), 2, divisions=(-3, 0, 3), prefix="sort")
    assert moved._name.startswith("sort-")
    assert moved.divisions == (-3, 0, 3)
    low, high = [part.compute() for part in moved.partitions]
    pd.testing.assert_frame_equal(low, frame[frame["i"] < 0])
    pd.testing.assert_frame_equal(high, frame[frame["i"] >= 0])


@pytest.mark.slow
@few
@given(cut_frames())
def test_all_rows_of_a_series_and_an_index(pair):
    frame, collection = pair
    moved = rearrange(collection["i"], HashTargets(("i",), 3), 3).compute()
    assert sorted(moved) == sorted(frame["i"])
    moved = rearrange(collection.index, HashTargets(None, 3), 3).compute()
    assert sorted(moved) == sorted(frame.index)


def test_building_is_lazy_and_names_are_deterministic():
    def never(at: int) -> pd.DataFrame:
        raise AssertionError("nothing is computed")

    source = dd.from_map(never, range(300), meta=pd.DataFrame({"x": [1]}).iloc[:0])
    one, two = rearrange(source, HashTargets(("x",), 9), 9), rearrange(source, HashTargets(("x",), 9), 9)
    assert one._name == two._name != rearrange(source, HashTargets(("x",), 8), 8)._name
    assert one.npartitions == 9
    assert not one.known_divisions


def test_only_needed_columns_travel():
    source = dd.from_pandas(every_dtype(20), npartitions=3)
    moved = rearrange(source, HashTargets(("i",), 2), 2)["f"]
    layers = moved.optimize().dask.layers.values()
    assert [layer.parts.columns for layer in layers if hasattr(layer, "parts")] in ([("i", "f")], [("f", "i")])
    assert sorted(moved.dropna().compute()) == sorted(source["f"].dropna().compute())


def test_the_layer_pickles_and_keeps_its_method():
    source = dd.from_pandas(every_dtype(20), npartitions=3)
    moved = rearrange(source, HashTargets(("i",), 2), 2, method="tasks")
    layer = pickle.loads(pickle.dumps(moved._layer))
    assert isinstance(layer, Rearrange)
    assert (layer.name, layer.method, layer.targets) == (moved._name, "tasks", HashTargets(("i",), 2))


def test_what_is_in_place_is_not_moved_again():
    source = dd.from_pandas(every_dtype(20), npartitions=3)
    moved = rearrange(source, HashTargets(("i",), 2), 2)
    assert rearrange(moved, HashTargets(("i",), 2), 2) is moved
    assert rearrange(moved, HashTargets(("i",), 2), 2, force=True) is not moved
    assert rearrange(moved, HashTargets(("i",), 3), 3) is not moved
    assert rearrange(moved, HashTargets(("f",), 2), 2) is not moved


def test_an_unknown_method_is_an_error_at_once():
    source = dd.from_pandas(every_dtype(5), npartitions=2)
    with pytest.raises(ValueError, match=r"unknown shuffle method 'partd'"):
        rearrange(source, HashTargets(("i",), 2), 2, method="partd")
