"""Change settings: `set`, as a statement for good and with ``with`` for a block.

Place in the flow: users and tests call it; it checks with `schema` and writes to `store`.

Semantics, decided here. As a statement `set` changes the process. In ``with`` it changes what this context (thread,
asyncio task) sees, and nothing else: two threads that compute with ``with set(scheduler=…)`` don't meet, and leaving
a block restores nothing outside of it, so it can't clobber what someone has set for good meanwhile. A new thread
doesn't inherit the blocks of its maker unless it runs in a copy of the context (`contextvars.copy_context().run`,
`asyncio.to_thread`). A statement inside a block that overrides the same setting changes the override, and ends with
the block.

A call can't see whether ``with`` stands before it. So it applies to the process at once, and entering takes that back:
for the microseconds between, other threads see the value.

State:

- `_writers`: {normal path: number of the `set` that wrote it last}.
- `_reversible`: the `set` objects that might still be entered; with `_writers` it lets each take its own change back
  without touching anybody else's, in whatever order threads do so.

Not for: values given by files or variables (`sources`), or defaults (`lifecycle`).
"""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from minidask.config.schema import SCHEMA, Notice, check_deprecations
from minidask.config.store import Layer, config_lock, deprecations, effective, global_config, layers, resolve, touched
from minidask.config.tree import MISSING, Path, Undo, assign, normalize, revert, split_key

_writers: dict[Path, int] = {}
_numbers = itertools.count(1)


