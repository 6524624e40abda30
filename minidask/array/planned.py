"""``planned``: an operation of many layers is made once, and again only on other operands.

What such an operation builds is told by the chunks and dtypes of its arrays and by its other arguments: slices, rechunks, joins
and names of a dozen layers, which take a hundred microseconds to find out. The first call with arguments of a kind builds it on
*stand-ins*, arrays of nothing but chunks and a dtype; all calls, the first one too, then put their own operands in the place of
these, a microsecond for each layer.

Place in the flow: above ``collection``, below all operations; a function takes part by the decorator.

Invariants
- A plan never holds data: its stand-ins have none, and arguments that can change (lists, small arrays) are copied for it.
- Layers are told apart by names as ever: a layer of a result is named by what it is in the plan and the operands that it
  depends on, so that equal calls give equal names, in every process, whichever of them made the plan.
- What can't be planned (other kinds of blocks, unknown sizes, functions that hold state, annotations, an operand that is
  assigned to, a warning) is built as if there were no plans.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import wraps
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from minidask.array import performance
from minidask.array.chunks import Chunks, Sizes, chunks_token, has_unknown, numblocks_of
from minidask.array.collection import ArrayBase, another, bare_array, new_array
from minidask.array.naming import func_part
from minidask.array.rebinding import rebind
from minidask.config.store import resolve, touched
from minidask.graph import Layer
from minidask.graph.annotations import current_annotations
from minidask.graph.layer import walk
from minidask.tokenize import quick_token
from minidask.tokenize.callables import global_names
from minidask.tokenize.objects import importable_name

_F = TypeVar("_F", bound=Callable[..., Any])

# So many plans of all operations are kept; then all are forgotten, which costs less than keeping count of their use.
_MOST = 512
# Sizes of more blocks are told apart by identity, as in ``remembered``; longer arguments aren't looked at.
_LONG = 32
_SMALL_BYTES = 1024
_SETTINGS = frozenset({"array", "array_plugins", "temporary-directory"})
_TOKEN = re.compile("[0-9a-f]{32}")
_ALL_BITS = (1 << 128) - 1
# Globals of these kinds are what they are; others may change what a function returns.
_FIXED = (BuiltinFunctionType, np.ufunc)
_ATOMS = frozenset({int, float, complex, bool, str, type(None)})
_OWN = ("numpy.", "minidask.")
# Modules that nobody changes the contents of.
_KNOWN = sys.stdlib_module_names | {"numpy", "scipy", "minidask"}

# Plans hold sizes of so many blocks at most, besides, which take about a hundred bytes each.
_MOST_BLOCKS = 500_000

# {function and arguments: plan}; None for what can't be planned.
_plans: dict[Any, Plan | None] = {}


class StandIn(Layer):
    """The blocks of an operand that a plan is made for, whichever it will be."""

    __slots__ = ()


class _Unplanned(Exception):
    """An argument or a result that no plan can be made of."""


def planned(func: _F) -> _F:
    """Decorate an operation, so that it is built once for all operands of the same chunks and dtypes.

    What it builds must depend on these and on its arguments alone: not on what layers its operands have, or on when it is called.

    Examples
    --------
    >>> import minidask.array as da
    >>> twice = planned(lambda x: print("building") or x + x)
    >>> [twice(da.arange(n, n + 3, chunks=3)).compute().tolist() for n in (6, 7)]
    building
    [[12, 14, 16], [14, 16, 18]]
    """

    @wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        if current_annotations() or "name" in kwargs or "token" in kwargs:
            return func(*args, **kwargs)
        # The number tells arguments by place from names.
        key: list[Any] = [func, len(args)]
        arrays: list[ArrayBase] = []
        try:
            if not _SETTINGS.isdisjoint(touched):
                key.append(_settings())
            for arg in args:
                _read(arg, key, arrays)
            for name, arg in kwargs.items():
                key.append(name)
                _read(arg, key, arrays)
        except _Unplanned:
            return func(*args, **kwargs)
        place = tuple(key)
        plan = _plans.get(place, _NEW)
        if plan is _NEW:
            plan = _made(func, args, kwargs)
            _keep(place, plan, arrays)
        return func(*args, **kwargs) if plan is None else plan.on(arrays)

    return call  # type: ignore[return-value]


# {their identity: sizes of many blocks}, which must not be freed while plans know them by it.
_held: dict[int, Sizes] = {}


def _keep(place: Any, plan: Plan | None, arrays: list[ArrayBase]) -> None:
    """Remember a plan, and forget all others if they are many, or hold much."""
    long = {id(sizes): sizes for x in arrays for sizes in x._chunks if len(sizes) >= _LONG}
    if len(_plans) >= _MOST or sum(map(len, {**_held, **long}.values())) > _MOST_BLOCKS:
        _plans.clear()
        _held.clear()
    _held.update(long)
    _plans[place] = plan


def planned_change(func: _F) -> _F:
    """Decorate an operation that changes its first argument, a chunked array, and returns nothing; see ``planned``.

    Examples
    --------
    >>> import minidask.array as da
    >>> clear = planned_change(lambda x, at: print("building") or x.__setitem__(at, 0))
    >>> x, y = da.arange(1, 4, chunks=3), da.arange(4, 7, chunks=3)
    >>> clear(x, 1), clear(y, 1)
    building
    (None, None)
    >>> x.compute(), y.compute()
    (array([1, 0, 3]), array([4, 0, 6]))
    """

    @planned
    def made(x: Any, *rest: Any, **kwargs: Any) -> Any:
        own = another(x)
        func(own, *rest, **kwargs)
        return own

    @wraps(func)
    def call(*args: Any, **kwargs: Any) -> None:
        if args and isinstance(args[0], ArrayBase):
            rebind(func.__name__, args[0], made(*args, **kwargs))
        else:
            func(*args, **kwargs)

    return call  # type: ignore[return-value]


def _settings() -> str:
    """Return the settings in force that say what is built."""
    if "array_plugins" in touched and resolve(("array_plugins",)):
        raise _Unplanned
    # Where files go says only what is built for rechunking by way of files.
    settings = repr(resolve(("array",)))
    return settings + repr(resolve(("temporary-directory",))) if "disk" in settings else settings


def _read(arg: Any, key: list[Any], arrays: list[ArrayBase]) -> None:
    """Add what stands for an argument to a key, and its arrays to those that come before."""
    kind = type(arg)
    if kind is str or arg is None:
        key.append(arg)
    elif kind is int or kind is bool:
        key.append(kind)
        key.append(arg)
    elif isinstance(arg, ArrayBase):
        _read_array(arg, key, arrays)
    elif kind is tuple or kind is list:
        if len(arg) > _LONG:
            raise _Unplanned
        key.append(kind)
        key.append(len(arg))
        for item in arg:
            _read(item, key, arrays)
    elif kind is float or kind is complex:
        # As text, which tells zeros of different signs apart.
        key.append(kind)
        key.append(repr(arg))
    elif kind is dict:
        _read(tuple(arg.items()), key, arrays)
        key.append(dict)
    elif kind is slice:
        known = len(arrays)
        _read((arg.start, arg.stop, arg.step), key, arrays)
        if len(arrays) != known or any(isinstance(end, ArrayBase) for end in (arg.start, arg.stop, arg.step)):
            raise _Unplanned
        key.append(slice)
    elif isinstance(arg, np.generic):
        if arg.dtype.kind not in "biufc":
            raise _Unplanned
        key.append(kind)
        key.append(repr(arg))
    elif kind is np.ndarray:
        if arg.dtype.kind not in "biufc" or arg.nbytes > _SMALL_BYTES:
            raise _Unplanned
        key += (kind, arg.dtype.str, arg.shape, arg.tobytes())
    elif isinstance(arg, np.dtype):
        _read_dtype(arg, key)
    elif isinstance(arg, type | np.ufunc) or arg is Ellipsis:
        # Marked, as the types above mark other arguments.
        key.append(type)
        key.append(arg)
    elif is_fixed(arg):
        key.append(FunctionType)
        if importable_name(arg) is None:
            # By its code: another object each time that the line is run.
            key.append(func_part(arg))
        else:
            key.append(arg)
            if type(arg) is FunctionType:
                key.append(arg.__code__)
                key.append(repr((arg.__defaults__, arg.__kwdefaults__)))
    else:
        raise _Unplanned


def _read_dtype(dtype: np.dtype[Any], key: list[Any]) -> None:
    key.append(dtype)
    if dtype.metadata is not None:
        raise _Unplanned
    if dtype.kind == "V":
        # Records are equal whatever metadata and alignment their fields have.
        key.append(repr(dtype))


def _read_array(x: ArrayBase, key: list[Any], arrays: list[ArrayBase]) -> None:
    meta = x._meta
    if type(meta) is np.ma.MaskedArray:
        fill: Any = meta._fill_value  # type: ignore[attr-defined]
        if meta.dtype.hasobject:
            raise _Unplanned
        key.append(np.ma.MaskedArray)
        # Its bytes: a text of it is rounded.
        key.append(None if fill is None else np.asarray(fill).tobytes())
    elif type(meta) is not np.ndarray:
        raise _Unplanned
    name = x._layer.name
    for number, known in enumerate(arrays):
        if known is x:
            key.append(-1 - number)
            return
        if known._layer.name == name:
            if type(known._meta) is not np.ndarray or type(meta) is not np.ndarray:
                raise _Unplanned
            if known._chunks != x._chunks or known._meta.dtype != meta.dtype:
                # Other views of one layer, which stand-ins by layer can't be.
                raise _Unplanned
            key.append(ArrayBase)
            key.append(-1 - number)
            return
    chunks = x._chunks
    key.append(len(chunks))
    for sizes in chunks:
        if len(sizes) < _LONG:
            # Known sizes are ints.
            if not sizes or float in map(type, sizes):
                raise _Unplanned
            key.append(sizes)
        elif has_unknown(sizes):
            raise _Unplanned
        else:
            key.append(id(sizes))
    dtype = meta.dtype
    if dtype.kind == "V" or dtype.metadata is not None:
        _read_dtype(dtype, key)
    else:
        key.append(dtype)
    arrays.append(x)


def is_fixed(func: Any) -> bool:
    """Whether a function is what its name or code says, and holds nothing that may change or that takes memory.

    Examples
    --------
    >>> is_fixed(np.mean), is_fixed(lambda x: x + 1), is_fixed(lambda x, held=[1]: x), is_fixed(3)
    (True, True, False, False)
    """
    if type(func) is FunctionType:
        if func.__module__ is not None and f"{func.__module__}.".startswith(_OWN) and importable_name(func) is not None:
            return True
        defaults = (*(func.__defaults__ or ()), *(func.__kwdefaults__ or {}).values())
        if func.__closure__ or func.__dict__ or any(type(value) not in _ATOMS for value in defaults):
            return False
        used = func.__globals__
        return all(_stays(used[name]) for name in global_names(func.__code__) if name in used)
    return callable(func) and importable_name(func) is not None


def _stays(value: Any) -> bool:
    """Whether a global that a function of one's own calls is nobody's to change or to define again."""
    if isinstance(value, ModuleType):
        return value.__name__.partition(".")[0] in _KNOWN
    if isinstance(value, FunctionType | type):
        return f"{value.__module__}.".partition(".")[0] in _KNOWN
    return isinstance(value, _FIXED)


class Step(NamedTuple):
    """A layer of a plan: what is kept of it, and what each call puts in."""

    cls: type[Layer]
    state: tuple[tuple[str, Any], ...]
    # Its name: text, a token as a number, text. The number is combined with that of the operands it depends on.
    before: str
    number: int
    after: str
    operands: int
    # Places of its inputs among operands, layers that depend on none, and earlier steps.
    inputs: tuple[int, ...]
    # What of its state is the name of a layer that is no input, and the place of that.
    names: tuple[tuple[str, int], ...]


class Output(NamedTuple):
    """An array of a result: the place of its layer, what else it has, and the operand that it is, if it is one itself."""

    place: int
    chunks: Chunks
    meta: Any
    shape: tuple[Any, ...]
    operand: int | None


class Plan(NamedTuple):
    """What a call made of stand-ins."""

    fixed: list[Layer]
    steps: list[Step]
    # For each set of operands that layers depend on their numbers.
    operands: list[tuple[int, ...]]
    outputs: list[Output]
    # None for a single array; otherwise makes the result of its arrays.
    packing: Any

    def on(self, arrays: list[ArrayBase]) -> Any:
        """Return the result for operands."""
        layers = [x._layer for x in arrays]
        numbers = [_number(layer.name) for layer in layers]
        combined = [_combined(operands, numbers) for operands in self.operands]
        layers += self.fixed
        named = []
        for cls, state, before, number, after, which, inputs, names in self.steps:
            layer = cls.__new__(cls)
            for slot, value in state:
                setattr(layer, slot, value)
            layer.name = f"{before}{number ^ combined[which]:032x}{after}"
            layer.inputs = tuple([layers[place] for place in inputs])
            layers.append(layer)
            if names:
                named.append((layer, names))
        for layer, names in named:
            for slot, place in names:
                setattr(layer, slot, layers[place].name)
        made = [
            new_array(layers[place], chunks, meta, shape) if operand is None else arrays[operand]
            for place, chunks, meta, shape, operand in self.outputs
        ]
        return made[0] if self.packing is None else _packed(self.packing, made)


def _number(name: str) -> int:
    """Return what stands for an operand in the names of layers that depend on it."""
    return int(quick_token("operand", name), 16)


def _combined(operands: tuple[int, ...], numbers: list[int]) -> int:
    """Return what stands for several operands, in their order."""
    if len(operands) == 1:
        return numbers[operands[0]]
    total = 0
    for place in operands:
        total ^= numbers[place] * (2 * place + 3) & _ALL_BITS
    return total


# What is not among the plans.
_NEW: Any = Plan([], [], [], [], None)


def _made(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plan | None:
    """Return the plan of a call, None if there is none."""
    stand_ins: dict[str, Any] = {}
    given: dict[int, Any] = {}
    own = [_copied(arg, stand_ins, given) for arg in args]
    keywords = {name: _copied(arg, stand_ins, given) for name, arg in kwargs.items()}
    warned = performance.count()
    try:
        result = func(*own, **keywords)
        operands = list(stand_ins.values())
        if performance.count() != warned or any(type(x._layer) is not StandIn for x in given.values()):
            return None
        return _plan(result, operands)
    except Exception:
        # Whatever it is, the call on its own arguments says it better.
        return None


def _copied(arg: Any, stand_ins: dict[str, Any], given: dict[int, Any]) -> Any:
    """Return an argument with stand-ins for arrays, and copies of what can change."""
    if isinstance(arg, ArrayBase):
        if id(arg) not in given:
            name = arg._layer.name
            if name not in stand_ins:
                number = len(stand_ins)
                token = quick_token("stand-in", number, chunks_token(arg._chunks), str(arg.dtype))
                layer = StandIn(f"operand-{token}", (), numblocks_of(arg._chunks))
                stand_ins[name] = bare_array(layer, arg._chunks, arg._meta, arg.shape)
                given[id(arg)] = stand_ins[name]
            else:
                given[id(arg)] = another(stand_ins[name])
        return given[id(arg)]
    if type(arg) in (tuple, list):
        return type(arg)([_copied(item, stand_ins, given) for item in arg])
    if type(arg) is dict:
        return {key: _copied(value, stand_ins, given) for key, value in arg.items()}
    return arg.copy() if type(arg) is np.ndarray else arg


def _plan(result: Any, operands: list[Any]) -> Plan:
    arrays: list[Any] = []
    packing = _unpacked(result, arrays)
    places = {x._layer.name: number for number, x in enumerate(operands)}
    order = [layer for layer in walk([x._layer for x in arrays]) if layer.name not in places]
    needs = {x._layer.name: frozenset([number]) for number, x in enumerate(operands)}
    fixed: list[Layer] = []
    rest: list[Layer] = []
    for layer in order:
        needs[layer.name] = frozenset().union(*[needs[above.name] for above in layer.inputs])
        (rest if needs[layer.name] else fixed).append(layer)
    for layer in (*fixed, *rest):
        places[layer.name] = len(places)
    sets = list(dict.fromkeys([tuple(sorted(needs[layer.name])) for layer in rest]))
    hidden = {layer.name for layer in rest} | {x._layer.name for x in operands}
    # Taking out what stands for stand-ins: an operation has one name, by itself and inside of others.
    numbers = [_number(x._layer.name) for x in operands]
    own = [_combined(needed, numbers) for needed in sets]
    steps = []
    for layer in rest:
        which = sets.index(tuple(sorted(needs[layer.name])))
        steps.append(_step(layer, which, own[which], places, hidden))
    outputs = []
    for x in arrays:
        if any(not sizes or (len(sizes) > 1 and has_unknown(sizes)) for sizes in x._chunks):
            # Unknown sizes of several blocks are equal only where they are the same object: each result has its own.
            raise _Unplanned
        itself = next((number for number, given in enumerate(operands) if given is x), None)
        outputs.append(Output(places[x._layer.name], x._chunks, x._meta, x.shape, itself))
    single = packing == 0 and type(packing) is int
    return Plan(fixed, steps, sets, outputs, None if single else packing)


def _step(layer: Layer, operands: int, own: int, places: dict[str, int], hidden: set[str]) -> Step:
    tokens = list(_TOKEN.finditer(layer.name))
    if not layer.is_grid or not tokens:
        raise _Unplanned
    state = layer._state()
    name, inputs = state.pop("name"), state.pop("inputs")
    # Of layers behind it, too.
    names = tuple(
        [(slot, places[value]) for slot, value in state.items() if isinstance(value, str) and value in hidden]
    )
    for slot, _ in names:
        del state[slot]
    _check_free(list(state.values()), hidden)
    start, stop = tokens[-1].span()
    above = tuple([places[one.name] for one in inputs])
    number = int(name[start:stop], 16) ^ own
    return Step(type(layer), tuple(state.items()), name[:start], number, name[stop:], operands, above, names)


def _check_free(value: Any, hidden: set[str]) -> None:
    """Raise _Unplanned if a part of a layer's state leads to a stand-in, or what is made of it."""
    if isinstance(value, ArrayBase | Layer) or (isinstance(value, str) and value in hidden):
        raise _Unplanned
    if isinstance(value, tuple | list):
        # Sizes and positions are numbers.
        if value and not (isinstance(value[0], int | float) and isinstance(value[-1], int | float)):
            for item in value:
                _check_free(item, hidden)
    elif isinstance(value, dict):
        _check_free(list(value.values()), hidden)
    elif type(value).__module__.startswith("minidask.") and not isinstance(value, type):
        names = [slot for base in type(value).__mro__ for slot in base.__dict__.get("__slots__", ())]
        _check_free([getattr(value, name, None) for name in names], hidden)
        _check_free(list(getattr(value, "__dict__", {}).values()), hidden)


class _Tuple(NamedTuple):
    kind: type
    items: list[Any]


class _Value(NamedTuple):
    value: Any


def _unpacked(result: Any, arrays: list[Any]) -> Any:
    """Return how a result is made of arrays: the number of one, or what it is made of."""
    if isinstance(result, ArrayBase):
        arrays.append(result)
        return len(arrays) - 1
    if isinstance(result, tuple) or type(result) is list:
        return _Tuple(type(result), [_unpacked(item, arrays) for item in result])
    if result is None or isinstance(result, str | int | float | complex | np.generic) or type(result) is np.ndarray:
        return _Value(result)
    raise _Unplanned


def _packed(packing: Any, arrays: list[Any]) -> Any:
    if type(packing) is int:
        return arrays[packing]
    if type(packing) is _Value:
        return packing.value.copy() if type(packing.value) is np.ndarray else packing.value
    items = [_packed(item, arrays) for item in packing.items]
    if packing.kind is list:
        return items
    return tuple(items) if packing.kind is tuple else packing.kind(*items)
