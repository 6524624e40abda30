"""``merge(validate=...)``: whether keys are unique, on the sides where they have to be.

The keys alone are moved, so that equal ones meet; a tree says whether some are there twice; the last partition of the join waits
for that (see ``verdicts``). So it is the same check whichever way rows are joined.

Place in the flow: called by ``merge``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from minidask.dataframe.joining.keys import JoinKeys
from minidask.dataframe.reductions.tree import reduce_partitions
from minidask.dataframe.shuffle import HashTargets, rearrange
from minidask.dataframe.verdicts import judged

# {kind: (its long name, whether keys are unique on the left, on the right)}
KINDS = {
    "1:1": ("one-to-one", True, True),
    "1:m": ("one-to-many", True, False),
    "m:1": ("many-to-one", False, True),
    "m:m": ("many-to-many", False, False),
}
KINDS |= {said[0].replace("-", "_"): said for said in list(KINDS.values())}


class Repeats(NamedTuple):
    """Say whether keys, columns or the index, are there twice in a partition."""

    labels: Any

    def __call__(self, part: Any) -> bool:
        """Return whether they are."""
        rows = part.index if self.labels is None else part[list(self.labels)]
        return bool(rows.duplicated().any())


class Judge(NamedTuple):
    """Make the error of whether keys are there twice, on each of the sides that have to be unique; None if all is right."""

    kind: str
    sides: tuple[str, ...]

    def __call__(self, answers: list[tuple[bool, ...]]) -> Exception | None:
        """Return a ``MergeError`` or None."""
        wrong = [side for side, repeats in zip(self.sides, answers[0], strict=True) if repeats]
        if not wrong:
            return None
        which = "either left or right" if len(wrong) == 2 else wrong[0]
        return pd.errors.MergeError(f"Merge keys are not unique in {which} dataset; not a {self.kind} merge")


def together(*answers: bool) -> tuple[bool, ...]:
    """Return the answers for the sides as a tuple.

    >>> together(True, False)
    (True, False)
    """
    return answers


def validated(result: Any, left: Any, right: Any, keys: JoinKeys, validate: str, method: str | None) -> Any:
    """Return the joined rows; computing raises ``MergeError`` if keys aren't unique where ``validate`` says so.

    Raises
    ------
    ValueError
        If ``validate`` is no kind of join.
    """
    if validate not in KINDS:
        raise ValueError(f"validate must be one of {', '.join(map(repr, KINDS))}, got {validate!r:.80}")
    kind, *unique = KINDS[validate]
    sides = [
        (name, side, labels)
        for name, side, labels, wanted in zip(
            ("left", "right"), (left, right), (keys.left, keys.right), unique, strict=True
        )
        if wanted
    ]
    if not sides or keys.cross:
        return result
    answers = []
    for _, side, labels in sides:
        rows = side[[]] if labels is None else side[list(dict.fromkeys(labels))]
        if side.npartitions > 1:
            rows = rearrange(rows, HashTargets(labels, side.npartitions), side.npartitions, method=method)
        answers.append(reduce_partitions("repeats", [rows], Repeats(labels), any, any, True, labels))
    judge = Judge(kind, tuple([name for name, _, _ in sides]))
    verdict = reduce_partitions("unique-keys", answers, together, judge, judge, True, tuple(judge))
    return judged(result, verdict)
