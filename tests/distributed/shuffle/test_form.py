"""Pieces as bytes: what is decoded is what was split, for every dtype, index and cut."""

from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

from minidask.dataframe.shuffle.pieces import join_all, split_rows
from minidask_distributed.protocol.pickling import loads
from minidask_distributed.shuffle.form import Piece, encode
from tests.dataframe.frames import every_dtype


class Cycle:
    """Row ``i`` goes to ``i % n``, the last output gets nothing."""

    columns = ()

    def __init__(self, n):
        self.n = n

    def __call__(self, frame):
        return np.arange(len(frame)) % max(self.n - 1, 1)


def through(parts, n):
    """Return the outputs, as joined here and as joined from bytes."""
    splits = [split_rows(part, Cycle(n), n) for part in parts]
    encoded = [encode(split, range(n)) for split in splits]
    here, there = [], []
    for at in range(n):
        here.append(join_all(at, splits))
        there.append(join_all(at, [Piece(loads(one.head), one.pieces.get(at)) for one in encoded]))
    return here, there


def check(parts, n=3):
    here, there = through(parts, n)
    for one, other in zip(here, there, strict=True):
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, other)
        elif isinstance(one, pd.Series):
            pd.testing.assert_series_equal(one, other)
        else:
            pd.testing.assert_index_equal(one, other)


def odd(rows=20):
    """Columns of what has no place in Arrow, or another one."""
    values = range(rows)
    return pd.DataFrame(
        {
            "mixed": [None if i % 5 == 0 else (i if i % 2 else f"t{i}") for i in values],
            "lists": [[i, i + 1] for i in values],
            "complex": np.arange(rows) * (1 + 2j),
            "half": np.arange(rows, dtype="float16"),
            "interval": pd.cut(np.arange(rows), 4),
            "period": pd.period_range("2024-01", periods=rows, freq="M"),
            "sparse": pd.arrays.SparseArray([0, 0, 1, 0] * (rows // 4)),
            "bits": pd.array([1.5, None] * (rows // 2), dtype="double[pyarrow]"),
        }
    )


def test_every_dtype():
    frame = every_dtype()
    check([frame, frame.iloc[:0], frame.iloc[::-1]])
    check([frame.iloc[:1]], 5)


def test_odd_dtypes():
    check([odd(), odd().iloc[:0], odd().iloc[3:9]])


@pytest.mark.parametrize("column", [*odd().columns, *every_dtype().columns])
def test_single_columns(column):
    frame = odd() if column in odd().columns else every_dtype()
    check([frame[column], frame[column].iloc[:2]])
    check([frame[[column]]])


def test_bits_survive():
    nan = np.array([0x7FF8000000000001, 0xFFF8000000000002, 0x8000000000000000], dtype=np.uint64).view(np.float64)
    frame = pd.DataFrame({"x": nan})
    _, (out, _) = through([frame], 2)
    assert out["x"].to_numpy().view(np.uint64).tolist() == nan.view(np.uint64).tolist()


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(6, name="r"),
        pd.Index([3, 1, 2, 2, 5, 4], name=("a", 1)),
        pd.date_range("2024-01-01", periods=6, tz="Europe/Vienna"),
        pd.CategoricalIndex(list("abcabc")),
        pd.MultiIndex.from_product([["a", "b"], [1, 2, 3]], names=["x", None]),
        pd.Index(["a", None, "b", "c", "d", "e"], dtype=object),
        pd.timedelta_range("1h", periods=6),
    ],
    ids=lambda index: type(index).__name__,
)
def test_indexes(index):
    check([pd.DataFrame({"x": range(6)}, index=index), pd.DataFrame({"x": range(3)}, index=index[:3])])
    check([pd.Series(range(6), index=index)])
    if not isinstance(index, pd.MultiIndex):
        check([index, index[:2]])


def test_labels_that_are_no_texts_or_equal():
    frame = pd.DataFrame([[1, 2.5, "a"], [3, 4.5, "b"]], columns=["x", "x", 7])
    check([frame, frame])
    check([pd.DataFrame(np.eye(3), columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))])
    check([pd.DataFrame(index=[1, 2, 3])])


def test_sources_that_differ():
    first, second = pd.DataFrame({"c": pd.Categorical(["a", "b"])}), pd.DataFrame({"c": pd.Categorical(["z", "a"])})
    check([first, second, first.iloc[:0]])
    check([pd.DataFrame({"x": [1, 2]}), pd.DataFrame({"x": [1.5, np.nan]})])


class Special(pd.DataFrame):
    """A frame of a class of its own."""

    @property
    def _constructor(self):
        return Special


def test_frames_of_other_classes_travel_as_they_are():
    _, (out, *_) = through([Special({"x": [1, 2, 3]})], 3)
    assert type(out) is Special


def test_only_wanted_pieces_are_made():
    split = split_rows(pd.DataFrame({"x": range(9)}), Cycle(4), 4)
    assert sorted(encode(split, [1, 3]).pieces) == [1]
    assert encode(split, [1]).digest == encode(split, [2]).digest


def test_flat_columns_are_arrow_and_nothing_else():
    split = split_rows(pd.DataFrame({"x": range(9), "s": list("abcdefghi")}), Cycle(2), 2)
    piece = encode(split, [0]).pieces[0]
    assert bytes(piece[:4]) == b"\xff\xff\xff\xff", "an IPC message begins so"
    assert len(memoryview(piece)) == memoryview(piece).nbytes == piece.size


def test_what_cannot_be_pickled_is_named():
    split = split_rows(pd.DataFrame({"x": [threading.Lock()]}), Cycle(1), 1)
    with pytest.raises(TypeError, match="lock"):
        encode(split, [0])
