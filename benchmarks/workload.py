"""Declare benchmarks: a named workload with one function for each library that does it.

Place: the files ``bench_*.py`` declare, ``compare`` chooses and reports, ``worker`` runs. Nothing of the libraries
measured is imported here, nor at the top of a ``bench_*.py``: only the process that measures a library imports it.

Two kinds:

- A ``Workload`` of kind "call": a case is a function that prepares (imports, data) and returns the function to be
  timed. It is called many times in one process; preparing is not timed.
- Of kind "process": a case returns the text of a program that is run in a fresh interpreter each time and prints
  ``[measured, value]`` as JSON in its last line. For imports and memory.

The value that a case returns is compared between the libraries: a fast wrong answer is a failure.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

__all__ = ["Workload", "choose", "load", "timed_import", "workload"]

Case = Callable[[], Any]

_registry: dict[str, Workload] = {}


@dataclass
class Workload:
    """One thing to be done by every library.

    Attributes
    ----------
    name : str
        Words joined by dashes, the general one first, so that ``--only 'threads-*'`` chooses a group.
    about : str
        One line for the reader of the table.
    kind : "call" or "process"
    unit : "s" or "bytes"
        Of what is measured.
    per : int
        Number of tasks (or the like) by which the measure is also divided in the table; 0 for none.
    limit : float or None
        Largest allowed ratio of the first library's measure to each peer's. Checked with ``--gate``.
    bound : float or None
        Largest allowed measure of the first library, in `unit`; of one task (see `per`) where the unit is bytes.
    rounds : int or None
        Fewer rounds than asked for, where one is long or exact.
    cases : dict of library name to function
    """

    name: str
    about: str
    kind: Literal["call", "process"] = "call"
    unit: Literal["s", "bytes"] = "s"
    per: int = 0
    limit: float | None = None
    bound: float | None = None
    rounds: int | None = None
    file: str = ""
    cases: dict[str, Case] = field(default_factory=dict)

    def case(self, library: str) -> Callable[[Case], Case]:
        """Register the decorated function as this library's way; ValueError if the library has one already."""
        if library in self.cases:
            raise ValueError(f"workload {self.name!r} has two cases for {library!r}: rename or remove one")

        def register(function: Case) -> Case:
            self.cases[library] = function
            return function

        return register


def workload(name: str, about: str, **options: Any) -> Workload:
    """Declare a workload and return it, to be given cases; options are the attributes of `Workload`.

    >>> from benchmarks.workload import workload
    >>> total = workload("example-sum", "add up numbers", limit=1.0)
    >>> @total.case("python")
    ... def _():
    ...     numbers = range(1000)
    ...     return lambda: sum(numbers)
    >>> total.cases["python"]()()
    499500
    """
    if name in _registry:
        raise ValueError(f"two workloads are called {name!r}: names must be unique")
    file = sys._getframe(1).f_globals.get("__file__", "")
    made = Workload(name, about, file=file, **options)
    if made.kind not in ("call", "process"):
        raise ValueError(f"workload {name!r}: kind must be 'call' or 'process', not {made.kind!r}")
    _registry[name] = made
    return made


def load(files: list[Path]) -> dict[str, Workload]:
    """Run the files that declare workloads, where they have not been run; return what they declare, by name."""
    wanted = {str(file.resolve()) for file in files}
    for path in sorted(wanted - {w.file for w in _registry.values()}):
        # Under a name that child processes can import too, where the file is one of the project's.
        stem = Path(path).stem
        inside = Path(path).parent == Path(__file__).parent
        spec = importlib.util.spec_from_file_location(f"benchmarks.{stem}" if inside else stem, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    return {name: w for name, w in _registry.items() if w.file in wanted}


def choose(workloads: dict[str, Workload], pattern: str) -> list[Workload]:
    """Return the workloads whose names match shell patterns, joined by commas; ValueError if none does."""
    patterns = pattern.split(",")
    chosen = [w for name, w in workloads.items() if any(fnmatchcase(name, p.strip()) for p in patterns)]
    if not chosen:
        raise ValueError(f"no workload matches {pattern!r}; there are: {', '.join(workloads)}")
    return chosen


def timed_import(statement: str, before: str = "pass") -> str:
    """Return a program that measures how long `statement` takes after `before`, for a case of kind "process"."""
    return (
        f"{before}\nimport time\nstart = time.perf_counter()\n{statement}\n"
        "spent = time.perf_counter() - start\nimport json\nprint(json.dumps([spent, 'imported']))\n"
    )
