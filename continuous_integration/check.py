"""Run every check that needs no long test run, as many at a time as there are processors, and say at the end which failed.

Without arguments it runs them all, with names (``check.py lint types``) those alone. All run even when one fails, so
that one round shows everything there is to mend. What a check says is shown when it is done.

Not for: the test suite itself (``make test``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

PYTHON = sys.executable

# name: (command, how to mend what it finds); those that take longest stand first.
CHECKS = {
    "doctests": (
        [PYTHON, "-m", "pytest", "-q", "--doctest-modules", "--doctest-glob=*.rst", "--ignore=docs/conf.py"]
        + ["--ignore=docs/examples", "minidask", "minidask_distributed", "benchmarks", "docs", "README.rst"],
        "an example in a docstring or a page no longer does what it says",
    ),
    "types": ([PYTHON, "-m", "mypy"], "annotate, or narrow the type where it is known"),
    "architecture": ([PYTHON, "-m", "pytest", "-q", "tests/test_architecture.py"], "each failure says what to do"),
    "imports": (["lint-imports", "--no-logo", "--no-cache"], "the layers are explained in docs/contributing.rst"),
    "format": (["ruff", "format", "--check", "--quiet", "--diff", "."], "make format"),
    "lint": (["ruff", "check", "--quiet", "."], "make format mends some of it"),
}


def run(name: str) -> tuple[str, bool, str]:
    """Run one check; return its name, whether all was well, and what there is to read."""
    command, remedy = CHECKS[name]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    verdict = f"FAILED ({remedy})" if done.returncode else f"ok, {time.perf_counter() - start:.1f} s"
    return name, not done.returncode, f"== {name}: {' '.join(command)}\n{done.stdout}== {name} {verdict}"


def main(names: list[str]) -> int:
    """Run the checks of these names, all of them without names; return the number that failed."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"No check is called {unknown[0]!r}; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in as_completed([pool.submit(run, name) for name in names or CHECKS]):
            name, ok, said = done.result()
            print(said, flush=True)
            if not ok:
                failed.append(name)
    print(f"checks failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return min(len(failed), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
