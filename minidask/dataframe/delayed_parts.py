"""From delayed values to partitions.

Place in the flow: ``from_delayed``; the way back is ``to_delayed``, a method of the collections.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from minidask.collection import collection_layers, compute, is_dask_collection
from minidask.dataframe.checked import check_meta_choice
from minidask.dataframe.collection import new_collection
from minidask.dataframe.divisions import check_divisions
from minidask.dataframe.meta import describe_difference, empty, make_meta, no_default
from minidask.delayed import delayed
from minidask.graph import Key, Layer, Task, TaskRef, alias, fetched
from minidask.tokenize import quick_token


class FromKeys(Layer):
    """Partitions that are results of other layers, under whatever keys; checked against meta if one is given."""

    __slots__ = ("check", "keys")
    keys: tuple[Key, ...]
    check: Any

    def __init__(self, name: str, inputs: tuple[Layer, ...], keys: Sequence[Key], check: Any) -> None:
        super().__init__(name, inputs, (len(keys),))
        self.keys = tuple(keys)
        self.check = check

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        tasks: dict[Key, Task] = {}
        for at, source in enumerate(self.keys):
            key = (self.name, at)
            if wanted is None or key in wanted:
                tasks[key] = alias(source) if self.check is None else Task(self.check, (TaskRef(source),))
        return tasks


class CheckedValue(NamedTuple):
    """Return a delayed value if it fits the meta."""

    meta: Any

    @property
    def short_name(self) -> str:
        """The operation's name, for people."""
        return "from_delayed"

    def __call__(self, value: Any) -> Any:
        difference = describe_difference(self.meta, value)
        if difference is not None:
            raise ValueError(
                f"from_delayed: a value does not fit the meta: {difference}. Correct meta=, or pass verify_meta=False."
            )
        return value

    def __hash__(self) -> int:
        return hash((CheckedValue, id(self.meta)))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def from_delayed(
    dfs: Any,
    meta: Any = None,
    divisions: Sequence[Any] | None = None,
    prefix: str | None = None,
    verify_meta: bool = True,
) -> Any:
    """Make a collection whose partitions are delayed pandas objects.

    Parameters
    ----------
    dfs : Delayed, future of a client, or iterable of these
    meta : optional
        What they look like (see ``make_meta``). Default: the first one is computed to find out.
    divisions : sequence, optional
        Bounds of their indexes; default: unknown.
    prefix : str, optional
        First part of the keys' names; default "from-delayed".
    verify_meta : bool
        Whether to check kind and columns of every value against meta.

    Raises
    ------
    TypeError
        If one of ``dfs`` is neither, or meta describes no pandas object.
    ValueError
        If there are none, or divisions don't fit.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> import pandas as pd
    >>> parts = [delayed(pd.DataFrame)({"x": [i]}) for i in range(3)]
    >>> from_delayed(parts)["x"].sum().compute()
    np.int64(3)
    """
    values = list(dfs) if isinstance(dfs, Iterable) and not is_dask_collection(dfs) else [dfs]
    # What stands for a result on a cluster becomes a task that holds it.
    values = [
        delayed(fetched, pure=True)(value) if getattr(type(value), "__minidask_future__", False) else value
        for value in values
    ]
    if not values:
        raise ValueError("from_delayed needs at least one delayed value: a collection has at least one partition")
    for value in values:
        if not is_dask_collection(value) or not hasattr(value, "key"):
            raise TypeError(f"from_delayed takes delayed values or futures, got {type(value).__name__}: {value!r:.80}")
    found = empty(compute(values[0])[0]) if meta is None or meta is no_default else make_meta(meta)
    check_meta_choice(found, "from_delayed")
    known = check_divisions(divisions, len(values))
    keys = [value.key for value in values]
    inputs = {layer.name: layer for value in values for layer in collection_layers(value)}
    name = f"{prefix or 'from-delayed'}-{quick_token('from-delayed', tuple(keys), found if verify_meta else None)}"
    layer = FromKeys(name, tuple(inputs.values()), keys, CheckedValue(found) if verify_meta else None)
    return new_collection(layer, found, known)