class set:
    """Change settings: for good as a statement, for a block with ``with``.

    Parameters
    ----------
    arg
        {name: value}; dots in a name lead into groups. A dictionary given for a group of declared settings changes
        those that it names; for other names it replaces what is there.
    config
        A tree of your own to change instead of the settings in force; its values aren't checked.
    lock
        What guards that tree.
    **kwargs
        The same, with ``__`` for dots.

    Returns
    -------
    set
        A context manager. ``with`` binds the settings that the block sees, in a new dictionary (or your own tree).

    Raises
    ------
    TypeError, ValueError
        If a value isn't of its setting's kind, a name is no text or has an empty part, or the setting was removed.
        Nothing is changed then.

    Warns
    -----
    UserWarning
        If a name in one of our groups is unknown; the nearest known one is named.
    FutureWarning
        If a name is a former one.

    Examples
    --------
    >>> from minidask.config.store import get
    >>> with set({"array.chunk-size": "8 MiB"}, num_workers=2):
    ...     get("array.chunk_size"), get("num_workers")
    ('8 MiB', 2)
    >>> get("array.chunk-size")
    '16 MiB'
    >>> with set(num_workers="two"):
    ...     pass
    Traceback (most recent call last):
    ...
    TypeError: setting 'num_workers' must be a whole number of at least 1, or None; config.set gives 'two' (str)
    """

    __slots__ = ("__weakref__", "_assignments", "_entered", "_lock", "_number", "_statement", "_tree", "_undo")

    def __init__(
        self,
        arg: Mapping[str, Any] | None = None,
        config: dict[str, Any] | None = None,
        lock: Any = config_lock,
        **kwargs: Any,
    ) -> None:
        if arg is not None and not isinstance(arg, Mapping):
            raise TypeError(f"config.set takes a mapping such as {{'array.chunk-size': '8 MiB'}}, not {arg!r}")
        given = [(split_key(key), value) for key, value in (arg or {}).items()]
        given += [(split_key(key.replace("__", ".")), value) for key, value in kwargs.items()]
        self._lock = lock
        self._tree = None if config is global_config else config
        self._entered: list[Layer] = []
        # {position: (Undo, number of the set that wrote there before)}
        self._undo: list[tuple[Undo, int]] = []
        self._statement: Layer | None = None
        if self._tree is not None:
            self._assignments = given
            self._change_own_tree()
            return
        self._assignments, notices = _judge(given)
        for notice in notices:
            warnings.warn(notice.message, notice.category, stacklevel=2)
        self._change_process()

    def __enter__(self) -> dict[str, Any]:
        if self._tree is not None:
            if not self._undo:
                self._change_own_tree()
            return self._tree
        self._take_back()
        layer = Layer(self._assignments, is_block=True)
        self._entered.append(layer)
        layers.set((*layers.get(), layer))
        return effective()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._tree is not None:
            with self._lock:
                while self._undo:
                    revert(self._tree, self._undo.pop()[0])
            return
        present = layers.get()
        # The same object may have been entered in several contexts: leave the innermost of this one.
        layer = next((own for own in reversed(self._entered) if own in present), self._entered[-1])
        self._entered.remove(layer)
        if layer not in present:
            layer.closed = True
            return
        at = present.index(layer)
        after = at + 1
        while after < len(present) and not present[after].is_block:
            after += 1
        layers.set(present[:at] + present[after:])

    def _change_own_tree(self) -> None:
        assert self._tree is not None
        with self._lock:
            try:
                for path, value in self._assignments:
                    self._undo.append((assign(self._tree, path, value), 0))
            except TypeError:
                while self._undo:
                    revert(self._tree, self._undo.pop()[0])
                raise

    def _change_process(self) -> None:
        """Change overrides that this context is in, and the process-wide tree for the rest."""
        present = layers.get()
        local = [(p, v) for p, v in self._assignments if any(layer.overlaps(normalize(p)) for layer in present)]
        if local:
            self._statement = Layer(local, is_block=False)
        with config_lock:
            self._number = next(_numbers)
            try:
                for path, value in self._assignments:
                    if self._statement is None or not self._statement.overlaps(normalize(path)):
                        undo = assign(global_config, path, value)
                        written = normalize(undo.path)
                        self._undo.append((undo, _writers.get(written, 0)))
                        _writers[written] = self._number
            except TypeError:
                self._take_back()
                raise
            if self._undo:
                _reversible.add(self)
        if self._statement is not None:
            layers.set((*present, self._statement))

    def _take_back(self) -> None:
        """Undo what making this object changed, where nobody has changed it since."""
        statement, self._statement = self._statement, None
        if statement is not None:
            layers.set(tuple(layer for layer in layers.get() if layer is not statement))
        with config_lock:
            _reversible.discard(self)
            while self._undo:
                undo, writer_before = self._undo.pop()
                path = normalize(undo.path)
                if _writers.get(path) == self._number:
                    _writers[path] = writer_before
                    revert(global_config, undo)
                else:
                    self._bequeath(path, undo, writer_before)

    def _bequeath(self, path: Path, undo: Undo, writer_before: int) -> None:
        """Let the `set` that came next restore, if it is taken back too, what this one would have restored."""
        for other in _reversible:
            for i, (theirs, before) in enumerate(other._undo):
                if before == self._number and normalize(theirs.path) == path:
                    other._undo[i] = (theirs._replace(previous=undo.previous, depth=undo.depth), writer_before)


_reversible: weakref.WeakSet[set] = weakref.WeakSet()


def _judge(given: list[tuple[Path, Any]]) -> tuple[list[tuple[Path, Any]], list[Notice]]:
    """Return the assignments under their present names, checked, and what to warn of."""
    assignments: list[tuple[Path, Any]] = []
    notices: list[Notice | None] = []
    for former, value in given:
        name, notice = check_deprecations(".".join(former), deprecations)
        notices.append(notice)
        for path, item in SCHEMA.flatten(split_key(name), value):
            notices.append(SCHEMA.check(path, item, "config.set"))
            setting = SCHEMA.find(path)
            path = setting.path if setting is not None else path
            touched.add(path[0])
            for i in range(1, len(path)):
                above = resolve(path[:i])
                if above is not MISSING and above is not None and not isinstance(above, Mapping):
                    raise TypeError(
                        f"can't set {'.'.join(path)!r}: {'.'.join(path[:i])!r} is the value {above!r}, not a group"
                    )
            assignments.append((path, item))
    return assignments, [notice for notice in notices if notice is not None]


def forget_writers() -> None:
    """Make every change so far final: the process-wide tree has been filled anew."""
    with config_lock:
        _writers.clear()
        _reversible.clear()
