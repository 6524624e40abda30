"""Write the table of pandas's names: which are there, and what to do instead of the others.

Place in the flow: run by hand, ``python docs/coverage_dataframe.py docs/dataframe_api.rst``, after names were added. It looks
at the classes of pandas and of minidask themselves, and takes the remedies from ``minidask.dataframe.remedies``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

import minidask.dataframe as dd
from minidask.dataframe.accessors import CategoricalAccessor, DatetimeAccessor, StringAccessor
from minidask.dataframe.keywords import NAMES, keyword_remedy, lacking
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


KEYWORDS = """Keyword arguments that aren't built
-----------------------------------

Each of them raises ``NotImplementedError`` with the text of the last column, unless it says what pandas does by default; one that
pandas doesn't have, either, raises ``TypeError``. Readers and writers say themselves which keywords they take.
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
        lines.append(table("not there", rows))
    return "\n".join(lines)


def table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a table of names and what to do instead.

    >>> print(table("not there", [("c", "use a")]).splitlines()[-1])
         - use a
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 26 74", "", f"   * - {title}", "     - instead"]
    for name, instead in rows:
        lines += [f"   * - ``{name}``", f"     - {instead}"]
    return "\n".join(lines) + "\n"


def refused_keywords() -> Iterator[tuple[str, str]]:
    """Return pairs of ``method(keyword)`` and what to do instead, for keywords that pandas has alone; each once."""
    groups = dd.from_pandas(pd.DataFrame({"k": [1], "x": [1]}), npartitions=1).groupby("k")
    grouped = (pd.api.typing.DataFrameGroupBy, type(groups)), (pd.api.typing.SeriesGroupBy, type(groups["x"]))
    found: dict[str, str] = {}
    for theirs, mine in [*CLASSES, *grouped, (pd, dd)]:
        place = "" if theirs is pd else "groupby." if (theirs, mine) in grouped else f"{theirs.__name__}."
        for name in public(theirs):
            method = getattr(mine, name, None)
            original = getattr(theirs, name)
            if not inspect.isfunction(method) or isinstance(original, type) or not callable(original):
                continue
            unwrapped = inspect.unwrap(method)
            have = inspect.signature(unwrapped).parameters
            for keyword in lacking(unwrapped, original):
                instead = keyword_remedy(name, keyword)
                if instead and keyword != "inplace" and NAMES.get((name, keyword)) not in have:
                    found[f"{place}{name}({keyword}=)"] = instead
    yield "...(inplace=True)", "nothing is changed in place: assign the result"
    yield from sorted(found.items())


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
    parts.append(KEYWORDS)
    parts.append(table("keyword", refused_keywords()))
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
