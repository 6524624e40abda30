"""The recipes that a worker holds, the ones used longest ago forgotten first.

Place in the flow: `machine` looks up the recipes that a `Compute` names; those that aren't here (any more) are asked for, and
their tasks wait. Tasks refer to their recipe, so forgetting one never harms a task that is here.

Invariants: a recipe is forgotten only while no task waits for it; the bound counts the bytes of blobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minidask_distributed.worker.machine.records import Recipe

# Blobs are some hundred bytes for importable functions; closures over large data are what the bound is for.
KEPT_BYTES = 128 * 2**20
KEPT_COUNT = 20_000


class Recipes:
    """``{number: Recipe}``, bounded.

    Parameters
    ----------
    limit_bytes, limit_count : int
        How much is kept.

    Examples
    --------
    >>> recipes = Recipes(limit_bytes=10)
    >>> for number in (1, 2, 3):
    ...     _ = recipes.put(number, b"12345")
    >>> list(recipes), recipes.use(1).source
    ([2, 3], None)
    """

    __slots__ = ("_all", "limit_bytes", "limit_count", "nbytes")

    def __init__(self, limit_bytes: int = KEPT_BYTES, limit_count: int = KEPT_COUNT) -> None:
        self.limit_bytes = limit_bytes
        self.limit_count = limit_count
        self.nbytes = 0
        self._all: dict[int, Recipe] = {}  # the one used longest ago first

    def get(self, number: int) -> Recipe | None:
        """Return a recipe that is known, without counting that as a use."""
        return self._all.get(number)

    def use(self, number: int) -> Recipe:
        """Return a recipe, which may lack its source, and make it the one used last."""
        recipe = self._all.pop(number, None) or Recipe(number)
        self._all[number] = recipe
        return recipe

    def put(self, number: int, source: Any) -> Recipe:
        """Take the source of a recipe; forget others if that is too much. Return the recipe."""
        recipe = self.use(number)
        self.nbytes -= recipe.nbytes
        recipe.source = source
        recipe.asked = False
        recipe.nbytes = len(source) if isinstance(source, bytes | bytearray | memoryview) else 0
        self.nbytes += recipe.nbytes
        if self.nbytes > self.limit_bytes or len(self._all) > self.limit_count:
            self._forget_some(recipe)
        return recipe

    def _forget_some(self, latest: Recipe) -> None:
        for number, recipe in list(self._all.items()):
            if self.nbytes <= self.limit_bytes and len(self._all) <= self.limit_count:
                return
            if recipe is not latest and not recipe.waiters:
                self.nbytes -= recipe.nbytes
                del self._all[number]

    def clear(self) -> None:
        """Forget all: the numbers belong to a connection that is gone."""
        self._all.clear()
        self.nbytes = 0

    def __iter__(self) -> Iterator[int]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)
