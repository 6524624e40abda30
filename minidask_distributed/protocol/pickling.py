"""Objects to bytes and back: plain pickle where it does, cloudpickle where it must.

Place in the flow: everything of a user's that travels (functions, arguments, results, errors) goes through `dumps` and
`loads`. Reading is the receiver's decision, made after the connection was authenticated; nothing else here unpickles.

Plain pickle names functions and classes, and is quick. Names are no use to the other end if they stand in ``__main__`` (a
script, a notebook) or in a module that was registered with ``cloudpickle.register_pickle_by_value``: what names such a module,
and what plain pickle refuses (lambdas, closures), goes through cloudpickle, which sends the definition.

Invariants: a pickle has protocol 5; buffers given to ``buffer_callback`` are not copied; what an object raises while it is
pickled never passes silently.
"""

from __future__ import annotations

import io
import pickle
from collections import ChainMap
from collections.abc import Callable, Iterable
from pickle import PickleBuffer
from typing import Any

import cloudpickle

# Their rules are registered by importing them.
from minidask_distributed.protocol import arrays, arrow  # noqa: F401
from minidask_distributed.protocol.buffers import OWN_BUFFER_BYTES, Buffer
from minidask_distributed.protocol.registry import REDUCERS
from minidask_distributed.protocol.unpicklable import describe_unpicklable

__all__ = ["dumps", "loads", "names_by_value"]

_MAIN = b"__main__"
# Pickled alike by all ways, and never by value.
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})

BufferCallback = Callable[[PickleBuffer], object]


class _Pickler(pickle.Pickler):
    dispatch_table = REDUCERS


class _ByValuePickler(cloudpickle.Pickler):
    dispatch_table = ChainMap(REDUCERS, cloudpickle.Pickler.dispatch_table)


def dumps(obj: Any, buffer_callback: BufferCallback | None = None) -> bytes:
    """Return ``obj`` pickled; cloudpickled if plain pickle can't, or if a name would mean nothing to the other end.

    Parameters
    ----------
    obj : Any
    buffer_callback : callable, optional
        Called at the end with each ``PickleBuffer`` of at least 64 KiB, whose memory is left out of the bytes: give them
        to `loads` in the same order. Without it all memory is copied into the bytes.

    Raises
    ------
    TypeError
        If ``obj`` can't be pickled; the message names its innermost part that can't.

    Examples
    --------
    >>> loads(dumps([1, "a"]))
    [1, 'a']
    >>> loads(dumps(lambda x: x + 1))(1)
    2
    """
    if type(obj) in _ATOMS:
        return pickle.dumps(obj, 5)
    large: list[PickleBuffer] = []

    def collect(buffer: PickleBuffer) -> bool:
        if memoryview(buffer).nbytes < OWN_BUFFER_BYTES:
            return True
        large.append(buffer)
        return False

    chosen = None if buffer_callback is None else collect
    try:
        data = _dump(_Pickler, obj, chosen)
        by_value = names_by_value(data)
    except MemoryError:
        raise
    except Exception:  # cloudpickle decides, and its reason is told
        by_value = True
    if by_value:
        large.clear()
        try:
            data = _dump(_ByValuePickler, obj, chosen)
        except MemoryError:
            raise
        except Exception as error:
            reason = describe_unpicklable(obj) or f"it can't be pickled: {type(error).__name__}: {error}"
            raise TypeError(f"a {type(obj).__name__} can't be sent to another process: {reason}") from error
    if buffer_callback is not None:
        for buffer in large:
            buffer_callback(buffer)
    return data


def _dump(pickler: type[pickle.Pickler], obj: Any, collect: Callable[[PickleBuffer], bool] | None) -> bytes:
    file = io.BytesIO()
    pickler(file, 5, buffer_callback=collect).dump(obj)
    return file.getvalue()


def names_by_value(data: bytes) -> bool:
    """Say whether a pickle names ``__main__`` or a module that is registered to be pickled by value.

    Text that just looks so counts, too: cloudpickle is then used without need.

    Examples
    --------
    >>> names_by_value(pickle.dumps(io.BytesIO)), names_by_value(pickle.dumps("__main__"))
    (False, True)
    """
    if _MAIN in data:
        return True
    registered = cloudpickle.list_registry_pickle_by_value()
    return bool(registered) and any(name.encode() in data for name in registered)


def loads(data: Buffer, buffers: Iterable[Buffer] = ()) -> Any:
    """Return the object of a pickle; ``buffers`` are those left out of it, in order, and are not copied.

    Only for bytes from an authenticated peer: a pickle can run any code. Raises whatever reading it raises.

    Examples
    --------
    >>> loads(dumps((1, None)))
    (1, None)
    """
    return pickle.loads(data, buffers=buffers)
