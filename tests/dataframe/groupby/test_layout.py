from __future__ import annotations

import pandas as pd

from minidask.dataframe.groupby.layout import Layout, Pack

OPTIONS = (("sort", True), ("dropna", True), ("observed", True), ("as_index", True), ("group_keys", True))
FRAME = pd.DataFrame([[1, 2.0, "a"], [1, 3.0, "b"]], columns=[("k", 1), None, 7], index=[5, 5])
LAYOUT = Layout((("k", 1), None, 7), (None,), None, (0, None), (("k", 1), "own"), False, OPTIONS, None)


def test_rows_are_taken_out_as_they_were():
    packed = Pack(LAYOUT)((3,), FRAME, pd.Series(["u", "v"], index=[5, 5]))
    assert packed.columns.tolist() == ["v0", "v1", "v2", "k1", "tag"]
    assert LAYOUT.key_columns == ("v0", "k1")
    assert packed["tag"].tolist() == [3 << 40, (3 << 40) + 1]
    pd.testing.assert_frame_equal(LAYOUT.frame_of(packed), FRAME, check_names=True, check_column_type=False)
    assert LAYOUT.group(packed).size().tolist() == [1, 1]
    assert LAYOUT.group_tags(packed).size().index.names == [("k", 1), "own"]


def test_keys_of_fewer_rows_are_aligned():
    frame = FRAME.set_axis([0, 1], axis=0)
    assert LAYOUT.pack((0,), frame, pd.Series(["v"], index=[1]))["k1"].isna().tolist() == [True, False]


def test_series():
    layout = Layout(None, (None,), "x", (None,), ("k",), True, OPTIONS, None)
    series = pd.Series([1, 2], name="x")
    packed = layout.pack((0,), series, pd.Series([0, 0]))
    pd.testing.assert_series_equal(layout.frame_of(packed), series)
    assert layout.group(packed).sum().tolist() == [3]


def test_equality_is_by_value():
    assert LAYOUT == LAYOUT._replace()
    assert LAYOUT != LAYOUT._replace(selection=[7])
    assert LAYOUT._replace(selection=7) != LAYOUT._replace(selection=[7])
    assert hash(LAYOUT) == hash(LAYOUT._replace(single=True))
