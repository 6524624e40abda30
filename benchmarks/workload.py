"""Declare benchmarks: a named workload with one function for each library that does it.

Place: the files ``bench_*.py`` declare, ``compare`` chooses and reports, ``worker`` runs. Nothing of the libraries
measured is imported here, nor at the top of a ``bench_*.py``: only the process that measures a library imports it.

Three kinds:

- A ``Workload`` of kind "call": a case is a function that prepares (imports, data) and returns the function to be
  timed. It is called many times in one process; preparing is not timed.
- Of kind "process": a case returns the text of a program that is run in a fresh interpreter each time and prints
  ``[measured, value]`` as JSON in its last line. For imports and memory.
- Of kind "measure": a case returns a function that measures by itself and returns ``(measured, value)``. It is called
  once a round and never to warm up, which the case does at a size that suits it. For clusters: what stands around the
  measured part isn't timed, and the measure may be another than the wall clock's.

A case that has something to close yields instead of returning, and closes it afterwards.

The value that a case returns is compared between the libraries: a fast wrong answer is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

__all__ = ["SMALL", "Workload", "choose", "load", "size", "timed_import", "workload"]

Case = Callable[[], Any]

SMALL = "BENCHMARKS_SMALL"
"""The environment variable that `compare --small` sets, for itself and for the processes that measure."""

KINDS = ("call", "process", "measure")

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
    kind : "call", "process" or "measure"
    unit : "s", "bytes" or "number"
        Of what is measured.
    per : int
        Number of tasks (or the like) by which the measure is also divided in the table; 0 for none.
    limit : float, dict of library name to float, or None
        Largest allowed ratio of the first library's measure to each peer's, or to those named. Checked with ``--gate``.
    bound : float or None
        Largest allowed measure of the first library, in `unit`; of one task (see `per`) where the unit is bytes.
    goal : float or None
        What the project aims at, counted like `bound`. The table says whether it is reached; missing it fails nothing.
    rounds : int or None
        Fewer rounds than asked for, where one is long or exact.
    cases : dict of library name to function
    """

    name: str
    about: str
    kind: Literal["call", "process", "measure"] = "call"
    unit: Literal["s", "bytes", "number"] = "s"
    per: int = 0
    limit: float | Mapping[str, float] | None = None
    bound: float | None = None
    goal: float | None = None
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

    def limit_to(self, library: str) -> float | None:
        """Return the largest allowed ratio to a peer, or None.

        >>> Workload("x", "y", limit={"ray": 0.5}).limit_to("ray"), Workload("x", "y", limit=0.1).limit_to("ray")
        (0.5, 0.1)
        """
        return self.limit.get(library) if isinstance(self.limit, Mapping) else self.limit


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
    if made.kind not in KINDS:
        raise ValueError(f"workload {name!r}: kind must be one of {', '.join(map(repr, KINDS))}, not {made.kind!r}")
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


def size(full: int, small: int) -> int:
    """Return how large a workload is to be: `small` where ``--small`` only tries whether everything runs."""
    return small if os.environ.get(SMALL) else full


def timed_import(statement: str, before: str = "pass") -> str:
    """Return a program that measures how long `statement` takes after `before`, for a case of kind "process"."""
    return (
        f"{before}\nimport time\nstart = time.perf_counter()\n{statement}\n"
        "spent = time.perf_counter() - start\nimport json\nprint(json.dumps([spent, 'imported']))\n"
    )
