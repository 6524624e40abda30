"""Write the table of pandas's names: which are there, and what to do instead of the others.

Place in the flow: run by hand, ``python docs/coverage_dataframe.py docs/dataframe_api.rst``, after names were added. It looks
at the classes of pandas and of minidask themselves, and takes the remedies from ``minidask.dataframe.remedies``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.accessors import CategoricalAccessor, DatetimeAccessor, StringAccessor
from minidask.dataframe.remedies import remedy

CLASSES = [(pd.DataFrame, dd.DataFrame), (pd.Series, dd.Series), (pd.Index, dd.Index)]
SETTINGS = {"describe_option", "get_option", "option_context", "reset_option", "set_option", "set_eng_float_format"}
ACCESSORS = [
    ("str", StringAccessor, pd.Series(["a"])),
    ("dt", DatetimeAccessor, pd.Series(pd.to_datetime(["2020-01-01"]))),
    ("cat", CategoricalAccessor, pd.Series(["a"], dtype="category")),
]

HEAD = """Names of pandas, one by one
===========================

Written by ``docs/coverage_dataframe.py`` from the classes themselves. What is there has pandas's meaning, lazily. Using a name
that isn't there raises ``AttributeError`` or ``NotImplementedError`` with the text of the last column. Types
(``pandas.Timestamp``, ``CategoricalDtype`` and the like) and options are taken from pandas.
"""


def public(owner: object) -> list[str]:
    """Return the public names of a class or module."""
    return [name for name in dir(owner) if not name.startswith("_")]


def section(title: str, there: Iterable[str], missing: Iterable[tuple[str, str]]) -> str:
    """Return a section: the names that are there, and a table of those that aren't.

    >>> print(section("Things", ["a", "b"], [("c", "use a")]).splitlines()[3])
    There: ``a``, ``b``.
    """
    names = list(there)
    lines = [title, "-" * len(title), ""]
    text = "There: " + ", ".join(f"``{name}``" for name in names) + "."
    row = ""
    for word in text.split(" "):
        if len(row) + len(word) > 126:
            lines.append(row.rstrip())
            row = ""
        row += word + " "
    lines += [row.rstrip(), ""]
    rows = list(missing)
    if rows:
        lines += [
            ".. list-table::",
            "   :header-rows: 1",
            "   :widths: 26 74",
            "",
            "   * - not there",
            "     - instead",
        ]
        for name, instead in rows:
            lines += [f"   * - ``{name}``", f"     - {instead}"]
        lines.append("")
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for theirs, mine in CLASSES:
        kind = theirs.__name__
        names = public(theirs)
        there = [name for name in names if hasattr(mine, name)]
        missing = [(name, remedy(kind, name) or "") for name in names if not hasattr(mine, name)]
        parts.append(section(kind, there, missing))
        beyond = [name for name in public(mine) if name not in names]
        parts.append(section(f"{kind}: names beyond pandas's", beyond, []))
    for name, accessor, example in ACCESSORS:
        refused = accessor._refused
        names = public(getattr(example, name))
        there = [each for each in names if each not in refused]
        parts.append(section(f"Series.{name}", there, sorted(refused.items())))
    functions = [name for name in public(pd) if callable(getattr(pd, name)) and not isinstance(getattr(pd, name), type)]
    functions = [name for name in functions if name not in SETTINGS]
    there = [name for name in functions if name in dd.__all__]
    gone = [(name, remedy("module", name) or "") for name in functions if name not in there and remedy("module", name)]
    parts.append(section("Functions of the module", there, gone))
    parts.append(section("Functions beyond pandas's", [name for name in dd.__all__ if name not in there], []))
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
