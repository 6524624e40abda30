import numpy as np

import minidask.array as da
from minidask.array.testing import assert_eq

DAYS = np.arange("2024-02-25", "2024-03-10", dtype="M8[D]").reshape(2, 7)
X = da.from_array(DAYS, chunks=(1, 3))


def test_days_of_business():
    for kwargs in ({}, {"weekmask": "Mon Tue"}, {"holidays": ["2024-03-01"]}):
        assert_eq(np.is_busday(X, **kwargs), np.is_busday(DAYS, **kwargs))
        assert_eq(np.busday_count(X, "2024-04-01", **kwargs), np.busday_count(DAYS, "2024-04-01", **kwargs))
        expected = np.busday_offset(DAYS, 2, roll="forward", **kwargs)
        assert_eq(np.busday_offset(X, 2, roll="forward", **kwargs), expected)
    assert_eq(np.busday_count(DAYS[0, 0], X), np.busday_count(DAYS[0, 0], DAYS))


def test_calendars():
    calendar = np.busdaycalendar(weekmask="Fri Sat", holidays=["2024-03-01"])
    made = np.is_busday(X, busdaycal=calendar)
    assert_eq(made, np.is_busday(DAYS, busdaycal=calendar))
    same = np.busdaycalendar(weekmask="Fri Sat", holidays=["2024-03-01"])
    assert np.is_busday(X, busdaycal=same).name == made.name != np.is_busday(X).name


def test_dates_as_text():
    for unit in (None, "M", "s"):
        assert_eq(np.datetime_as_string(X, unit), np.datetime_as_string(DAYS, unit))
    assert_eq(da.datetime_as_string(DAYS), np.datetime_as_string(DAYS))
