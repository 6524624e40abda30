from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.io.records import Dialect, first_row, header_end, next_record, starts_inside

PLAIN = Dialect()
fields = st.text(alphabet='ab",\n ', max_size=6)


def write(rows, **options):
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **options).writerows(rows)
    return out.getvalue().encode()


def records_of(data, dialect=PLAIN):
    starts, at = [0], 0
    while 0 <= (at := next_record(data, at, False, dialect, fresh=True)) < len(data):
        starts.append(at)
    return starts


@given(st.lists(st.lists(fields, min_size=2, max_size=3), min_size=1, max_size=6))
def test_records_begin_where_the_csv_module_wrote_them(rows):
    lengths = [len(write([row])) for row in rows]
    assert records_of(write(rows)) == [sum(lengths[:at]) for at in range(len(rows))]


@given(st.lists(st.lists(fields, min_size=1, max_size=3), min_size=1, max_size=6), st.data())
def test_any_place_of_a_clean_file_is_known_by_what_follows(rows, data):
    text = write(rows, quoting=csv.QUOTE_ALL)
    inside, states = False, []
    for byte in text:
        states.append(inside)
        inside ^= byte == ord('"')
    at = data.draw(st.sampled_from([at for at, byte in enumerate(text) if byte != ord('"')]))
    assert starts_inside(text[at:], PLAIN, at_end=True) == states[at]


@pytest.mark.parametrize(
    ("window", "inside"),
    [
        (b"abc\n1,2\n", False),
        (b'abc"\n', True),
        (b'c,"abc",', False),
        (b'x ""said"" y", 2', True),
        (b'5"pipe,"b"', False),
        (b',"",', False),
        (b"", False),
    ],
)
def test_telling_quotes(window, inside):
    assert starts_inside(window, PLAIN) is inside


def test_quotes_inside_fields_are_literals():
    assert records_of(b'5" x,2\n6"y,"a\nb"\n3,4\n') == [0, 7, 17]


def test_other_dialects():
    assert records_of(b"'a\nb';1\n2;3\n", Dialect(quote=b"'", delimiters=b";")) == [0, 8]
    assert records_of(b'a~"x~y"~', Dialect(newline=b"~")) == [0, 2]
    assert records_of(b'1, "a\nb"\n', Dialect(spaces=True)) == [0]
    assert records_of(b'1, "a\nb"\n') == [0, 6]
    assert records_of(b'1,2 # "x\n3,4\n', Dialect(comment=b"#")) == [0, 9]
    assert records_of(b'"a\n"b\n', Dialect(quote=b"")) == [0, 3]


def test_a_record_that_does_not_end_in_the_data():
    assert next_record(b"1,2", 0, False, PLAIN, fresh=True) == -1
    assert next_record(b'1,"a\n', 0, False, PLAIN, fresh=True) == -1
    # The last quote may be half of two.
    assert next_record(b'1,"a"', 0, False, PLAIN, fresh=True) == -1


@pytest.mark.parametrize(
    ("data", "skip", "rows", "end"),
    [
        (b"x,y\n1,2\n", 0, 1, 4),
        (b"\xef\xbb\xbfx,y\n1,2\n", 0, 1, 7),
        (b"made by\n\nx,y\n1,2\n", 2, 1, 13),
        (b"\n \nx,y\n1,2\n", 0, 1, 7),
        (b'"x\nz",y\n1,2\n', 0, 1, 8),
        (b"x,y\r\n1,2\r\n", 0, 1, 5),
        (b"x,y\r1,2\r", 0, 1, 4),
        (b'"x\rz",y\r1,2\r', 0, 1, 8),
        (b"x,y", 0, 1, -1),
        (b"1,2\n", 0, 0, 0),
        (b"", 0, 1, -1),
    ],
)
def test_headers(data, skip, rows, end):
    assert header_end(data, PLAIN, skip, rows, True) == end


def test_headers_after_comments():
    assert header_end(b'# "made\nx,y\n1,2\n', Dialect(comment=b"#"), 0, 1, True) == 12


def test_the_first_row():
    assert first_row(b"\n\n1,2\n3", 0, PLAIN, True) == b"1,2\n"
    assert first_row(b"\n1,2\n", 0, PLAIN, False) == b"\n"
    assert first_row(b"\n\n", 0, PLAIN, True) == b""
    assert first_row(b"1,2", 0, PLAIN, True) == b"1,2"
    assert first_row(b"#x\n1,2", 0, Dialect(comment=b"#"), True) == b"1,2"
