"""The states of a task in the scheduler and the moves between them, as data.

Place in the flow: the code of `transitions` makes the moves, `check` holds the log of moves against this table, and
the diagram of the user guide is generated from it. A move that isn't listed here is a defect.

States are small ints for speed; `NAMES` has their names.
"""

from __future__ import annotations

from typing import Final

RELEASED: Final = 0
WAITING: Final = 1
QUEUED: Final = 2
NO_WORKER: Final = 3
PROCESSING: Final = 4
MEMORY: Final = 5
ERRED: Final = 6
FORGOTTEN: Final = 7

NAMES: Final = ("released", "waiting", "queued", "no-worker", "processing", "memory", "erred", "forgotten")

MEANINGS: Final[dict[int, str]] = {
    RELEASED: "known, but nobody needs its result now: kept because results that exist could need it again",
    WAITING: "needed; some of its dependencies aren't in memory yet",
    QUEUED: "could run; kept here because the workers have enough for the moment",
    NO_WORKER: "could run, but no worker of the cluster is allowed to run it",
    PROCESSING: "sent to a worker, where it runs, or waits for its data or for a thread",
    MEMORY: "its result is held by at least one worker",
    ERRED: "it failed, or something that it depends on did; or it was cancelled while others were still to name it",
    FORGOTTEN: "gone: nobody needs it, and nothing that exists could",
}

TRANSITIONS: Final[dict[tuple[int, int], str]] = {
    (RELEASED, WAITING): "somebody needs it",
    (RELEASED, QUEUED): "somebody needs it, it depends on nothing and comes with many others",
    (RELEASED, ERRED): "scattered data found no worker",
    (RELEASED, MEMORY): "scattered data arrived, or a worker came back with the result",
    (RELEASED, FORGOTTEN): "the last one that could need it is gone",
    (WAITING, QUEUED): "every dependency is in memory",
    (WAITING, NO_WORKER): "every dependency is in memory, but no worker may run it",
    (WAITING, RELEASED): "nobody needs it any more",
    (WAITING, ERRED): "a dependency failed, it was cancelled, or it is data that can't be made again",
    (WAITING, MEMORY): "a worker came back with the result",
    (QUEUED, PROCESSING): "a worker has room for it",
    (QUEUED, WAITING): "a dependency was lost with its worker",
    (QUEUED, NO_WORKER): "the last worker that may run it is gone",
    (QUEUED, RELEASED): "nobody needs it any more",
    (QUEUED, ERRED): "it was cancelled",
    (QUEUED, MEMORY): "a worker came back with the result",
    (NO_WORKER, QUEUED): "a worker that may run it joined",
    (NO_WORKER, WAITING): "a dependency was lost with its worker",
    (NO_WORKER, RELEASED): "nobody needs it any more",
    (NO_WORKER, ERRED): "it was cancelled",
    (NO_WORKER, MEMORY): "a worker came back with the result",
    (PROCESSING, MEMORY): "the worker finished it, or has a copy of it",
    (PROCESSING, ERRED): "it raised without retries left, killed too many workers, or was cancelled",
    (PROCESSING, QUEUED): "given back: recalled, retried, or its worker is gone",
    (PROCESSING, NO_WORKER): "given back, and no worker is left that may run it",
    (PROCESSING, WAITING): "a dependency was lost before it could be fetched",
    (PROCESSING, RELEASED): "nobody needs it any more",
    (MEMORY, RELEASED): "nobody needs the result any more, or its last holder is gone",
    (ERRED, RELEASED): "to be retried, or nobody asks for it any more",
    (ERRED, FORGOTTEN): "nobody asks for it any more",
}


def name_of(state: int) -> str:
    """Return a state's name.

    Examples
    --------
    >>> name_of(NO_WORKER)
    'no-worker'
    """
    return NAMES[state]


def diagram() -> str:
    """Return the states and moves in Graphviz's language.

    Examples
    --------
    >>> "queued -> processing" in diagram()
    True
    """
    lines = ["digraph scheduler {", "  rankdir=LR; node [shape=box, style=rounded];"]
    for (start, finish), why in TRANSITIONS.items():
        left, right = (NAMES[state].replace("-", "_") for state in (start, finish))
        lines.append(f'  {left} -> {right} [tooltip="{why}"];')
    return "\n".join([*lines, "}"])
