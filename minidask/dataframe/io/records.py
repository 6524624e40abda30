"""Where records of CSV begin and end, quoted line breaks included. Pure functions of bytes.

Place in the flow: ``minidask.dataframe.io.blocks`` moves the ends of blocks with them. pandas splits the fields;
nothing here does.

How a block finds its first record without reading what comes before. A line break ends a record unless it stands between quotes.
Whether the place where we begin stands between quotes is told by the next quote that can only be one thing: after a
delimiter and before other text it opens a field, after other text and before a delimiter it closes one. Doubled quotes are
content (an even run), and a quote between delimiters (``,",``) may be either: those before the telling one are counted,
up to the file's end if it is near, which is outside quotes. Where nothing tells within a window, we are outside, too:
fields longer than the window, broken over lines and without quotes of their own are the case that this gets wrong.

It never passes silently: a block that begins outside quotes and ends inside them is refused by pandas ("EOF inside string"), and
the file's first block begins outside. So if every block of a file parses, by induction every block began where a record begins.

The states follow pandas's tokenizer: a quote opens a field only at its beginning, any other is a literal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Dialect:
    """What the bytes of a CSV file mean.

    Parameters
    ----------
    quote : bytes
        One byte; empty if nothing is quoted.
    delimiters : bytes
        The bytes that part fields.
    newline : bytes
        What ends a record besides a line break, if it was given; empty: ``\\n``, ``\\r``, or ``\\r\\n``.
    comment : bytes
        One byte that begins a comment, or empty.
    spaces : bool
        Spaces after a delimiter don't count.
    """

    quote: bytes = b'"'
    delimiters: bytes = b","
    newline: bytes = b""
    comment: bytes = b""
    spaces: bool = False

    @cached_property
    def edges(self) -> frozenset[int]:
        """Bytes beside a quote that say that a field begins or ends there."""
        return frozenset(self.delimiters + (self.newline or b"\r\n"))

    @cached_property
    def runs(self) -> re.Pattern[bytes]:
        """Finds runs of quotes."""
        return re.compile(re.escape(self.quote) + b"+")

    @property
    def breaks(self) -> bytes:
        """The byte that surely ends a record when it stands outside quotes, found at the end of every line break but
        a lone CR."""
        return self.newline or b"\n"


def starts_inside(window: bytes, dialect: Dialect, at_end: bool = False) -> bool:
    """Return whether the window's first byte, no quote itself, stands between quotes, as far as the window tells.

    Parameters
    ----------
    window : bytes
    dialect : Dialect
    at_end : bool
        Whether the file ends with the window; its end is outside quotes.

    Examples
    --------
    >>> starts_inside(b'is broken", 1', Dialect()), starts_inside(b'2,"next', Dialect())
    (True, False)
    """
    if not dialect.quote or dialect.quote not in window:
        return False
    edges, toggled = dialect.edges, False
    for run in dialect.runs.finditer(window):
        begin, end = run.span()
        # A run at the window's end may go on outside it.
        if end == len(window) and not at_end:
            break
        if (end - begin) % 2 == 0:
            continue
        before = begin == 0 or window[begin - 1] in edges or (dialect.spaces and window[begin - 1] == 32)
        after = end == len(window) or window[end] in edges
        if before and not after:
            return toggled
        if after and not before:
            return not toggled
        if not before:
            continue
        toggled = not toggled
    return toggled and at_end


def next_record(data: bytes, at: int, inside: bool, dialect: Dialect, *, fresh: bool = False) -> int:
    """Return where the next record begins, or -1 if the data end before that.

    Parameters
    ----------
    data : bytes
    at : int
        Where to begin.
    inside : bool
        Whether that place stands between quotes.
    dialect : Dialect
    fresh : bool
        Whether a field begins there.

    Examples
    --------
    >>> next_record(b'1,"a\\nb"\\n2,c\\n', 0, False, Dialect(), fresh=True)
    8
    """
    newline, quote = dialect.breaks, dialect.quote
    if not quote:
        return data.find(newline, at) + 1 or -1
    begin = at
    while True:
        if inside:
            at = _closing(data, at, quote)
            if at < 0:
                return -1
        found = data.find(newline, at)
        until = found if found >= 0 else len(data)
        if dialect.comment:
            comment = data.find(dialect.comment, at, until)
            until = comment if comment >= 0 else until
        opening = data.find(quote, at, until)
        if opening < 0:
            return found + 1 or -1
        inside = _opens(data, opening, begin, fresh, dialect)
        at = opening + 1


def header_end(data: bytes, dialect: Dialect, skip: int, rows: int, skip_blank: bool) -> int:
    """Return where the lines end that stand before the data, or -1 if ``data`` is too short to tell.

    Parameters
    ----------
    data : bytes
        The beginning of the file.
    skip : int
        Records to skip first, blank ones and comments included.
    rows : int
        Records of the header that follow, blank ones (if ``skip_blank``) and comments aside.

    Examples
    --------
    >>> header_end(b"made today\\n\\nx,y\\n1,2\\n", Dialect(), 1, 1, True)
    16
    """
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    while skip or rows:
        end = _line_end(data, at, dialect)
        if end < 0:
            return -1
        if skip:
            skip -= 1
        elif not _is_no_row(data[at:end], dialect, skip_blank):
            rows -= 1
        at = end
    return at


def first_row(data: bytes, at: int, dialect: Dialect, skip_blank: bool) -> bytes:
    """Return the first record at ``at`` or after it that is a row; empty if there is none."""
    while at < len(data):
        end = _line_end(data, at, dialect)
        line = data[at:] if end < 0 else data[at:end]
        if end < 0 or not _is_no_row(line, dialect, skip_blank):
            return b"" if _is_no_row(line, dialect, skip_blank) else line
        at = end
    return b""


def _closing(data: bytes, at: int, quote: bytes, final: bool = False) -> int:
    """Return the place after the quote that closes the field, or -1; a last byte tells nothing unless it is ``final``."""
    while (found := data.find(quote, at)) >= 0:
        if found + 1 == len(data) and not final:
            return -1
        if data[found + 1 : found + 2] != quote:
            return found + 1
        at = found + 2
    return -1


def _opens(data: bytes, at: int, begin: int, fresh: bool, dialect: Dialect) -> bool:
    if at == begin and fresh:
        return True
    if dialect.spaces:
        while at > 0 and data[at - 1] == 32:
            at -= 1
    return fresh if at == 0 else data[at - 1] in dialect.edges


def _line_end(data: bytes, at: int, dialect: Dialect) -> int:
    """Return the end of the record at ``at``, line break included; a lone CR is one, too."""
    if dialect.comment and data[at : at + 1] == dialect.comment:
        end = data.find(dialect.breaks, at) + 1 or -1
    else:
        end = next_record(data, at, False, dialect, fresh=True)
    if dialect.newline:
        return end
    line = data[at:end] if end >= 0 else data[at:]
    cr = line.find(b"\r")
    # A CR counts alone where it stands outside quotes; inside them `quoted` is true up to there.
    while 0 <= cr < len(line) - 1 and line[cr + 1 : cr + 2] != b"\n":
        if not _ends_inside(line[:cr], dialect):
            return at + cr + 1
        cr = line.find(b"\r", cr + 1)
    return end


def _ends_inside(data: bytes, dialect: Dialect) -> bool:
    """Return whether the end of data that begin with a record stands between quotes."""
    if not dialect.quote:
        return False
    at = 0
    while (opening := data.find(dialect.quote, at)) >= 0:
        if _opens(data, opening, 0, True, dialect):
            at = _closing(data, opening + 1, dialect.quote, final=True)
            if at < 0:
                return True
        else:
            at = opening + 1
    return False


def _is_no_row(line: bytes, dialect: Dialect, skip_blank: bool) -> bool:
    if dialect.comment and line.startswith(dialect.comment):
        return True
    return skip_blank and not line.strip(b" \t\r\n" + dialect.newline)
