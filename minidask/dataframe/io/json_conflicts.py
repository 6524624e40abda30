"""Errors of JSON files: which file, which line, which column, what was found, what to do.

Place in the flow: only after something went wrong in ``json_reader``.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from minidask.dataframe.io.settle import is_text
from minidask.io.bytes import read_range

# Lines before a block are counted in pieces of this size, in bytes.
_PIECE = 1 << 22


def broken_line(form: Any, text: str) -> int | None:
    """Return the place of the first line that can't be parsed, found by halving; None if there are no lines or none is broken.

    Parameters
    ----------
    form : JsonFormat
    text : str
        What was parsed.
    """
    if not form.lines:
        return None
    lines = text.split("\n")
    first, after = 0, len(lines)
    if not _fails(form, lines):
        return None
    while after - first > 1:
        middle = (first + after) // 2
        if _fails(form, lines[first:middle]):
            after = middle
        else:
            first = middle
    return first if _fails(form, lines[first:after]) else None


def place(part: Any, at: int) -> str:
    """Return where the line ``at`` of a part stands in its file, for people: lines are counted from 1.

    Parameters
    ----------
    part : JsonPart
    at : int
        From 0.
    """
    block = part.block
    if block.start == 0:
        return f"line {at + 1}"
    before, done, start = 0, 0, block.start
    # The block's first line is the one after the first line break at its start or later, or one just before it.
    while done < start - 1:
        piece = read_range(block.file, done, min(done + _PIECE, start - 1))
        before += piece.count(b"\n")
        done += len(piece)
    return f"line {before + 2 + at}"


def conflict_error(reader: Any, part: Any, text: str, broken: Mapping[Hashable, Any]) -> ValueError:
    """Return the error for columns that aren't of the promised dtypes.

    Parameters
    ----------
    reader : JsonReader
    part : JsonPart
    text : str
        What was parsed.
    broken : mapping
        From column to the dtype that was found.
    """
    who = "given in meta" if reader.declared else "inferred"
    rows = [("column", "expected", "found", "first that does not fit")]
    remedy: dict[Hashable, str] = {}
    for label, found in broken.items():
        promised = reader.meta[label].dtype
        rows.append((repr(label), f"{promised} ({who})", str(found), _misfit(reader.form, part, text, label, promised)))
        kinds = {getattr(dtype, "kind", "O") for dtype in (promised, found)}
        remedy[label] = "float64" if kinds <= set("iuf") else "boolean" if kinds <= set("bf") else "object"
        if is_text(found) and not is_text(promised):
            remedy[label] = "str"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = "\n".join(
        "  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    advice = (
        f"Correct meta=: these hold both: {remedy!r}."
        if reader.declared
        else f"Read them with dtype={remedy!r}, or look further with sample=."
    )
    source = "" if reader.declared else f" (inferred from {reader.sampled})"
    return ValueError(f"{part}: values do not fit the dtypes of their columns{source}.\n\n{table}\n\n{advice}")


def _fails(form: Any, lines: list[str]) -> bool:
    text = "\n".join(lines)
    if not text.strip():
        return False
    try:
        form.parse(text)
    except (ValueError, OverflowError, TypeError):
        # That is the answer.
        return True
    return False


def _misfit(form: Any, part: Any, text: str, label: Hashable, promised: Any) -> str:
    """Return the first value that is no value of the dtype, and its line; empty where that can't be told."""
    if not form.lines:
        return ""
    kind = getattr(promised, "kind", "O")
    nullable = isinstance(promised, pd.api.extensions.ExtensionDtype) or kind not in "iub"
    wanted: tuple[type, ...] = (str,)
    if kind in "iuf" and not is_text(promised):
        wanted = (int,) if kind in "iu" else (int, float)
    elif kind == "b":
        wanted = (bool,)
    for at, line in enumerate(text.split("\n")):
        record = json.loads(line) if line.strip() else {label: None}
        if not line.strip() or not isinstance(record, dict):
            continue
        value = record.get(label)
        if value is None:
            if nullable:
                continue
            return f"a missing value in {place(part, at)}"
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted and str in wanted):
            return f"{value!r:.40} in {place(part, at)}"
    return ""
