"""``shuffle`` as users call it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import minidask.dataframe as dd
from minidask.dataframe.shuffle import HashTargets
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut_frames, every_dtype, few

FRAME = every_dtype(30)


@pytest.fixture
def source():
    return dd.from_pandas(FRAME, npartitions=4)


def meets(frame, keys) -> None:
    """Check that each key is in one partition, and that all rows are there."""
    parts = [part.compute() for part in frame.partitions]
    places = pd.concat([pd.Series(at, index=part.index) for at, part in enumerate(parts)]).reindex(FRAME.index)
    by_key = places.groupby([FRAME[key] for key in keys], dropna=False, observed=True).nunique()
    assert (by_key == 1).all()
    assert sorted(pd.concat(parts).index) == sorted(FRAME.index)


@pytest.mark.parametrize("label", FRAME.columns)
@pytest.mark.parametrize("npartitions", [None, 1, 7])
def test_by_a_column(source, label, npartitions):
    moved = source.shuffle(label, npartitions=npartitions)
    assert moved.npartitions == (npartitions or 4)
    assert not moved.known_divisions or npartitions == 1
    meets(moved, [label])
    pd.testing.assert_frame_equal(moved.compute().sort_index(), FRAME)


def test_by_several_columns(source):
    moved = source.shuffle(["i", "s"])
    meets(moved, ["i", "s"])
    assert moved._name == source.shuffle(["i", "s", "i"])._name
    assert_eq(moved, moved.compute())


def test_by_the_index(source):
    moved = source.shuffle(on_index=True, npartitions=3)
    for at, part in enumerate(moved.partitions):
        assert (HashTargets(None, 3)(part.compute()) == at).all()


def test_by_collections(source):
    meets(source.shuffle(source["i"]), ["i"])
    meets(source.shuffle(source[["i", "s"]]), ["i", "s"])
    by_value = source.shuffle(source["i"] % 2, npartitions=5)
    assert by_value._meta.columns.equals(FRAME.columns)
    expected = HashTargets(("x",), 5)(pd.DataFrame({"x": FRAME["i"] % 2}))
    for at, part in enumerate(by_value.partitions):
        pd.testing.assert_frame_equal(part.compute(), FRAME[expected == at])
    by_index = source.shuffle(source.index, npartitions=5)
    same = source.shuffle(on_index=True, npartitions=5)
    for one, other in zip(by_index.partitions, same.partitions):
        pd.testing.assert_frame_equal(one.compute(), other.compute())


def test_by_collections_on_odd_labels():
    for columns in (["x", "x"], pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]), [0, None]):
        frame = pd.DataFrame(np.arange(20).reshape(10, 2), columns=columns)
        source = dd.from_pandas(frame, npartitions=3)
        keys = source.map_partitions(first_column, meta=pd.Series([1]), enforce_metadata=False)
        moved = source.shuffle(keys, npartitions=2).compute()
        pd.testing.assert_frame_equal(moved.sort_index(), frame)


def first_column(part: pd.DataFrame) -> pd.Series:
    return part.iloc[:, 0]


def test_a_series(source):
    moved = source["i"].shuffle("i", npartitions=3)
    assert_eq(moved, moved.compute())
    pd.testing.assert_series_equal(moved.compute().sort_index(), FRAME["i"])
    pd.testing.assert_series_equal(source["s"].shuffle(source["i"]).compute().sort_index(), FRAME["s"])
    unnamed = dd.from_pandas(pd.Series([1, 2, 3]), npartitions=2)
    assert unnamed.shuffle(unnamed % 2).compute().name is None
    pd.testing.assert_series_equal(source["s"].shuffle(on_index=True).compute().sort_index(), FRAME["s"])


def test_the_index_can_be_made_anew(source):
    moved = source.shuffle("i", ignore_index=True, npartitions=3)
    for part in moved.partitions:
        assert part.compute().index.equals(pd.RangeIndex(len(part)))
    assert sorted(moved["t"].compute()) == sorted(FRAME["t"])


def test_what_is_in_place_is_not_moved_again(source):
    moved = source.shuffle("i")
    assert moved.shuffle("i") is moved
    assert moved.shuffle("i", force=True) is not moved
    assert moved[moved["f"] > 0].shuffle("i")._name == moved[moved["f"] > 0]._name
    again = moved.shuffle("i", force=True)
    for one, other in zip(moved.partitions, again.partitions):
        pd.testing.assert_frame_equal(one.compute(), other.compute())


@pytest.mark.slow
@few
@given(cut_frames())
def test_any_frame_in_any_partitions(pair):
    frame, collection = pair
    for on in ("i", ["f", "c"], ["s", "d", "I"]):
        parts = [part.compute() for part in collection.shuffle(on, npartitions=3).partitions]
        labels = (on,) if isinstance(on, str) else tuple(on)
        places = HashTargets(labels, 3)(frame)
        for at, part in enumerate(parts):
            pd.testing.assert_frame_equal(part, frame[places == at], check_index_type=False)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, r"shuffle needs keys: give on=, labels or a Series, or on_index=True"),
        ({"on": "i", "on_index": True}, TypeError, r"from the index or from on=, not from both"),
        ({"on": "ii"}, KeyError, r"no column 'ii'; .*'i'"),
        ({"on": ["i", "nope"]}, KeyError, r"no column 'nope'"),
        ({"on": []}, ValueError, r"needs at least one column to take keys from, got an empty list"),
        ({"on": [["i"]]}, TypeError, r"can't combine partitions with a list of values, one a row"),
        ({"on": "i", "npartitions": 0}, ValueError, r"npartitions must be at least 1, got 0"),
        ({"on": "i", "npartitions": 2.5}, TypeError, r"npartitions must be an integer, got float"),
        ({"on": "i", "npartitions": True}, TypeError, r"npartitions must be an integer, got bool"),
        ({"on": "i", "shuffle_method": "x"}, ValueError, r"unknown shuffle method 'x'; there are: disk"),
        ({"on": FRAME["i"]}, TypeError, r"can't combine partitions with a Series in memory"),
        ({"on": [FRAME["i"]]}, TypeError, r"can't combine partitions with a Series in memory"),
    ],
)
def test_bad_arguments(source, arguments, error, message):
    with pytest.raises(error, match=message):
        source.shuffle(**arguments)


def test_bad_collections(source):
    with pytest.raises(TypeError, match=r"one collection of keys, not a list of them"):
        source.shuffle([source["i"], source["s"]])
    with pytest.raises(TypeError, match=r"a collection of keys, one a row, got a Scalar"):
        source.shuffle(source["i"].sum())
    with pytest.raises(ValueError, match=r"needs at least one column to take keys from, got a DataFrame without any"):
        source.shuffle(source[[]])
    with pytest.raises(KeyError, match=r"a Series has one column, 'i'; got 's'"):
        source["i"].shuffle("s")
    short = source.map_partitions(lambda part: part["i"].iloc[1:].reset_index(drop=True), meta=FRAME["i"].iloc[:0])
    with pytest.raises(ValueError, match=r"needs a key for each row"):
        source.shuffle(short.map_partitions(pd.Index, meta=pd.Index([1]))).compute()
