"""The states of a task in a worker and the moves between them, as data.

Place in the flow: `machine` makes the moves, with ``validate`` each is held against this table, and the diagram of the user
guide is generated from it. A move that isn't listed here is a defect.

A record exists while something is known or wanted: "released" and "error" are how records begin and end, not states in
which they stay. Runs that nobody wants any more ("cancelled") are kept apart from the table of tasks until they end.
"""

from __future__ import annotations

from typing import Final

RELEASED: Final = "released"
WAITING: Final = "waiting"
FETCHING: Final = "fetching"
MISSING: Final = "missing"
READY: Final = "ready"
EXECUTING: Final = "executing"
LONG_RUNNING: Final = "long-running"
CANCELLED: Final = "cancelled"
RESUMED: Final = "resumed"
MEMORY: Final = "memory"
ERROR: Final = "error"

STATES: Final[dict[str, str]] = {
    RELEASED: "nothing is known of it: it hasn't come yet, or it went",
    WAITING: "to be run here; its recipe or some of its dependencies aren't here yet",
    FETCHING: "its result is wanted from another worker: in line for a peer, or on its way",
    MISSING: "its result is wanted, and no worker is known that has it: the scheduler was told and will name holders",
    READY: "all that it needs is here; a thread will take it",
    EXECUTING: "on a thread",
    LONG_RUNNING: "running, but it left the executor's slots (seceded)",
    CANCELLED: "running, and nobody wants the result any more",
    RESUMED: "running; it was cancelled and is wanted again, under a later attempt",
    MEMORY: "its result is held here",
    ERROR: "it raised, or couldn't be run; the scheduler was told",
}

RUNNING: Final = frozenset({EXECUTING, LONG_RUNNING, RESUMED})
"""The states of runs that are wanted."""

TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    (RELEASED, WAITING): "assigned; something that it needs isn't here",
    (RELEASED, READY): "assigned; all that it needs is here",
    (RELEASED, FETCHING): "a dependency, or data to be kept, that other workers hold or the scheduler sends",
    (RELEASED, MISSING): "a dependency that nobody is known to hold",
    (RELEASED, MEMORY): "data put here by a client",
    (WAITING, READY): "the last thing that it needs has come",
    (WAITING, RELEASED): "freed, stopped or given back",
    (WAITING, ERROR): "a dependency came that can't be read",
    (FETCHING, MEMORY): "its result has come",
    (FETCHING, MISSING): "no holder that is known could give it",
    (FETCHING, RELEASED): "nobody here needs it any more, or it can't be read",
    (FETCHING, WAITING): "assigned to be run here after all; something that it needs isn't here",
    (FETCHING, READY): "assigned to be run here after all",
    (MISSING, FETCHING): "the scheduler named holders, or sends the data",
    (MISSING, MEMORY): "data put here by a client, or by a fetch that was given up",
    (MISSING, RELEASED): "nobody here needs it any more",
    (MISSING, WAITING): "assigned to be run here; something that it needs isn't here",
    (MISSING, READY): "assigned to be run here",
    (READY, EXECUTING): "a thread took it",
    (READY, RELEASED): "freed, stopped or given back",
    (EXECUTING, MEMORY): "it gave a result",
    (EXECUTING, ERROR): "it raised",
    (EXECUTING, LONG_RUNNING): "it seceded",
    (EXECUTING, CANCELLED): "freed while it runs",
    (EXECUTING, WAITING): "a dependency was gone when it was to begin",
    (EXECUTING, READY): "a dependency was gone when it was to begin, and is back",
    (EXECUTING, RELEASED): "stopped, or it asked to be run elsewhere",
    (LONG_RUNNING, MEMORY): "it gave a result",
    (LONG_RUNNING, ERROR): "it raised",
    (LONG_RUNNING, CANCELLED): "freed while it runs",
    (LONG_RUNNING, RELEASED): "stopped, or it asked to be run elsewhere",
    (CANCELLED, RELEASED): "it ended, or was stopped",
    (CANCELLED, RESUMED): "assigned again",
    (RESUMED, MEMORY): "it gave a result",
    (RESUMED, ERROR): "it raised",
    (RESUMED, LONG_RUNNING): "it seceded",
    (RESUMED, CANCELLED): "freed again while it runs",
    (RESUMED, WAITING): "a dependency was gone when it was to begin",
    (RESUMED, READY): "a dependency was gone when it was to begin, and is back",
    (RESUMED, RELEASED): "stopped, or it asked to be run elsewhere",
    (MEMORY, RELEASED): "freed, or damaged on disk",
}


def diagram() -> str:
    """Return the states and moves in Graphviz's language.

    Examples
    --------
    >>> '"ready" -> "executing"' in diagram()
    True
    """
    lines = ["digraph worker {", "  rankdir=LR; node [shape=box, style=rounded];"]
    lines += [f'  "{start}" -> "{finish}" [tooltip="{why}"];' for (start, finish), why in TRANSITIONS.items()]
    return "\n".join([*lines, "}"])
