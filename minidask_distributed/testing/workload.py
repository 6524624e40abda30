"""What simulated tasks compute, and what must come of them: functions so simple that every result is known beforehand.

Place in the flow: clients make rows with a `Catalogue`, workers run them with `run`, and `invariants` compares what came out.

A key names its content, so equal keys are equal tasks whoever submits them. A recipe's blob is its name, ``kind/pace``:

- ``sum``: the literal plus the weighted sum of the dependencies;
- ``boom`` raises; ``flaky`` raises now and then; ``again`` asks now and then to be run elsewhere;
- ``secede`` leaves its thread's slot; ``crash`` takes its process along, mostly.

Not for: anything that takes time; how long a task "runs" is the clock's business.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from zlib import crc32

MODULUS = 1_000_003
KINDS = ("sum", "boom", "flaky", "again", "secede", "crash")
PACES = {"fast": 0.000_05, "even": 0.003, "slow": 0.4}
"""Seconds that tasks of a pace take, more or less."""


class Row(NamedTuple):
    """A task as its client wrote it."""

    recipe: str
    literal: int
    deps: tuple[str, ...]


class Doomed(Exception):
    """Raised for a key that can have no value: something that it is made of always raises."""


class Catalogue:
    """All tasks and data that any client ever named.

    Examples
    --------
    >>> catalogue = Catalogue()
    >>> data = catalogue.add_data(5)
    >>> key = catalogue.add("sum/fast", 1, (data,))
    >>> catalogue.value(key), catalogue.made_of(key) == {key, data}
    (6, True)
    """

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.data: dict[str, int] = {}
        self._values: dict[str, int | None] = {}
        self._made_of: dict[str, frozenset[str]] = {}

    def add(self, recipe: str, literal: int, deps: tuple[str, ...]) -> str:
        """Enter a task and return its key.

        Raises
        ------
        KeyError
            If a dependency isn't known.
        """
        for dep in deps:
            if dep not in self._made_of:
                raise KeyError(f"{dep!r} isn't in the catalogue")
        row = Row(recipe, literal, deps)
        key = f"{recipe.partition('/')[0]}-{crc32(repr(row).encode()):08x}"
        if key not in self.rows:
            self.rows[key] = row
            self._made_of[key] = frozenset((key,)).union(*(self._made_of[dep] for dep in deps))
            values = [self._values[dep] for dep in deps]
            doomed = recipe.startswith("boom/") or None in values
            self._values[key] = None if doomed else combine(literal, values)
        return key

    def add_data(self, value: int) -> str:
        """Enter data that a client scatters, and return its key."""
        key = f"data-{value}"
        self.data[key] = self._values[key] = value
        self._made_of[key] = frozenset((key,))
        return key

    def value(self, key: str) -> int:
        """Return what a key's result must be. Raises Doomed if there can't be one."""
        value = self._values[key]
        if value is None:
            raise Doomed(key)
        return value

    def made_of(self, key: str) -> frozenset[str]:
        """Return a key and all that it depends on; never iterate it unsorted, texts are hashed differently in each process."""
        return self._made_of[key]


def combine(literal: int, values: list[Any]) -> int:
    """Return what a task makes of its dependencies' values, in their order.

    Examples
    --------
    >>> combine(1, [10, 100])
    211
    """
    return (literal + sum(place * value for place, value in enumerate(values, 1))) % MODULUS


def nbytes_of(key: str) -> int:
    """Return how large a key's result pretends to be, in bytes.

    Examples
    --------
    >>> nbytes_of("data-1") in (16, 400, 2_000_000)
    True
    """
    return (16, 400, 2_000_000)[crc32(key.encode()) % 3]
