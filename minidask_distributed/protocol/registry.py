"""Which types travel in a form of their own: ``dask_serialize.register(cls)`` and ``dask_deserialize.register(cls)``.

A registered function takes an object apart into a small header and a list of frames (buffers that travel without being
copied); its counterpart puts it together again. Place in the flow: `pickling` asks `REDUCERS` for every object that isn't of
a built-in type, so registered types are served wherever they stand: by themselves, in lists, as attributes. Rules for NumPy
and pyarrow are there already and are loaded with those libraries.

The function that puts an object together travels with it, by name or by value like any function: the process at the other
end needs no registration of its own. It decides for itself only if the sender registered no such function.

Invariants: a frame given as ``bytes`` arrives as ``bytes``, any other buffer as a flat buffer that is writable if the
given one was. An implementation for a class serves its subclasses, too.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable
from pickle import PickleBuffer
from typing import Any

from minidask.dispatch import Dispatch
from minidask_distributed.protocol.buffers import OWN_BUFFER_BYTES, flat

__all__ = ["REDUCERS", "dask_deserialize", "dask_serialize", "reducers", "register_generic"]

Reducer = Callable[[Any], Any]


class _Reducers(dict[type, Reducer]):
    """{class: function that takes its instances apart for pickle}; a dispatch table for picklers.

    Classes that have none are not remembered, so a lookup of one fails each time (in 0.5 µs).
    """

    def __missing__(self, cls: type) -> Reducer:
        if dask_serialize.find(cls) is not None:
            reducer: Reducer | None = _reduce_registered
        elif cls in copyreg.dispatch_table:
            return copyreg.dispatch_table[cls]
        else:
            reducer = reducers.find(cls)
        if reducer is None:
            raise KeyError(cls)
        self[cls] = reducer
        return reducer


REDUCERS = _Reducers()


class _Registry(Dispatch):
    """A dispatch whose changes are seen by picklers at once."""

    def register(self, type_: type | tuple[type, ...], func: Any = None, *, subclasses: bool = True) -> Any:
        registered = super().register(type_, func, subclasses=subclasses)
        REDUCERS.clear()
        return registered

    def register_lazy(self, toplevel: str, func: Any = None) -> Any:
        registered = super().register_lazy(toplevel, func)
        REDUCERS.clear()
        return registered


dask_serialize = _Registry("dask_serialize")
dask_deserialize = _Registry("dask_deserialize")
# Our own rules: pickle's form (a function and its arguments) rather than header and frames, for speed.
reducers = _Registry("reducers")


def _reduce_registered(obj: Any) -> tuple[Any, ...]:
    made = dask_serialize(obj)
    try:
        header, frames = made
        buffers = [_frame(frame) for frame in frames]
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"the function registered with dask_serialize for {type(obj).__qualname__} must return a header and a list "
            f"of frames, that is bytes or other buffers, but returned {made!r:.200}: {error}"
        ) from error
    # Without a counterpart here, the receiver looks one up for the class.
    how = dask_deserialize.find(type(obj)) or type(obj)
    return _load_registered, (how, header, buffers)


def _frame(frame: Any) -> Any:
    if type(frame) is bytes:
        return frame if len(frame) < OWN_BUFFER_BYTES else (PickleBuffer(frame),)
    return PickleBuffer(flat(frame))


def _load_registered(how: Any, header: Any, buffers: list[Any]) -> Any:
    # A tuple marks what was bytes at the other end.
    frames = [bytes(flat(buffer[0])) if type(buffer) is tuple else flat(buffer) for buffer in buffers]
    if isinstance(how, type):
        how = dask_deserialize.dispatch(how)
    return how(header, frames)


def register_generic(cls: type) -> type:
    """Let instances of ``cls`` travel as their attributes (``__dict__``), each in the form of its own type; return ``cls``.

    For classes whose own pickling is slow or missing. They are put together again without a call of ``__init__``.
    Raises TypeError for what isn't a class, or one whose instances have no ``__dict__``.

    Examples
    --------
    >>> class Person:
    ...     def __init__(self, name):
    ...         self.name = name
    >>> register_generic(Person).__name__
    'Person'
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_generic takes a class, not {cls!r}")
    if not cls.__dictoffset__:
        raise TypeError(f"register_generic takes a class whose instances have a __dict__; {cls.__qualname__}'s don't")
    dask_serialize.register(cls, _attributes)
    dask_deserialize.register(cls, _with_attributes)
    return cls


def _attributes(obj: Any) -> tuple[dict[str, Any], list[Any]]:
    return {"type": type(obj), "attributes": dict(obj.__dict__)}, []


def _with_attributes(header: dict[str, Any], frames: list[Any]) -> Any:
    obj = object.__new__(header["type"])
    obj.__dict__.update(header["attributes"])
    return obj
