"""Callbacks: how code outside a scheduler watches a computation.

A `Callback` holds up to five functions, each called at one moment of a computation:

======================================================  ====================================================
``start(dsk)``                                          before anything else; `dsk` is the graph to be run
``start_state(dsk, state)``                             the state exists, no task has run
``pretask(key, dsk, state)``                            a task is about to run
``posttask(key, result, dsk, state, worker_id)``        a task has run; its result is recorded in the state
``finish(dsk, state, errored)``                         the end, whether it succeeded (`errored` is False) or not
======================================================  ====================================================

`dsk` is a mapping ``{key: Task}``. `state` is a mapping with the sized collections ``"waiting"``, ``"ready"``,
``"running"`` and ``"finished"``, and the mappings ``"cache"`` (``{key: result}``, of the results held now) and
``"dependencies"`` (``{key: keys}``). It may be None in `finish` if the computation failed before it had a state.

Place in the flow: a scheduler asks `active_callbacks()` once, when a computation begins, and calls what it gets.
Progress bars and profilers are subclasses of `Callback`.

Invariants:

- With nothing active, `active_callbacks()` is false and a scheduler pays nothing per task.
- ``with callback:`` concerns computations started inside the block, in its own thread (or asyncio task); `register()`
  concerns every computation of the process. Neither follows into a forked child.
- Within one computation `state` is one object, and no two calls overlap. Several computations may run at once,
  so a callback that keeps notes about a run keeps them by ``id(state)``.
- Each callback appears once, however often it was registered or entered, in the order of registration, then of entry.
- An exception in a callback ends the computation and is raised from it; `finish` still reaches every callback.

Not for: events of a cluster, which have their plugins.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple, Union

__all__ = ["ActiveCallbacks", "Callback", "active_callbacks", "add_callbacks"]

EVENTS = ("start", "start_state", "pretask", "posttask", "finish")

Hook = Callable[..., Any]
HookTuple = tuple[Hook | None, Hook | None, Hook | None, Hook | None, Hook | None]

_register_lock = threading.Lock()
# Callbacks of the whole process, in the order of registration. Replaced, never mutated, so that readers need no lock.
_registered: tuple[Callback, ...] = ()
# Callbacks of the with-blocks around the current context, outermost first.
_entered: ContextVar[tuple[Callback, ...]] = ContextVar("minidask_callbacks", default=())


class Callback:
    """Hold functions that watch computations, to be used as a context manager or with `register`.

    Give the functions as arguments, or subclass and define any of the methods ``_start``, ``_start_state``,
    ``_pretask``, ``_posttask`` and ``_finish``; the module's docstring has their signatures.

    Parameters
    ----------
    start, start_state, pretask, posttask, finish : callable, optional
        Called at these moments. What is not given is not called.

    Raises
    ------
    TypeError
        If one of them is not callable.

    Examples
    --------
    >>> from minidask.schedulers.callbacks import Callback, active_callbacks
    >>> class PrintKeys(Callback):
    ...     def _pretask(self, key, dsk, state):
    ...         print("computing", key)
    >>> with PrintKeys():
    ...     for hook in active_callbacks().pretask:  # what a scheduler does
    ...         hook("x", {}, {})
    computing x
    """

    _start: Hook | None = None
    _start_state: Hook | None = None
    _pretask: Hook | None = None
    _posttask: Hook | None = None
    _finish: Hook | None = None

    def __init__(
        self,
        start: Hook | None = None,
        start_state: Hook | None = None,
        pretask: Hook | None = None,
        posttask: Hook | None = None,
        finish: Hook | None = None,
    ) -> None:
        for event, hook in zip(EVENTS, (start, start_state, pretask, posttask, finish), strict=True):
            if hook is None:
                continue
            if not callable(hook):
                raise TypeError(f"{event} must be callable or None, not {type(hook).__name__}: {hook!r}")
            setattr(self, "_" + event, hook)

    @property
    def _callback(self) -> HookTuple:
        """The five functions in the order of events, None where there is none."""
        return self._start, self._start_state, self._pretask, self._posttask, self._finish

    def __enter__(self) -> Any:
        _entered.set((*_entered.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Blocks of generators may close in another order, or in another context that never entered.
        entered = list(_entered.get())
        for position in reversed(range(len(entered))):
            if entered[position] is self:
                del entered[position]
                _entered.set(tuple(entered))
                break

    def register(self) -> None:
        """Watch every computation of this process, in all threads, until `unregister`.

        Examples
        --------
        >>> callback = Callback(start=print)
        >>> callback.register()
        >>> len(active_callbacks().start)
        1
        >>> callback.unregister()
        """
        global _registered
        with _register_lock:
            if not any(known is self for known in _registered):
                _registered = (*_registered, self)

    def unregister(self) -> None:
        """Undo `register`. Raises KeyError if the callback is not registered."""
        global _registered
        with _register_lock:
            rest = tuple(known for known in _registered if known is not self)
            if len(rest) == len(_registered):
                raise KeyError(f"{self!r} is not registered, so it can't be unregistered")
            _registered = rest


class ActiveCallbacks(NamedTuple):
    """The functions to call in one computation, a tuple per event. False when there is none at all."""

    start: tuple[Hook, ...] = ()
    start_state: tuple[Hook, ...] = ()
    pretask: tuple[Hook, ...] = ()
    posttask: tuple[Hook, ...] = ()
    finish: tuple[Hook, ...] = ()

    def __bool__(self) -> bool:
        return any(tuple(self))

    def finish_all(self, dsk: Any, state: Any, errored: bool) -> None:
        """Call every `finish`, even after one of them raised; then raise the first of those errors.

        To be called once by a scheduler, on every way out of a computation, also when a `start` raised. So a
        callback's `finish` may be called without its `start`.

        Examples
        --------
        >>> ActiveCallbacks(finish=(print,)).finish_all({"x": 1}, None, True)
        {'x': 1} None True
        """
        first: BaseException | None = None
        for hook in self.finish:
            try:
                hook(dsk, state, errored)
            except BaseException as error:
                first = first or error
        if first is not None:
            raise first


_NOTHING = ActiveCallbacks()


def active_callbacks() -> ActiveCallbacks:
    """Return the functions that a computation started here and now has to call.

    Returns
    -------
    ActiveCallbacks
        Five tuples of functions, named and unpacked in the order `start`, `start_state`, `pretask`, `posttask`,
        `finish`. It is false if nothing is active.

    Examples
    --------
    >>> bool(active_callbacks())
    False
    >>> with Callback(start=print, finish=print):
    ...     start, start_state, pretask, posttask, finish = active_callbacks()
    >>> len(start), len(pretask)
    (1, 0)
    """
    entered = _entered.get()
    if not entered and not _registered:
        return _NOTHING
    unique = {id(callback): callback for callback in (*_registered, *entered)}
    columns = zip(*(callback._callback for callback in unique.values()), strict=True)
    return ActiveCallbacks(*(tuple(hook for hook in column if hook is not None) for column in columns))


@contextmanager
def add_callbacks(*callbacks: Union[Callback, HookTuple]) -> Iterator[None]:  # noqa: UP007
    """Watch the computations started inside the block with all of `callbacks`.

    Parameters
    ----------
    *callbacks : Callback or tuple
        Callbacks, or tuples of five functions or None: ``(start, start_state, pretask, posttask, finish)``.

    Raises
    ------
    TypeError
        If one is neither.
    ValueError
        If a tuple has not five items.

    Examples
    --------
    >>> with add_callbacks(Callback(start=print), (None, None, print, None, None)):
    ...     [len(hooks) for hooks in active_callbacks()]
    [1, 0, 1, 0, 0]
    """
    entered = tuple(_as_callback(callback) for callback in callbacks)
    for callback in entered:
        callback.__enter__()
    try:
        yield
    finally:
        for callback in reversed(entered):
            callback.__exit__(None, None, None)


def _as_callback(callback: Any) -> Callback:
    if isinstance(callback, Callback):
        return callback
    if not isinstance(callback, tuple):
        raise TypeError(f"expected a Callback or a tuple of five functions, got {type(callback).__name__}")
    if len(callback) != len(EVENTS):
        raise ValueError(
            f"a tuple of callbacks has five items, one for each of {', '.join(EVENTS)}; got {len(callback)}"
        )
    return Callback(*callback)


def _forget_in_child() -> None:
    """A forked child shares nothing with the watchers: their threads are gone and their locks may be held."""
    global _registered
    _registered = ()
    _entered.set(())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
