"""Find the collections in nested arguments, and put results in their places.

Lists, tuples, dicts, sets, slices, named tuples and dataclasses are searched (exact types: a subclass may mean
something else). Containers without a collection are passed on as they are, not copied. Iterative, so that nesting may
be as deep as it likes.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from minidask.collection.protocol import is_dask_collection

# On the stack behind the members of a container.
_END: Any = object()

Repack = Callable[[Sequence[Any]], list[Any]]

_SEQUENCES = (list, tuple, set, frozenset)
_ATOMS = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis)})


def unpack_collections(*args: Any, traverse: bool = True) -> tuple[list[Any], Repack]:
    """Return the collections inside ``args``, each once, and a function that puts results in their places.

    Parameters
    ----------
    *args
    traverse : bool
        Whether to look into containers.

    Returns
    -------
    collections : list
        In order of appearance; one that appears twice is listed once.
    repack : callable
        Takes as many results, returns ``args`` as a list with the results in the places of the collections.

    Examples
    --------
    >>> collections, repack = unpack_collections([1, {"a": 2}], 3)
    >>> collections, repack([])
    ([], [[1, {'a': 2}], 3])
    """
    found: list[Any] = []
    places: dict[int, int] = {}
    parts, held = describe(args, is_dask_collection, traverse)
    for kind, payload, _ in parts:
        if kind == "found" and id(payload) not in places:
            places[id(payload)] = len(found)
            found.append(payload)

    def repack(results: Sequence[Any]) -> list[Any]:
        return list(assemble(parts, held, lambda collection: results[places[id(collection)]]))

    return found, repack


# A part of nested arguments: (kind, the object or how to make it, numbers of its members among the parts).
Part = tuple[str, Any, list[int]]


def describe(root: Any, is_sought: Callable[[Any], bool], traverse: bool = True) -> tuple[list[Part], list[bool]]:
    """List the parts of nested containers, the containers before their members; say which hold something sought.

    Kinds: ``"found"`` (sought), ``"leaf"``, otherwise a container. Raises ValueError for one that contains itself.
    """
    parts: list[Part] = []
    pending: list[tuple[Any, list[int] | None, int]] = [(root, None, 0)]
    opened: set[int] = set()
    while pending:
        item, siblings, at = pending.pop()
        if item is _END:
            opened.discard(at)
            continue
        number = len(parts)
        if siblings is not None:
            siblings[at] = number
        members: Iterable[Any] = ()
        if siblings is not None and is_sought(item):
            parts.append(("found", item, []))
            continue
        kind = "leaf"
        if traverse or siblings is None:
            kind, members = _open(item)
        children = list(members)
        numbers = [0] * len(children)
        parts.append((kind, item, numbers))
        if children:
            if id(item) in opened:
                raise ValueError(f"a {type(item).__name__} that contains itself can't be searched for collections")
            opened.add(id(item))
            pending.append((_END, None, id(item)))
        pending.extend((child, numbers, place) for place, child in reversed(list(enumerate(children))))
    held = [kind == "found" for kind, _, _ in parts]
    for number in range(len(parts) - 1, -1, -1):
        if not held[number]:
            held[number] = any(held[child] for child in parts[number][2])
    return parts, held


def _open(item: Any) -> tuple[str, Iterable[Any]]:
    """Return the kind of a container and its members; ``"leaf"`` and nothing for what is none."""
    cls = type(item)
    if cls in _ATOMS:
        return "leaf", ()
    if cls in _SEQUENCES:
        # Long containers of plain values are common, and hold nothing.
        return ("leaf", ()) if _ATOMS.issuperset(map(type, item)) else ("sequence", item)
    if cls is dict or cls is OrderedDict:
        if _ATOMS.issuperset(map(type, item)) and _ATOMS.issuperset(map(type, item.values())):
            return "leaf", ()
        return "dict", [part for pair in item.items() for part in pair]
    if cls is slice:
        return "slice", (item.start, item.stop, item.step)
    if isinstance(item, tuple) and hasattr(cls, "_fields"):
        return "named", item
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        # A field without a value (init=False, never set) has nothing to search.
        return "dataclass", [getattr(item, f.name) for f in dataclasses.fields(item) if hasattr(item, f.name)]
    return "leaf", ()


def assemble(parts: Sequence[Part], held: Sequence[bool], result_of: Callable[[Any], Any]) -> Any:
    """Rebuild what ``describe`` listed, with ``result_of(object)`` for what was found."""
    built: dict[int, Any] = {}
    for number in range(len(parts) - 1, -1, -1):
        kind, item, numbers = parts[number]
        if kind == "found":
            built[number] = result_of(item)
        elif not held[number]:
            built[number] = item
        else:
            built[number] = rebuild_container(kind, item, [built[child] for child in numbers])
    return built[0]


def rebuild_container(kind: str, item: Any, members: list[Any]) -> Any:
    """Return a container like ``item`` with other members.

    Raises
    ------
    TypeError
        If a dataclass can't be copied with other values, because its ``__init__`` takes none of them.
    """
    cls = type(item)
    if kind == "dict":
        return cls(zip(members[::2], members[1::2], strict=True))
    if kind == "named" or kind == "slice":
        return cls(*members)
    if kind == "dataclass":
        return _replace(item, members)
    return cls(members)


def _replace(item: Any, members: list[Any]) -> Any:
    names = [f.name for f in dataclasses.fields(item) if hasattr(item, f.name)]
    values = dict(zip(names, members, strict=True))
    changed = {name for name in names if values[name] is not getattr(item, name)}
    return dataclasses.replace(item, **{name: values[name] for name in rebuilt_fields(item, changed)})


def rebuilt_fields(item: Any, changed: Collection[str]) -> list[str]:
    """Return the names of the fields with which a dataclass instance is made anew, with some of them changed.

    Raises
    ------
    TypeError
        If its ``__init__`` does not take a changed field, or wants what is no field.
    """
    cls = type(item)
    taken = [f.name for f in dataclasses.fields(item) if f.init and hasattr(item, f.name)]
    parameters = inspect.signature(cls).parameters.values()
    any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
    known = {p.name for p in parameters}
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    refused = [name for name in changed if name not in taken] + [n for n in taken if n not in known and not any_name]
    wanted = [name for name in required if name not in taken]
    if refused or wanted:
        reason = f"does not take the field {refused[0]!r}" if refused else f"wants {wanted[0]!r}, which is no field"
        raise TypeError(
            f"a {cls.__name__} that holds a collection can't be rebuilt with its result, because its __init__ "
            f"{reason}; pass the collections themselves, or use traverse=False"
        )
    return taken
