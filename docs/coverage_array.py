"""Write the table of NumPy's names: which are there for chunked arrays, and what to do instead of the others.

Place in the flow: run by hand, ``python docs/coverage_array.py docs/array_coverage.rst``, after names were added. It looks at
NumPy and at minidask themselves, and takes the remedies from ``minidask.array.remedies``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import minidask.array as da
from minidask.array.remedies import remedy

# (title, NumPy's, ours, where remedies are)
MODULES: list[tuple[str, Any, Any, str]] = [
    ("numpy", np, da, ""),
    ("numpy.linalg", np.linalg, da.linalg, "linalg"),
    ("numpy.fft", np.fft, da.fft, "fft"),
    ("numpy.random", np.random, da.random, "random"),
    ("numpy.ma", np.ma, da.ma, "ma"),
]
CLASSES: list[tuple[str, Any, Any, str]] = [
    ("numpy.ndarray", np.ndarray, da.Array, "methods"),
    ("numpy.random.Generator", np.random.Generator, da.random.Generator, "random"),
    ("numpy.random.RandomState", np.random.RandomState, da.random.RandomState, "random"),
]

HEAD = """Names of NumPy, one by one
==========================

Written by ``docs/coverage_array.py`` from the modules themselves. What is there has NumPy's meaning, lazily, under
``minidask.array``; NumPy's own function does the same when it is called with a chunked array. A name that isn't there raises
``AttributeError``, and NumPy's function of a chunked array ``TypeError``, with the text of the last column: neither computes
silently.

Of functions that NumPy doesn't dispatch (those of ``numpy.ma`` and ``numpy.random``, ``numpy.asarray`` and other conversions)
minidask isn't told: called with a chunked array these compute it. Types of elements (``numpy.float16``, ``numpy.datetime64``) and
constants are taken from NumPy.
"""


def public(owner: Any) -> list[str]:
    """Return the public names of a module or class, without types of elements and what belongs to Python."""
    names = [name for name in dir(owner) if not name.startswith("_")]
    return [name for name in names if not is_plain(owner, name)]


def is_plain(owner: Any, name: str) -> bool:
    """Whether a name is a type of elements, a constant or NumPy's list of types, which aren't about chunked arrays."""
    value = getattr(owner, name)
    if name in ("bool", "ScalarType", "sctypeDict", "dtype", "False_", "True_"):
        return True
    if isinstance(value, type):
        return issubclass(value, np.generic) and name not in ("record",)
    return (
        isinstance(owner, ModuleType) and isinstance(value, int | float | str | type(None)) and name != "little_endian"
    )


def ufuncs() -> list[str]:
    """Return the names of NumPy's ufuncs.

    >>> "sin" in ufuncs()
    True
    """
    return [name for name in public(np) if isinstance(getattr(np, name), np.ufunc)]


def section(title: str, there: Iterable[str], missing: Iterable[tuple[str, str]]) -> str:
    """Return a section: the names that are there, and a table of those that aren't.

    >>> print(section("Things", ["a", "b"], [("c", "use a")]).splitlines()[3])
    There: ``a``, ``b``.
    """
    lines = [title, "-" * len(title), ""]
    names = list(there)
    row = ""
    for word in ("There: " + ", ".join(f"``{name}``" for name in names) + ".").split(" "):
        if len(row) + len(word) > 126:
            lines.append(row.rstrip())
            row = ""
        row += word + " "
    lines += [row.rstrip(), ""] if names else []
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
            lines += [f"   * - ``{name}``", f"     - {escaped(instead)}"]
        lines.append("")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return a text that stands as it is in reStructuredText."""
    return text.replace("\\", "\\\\").replace("*", "\\*")


def has(ours: Any, name: str) -> bool:
    """Whether a module or class of minidask's has a public name."""
    return name in getattr(ours, "__all__", ()) or (not isinstance(ours, ModuleType) and hasattr(ours, name))


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    universal = ufuncs()
    for title, theirs, ours, where in [*MODULES, *CLASSES]:
        names = [name for name in public(theirs) if theirs is not np or name not in universal]
        there = [name for name in names if has(ours, name)]
        gone = [(name, remedy(where, name) or "") for name in names if not has(ours, name)]
        parts.append(section(title, there, gone))
        if theirs is np:
            gone = [(name, remedy("", name) or "") for name in universal if not has(da, name)]
            parts.append(section("numpy: ufuncs", [name for name in universal if has(da, name)], gone))
    methods = [name for name in public(np.ufunc) if callable(getattr(np.ufunc, name))]
    there = [name for name in methods if hasattr(da.add, name)]
    gone = [(name, remedy("ufuncs", name) or "") for name in methods if name not in there]
    parts.append(section("Methods of ufuncs", there, gone))
    beyond = [name for name in da.__all__ if not hasattr(np, name)]
    parts.append(section("Names beyond NumPy's", beyond, []))
    methods = [name for name in dir(da.Array) if not name.startswith("_") and not hasattr(np.ndarray, name)]
    parts.append(section("Methods and attributes beyond those of numpy.ndarray", methods, []))
    return "\n".join(parts)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
