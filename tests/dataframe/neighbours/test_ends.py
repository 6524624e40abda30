import pandas as pd

from minidask.dataframe.neighbours.ends import Behind, JoinBehind, see_behind


def test_summaries_keep_the_next_rows_and_the_last_time():
    rows = pd.Series(range(4), index=pd.date_range("2020", periods=4, freq="D"))
    seen = see_behind(rows, rows.index[1])
    assert seen.rows.tolist() == [0, 1]
    assert seen.last == rows.index[3]
    nothing = see_behind(rows.iloc[:0], rows.index[1])
    assert nothing.last is None
    joined = JoinBehind(pd.Timedelta("1D"))(nothing, seen, Behind(rows.iloc[2:], rows.index[3]))
    assert joined.rows.tolist() == [0, 1]
    assert joined.last == rows.index[3]
    assert JoinBehind(pd.Timedelta("1D"))(nothing, nothing).last is None
