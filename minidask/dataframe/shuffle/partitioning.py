"""What is known of where a collection's rows are, so that what is in place isn't moved again.

Place in the flow: ``rearrange`` and ``DataFrame.shuffle`` ask before they move rows; merges and groups ask to plan. The layers
are walked from the collection towards its sources, through those that keep rows in their partitions and the key columns
as they are; no state is kept. Layers of other modules take part by an attribute ``partitioned_by``: a tuple of targets that their
value is partitioned by (a merge by hash: those of its keys).

Invariant: says yes only if every row is where the targets would put it. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import pandas as pd

from minidask.dataframe.layers import Assign, Filter, Project, Rename
from minidask.dataframe.shuffle.targets import HashTargets, RangeTargets
from minidask.graph import Layer

Labels = tuple[Hashable, ...] | None


def is_partitioned_by(frame: Any, labels: Sequence[Hashable] | None, npartitions: int) -> bool:
    """Whether a collection's rows are where ``HashTargets(labels, npartitions)`` would put them.

    Parameters
    ----------
    frame : DataFrame or Series
    labels : sequence of labels, or None
        None stands for the index.
    npartitions : int

    Examples
    --------
    >>> import minidask.dataframe as dd
    >>> df = dd.from_pandas(pd.DataFrame({"x": [1, 2, 3, 4], "y": 0}), npartitions=2)
    >>> moved = df.shuffle("x", npartitions=3)
    >>> is_partitioned_by(moved[moved["x"] > 1].assign(z=1), ["x"], 3), is_partitioned_by(moved, ["y"], 3)
    (True, False)
    """
    wanted = None if labels is None else tuple(labels)
    return layer_is_partitioned_by(frame._layer, wanted, npartitions)


def layer_is_partitioned_by(layer: Layer, labels: Labels, npartitions: int) -> bool:
    """Say of a layer what ``is_partitioned_by`` says of a collection."""
    if layer.numblocks != (npartitions,):
        return False
    # One partition has all rows.
    return npartitions == 1 or any(
        targets == HashTargets(here, npartitions) for targets, here in _known_targets(layer, labels)
    )


def rows_meet(frame: Any, labels: Sequence[Hashable] | None) -> bool:
    """Whether rows of equal values of ``labels`` (None: of the index) are in one partition each, wherever that is.

    It is enough that rows are partitioned by some of the labels, by hash or by range.
    """
    wanted = None if labels is None else tuple(labels)
    if frame.npartitions == 1:
        return True
    for targets, here in _known_targets(frame._layer, wanted):
        if isinstance(targets, HashTargets):
            if targets.labels is None or here is None:
                if targets.labels is here:
                    return True
            elif targets.labels and set(targets.labels) <= set(here):
                return True
        elif isinstance(targets, RangeTargets) and targets.label in ((None,) if here is None else here):
            return True
    return False


def _known_targets(layer: Layer, labels: Labels) -> Iterator[tuple[Any, Labels]]:
    """Yield targets that rows are partitioned by, each with what the labels are called there."""
    while True:
        for targets in getattr(layer, "partitioned_by", ()):
            yield targets, labels
        below = _source_of_rows(layer, labels)
        if below is None:
            return
        layer, labels = below


def _source_of_rows(layer: Layer, labels: Labels) -> tuple[Layer, Labels] | None:
    """Return the layer that has the rows and keys of this one in the same partitions, and the labels' names there."""
    if isinstance(layer, Filter):
        return layer.inputs[0], labels
    if isinstance(layer, Project):
        if labels is None:
            return layer.inputs[0], None
        if isinstance(layer.labels, list):
            return (layer.inputs[0], labels) if set(labels) <= set(layer.labels) else None
        # A Series has one column, which any label stands for.
        return layer.inputs[0], (layer.labels,) * min(len(labels), 1)
    if isinstance(layer, Assign):
        # Assigned values are aligned to the frame's own index: its rows stay.
        return None if labels is not None and set(labels) & set(layer.names) else (layer.inputs[0], labels)
    if isinstance(layer, Rename) and _is_unique(layer):
        if labels is None:
            return layer.inputs[0], None
        return layer.inputs[0], tuple([layer.former[label] for label in labels])
    return None


def _is_unique(layer: Rename) -> bool:
    columns = getattr(layer.meta, "columns", None)
    return columns is None or (isinstance(columns, pd.Index) and columns.is_unique)
