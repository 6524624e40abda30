import numpy as np
import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cuttings, every_dtype

FRAME = every_dtype(23)
BINS = {"number": 3, "one": 1, "edges": [-5, 0, 2], "intervals": pd.IntervalIndex.from_breaks([-5, 0, 5])}


@pytest.mark.parametrize("bins", list(BINS))
@pytest.mark.parametrize(
    "options", [{}, {"normalize": True}, {"sort": False}, {"ascending": True}, {"dropna": False}], ids=str
)
def test_counts_by_intervals(bins, options):
    for df in cuttings(FRAME):
        for column in "ifgI":
            assert_eq(
                df[column].value_counts(bins=BINS[bins], **options),
                FRAME[column].value_counts(bins=BINS[bins], **options),
            )


def test_nothing_to_count():
    none = pd.Series([np.nan, np.nan])
    assert_eq(dd.from_pandas(none, npartitions=2).value_counts(bins=[0, 1]), none.value_counts(bins=[0, 1]))


def test_of_an_index_too():
    frame = FRAME.set_index("g")
    lazy = dd.from_pandas(frame, npartitions=3, sort=False)
    assert_eq(lazy.index.value_counts(bins=2), frame.index.value_counts(bins=2))


def test_texts_have_no_bins():
    with pytest.raises(TypeError, match="only works with numeric data, got str"):
        dd.from_pandas(FRAME, npartitions=2)["s"].value_counts(bins=2)
