"""Cutting and joining: stable, complete, with the dtypes that pandas would give to the whole."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.shuffle.pieces import collect, join_all, join_pieces, merge_splits, split_rows
from minidask.dataframe.shuffle.targets import HashTargets
from tests.dataframe.frames import few, frames
from tests.dataframe.shuffle.kinds import kinds
from tests.dataframe.shuffle.test_layout import equal

KINDS = kinds()


class Places:
    """Targets that are written down, one a row by position."""

    columns = ()

    def __init__(self, *places: int) -> None:
        self.places = np.array(places, dtype=np.intp)

    def __call__(self, frame):
        return self.places[: len(frame)]


@pytest.mark.parametrize("name", KINDS)
def test_pieces_of_two_halves_are_the_rows_in_order(name):
    frame = KINDS[name]
    places = np.arange(len(frame)) % 3
    halves = [
        split_rows(frame.iloc[:20], Places(*places[:20]), 3),
        split_rows(frame.iloc[20:], Places(*places[20:]), 3),
    ]
    for at in range(3):
        equal(halves[0].piece(at), frame.iloc[:20][places[:20] == at])
        equal(join_pieces(at, *halves), frame[places == at])
        equal(join_all(at, collect((halves[0],), (halves[1],))), frame[places == at])
        equal(join_pieces(0, *[half.only(at) for half in halves]), frame[places == at])
    equal(halves[0].rows, frame.iloc[:20].take(np.argsort(places[:20], kind="stable")))
    equal(halves[0].empty(), frame.iloc[:0])
    equal(pickle.loads(pickle.dumps(halves[0])).rows, halves[0].rows)
    assert halves[0].nbytes > 0
    if halves[0].layout is not None:
        merged = merge_splits(halves)
        for at in range(3):
            equal(merged.piece(at), frame[places == at])


@pytest.mark.slow
@few
@given(st.lists(frames(max_rows=6), min_size=1, max_size=5), st.sampled_from([1, 2, 7, 300]))
def test_all_rows_arrive_once_and_in_order(parts, npartitions):
    targets = HashTargets(("i", "s"), npartitions)
    splits = [split_rows(part, targets, npartitions) for part in parts]
    whole = pd.concat(parts)
    places = targets(whole)
    for at in range(npartitions):
        found = join_pieces(at, *splits)
        equal(found, whole[places == at])


def test_partitions_of_different_dtypes_are_promoted_as_pandas_would():
    one = pd.DataFrame({"x": [1, 2], "c": pd.Categorical(["a", "b"])})
    two = pd.DataFrame({"x": [0.5, 1.5], "c": pd.Categorical(["z", "a"])})
    splits = [split_rows(part, Places(0, 1), 2) for part in (one, two)]
    found = join_pieces(0, *splits)
    assert found["x"].tolist() == [1.0, 0.5]
    assert found["c"].tolist() == ["a", "z"]
    assert isinstance(found["c"].dtype, pd.CategoricalDtype)


def test_empty_partitions_do_not_count_for_dtypes():
    empty = split_rows(pd.DataFrame({"x": pd.Series([], dtype=object)}), Places(), 2)
    full = split_rows(pd.DataFrame({"x": [1, 2]}), Places(0, 0), 2)
    assert join_pieces(0, empty, full)["x"].dtype == "int64"
    assert join_pieces(1, empty, full)["x"].dtype == object


def test_joined_rows_do_not_hold_the_memory_of_their_sources():
    split = split_rows(pd.DataFrame({"x": np.arange(10.0)}), Places(*[0] * 5, *[1] * 5), 2)
    joined = join_pieces(0, split)
    assert not np.shares_memory(joined["x"].to_numpy(), split.data.groups[1])
