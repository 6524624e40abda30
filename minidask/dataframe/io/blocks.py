"""The records of one block of a CSV file, as bytes that pandas can parse by themselves.

Place in the flow: between ``minidask.io`` (ranges of bytes) and ``minidask.dataframe.io.csv_reader`` (pandas). ``records`` says
where records begin; here the bytes are fetched.

Invariant: where a block begins depends on the file's bytes and the place alone, so that neighbours agree on their
border. Where no block ends before it begins, the blocks hold every byte after the header once.
"""

from __future__ import annotations

from pandas.errors import ParserError

from minidask.dataframe.io.records import Dialect, header_end, next_record, starts_inside
from minidask.io.blocks import Block
from minidask.io.bytes import read_beginning, read_range
from minidask.io.paths import StoredFile

# How far to look for a quote that tells whether a place stands between quotes, in bytes.
WINDOW = 1 << 18
# Bytes read before a block's own first.
_BEFORE = 64
# Headers are read in pieces of this size, in bytes.
_HEADER = 1 << 14


def read_header(file: StoredFile, dialect: Dialect, skip: int, rows: int, skip_blank: bool) -> bytes:
    """Return a file's bytes before its first row: what is skipped, and the header. The whole file if no row follows."""
    nbytes = _HEADER
    while True:
        data = read_beginning(file, nbytes)
        end = header_end(data, dialect, skip, rows, skip_blank)
        if end >= 0:
            return data[:end]
        if len(data) < nbytes:
            return data
        nbytes *= 4


def read_records(block: Block, dialect: Dialect, header: bytes) -> bytes:
    """Return the file's header and the rows that begin in a block.

    Raises
    ------
    FileNotFoundError, FileChangedError
        If the file is gone or another.
    pandas.errors.ParserError
        If the block would begin after its end, because a quote is neither the beginning nor the end of a field.
    """
    file = block.file
    size = file.size
    assert size is not None, "only files of known size are split"
    start, stop = max(block.start, len(header)), size if block.stop is None else block.stop
    if stop <= start:
        return header
    # One read serves both ends: some bytes before the first, which the search needs, and the window after the last.
    begin = max(start - _BEFORE, 0)
    data = read_range(file, begin, min(stop + WINDOW, size))
    first, begin, data = (
        (start, begin, data) if start <= len(header) else _record_start(file, start, begin, data, dialect)
    )
    last, begin, data = (stop, begin, data) if stop >= size else _record_start(file, stop, begin, data, dialect)
    if last < first:
        raise ParserError(
            f"{block}: quotes contradict each other about where rows begin. Read whole files with blocksize=None, or say "
            "that quotes mean nothing with quoting=csv.QUOTE_NONE"
        )
    if begin == 0 and last == len(data) and data[:first] == header:
        return data
    # Large: copied once.
    return b"".join([header, memoryview(data)[first - begin : last - begin]])


def _record_start(file: StoredFile, at: int, begin: int, data: bytes, dialect: Dialect) -> tuple[int, int, bytes]:
    """Return where the first record begins at ``at`` or later; and the data and where these begin, more if it had to be."""
    size = file.size
    assert size is not None
    # From the byte before: its line break may end the record before `at`. Further back where that would part a run of quotes.
    look = max(at - 1, 0)
    while look > 0:
        if look <= begin:
            earlier = max(begin - _BEFORE, 0)
            data, begin = read_range(file, earlier, begin) + data, earlier
        if data[look - begin : look - begin + 1] != dialect.quote or not dialect.quote:
            break
        look -= 1
    inside = look > 0 and starts_inside(data[look - begin : at + WINDOW - begin], dialect, at_end=at + WINDOW >= size)
    while True:
        # The state holds at `look`, so that records may begin before `at`.
        found = next_record(data, look - begin, inside, dialect, fresh=look == 0)
        while 0 <= found < at - begin:
            found = next_record(data, found, False, dialect, fresh=True)
        if found >= 0:
            return begin + found, begin, data
        if begin + len(data) >= size:
            return size, begin, data
        data += read_range(file, begin + len(data), begin + 2 * len(data) + WINDOW)
