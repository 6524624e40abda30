"""Settings of the interpreter in processes that run nothing but a worker or a scheduler. Never called in a user's own process.

Place in the flow: called by what starts such processes (the nanny's child, the command lines), after the imports and before
the server.

Not for: environment variables, which must be set before libraries load (the nanny's).
"""

from __future__ import annotations

import gc
import sys

SWITCH_INTERVAL_S = 2e-4
"""How long a thread that computes keeps the interpreter when another one waits: the loop's answers come after 0.3 ms instead
of 5, for a thousandth of the time of pure Python code."""

GC_THRESHOLDS = (50_000, 20, 100)
"""New containers until a young collection, and so on: the default, 700, costs more than a task of a microsecond itself.
Above their memory target workers collect in any case (`worker.memory`)."""


def tune_process() -> None:
    """Let the event loop interrupt tasks sooner, and the garbage collector look less often, and not at what is loaded now."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
