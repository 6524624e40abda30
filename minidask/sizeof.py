"""How many bytes of memory an object takes: `sizeof`.

Place in the flow: schedulers, caches and workers ask it of every result, so it must be quick, must never raise, and
may estimate.

How: an explicit stack over the object, its elements and its attributes; each object counts once. Types with a rule
answer for themselves; the rules of NumPy, pandas, pyarrow and SciPy are registered when the first of their objects is
met.

- Collections of more than 256 elements are sampled (128 elements, spread over all of them); the sum is scaled to the
  estimated number of distinct elements, so that a million references to one string count as one string.
- A NumPy view counts its own ``nbytes``, but all views of one array in a collection count no more than that array; of
  an axis broadcast by a zero stride one element counts.
- Data shared in other ways (Arrow buffers of two tables, categories of two columns) count for each holder.
- Values of an unknown type count what `sys.getsizeof` says, or their ``nbytes`` if that is more, and their
  attributes.

Invariants: the result is a non-negative int; nothing is raised; at most about 100,000 objects are visited; nothing is
copied.

Not for: exact accounting, memory held by C libraries without telling, or memory shared between processes.
"""

from __future__ import annotations

import mmap
import sys
import types
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import islice
from pickle import PickleBuffer
from typing import Any

from minidask.dispatch import Dispatch

__all__ = ["sizeof"]

_EXACT_UP_TO = 256
_SAMPLE = 128
# Of sets and dicts, which have no positions, the sample is taken from that many first elements.
_SCAN = 65_536
# Beyond the first, samples shrink to one element a collection; beyond the second, nothing inside is looked at.
_FEW_AFTER, _NONE_AFTER = 10_000, 100_000
# The fraction whose multiples are spread most evenly over the unit interval (Knuth, TAOCP 3, 6.4).
_GOLDEN = 0.6180339887498949
_LEAVES = (
    str,
    bytes,
    int,
    float,
    complex,
    type(None),
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
)
# Those whose size runs nobody's code.
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_CONTAINERS = (list, tuple, set, frozenset, deque, dict)


class _SizeOf(Dispatch):
    """Estimate the memory that an object takes, with all that it holds.

    Parameters
    ----------
    arg : Any

    Returns
    -------
    int
        Bytes; never negative. Nothing is raised: a rule or ``__sizeof__`` that fails is passed over.

    Examples
    --------
    >>> sizeof(b"x" * 1000) >= 1000
    True
    >>> sizeof([b"x" * 1000] * 10) < 2000
    True
    >>> class Picture:
    ...     pass
    >>> @sizeof.register(Picture)
    ... def sizeof_picture(x):
    ...     return 4_000_000
    >>> sizeof([Picture(), Picture()]) // 1_000_000
    8
    """

    def __call__(self, arg: Any, *args: Any, **kwargs: Any) -> int:
        kind = type(arg)
        if kind in _ATOMS:
            return sys.getsizeof(arg)
        # What the general way finds, in a fraction of the time.
        flat = (kind is tuple or kind is list) and len(arg) <= _SAMPLE and _ATOMS.issuperset(map(type, arg))
        if flat and self.find(kind) is None:
            return sys.getsizeof(arg) + sum(map(sys.getsizeof, {id(item): item for item in arg}.values()))
        total = 0.0
        seen: set[int] = set()
        # {id of the array that owns the memory: [bytes of its views so far, its own bytes]}
        views: dict[int, list[float]] = {}
        # (object, how many like it there are)
        stack: list[tuple[Any, float]] = [(arg, 1.0)]
        while stack:
            node, weight = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            # Not isinstance, which may run code of the object's own.
            if issubclass(type(node), _LEAVES):
                total += weight * _shallow(node)
                continue
            try:
                rule = self.find(type(node))
                if rule is not None:
                    size = weight * max(0, int(rule(node)))
                    owner = _owner(node)
                    if owner is None:
                        total += size
                    else:
                        views.setdefault(id(owner), [0.0, owner.nbytes])[0] += size
                    continue
                total += weight * _own_size(node)
                if len(seen) < _NONE_AFTER:
                    few = len(seen) > _FEW_AFTER
                    stack.extend((part, weight * times) for part, times in _parts(node, few))
            except Exception:  # foreign code runs in the lines above, and an estimate must not stop a computation
                total += weight * _shallow(node)
        return int(total + sum(min(size, limit) for size, limit in views.values()))


