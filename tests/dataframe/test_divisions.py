from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.divisions import bounds_of, check_divisions, known, unknown


def test_unknown_and_known():
    assert unknown(2) == (None, None, None)
    assert not known(unknown(1))
    assert known((0, 1))


def test_missing_divisions_are_unknown():
    assert check_divisions(None, 2) == (None, None, None)
    assert check_divisions([None, None], 1) == (None, None)


@pytest.mark.parametrize(
    ("divisions", "message"),
    [
        ([0, 1], "2 partitions need 3 divisions"),
        ([0, None, 2], "all be known or all be None"),
        ([0, 5, 3], "ascending order, got 5 before 3"),
    ],
)
def test_wrong_divisions(divisions, message):
    with pytest.raises(ValueError, match=message):
        check_divisions(divisions, 2)


def test_bounds_of_an_index():
    assert bounds_of(pd.Index([1, 2, 5, 9]), [0, 2]) == (1, 5, 9)
    assert bounds_of(pd.Index([]), [0]) is None
