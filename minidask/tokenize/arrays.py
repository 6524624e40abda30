"""Normalizers for NumPy: arrays, dtypes, scalars, ufuncs and random generators.

Place in the flow: registers with `registry.normalize_token` when the first NumPy object is tokenized; imports no
NumPy before.

Arrays are hashed by dtype, shape and content, in C order of their elements: strided views, Fortran-ordered and
memory-mapped arrays have the token of a C-contiguous copy, and C-contiguous memory is hashed where it is. One
exception: of an axis broadcast by a zero stride only one element is read, so a broadcast view differs from its copy.
Padding bytes are never read.

Not for: arrays of other libraries, and subclasses of ndarray that have no rule here (they are taken apart as pickle
does).
"""

from __future__ import annotations

import sys
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from minidask.tokenize.objects import Opaque, reduced
from minidask.tokenize.registry import normalize_token

if TYPE_CHECKING:
    import numpy as np

__all__ = ["array_form", "dtype_form"]

# Copies of arrays that are not contiguous are made and hashed in pieces of this size (fits the L2 cache).
_PIECE_BYTES = 1 << 20
# The kinds of dtype that their string describes wholly.
_SIMPLE_KINDS = frozenset("biufcmMSUO")


@normalize_token.register_lazy("numpy")
def _register_numpy() -> None:
    import numpy as np

    register = normalize_token.register
    register((np.ndarray, np.memmap), array_form, subclasses=False)
    register((np.matrix, np.recarray), _view, subclasses=False)
    register(np.ma.MaskedArray, _masked, subclasses=False)
    register(np.dtype, dtype_form)
    register(np.generic, _scalar)
    register(np.ufunc, _ufunc)
    register(np.random.Generator, _generator)
    register(np.random.BitGenerator, _bit_generator)
    register(np.random.SeedSequence, _seed_sequence, subclasses=False)
    register(np.random.RandomState, _random_state)


def dtype_form(dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return plain values that identify a dtype: equal dtypes give equal ones.

    >>> import numpy as np
    >>> dtype_form(np.dtype("i4"))
    ('<i4',)
    """
    metadata = () if dtype.metadata is None else (dict(dtype.metadata),)
    if dtype.fields is not None:
        fields = [(name, *dtype.fields[name]) for name in dtype.names or ()]
        return "fields", [(name, field[0], field[1:]) for name, *field in fields], dtype.itemsize, *metadata
    if dtype.subdtype is not None:
        return "subarray", *dtype.subdtype, *metadata
    # Not isbuiltin: that is 0 for a built-in dtype that has been pickled.
    if dtype.kind in _SIMPLE_KINDS and type(dtype).__module__ == "numpy.dtypes":
        return dtype.str, *metadata
    if dtype.kind == "T":
        string: Any = dtype
        return "T", string.coerce, hasattr(string, "na_object"), getattr(string, "na_object", None)
    if dtype.kind in _SIMPLE_KINDS or dtype.kind == "V":
        return dtype.str, dtype.name, *metadata
    return dtype.str, dtype.name, reduced(dtype)


def array_form(array: np.ndarray) -> tuple[Any, ...]:
    """Return plain values that identify an array: shape, dtype, and digests of its content (or elements, if objects).

    >>> import numpy as np
    >>> a = np.arange(6).reshape(2, 3)
    >>> array_form(a.T) == array_form(a.T.copy())
    True
    """
    import numpy as np

    array = array.view(np.ndarray)
    shape = array.shape
    broadcast = tuple(
        i for i, (n, stride) in enumerate(zip(shape, array.strides, strict=True)) if n > 1 and stride == 0
    )
    if broadcast:
        array = array[tuple(slice(0, 1) if i in broadcast else slice(None) for i in range(array.ndim))]
    return shape, broadcast, dtype_form(array.dtype), _content(array)


def _content(array: np.ndarray) -> Any:
    dtype = array.dtype
    if dtype.fields is not None and (dtype.hasobject or not _packed(dtype)):
        return [_content(array[name]) for name in dtype.names or ()]
    if dtype.kind in "OT":
        return array.ravel().tolist()
    return _digest(array)


def _packed(dtype: np.dtype[Any]) -> bool:
    """Whether each byte of an element counts: no padding, no overlap, no long double."""
    if dtype.subdtype is not None:
        return _packed(dtype.subdtype[0])
    if dtype.fields is None:
        return dtype.char not in "gGT"
    end = 0
    for offset, field in sorted((dtype.fields[name][1], dtype.fields[name][0]) for name in dtype.names or ()):
        if offset != end or not _packed(field):
            return False
        end += field.itemsize
    return end == dtype.itemsize


def _digest(array: np.ndarray) -> bytes:
    """SHA-256 of the elements' bytes in C order."""
    import numpy as np

    hasher = sha256()
    if array.size and array.dtype.itemsize:
        for piece in _pieces(array):
            memory = piece.reshape(-1).view(np.uint8)
            if array.dtype.char in "gG" and np.finfo(array.dtype).nmant == 63:
                # x86: 10 bytes of number, the rest is padding that may hold anything.
                memory = np.ascontiguousarray(memory.reshape(-1, np.dtype("g").itemsize)[:, :10]).reshape(-1)
            hasher.update(memory.data)
    return hasher.digest()


def _pieces(array: np.ndarray) -> Any:
    """C-contiguous arrays that make up ``array``, one after the other."""
    import numpy as np

    todo = [array]
    while todo:
        piece = todo.pop()
        if piece.flags.c_contiguous or piece.nbytes <= _PIECE_BYTES:
            yield np.ascontiguousarray(piece)
        elif len(piece) == 1:
            todo.append(piece[0])
        else:
            step = max(1, len(piece) * _PIECE_BYTES // piece.nbytes)
            if step == 1 and piece.ndim > 1:
                todo.extend(reversed(list(piece)))
            else:
                todo.extend(reversed([piece[i : i + step] for i in range(0, len(piece), step)]))


def _view(array: np.ndarray) -> tuple[Any, ...]:
    return array_form(array), array.dtype, array.__dict__


def _masked(array: Any) -> Any:
    import numpy as np

    data, mask = np.ma.getdata(array), np.ma.getmask(array)
    return data, None if mask is np.ma.nomask else mask, array.fill_value, array.hardmask, array._optinfo


def _scalar(scalar: np.generic) -> Any:
    import numpy as np

    return array_form(np.asarray(scalar))


def _ufunc(ufunc: np.ufunc) -> Any:
    name = ufunc.__name__
    for module in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(module), name, None) is ufunc:
            return module, name
    # np.frompyfunc and the like: pickle finds the module, or there is only the identity.
    parts = reduced(ufunc)
    return parts if type(parts) is not Opaque else Opaque(f"the ufunc {name!r} can't be imported by a name")


def _generator(generator: np.random.Generator) -> Any:
    return generator.bit_generator


def _bit_generator(bit_generator: Any) -> Any:
    return bit_generator.state, bit_generator.seed_seq


def _seed_sequence(seed: np.random.SeedSequence) -> Any:
    return seed.entropy, seed.spawn_key, seed.pool_size, seed.n_children_spawned


def _random_state(state: np.random.RandomState) -> Any:
    return state.get_state(legacy=False)
