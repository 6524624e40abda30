"""Frames to compare with: one of every dtype, and hypothesis strategies for frames and for where they are cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import settings
from hypothesis import strategies as st

import minidask.dataframe as dd


def every_dtype(rows: int = 23, seed: int = 0) -> pd.DataFrame:
    """A frame with integers, floats and strings with missing values, booleans, dates, durations, categories, Int64."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "i": rng.integers(-3, 4, rows),
            "f": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "b": rng.random(rows) < 0.5,
            "s": pd.Series(rng.choice(["x", "y", None], rows), dtype="str"),
            "d": pd.to_datetime(rng.integers(0, 10**9, rows), unit="s"),
            "c": pd.Categorical(rng.choice(["u", "v", "w"], rows), categories=["w", "v", "u", "zz"]),
            "I": pd.array([None if x < 0.2 else int(x * 10) for x in rng.random(rows)], dtype="Int64"),
            "t": pd.to_timedelta(rng.integers(0, 1000, rows), unit="s"),
            "g": rng.integers(0, 3, rows),
        }
    )


# Property-based tests here: one example is many pandas calls, so that they are few and have no deadline.
few = settings(max_examples=25, deadline=None)

NUMBERS = ["i", "f", "b", "I", "g"]


def cut(frame: pd.DataFrame, bounds: list[int]) -> dd.DataFrame:
    """Make a collection whose partitions begin and end at ``bounds``; equal ones make an empty partition."""
    return dd.from_map(Piece(frame), bounds[:-1], bounds[1:], meta=frame.iloc[:0])


class Piece:
    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def __call__(self, start: int, stop: int) -> pd.DataFrame:
        return self.frame.iloc[start:stop]


def cuttings(frame: pd.DataFrame) -> list[dd.DataFrame]:
    """The same frame in one partition, a few, one a row, and with empty partitions first, in the middle and last."""
    rows = len(frame)
    uneven = [0, 0, rows // 3, rows // 3, rows // 3 + 1, rows, rows]
    return [dd.from_pandas(frame, npartitions=n) for n in (1, 3, rows)] + [cut(frame, uneven)]


@st.composite
def frames(draw, max_rows: int = 12) -> pd.DataFrame:
    """Small frames with few distinct values, so that groups meet and ties happen."""
    rows = draw(st.integers(0, max_rows))

    def column(values, dtype):
        return pd.Series(draw(st.lists(values, min_size=rows, max_size=rows)), dtype=dtype)

    return pd.DataFrame(
        {
            "i": column(st.integers(-2, 2), "int64"),
            "f": column(st.sampled_from([0.0, -0.0, 1.5, -2.25, np.nan, 1e8]), "float64"),
            "b": column(st.booleans(), "bool"),
            "s": column(st.sampled_from(["a", "b", "", None]), "str"),
            "d": column(st.sampled_from(pd.to_datetime(["2020-01-01", "2021-06-30", None]).tolist()), "datetime64[us]"),
            "c": column(st.sampled_from(["u", "v", None]), pd.CategoricalDtype(["v", "u", "w"])),
            "I": column(st.sampled_from([1, 2, None]), "Int64"),
        }
    )


@st.composite
def cut_frames(draw) -> tuple[pd.DataFrame, dd.DataFrame]:
    """A frame, and the same in 1 to 20 partitions, some of them empty."""
    frame = draw(frames())
    inner = draw(st.lists(st.integers(0, len(frame)), max_size=19))
    return frame, cut(frame, sorted([0, *inner, len(frame)]))