sizeof = _SizeOf("sizeof")


def _shallow(obj: Any) -> int:
    try:
        return max(0, sys.getsizeof(obj, 0))
    except Exception:  # a __sizeof__ that fails
        return object.__sizeof__(obj)


def _own_size(obj: Any) -> int:
    """The object without its parts."""
    if isinstance(obj, _CONTAINERS) or not hasattr(type(obj), "nbytes"):
        return _shallow(obj)
    nbytes = obj.nbytes
    return max(_shallow(obj), nbytes if isinstance(nbytes, int) else 0)


def _parts(obj: Any, few: bool) -> list[tuple[Any, float]]:
    """Elements and attributes, each with the number of distinct parts that it stands for."""
    parts: list[tuple[Any, float]] = []
    if isinstance(obj, dict):
        parts += _sampled(obj.keys(), len(obj), few)
        parts += _sampled(obj.values(), len(obj), few)
    elif isinstance(obj, _CONTAINERS):
        parts += _sampled(obj, len(obj), few)
    attributes = getattr(obj, "__dict__", None)
    if isinstance(attributes, dict):
        parts.append((attributes, 1.0))
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__"):
                member = cls.__dict__.get(_mangled(cls, name))
                if isinstance(member, types.MemberDescriptorType):
                    try:
                        parts.append((member.__get__(obj), 1.0))
                    except AttributeError:  # not set
                        continue
    return parts


def _mangled(cls: type, name: str) -> str:
    private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if private else name


