"""Rows of tasks in columns: what an upload chunk is made of, while it is being made.

Place in the flow: filled by `client` (single submissions, many of which share a chunk), `mapping` and `upload`; turned into a
`messages.Upload` by `session`.

Invariants: row ``i`` has the local id ``first + i``; ``option`` is None until a row has options, otherwise as long as the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from minidask.graph.task import Key
from minidask_distributed.messages import Upload
from minidask_distributed.protocol.keys import encode_keys

CHUNK_ROWS = 2048
"""Most rows of an upload chunk: the first tasks run while the rest is encoded (2-4k cost as little a task as more do)."""

FIRST_ROWS = 128
"""Rows of the first chunk where a submission has four times as many: workers begin a millisecond after the call."""


def chunks(length: int, most: int = CHUNK_ROWS) -> Iterator[slice]:
    """Yield the pieces in which so many rows are sent.

    Examples
    --------
    >>> [(piece.start, piece.stop) for piece in chunks(3000)], list(chunks(100))
    ([(0, 128), (128, 2176), (2176, 3000)], [slice(0, 100, None)])
    """
    start = 0
    if length >= 4 * FIRST_ROWS and most > FIRST_ROWS:
        start = FIRST_ROWS
        yield slice(0, start)
    for at in range(start, length, most):
        yield slice(at, min(at + most, length))


class Rows:
    """Tasks with consecutive local ids.

    Parameters
    ----------
    first : int
        Local id of the first row.

    Examples
    --------
    >>> rows = Rows(1)
    >>> rows.append("x", 0, b"...", [])
    >>> rows.append("y", 1, None, [1], {"priority": 2})
    >>> rows.upload(1, 2, 1, True, []).dependents
    [1, 0]
    """

    __slots__ = ("dependents", "deps", "first", "keys", "literals", "n_deps", "named", "option", "options", "recipe")

    def __init__(self, first: int) -> None:
        self.first = first
        self.keys: list[Key] = []
        self.recipe: list[int] = []
        self.literals: list[Any] = []
        self.deps: list[int] = []
        self.n_deps: list[int] = []
        self.dependents: list[int] = []
        self.named: list[int] = []
        self.options: list[dict[str, Any]] = []
        self.option: list[int] | None = None

    def append(
        self,
        key: Key,
        recipe: int,
        literals: Any,
        deps: Sequence[int],
        options: dict[str, Any] | None = None,
        named: bool = False,
    ) -> None:
        """Add a row; those of its dependencies that are rows here have one dependent more."""
        if named:
            self.named.append(len(self.keys))
        if options is not None or self.option is not None:
            self.choose(options)
        self.keys.append(key)
        self.recipe.append(recipe)
        self.literals.append(literals)
        self.n_deps.append(len(deps))
        self.dependents.append(0)
        for dep in deps:
            self.deps.append(dep)
            if dep >= self.first:
                self.dependents[dep - self.first] += 1

    def choose(self, options: dict[str, Any] | None) -> None:
        """Say what options the next row has; to be called for each row, or for none."""
        if self.option is None:
            self.option = [-1] * len(self.keys)
        if options is None:
            self.option.append(-1)
            return
        # Nearly always the same as before; otherwise there are few.
        for at in range(len(self.options) - 1, -1, -1):
            if self.options[at] == options:
                self.option.append(at)
                return
        self.option.append(len(self.options))
        self.options.append(options)

    def upload(
        self,
        submission: int,
        announced: int,
        roots: int,
        last: bool,
        recipes: list[list[Any]],
        wanted: list[int] | None = None,
    ) -> Upload:
        """Return the message; see `messages.Upload` for its fields."""
        return Upload(
            submission,
            self.first,
            announced,
            roots,
            last,
            encode_keys(self.keys),
            recipes,
            self.recipe,
            self.literals,
            self.deps,
            self.n_deps,
            self.dependents,
            wanted,
            self.named,
            self.options,
            self.option,
        )
