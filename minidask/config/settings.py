"""Every setting of minidask: its name, type, default, meaning, and the names it had. The only place that has them.

Place in the flow: `schema` makes the tree of defaults, the validation and the "did you mean" out of these declarations;
`reference` makes the table of the user guide. A feature declares its settings here when it begins to read them; the
package above registers its own with `minidask.config.declare`.

Invariants: a default passes its own kind's check; names use ``-`` except for those that are keyword arguments of
`compute` or of a decorator; a setting that nothing reads isn't declared.

Not for: reading a setting (`minidask.config.get`), which happens at the edges (`compute`, constructors) and not in the
machinery behind them.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

from minidask.config import kinds
from minidask.config.kinds import Kind, choice, either, optional
from minidask.config.tree import MISSING, Path, split_key

UNSET: Final = MISSING
"""The default of a setting for which None means something, too."""


class Setting(NamedTuple):
    """One declared setting.

    Examples
    --------
    >>> Setting("array.chunk-size", "16 MiB", kinds.BYTES, "Size of automatic chunks.").environment_variable
    'MINIDASK_ARRAY__CHUNK_SIZE'
    """

    name: str  # dotted
    default: Any
    kind: Kind
    doc: str  # reStructuredText, whole sentences
    unit: str = ""  # of a bare number
    aliases: tuple[str, ...] = ()  # names it had; setting one warns

    @property
    def path(self) -> Path:
        """The parts of the name."""
        return split_key(self.name)

    @property
    def environment_variable(self) -> str:
        """The variable that sets it."""
        return "MINIDASK_" + self.name.replace(".", "__").replace("-", "_").upper()


# Names that scripts written for the field set: they are taken, and checked, before there is anything to read them.
_COMING = " For a collection that isn't built yet."

_PIPELINE = either(kinds.CALLABLE, either(kinds.CALLABLES, optional(kinds.FALSE)))


def _pipeline(collection: str, note: str = "") -> Setting:
    return Setting(
        f"{collection}_optimize",
        UNSET,
        _PIPELINE,
        f"What optimises the graphs of {collection} collections: a function ``(graph, keys) -> graph``, or a list of them. "
        f"None or False: nothing does. Unset: the collection's own pipeline.{note}",
    )


SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "scheduler",
        None,
        optional(either(kinds.TEXT, kinds.CALLABLE, kinds.EXECUTOR)),
        "What runs graphs: ``'threads'``, ``'processes'``, ``'sync'`` or another registered name, a ``get`` function, "
        "or an executor. None: what suits the collection.",
    ),
    Setting(
        "num_workers",
        None,
        optional(kinds.POSITIVE_INTEGER),
        "Threads or processes of a local scheduler. None: as many as the processors that this process may use.",
    ),
    Setting(
        "pool",
        None,
        optional(kinds.POOL),
        "The pool of threads or processes that a local scheduler uses. None: its own.",
    ),
    Setting(
        "chunksize",
        None,
        optional(kinds.POSITIVE_INTEGER),
        "Tasks handed to a worker of a local scheduler at a time. None: the scheduler's choice.",
        unit="tasks",
    ),
    Setting(
        "temporary-directory",
        None,
        optional(kinds.PATH),
        "Where temporary files go, such as those of large shuffles. None: where the operating system puts them.",
    ),
    Setting(
        "tokenize.ensure-deterministic",
        False,
        kinds.BOOLEAN,
        "Raise an error where an object has no token that is the same in every process, instead of making up one.",
    ),
    Setting(
        "visualization.engine",
        None,
        optional(kinds.TEXT),
        "What draws graphs. None: the first that is installed.",
    ),
    Setting(
        "optimization.blockwise.active",
        True,
        kinds.BOOLEAN,
        "Fuse elementwise layers into one, before there are any tasks.",
    ),
    Setting(
        "optimization.fuse.active",
        None,
        optional(kinds.BOOLEAN),
        "Fuse tasks. None: where the collection's pipeline does so.",
    ),
    Setting(
        "optimization.fuse.ave-width",
        1,
        kinds.NUMBER_FROM_1,
        "Most tasks that are fused into one, for each level of the longest chain among them. 1 fuses linear chains "
        "alone; more saves scheduling and runs one after the other what could have run in parallel.",
        unit="tasks",
        aliases=("fuse_ave_width",),
    ),
    Setting(
        "optimization.fuse.max-width",
        None,
        optional(kinds.NUMBER_FROM_1),
        "Most tasks side by side in a fused task that is no linear chain. None: no bound.",
        unit="tasks",
        aliases=("fuse_max_width",),
    ),
    Setting(
        "optimization.fuse.max-height",
        math.inf,
        optional(kinds.NUMBER_FROM_1),
        "Longest chain in a fused task that is no linear chain. None: no bound, as infinity.",
        unit="tasks",
        aliases=("fuse_max_height",),
    ),
    Setting(
        "optimization.graph-warning-size",
        "10 MiB",
        kinds.BYTES,
        "Warn when a graph carries literals that are together larger than this.",
        unit="bytes",
    ),
    Setting(
        "multiprocessing.context",
        "spawn",
        choice("spawn", "forkserver", "fork"),
        "How the processes scheduler starts processes. ``fork`` isn't safe beside threads.",
    ),
    Setting(
        "multiprocessing.initializer",
        None,
        optional(kinds.CALLABLE),
        "A function without arguments that each new process of the processes scheduler calls first.",
    ),
    Setting(
        "delayed_pure", False, kinds.BOOLEAN, "Take functions given to ``delayed`` to be pure unless told otherwise."
    ),
    _pipeline("delayed"),
    _pipeline("array"),
    _pipeline("dataframe"),
    _pipeline("bag", _COMING),
    Setting(
        "array_plugins",
        None,
        optional(kinds.CALLABLES),
        "Functions called with each new array of ``minidask.array`` that is made in this process; what they return takes its "
        "place, unless it is None.",
    ),
    Setting(
        "array.chunk-size",
        "16 MiB",
        kinds.BYTES,
        "Size of automatic chunks. A 10-step polynomial took 75 ms in chunks of 4 MB and 551 ms in chunks of 32 MB on "
        "two cores: chunks should stay in the processor's caches.",
        unit="bytes",
    ),
    Setting(
        "array.keep-freed-memory",
        True,
        kinds.BOOLEAN,
        "Have the system's allocator keep the memory of freed arrays of up to 32 MiB for the next ones, from the first array on "
        "that is computed on threads of this process. Saves half the time where functions make temporaries of whole blocks; up "
        "to 64 MiB a thread stay with the process.",
    ),
    Setting(
        "array.memory-limit",
        None,
        optional(kinds.BYTES),
        "What a computation of arrays in this process may hold: more is warned of before it runs, and rechunks of more go by way "
        "of the disk. None: what is free.",
        unit="bytes",
    ),
    Setting(
        "array.rechunk.method",
        None,
        optional(choice("tasks", "disk", "p2p")),
        "How arrays are rechunked: ``'tasks'`` (or ``'p2p'``) in memory, ``'disk'`` by way of files in ``temporary-directory``. "
        "None: by tasks, or by way of the disk where the tasks run in this process and its memory can't hold the array.",
    ),
    Setting(
        "array.rechunk.threshold",
        1000,
        kinds.POSITIVE_INTEGER,
        "Pieces that rechunking cuts blocks into, for each block on average, beyond which it goes by way of other blocks. A "
        "piece costs about a microsecond, another way one more copy.",
        unit="pieces",
    ),
    Setting(
        "dataframe.blocksize",
        "64 MiB",
        kinds.BYTES,
        "Size of the blocks that text files are read in.",
        unit="bytes",
    ),
    Setting(
        "dataframe.merge.broadcast-limit",
        "256 MiB",
        kinds.BYTES,
        "Joins send one side whole to every partition of the other instead of shuffling both, if its needed columns have at most "
        "so many bytes by what files and data in memory say (a sixteenth of it where keys aren't whole numbers or dates).",
        unit="bytes",
    ),
    Setting(
        "dataframe.shuffle.method",
        None,
        optional(choice("tasks", "disk", "p2p")),
        "How dataframes are shuffled: ``'tasks'`` in memory, ``'disk'`` in memory, in files beyond a limit, ``'p2p'`` between a "
        "cluster's workers. None: what suits the scheduler, ``'disk'`` on one machine.",
        aliases=("shuffle", "dataframe.shuffle.algorithm"),
    ),
    Setting(
        "dataframe.shuffle.memory-limit",
        None,
        optional(kinds.BYTES),
        "What the shuffles of one process hold together before they write to ``temporary-directory``. None: a quarter of "
        "the memory that the process may use, and no more than half of what is free.",
        unit="bytes",
    ),
)

RESERVED: Final[tuple[str, ...]] = ("distributed",)
"""Groups that another package declares: nothing is said about unknown names in them until it has."""
