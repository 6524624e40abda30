"""Random chains of operations on random frames, cut anywhere: with and without the optimiser what pandas makes of the whole."""

from __future__ import annotations

import random
import tempfile
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, note, seed, settings
from hypothesis import strategies as st

import minidask.dataframe as dd
from minidask.dataframe.testing import assert_eq
from tests.dataframe.frames import cut_frames
from tests.dataframe.workflows.chains import INDEXES, endings
from tests.dataframe.workflows.more_steps import steps

LONGEST = 5
slowly = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=slowly)
@given(st.data())
def test_a_chain_is_what_pandas_makes_of_the_whole(data: st.DataObject) -> None:
    check_a_chain(data)


# Ten tests, so that a share of the endurance tests is a share of these.
@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", range(10))
def test_many_chains(block: int) -> None:
    @seed(block if settings.default.derandomize else random.getrandbits(64))
    @settings(max_examples=300, derandomize=False, database=None, suppress_health_check=slowly)
    @given(st.data())
    def chains(data: st.DataObject) -> None:
        check_a_chain(data)

    chains()


def check_a_chain(data: st.DataObject, scheduler: Any = "sync") -> None:
    """Draw a frame, where it is cut and steps; compute by ``scheduler``, and without the optimiser on threads."""
    expected, lazy = data.draw(cut_frames())
    with tempfile.TemporaryDirectory() as folder:
        source = data.draw(st.sampled_from(["cut", "divided", "parquet"]), label="source")
        if source == "divided":
            expected = expected.set_axis(INDEXES[data.draw(st.sampled_from(sorted(INDEXES)))](len(expected)))
            lazy = dd.from_pandas(expected, npartitions=data.draw(st.integers(1, 4)))
        elif source == "parquet":
            lazy.to_parquet(folder, compute_kwargs={"scheduler": "sync"})
            lazy = dd.read_parquet(folder, engine=data.draw(st.sampled_from(["pyarrow", "fastparquet"])))
            # Files keep no categories where there are no rows.
            expected = expected if len(expected) else pd.read_parquet(folder)
        note(f"{lazy.npartitions} partitions of {expected.reset_index().to_dict('list')}")
        given_frame = expected.copy(deep=True)
        walk(data, lazy, expected, scheduler)
        pd.testing.assert_frame_equal(expected, given_frame)


def walk(data: st.DataObject, lazy: Any, expected: pd.DataFrame, scheduler: Any) -> None:
    order = index = dtypes = True
    for _ in range(data.draw(st.integers(1, LONGEST))):
        step = data.draw(steps(expected, lazy, order, index))
        if step is None:
            continue
        note(f"{step}")
        expected, lazy = step.eager(expected), step.lazy(lazy)
        order = order if step.order is None else step.order
        index = index if step.index is None else step.index
        dtypes = dtypes and not step.promotes
    same(lazy, expected, order, index, dtypes, scheduler)
    if len(expected.columns) and (last := data.draw(endings(expected))):
        note(f"{last}")
        assert_eq(last.lazy(lazy), last.eager(expected), check_dtype=dtypes, check_meta=dtypes)


def same(lazy: Any, expected: pd.DataFrame, order: bool, index: bool, dtypes: bool, scheduler: Any) -> None:
    options = {
        "check_index": index, "check_order": order, "check_dtype": dtypes, "check_categorical": False, "check_freq": False
    }  # fmt: skip
    assert_eq(lazy, expected, check_meta=dtypes, **options)
    if scheduler != "sync":
        assert_eq(lazy.compute(scheduler=scheduler), expected, **options)
    plain = lazy.compute(scheduler="sync" if scheduler == "sync" else "threads", optimize_graph=False)
    assert_eq(plain, expected, **options)
    assert len(lazy) == len(expected)
