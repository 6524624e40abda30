from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidask.dataframe.io.blocks import WINDOW, read_header, read_records
from minidask.dataframe.io.records import Dialect
from minidask.io.blocks import split_file
from minidask.io.paths import find_files

PLAIN = Dialect()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("blocks") / "x.csv"


def pieces(path, blocksize, rows=1):
    file = find_files(path)[0]
    header = read_header(file, PLAIN, 0, rows, True)
    return header, [read_records(block, PLAIN, header)[len(header) :] for block in split_file(file, blocksize)]


@given(
    rows=st.lists(st.lists(st.text(alphabet='a",\n\r', max_size=5), min_size=2, max_size=2), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    blocksize=st.integers(1, 40),
)
def test_every_record_is_in_one_block(path, rows, end, blocksize):
    texts = []
    for row in [["x", "y"], *rows]:
        out = io.StringIO()
        csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerow(row)
        texts.append(out.getvalue().encode())
    path.write_bytes(b"".join(texts))
    header, parts = pieces(path, blocksize)
    assert header == texts[0]
    assert b"".join(parts) == b"".join(texts[1:])
    starts = [sum(map(len, texts[:at])) for at in range(len(texts) + 1)]
    edges = [len(header) + sum(map(len, parts[:at])) for at in range(len(parts))]
    assert set(edges) <= set(starts)


def test_a_long_quoted_text_is_found_out_of_by_its_quotes(path):
    path.write_bytes(b"x,y\n" + b'1,"' + b"line\n" * 20_000 + b'"\n2,b\n')
    _, parts = pieces(path, 10_000)
    assert [len(part) > 0 for part in parts[:2]] == [True, False]
    assert b"".join(parts) == path.read_bytes()[4:]


def test_a_line_longer_than_the_window(path):
    path.write_bytes(b"x\n" + b"a" * (3 * WINDOW) + b"\nb\n")
    _, parts = pieces(path, 1000)
    assert [part for part in parts if part] == [b"a" * (3 * WINDOW) + b"\n", b"b\n"]


def test_a_long_header(path):
    path.write_bytes(b"x" * 50_000 + b",y\n1,2\n")
    header, parts = pieces(path, 1000)
    assert len(header) == 50_003
    assert [part for part in parts if part] == [b"1,2\n"]


def test_a_file_without_rows(path):
    path.write_bytes(b"x,y")
    assert pieces(path, 1) == (b"x,y", [b"", b"", b""])
