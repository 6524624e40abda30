"""Small values that clients of a cluster share by name: `set_metadata` and `get_metadata`.

Place in the flow: a part of `Client`. The names form a tree of dicts on the scheduler, kept by the two functions below,
which run there.

Invariants: values are opaque payloads on the scheduler; they are gone when it ends.

Not for: data (`scatter`), or signals between tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minidask_distributed.client.queries import Queries, payload_value
from minidask_distributed.protocol.payload import ByReference, Payload, pack

__all__ = ["Metadata"]

_missing: Any = object()


class Metadata(Queries):
    """The part of a client that shares small values."""

    def set_metadata(self, key: str | Sequence[str], value: Any) -> Any:
        """Store a value on the scheduler, for all clients.

        Parameters
        ----------
        key : str or list of str
            A name, or the way to it through nested dicts, which are made as needed.
        value : object
            A small one. What stands in a dict, under texts, can be had by its own way, too.

        Raises
        ------
        TypeError
            For other keys, and for a value that can't be pickled.
        ValueError
            If the way leads through something that is no dict.
        """
        return self.sync(self._set_metadata, _way(key), _tree(value))

    async def _set_metadata(self, way: list[str], tree: Any) -> None:
        await self.call("run_on_scheduler", payload=pack((_store, (way, tree), {})))

    def get_metadata(self, keys: str | Sequence[str], default: Any = _missing) -> Any:
        """Return a value that a client stored, or a dict of all below a name.

        Parameters
        ----------
        keys : str or list of str
            A name, or the way to it.
        default : object, optional
            What to return if there is nothing.

        Raises
        ------
        KeyError
            If there is nothing, and no default.
        """
        return self.sync(self._get_metadata, _way(keys), default)

    async def _get_metadata(self, way: list[str], default: Any) -> Any:
        found = payload_value(await self.call("run_on_scheduler", payload=pack((_load, (way,), {}))))
        if found:
            return _untree(found[0])
        if default is _missing:
            raise KeyError(way[0] if len(way) == 1 else tuple(way))
        return default


def _way(key: Any) -> list[str]:
    way = [key] if isinstance(key, str) else list(key) if isinstance(key, list | tuple) else []
    if not way or not all(isinstance(name, str) for name in way):
        raise TypeError(f"a key is a text, or a list of texts, got {key!r:.80}")
    return way


def _tree(value: Any) -> Any:
    """Return a value with payloads in place of everything but dicts with texts as keys."""
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _tree(item) for name, item in value.items()}
    return pack(value)


def _untree(tree: Any) -> Any:
    if isinstance(tree, Payload | ByReference):
        return payload_value(tree)
    return {name: _untree(item) for name, item in tree.items()}


def _store(way: list[str], tree: Any, dask_scheduler: Any) -> None:
    place = vars(dask_scheduler).setdefault("metadata", {})
    for at, name in enumerate(way[:-1]):
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise ValueError(f"{way[: at + 1]!r} holds a value: nothing can be put below it")
    place[way[-1]] = tree


def _load(way: list[str], dask_scheduler: Any) -> list[Any]:
    place = vars(dask_scheduler).get("metadata", {})
    for name in way:
        if not isinstance(place, dict) or name not in place:
            return []
        place = place[name]
    return [place]
