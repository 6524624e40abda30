"""What users say of how a task is to be run (`workers=`, `priority=` …), checked, and in the form that the wire takes.

Place in the flow: `client`, `mapping`, `computing` and `scatter` read their keywords through it, once a call or once a distinct
set of annotations.

Invariant: what comes out holds plain values only, and leaves out what is the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minidask_distributed.messages import MAX_PRIORITY


def options_of(
    *,
    workers: Any = None,
    allow_other_workers: Any = None,
    resources: Mapping[str, float] | None = None,
    retries: int | None = None,
    priority: int | None = None,
    annotations: Mapping[str, Any] | None = None,
) -> dict[str, Any] | None:
    """Return what a scheduler is to know of a task, in wire form; None if that is nothing.

    Parameters
    ----------
    workers : str, int or iterable of these
        Addresses, names or hosts that may run it.
    allow_other_workers : bool
        Whether others may, too, if none of these can.
    resources : mapping of str to number
    retries : int
    priority : int
        Larger ones first.
    annotations : mapping
        What `minidask.annotate` says: any of the names above, which count where nothing else is said, and the user's own.

    Raises
    ------
    TypeError, ValueError
        If one of them has a value that it can't have.

    Examples
    --------
    >>> options_of(workers="alice", retries=0, annotations={"priority": 3, "note": "slow"})
    {'workers': ['alice'], 'priority': 3, 'annotations': {'note': 'slow'}}
    >>> options_of(priority=0) is None
    True
    """
    own = dict(annotations or {})
    inherited = {
        name: own.pop(name, None) for name in ("workers", "allow_other_workers", "resources", "retries", "priority")
    }
    workers = inherited["workers"] if workers is None else workers
    allow_other_workers = inherited["allow_other_workers"] if allow_other_workers is None else allow_other_workers
    resources = inherited["resources"] if resources is None else resources
    retries = inherited["retries"] if retries is None else retries
    # 0 is what a caller says who says nothing.
    priority = priority or inherited["priority"]
    made: dict[str, Any] = {}
    if workers is not None:
        made["workers"] = worker_names(workers)
    if allow_other_workers:
        if workers is None:
            raise ValueError("allow_other_workers=True says something about workers=, which is missing")
        made["allow_other_workers"] = True
    if resources:
        made["resources"] = _resources(resources)
    if retries:
        made["retries"] = _whole("retries", retries, 0)
    if priority:
        made["priority"] = _whole("priority", priority, -MAX_PRIORITY, MAX_PRIORITY)
    if own:
        for name, value in own.items():
            _check_plain(name, value)
        made["annotations"] = own
    return made or None


def worker_names(workers: Any) -> list[str]:
    """Return addresses, names or hosts of workers as a list of texts; names may be numbers.

    Raises
    ------
    TypeError
        If they are something else.
    ValueError
        If there are none.

    Examples
    --------
    >>> worker_names("alice"), worker_names([0, "tcp://127.0.0.1:4000"])
    (['alice'], ['0', 'tcp://127.0.0.1:4000'])
    """
    if isinstance(workers, str | int) and not isinstance(workers, bool):
        workers = [workers]
    elif not isinstance(workers, list | tuple | set | frozenset):
        raise TypeError(
            f"workers must be a name or address, or a list of these, got {type(workers).__name__}: {workers!r:.80}"
        )
    names = []
    for one in workers:
        name = getattr(one, "address", one)
        if not isinstance(name, str | int) or isinstance(name, bool):
            raise TypeError(f"workers must be names or addresses, got {type(one).__name__}: {one!r:.80}")
        names.append(str(name))
    if not names:
        raise ValueError("workers=[] would allow no worker at all; leave it out to allow all")
    return names


def _resources(resources: Any) -> dict[str, float]:
    if not isinstance(resources, Mapping):
        raise TypeError(f"resources must be a mapping such as {{'GPU': 1}}, got {type(resources).__name__}")
    for name, amount in resources.items():
        if not isinstance(name, str) or not isinstance(amount, int | float) or isinstance(amount, bool):
            raise TypeError(f"resources must map names to numbers, got {name!r}: {amount!r:.80}")
        if not amount >= 0:
            raise ValueError(f"resources must not be negative, got {name!r}: {amount!r}")
    return dict(resources)


def _whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value // 1:
        raise TypeError(f"{name} must be a whole number, got {value!r:.80}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ValueError(f"{name} must be {bounds}, got {value!r}")
    return int(value)


_PLAIN = (bool, int, float, str, bytes, type(None))


def _check_plain(name: str, value: Any) -> None:
    if isinstance(value, _PLAIN):
        return
    if isinstance(value, list | tuple):
        for item in value:
            _check_plain(name, item)
    elif isinstance(value, dict) and all(isinstance(key, str | int) for key in value):
        for item in value.values():
            _check_plain(name, item)
    else:
        raise TypeError(
            f"the annotation {name!r} must be made of numbers, texts, lists and dicts, so that the scheduler can read it; "
            f"got a {type(value).__name__}: {value!r:.80}"
        )
