"""Run every check that needs no long test run, one after the other, and say at the end which failed.

Without arguments it runs them all, with names (``check.py lint types``) those alone. All run even when one fails, so
that one round shows everything there is to mend.

Not for: the test suite itself (``make test``).
"""

from __future__ import annotations

import subprocess
import sys
import time

PYTHON = sys.executable

# name: (command, how to mend what it finds)
CHECKS = {
    "format": (["ruff", "format", "--check", "--quiet", "--diff", "."], "make format"),
    "lint": (["ruff", "check", "--quiet", "."], "make format mends some of it"),
    "types": ([PYTHON, "-m", "mypy"], "annotate, or narrow the type where it is known"),
    "imports": (["lint-imports", "--no-logo", "--no-cache"], "the layers are explained in docs/contributing.rst"),
    "architecture": ([PYTHON, "-m", "pytest", "-q", "tests/test_architecture.py"], "each failure says what to do"),
    "doctests": (
        [PYTHON, "-m", "pytest", "-q", "--doctest-modules", "--doctest-glob=*.rst", "--ignore=docs/conf.py"]
        + ["--ignore=docs/examples", "minidask", "minidask_distributed", "benchmarks", "docs", "README.rst"],
        "an example in a docstring or a page no longer does what it says",
    ),
}


def main(names: list[str]) -> int:
    """Run the checks of these names, all of them without names; return the number that failed."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"No check is called {unknown[0]!r}; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or CHECKS:
        command, remedy = CHECKS[name]
        print(f"== {name}: {' '.join(command)}", flush=True)
        start = time.perf_counter()
        if subprocess.run(command).returncode:
            failed.append(name)
            print(f"== {name} FAILED ({remedy})", flush=True)
        else:
            print(f"== {name} ok, {time.perf_counter() - start:.1f} s", flush=True)
    print(f"checks failed: {', '.join(failed)}" if failed else "all checks passed", flush=True)
    return min(len(failed), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
