from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.collection import new_collection
from minidask.dataframe.joining.carry import Carried, Edge
from tests.dataframe.frames import cut

FRAME = pd.DataFrame({"t": range(6), "g": list("abacca")})


@pytest.mark.parametrize(
    ("by", "before", "behind", "rows"),
    [
        ((), True, False, [[0, 1], [1], [1, 2, 3], [3, 4, 5]]),
        ((), False, True, [[0, 1, 2], [2], [2, 3, 4], [4, 5]]),
        (("g",), True, True, [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]),
    ],
)
def test_partitions_with_what_neighbours_hand_on(by, before, behind, rows):
    df = cut(FRAME, [0, 2, 2, 4, 6])
    carried = new_collection(Carried("carried", df._layer, by, before, behind), df._meta)
    parts = [carried.get_partition(at).compute(scheduler="sync")["t"].tolist() for at in range(4)]
    assert [sorted(part) for part in parts] == rows


def test_one_partition_needs_nobody():
    df = dd.from_pandas(FRAME, npartitions=1)
    assert len(Carried("carried", df._layer, (), True, True).lower()) == 1


def test_edges():
    assert Edge((), True)(FRAME)["t"].tolist() == [0]
    assert Edge(("g",), True)(FRAME)["t"].tolist() == [0, 1, 3]
    assert Edge(("g",), False)(FRAME.iloc[:0], FRAME)["t"].tolist() == [1, 4, 5]
