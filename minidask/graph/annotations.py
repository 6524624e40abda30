"""Hints that users attach to the work that they describe inside a ``with annotate(...)`` block.

Layers read the current annotations when they are made and carry them to their tasks; fusing never mixes tasks of different
annotations. The context is local to the thread or coroutine that opened it (``contextvars``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_CURRENT: ContextVar[Mapping[str, Any]] = ContextVar("minidask_annotations", default={})  # noqa: B039 never mutated


def _check(annotations: Mapping[str, Any]) -> None:
    for name in ("priority", "retries"):
        value = annotations.get(name)
        if value is not None and not callable(value) and (not isinstance(value, int) or isinstance(value, bool)):
            raise TypeError(f"annotation {name!r} must be an int or a function of the key, got {value!r}")
    retries = annotations.get("retries")
    if isinstance(retries, int) and retries < 0:
        raise ValueError(f"annotation 'retries' must not be negative, got {retries}")
    workers = annotations.get("workers")
    if workers is not None and not callable(workers) and not isinstance(workers, str | list | tuple | set):
        raise TypeError(f"annotation 'workers' must be a name or address, or a list of these, got {workers!r}")
    resources = annotations.get("resources")
    if resources is not None and not callable(resources) and not isinstance(resources, dict):
        raise TypeError(f"annotation 'resources' must be a dict such as {{'GPU': 1}}, got {resources!r}")


@contextmanager
def annotate(**annotations: Any) -> Iterator[None]:
    """Annotate the collections that are made inside the block.

    Parameters
    ----------
    **annotations
        ``priority`` (int, larger first), ``retries`` (int >= 0), ``workers`` (name, address or list), ``resources``
        (dict of str to number), ``allow_other_workers`` (bool) mean something to the cluster; any other name is the user's
        own. A value may be a function of the task's key.

    Raises
    ------
    TypeError, ValueError
        If one of the names above has a value that it can't have.

    Examples
    --------
    >>> with annotate(priority=10):
    ...     with annotate(note="slow disk"):
    ...         get_annotations()
    {'priority': 10, 'note': 'slow disk'}
    """
    _check(annotations)
    token = _CURRENT.set({**_CURRENT.get(), **annotations})
    try:
        yield
    finally:
        _CURRENT.reset(token)


def get_annotations() -> dict[str, Any]:
    """Return a copy of the annotations in force here.

    Examples
    --------
    >>> get_annotations()
    {}
    """
    return dict(_CURRENT.get())


def current_annotations() -> Mapping[str, Any] | None:
    """Return the annotations in force without copying them, None if there are none."""
    return _CURRENT.get() or None


def resolve(annotations: Mapping[str, Any] | None, key: Any) -> Mapping[str, Any] | None:
    """Return the annotations of one task: functions among the values are called with its key.

    Examples
    --------
    >>> resolve({"priority": lambda key: -key[1]}, ("x", 3))
    {'priority': -3}
    """
    if not annotations or not any(map(callable, annotations.values())):
        return annotations
    return {name: value(key) if callable(value) else value for name, value in annotations.items()}
