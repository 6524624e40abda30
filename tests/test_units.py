"""Tests of `minidask.units`."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.units import format_bytes, format_time, parse_bytes, parse_timedelta


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100", 100),
        ("100 MB", 100_000_000),
        ("5kB", 5000),
        ("5.4 kB", 5400),
        ("1kiB", 1024),
        ("Mi", 2**20),
        ("1e6", 1_000_000),
        ("1e6 kB", 1_000_000_000),
        ("MB", 1_000_000),
        (" 5 KIB ", 5120),
        ("1_000", 1000),
        (".5 MB", 500_000),
        ("-5MB", -5_000_000),
        ("2 PiB", 2**51),
        ("3 bytes", 3),
        (123, 123),
        (1.9, 1),
        ("9007199254740993 kB", 9007199254740993000),
    ],
)
def test_parse_bytes(text, expected):
    assert parse_bytes(text) == expected
    assert type(parse_bytes(text)) is int


@pytest.mark.parametrize("text", ["5 foos", "", "  ", "0x10", "1 2", "nan", "MB 5", "1..2", "5 MB/s", "1e400", "1__e"])
def test_parse_bytes_refuses_texts_that_say_no_amount(text):
    with pytest.raises(ValueError, match="bytes"):
        parse_bytes(text)


def test_parse_bytes_names_the_unknown_unit():
    with pytest.raises(ValueError, match=r"'5 foos'.*unknown unit 'foos'.*'128 MiB'"):
        parse_bytes("5 foos")


@pytest.mark.parametrize("value", [None, True, [1], b"5", 1j])
def test_parse_bytes_refuses_other_types(value):
    with pytest.raises(TypeError, match="a number of bytes is an int, a float or a text"):
        parse_bytes(value)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_parse_bytes_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError, match="must be finite"):
        parse_bytes(value)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (921, "921 B"),
        (922, "0.90 kiB"),
        (1024, "1.00 kiB"),
        (12345678, "11.77 MiB"),
        (1234567890000000, "1.10 PiB"),
        (-2048, "-2.00 kiB"),
    ],
)
def test_format_bytes(n, expected):
    assert format_bytes(n) == expected


@given(st.integers(0, 999 * 2**50))
def test_formatted_bytes_are_short_and_can_be_read_back(n):
    text = format_bytes(n)
    assert len(text) <= 10
    assert parse_bytes(text) == pytest.approx(n, rel=0.006)


def test_format_bytes_refuses_text():
    with pytest.raises(TypeError):
        format_bytes("5 MB")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3s", 3),
        ("3.5 seconds", 3.5),
        ("300ms", 0.3),
        ("3 ms", 0.003),
        ("5 us", 5e-6),
        ("5 µs", 5e-6),
        ("7 ns", 7e-9),
        ("1min", 60),
        ("5 M", 300),
        ("2 hours", 7200),
        ("1d", 86400),
        ("4 weeks", 2419200),
        ("1e-3s", 0.001),
        ("60", 60),
        (60, 60),
        (0.5, 0.5),
        (timedelta(seconds=3, microseconds=5), 3.000005),
    ],
)
def test_parse_timedelta(text, expected):
    assert parse_timedelta(text) == expected


def test_parse_timedelta_gives_whole_seconds_as_int_and_none_for_none():
    assert type(parse_timedelta("2 hours")) is int
    assert type(parse_timedelta(2.0)) is int
    assert type(parse_timedelta("1.5s")) is float
    assert parse_timedelta(None) is None


def test_parse_timedelta_takes_pandas_timedelta():
    pd = pytest.importorskip("pandas")
    assert parse_timedelta(pd.Timedelta("90s")) == 90


def test_parse_timedelta_default_unit():
    assert parse_timedelta("300", default="ms") == 0.3
    assert parse_timedelta(2, default="minutes") == 120
    for default in (False, None):
        with pytest.raises(ValueError, match="the span of time 3 needs a unit"):
            parse_timedelta(3, default=default)


@pytest.mark.parametrize("text", ["3 foos", "foo", "", "1 month", "s 3"])
def test_parse_timedelta_refuses_texts_that_say_no_span(text):
    with pytest.raises(ValueError, match="as a span of time"):
        parse_timedelta(text)


@pytest.mark.parametrize("value", [True, [3], b"3s"])
def test_parse_timedelta_refuses_other_types(value):
    with pytest.raises(TypeError, match="a span of time is a number, a text"):
        parse_timedelta(value)


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_parse_timedelta_refuses_what_is_not_finite(value):
    with pytest.raises(ValueError):
        parse_timedelta(value)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.00 us"),
        (1e-5, "10.00 us"),
        (0.123, "123.00 ms"),
        (1, "1.00 s"),
        (89, "89.00 s"),
        (600, "600.00 s"),
        (601, "10m 1s"),
        (6840, "114m 0s"),
        (7560, "2hr 6m"),
        (86400, "24hr 0m"),
        (216000, "2d 12hr"),
        (-61 * 60, "-61m 0s"),
    ],
)
def test_format_time(seconds, expected):
    assert format_time(seconds) == expected