def _sampled(items: Any, n: int, few: bool) -> Iterable[tuple[Any, float]]:
    """Some elements, each with the number of distinct ones that it stands for."""
    size = 1 if few else _SAMPLE
    if n <= (1 if few else _EXACT_UP_TO):
        return [(item, 1.0) for item in items]
    if isinstance(items, list | tuple):
        sample = [items[int(i * _GOLDEN % 1.0 * n)] for i in range(1, size + 1)]
    else:
        sample = list(islice(items, 0, _SCAN, max(1, min(n, _SCAN) // size)))
    return _scaled(sample, n)


def _scaled(sample: Sequence[Any], n: int) -> list[tuple[Any, float]]:
    """Distinct elements of a sample, weighted by the estimated number of distinct elements among all ``n``.

    The estimate is Chao's lower bound from the elements met once and twice (Scand. J. Statist. 11, 1984).
    """
    counts = Counter(map(id, sample))
    distinct = len(counts)
    if distinct == len(sample):
        estimate = float(n)
    else:
        once, twice = (sum(1 for count in counts.values() if count == k) for k in (1, 2))
        estimate = min(float(n), distinct + once * (once - 1) / (2 * (twice + 1)))
    by_id = {id(item): item for item in sample}
    return [(item, estimate / distinct) for item in by_id.values()]


def _owner(obj: Any) -> Any:
    """The array whose memory a NumPy view shows, or None (also if there is more to the view than that memory)."""
    # Another thread may be about to import NumPy: then there is no array yet.
    numpy = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    if array is None or not isinstance(obj, array) or isinstance(obj, numpy.ma.MaskedArray):  # type: ignore[union-attr]
        return None
    if obj.dtype.kind in "OT":
        return None
    owner = obj.base
    while owner is not None and isinstance(owner, array) and owner.base is not None:
        owner = owner.base
    return owner if isinstance(owner, array) else None


@sizeof.register((memoryview, bytearray, mmap.mmap, PickleBuffer))
def _sizeof_buffer(x: Any) -> int:
    # A view of a buffer counts what it shows; a released or closed one nothing but itself.
    return _shallow(x) + (len(memoryview(x).cast("B")) if isinstance(x, PickleBuffer) else _buffer_bytes(x))


def _buffer_bytes(x: Any) -> int:
    if isinstance(x, memoryview):
        return x.nbytes
    return len(x) if isinstance(x, mmap.mmap) else 0


@sizeof.register(range)
def _sizeof_range(x: range) -> int:
    return _shallow(x)


@sizeof.register_lazy("numpy")
def _register_numpy() -> None:
    import numpy as np

    sizeof.register(np.ndarray, _sizeof_ndarray)
    sizeof.register(np.ma.MaskedArray, lambda x: _sizeof_ndarray(x.data) + _sizeof_mask(x))
    sizeof.register(np.generic, lambda x: max(_shallow(x), x.nbytes))


def _sizeof_mask(x: Any) -> int:
    mask = x.mask
    return int(mask.nbytes) if mask.ndim else 0


def _sizeof_ndarray(x: Any) -> int:
    cells = 1
    for length, stride in zip(x.shape, x.strides, strict=True):
        cells *= length if stride or not length else 1
    size = cells * x.itemsize
    if x.dtype.kind in "OT" and x.size:
        size += _sizeof_elements(x.flat, x.size, inline=15 if x.dtype.kind == "T" else -1)
    # __sizeof__ of an array that owns its memory includes it.
    return size + max(0, _shallow(x) - (x.nbytes if x.flags.owndata else 0))


def _sizeof_elements(flat: Any, n: int, inline: int = -1) -> int:
    """Estimated bytes of an array's elements; strings of up to ``inline`` bytes lie in the array itself."""
    positions = range(n) if n <= _EXACT_UP_TO else [int(i * _GOLDEN % 1.0 * n) for i in range(1, _SAMPLE + 1)]
    sample = [flat[i] for i in positions]
    if inline >= 0:
        sizes = [len(item.encode("utf-8", "surrogatepass")) if isinstance(item, str) else 0 for item in sample]
        return sum(size for size in sizes if size > inline) * n // len(sample)
    weighted = _scaled(sample, n)
    # Together, so that what they share counts once.
    together = [item for item, _ in weighted]
    return int((sizeof(together) - _shallow(together)) * weighted[0][1])


@sizeof.register_lazy("pandas")
def _register_pandas() -> None:
    import pandas as pd

    arrays = pd.arrays
    sizeof.register(pd.DataFrame, lambda x: 1000 + sizeof(x.index) + sizeof(x.columns) + _sizeof_columns(x))
    sizeof.register(pd.Series, lambda x: 500 + sizeof(x.index) + _sizeof_array(x.array))
    sizeof.register(pd.Index, lambda x: 250 + _sizeof_array(x.array))
    sizeof.register(pd.RangeIndex, lambda x: 250)
    sizeof.register(pd.MultiIndex, lambda x: 500 + sum(map(sizeof, x.levels)) + sum(codes.nbytes for codes in x.codes))
    sizeof.register(pd.api.extensions.ExtensionArray, _sizeof_array)
    sizeof.register(arrays.NumpyExtensionArray, lambda x: sizeof(x.to_numpy(copy=False)))
    sizeof.register(pd.Categorical, lambda x: x.codes.nbytes + sizeof(x.categories))
    sizeof.register(arrays.IntervalArray, lambda x: sizeof(x.left) + sizeof(x.right))


def _sizeof_columns(frame: Any) -> int:
    return sum(_sizeof_array(series.array) for _, series in frame.items())


def _sizeof_array(array: Any) -> int:
    """A pandas array. Strings and other objects are sampled; Arrow's memory is exact."""
    rule = sizeof.find(type(array))
    if rule is not None and rule is not _sizeof_array:
        return int(rule(array))
    if getattr(array.dtype, "storage", None) == "python":
        return int(array.nbytes) + (_sizeof_elements(array, len(array)) if len(array) else 0)
    return int(array.nbytes)


@sizeof.register_lazy("pyarrow")
def _register_pyarrow() -> None:
    import pyarrow as pa

    sizeof.register((pa.Table, pa.RecordBatch, pa.Array, pa.ChunkedArray), _sizeof_arrow)
    sizeof.register(pa.Buffer, lambda x: _shallow(x) + x.size)


def _sizeof_arrow(x: Any) -> int:
    import pyarrow as pa

    try:
        return int(x.nbytes)
    except (pa.ArrowException, NotImplementedError):  # types for which Arrow can't tell a slice from the whole
        return int(x.get_total_buffer_size())


@sizeof.register_lazy("scipy")
def _register_scipy() -> None:
    import scipy.sparse

    sizeof.register((scipy.sparse.sparray, scipy.sparse.spmatrix), _sizeof_sparse)


def _sizeof_sparse(x: Any) -> int:
    if x.format == "dok":
        return int(x.nnz) * 200  # a dict entry, a tuple of two ints, a scalar
    parts = [getattr(x, name, None) for name in ("data", "indices", "indptr", "offsets", "rows")]
    coords = getattr(x, "coords", ()) if x.format == "coo" else ()
    return sum(sizeof(part) for part in (*parts, *coords) if part is not None)
