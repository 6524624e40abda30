"""``delayed`` and the objects that it makes: each stands for the result of one task.

A ``Delayed`` is a key and the layer that holds it. A call, an operator, an attribute or an item of one makes another,
with one more layer (``minidask.graph.SingleLayer``); the graph is put together only when it is asked for.
``DelayedLeaf`` wraps a function or value; calling it puts the function itself into the task. ``DelayedAttr`` is an
attribute; calling it is a method call, one task.

Invariants: objects are immutable; nothing runs before ``compute``; chains of 50,000 calls are built, computed,
pickled and freed without recursion.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape
from types import MethodType
from typing import Any

from minidask import config
from minidask.collection import DaskMethodsMixin, is_dask_collection, replace_name_in_key
from minidask.collection.protocol import GridOf
from minidask.delayed.arguments import call_task, finalized, read_iterator, single_layer, value_task
from minidask.delayed.calls import call_result, method_call
from minidask.delayed.naming import Referable, call_token, check_name, fresh_token, is_pure, token
from minidask.delayed.operators import Operators
from minidask.graph import (
    Key,
    Layer,
    LayeredGraph,
    MaterializedLayer,
    SingleLayer,
    convert,
    func_name,
    literal,
    nested_keys,
)
from minidask.graph.layer import dump_layers, load_layers
from minidask.optimize.cull import cull
from minidask.optimize.pipeline import OWN, run_pipeline
from minidask.schedulers import threads

_MISSING: Any = object()


def delayed(
    obj: Any = _MISSING,
    name: Key | None = None,
    pure: bool | None = None,
    nout: int | None = None,
    traverse: bool = True,
) -> Any:
    """Wrap a function or object so that calls on it make a task graph instead of running.

    Parameters
    ----------
    obj : object
        A function, a class, any value, a container that holds delayed objects or other collections, or a collection.
        Without it (``@delayed(pure=True)``) the result is a decorator.
    name : key, optional
        Key of the wrapped object itself, not of the results of calls (for these see ``dask_key_name``). Two different
        objects of one name can't be in one graph. Default: made by ``pure``.
    pure : bool, optional
        Whether equal calls have equal results: then they get equal keys, and are one task. Default: the setting
        ``delayed_pure``, otherwise False.
    nout : int, optional
        Number of outputs: results of calls (or the value, if it isn't callable) can be iterated over, and have a
        length.
    traverse : bool
        Whether to look for collections in containers. False is quicker for large containers that hold none.

    Returns
    -------
    Delayed
        ``obj`` itself if it is one already. Calls take two more keywords: ``pure=``, and ``dask_key_name=`` for the
        key of their result.

    Raises
    ------
    ValueError
        If ``nout`` is no int of at least 0.
    TypeError
        If ``obj`` is a generator (it could be read only once), or ``name`` can't be a key.

    Examples
    --------
    >>> @delayed
    ... def inc(x):
    ...     return x + 1
    >>> total = delayed(sum)([inc(i) for i in range(3)])
    >>> total.compute()
    6
    >>> (total * 10 + inc(0)).compute()
    61
    """
    if obj is _MISSING:
        return partial(delayed, name=name, pure=pure, nout=nout, traverse=traverse)
    if isinstance(obj, Delayed):
        return obj
    if nout is not None and (type(nout) is not int or nout < 0):
        raise ValueError(f"nout must be None or a non-negative integer, got {nout!r}")
    if name is not None:
        check_name(name, "name")
    obj = read_iterator(obj)
    lazy = is_dask_collection(obj)
    if lazy and name is None:
        return _make(*finalized(obj), nout)
    task, inputs = value_task(obj, traverse or lazy)
    if not task.dependencies:
        return DelayedLeaf(obj, name, pure=pure, nout=nout)
    if name is not None:
        return _make(name, single_layer(name, task, inputs), nout)
    key = f"{type(obj).__name__}-{token(pure, task)}"
    return _make(key, SingleLayer(key, task, inputs), nout)


class Delayed(DaskMethodsMixin, Operators, Referable):
    """The result of a task that has not run yet; made by ``delayed``.

    Parameters
    ----------
    key : key
        The task's key.
    dsk : mapping
        A graph that holds it.
    length : int, optional
        Number of items, if the result is to be iterated over.
    layer : str, optional
        Name of the layer that holds the key.

    Raises
    ------
    KeyError
        If the graph does not hold the key.
    """

    __slots__ = ("_graph", "_key", "_layer", "_length")

    _key: Key
    _layer: Layer
    _length: int | None
    _graph: LayeredGraph | None

    def __init__(self, key: Key, dsk: Mapping[Any, Any], length: int | None = None, layer: str | None = None) -> None:
        graph = dsk if isinstance(dsk, LayeredGraph) else LayeredGraph.merge(dsk)
        found = graph.layers.get(layer) if layer is not None else None
        if found is None or key not in found:
            found = graph.layer_of(key)
        if found is None:
            raise KeyError(f"the key {key!r} is not in the graph that was given for it")
        _fill(self, key, found, length)
        _set_graph(self, graph)

    # -- the protocol ----------------------------------------------------------------------------------------------

    @property
    def key(self) -> Key:
        """The key of the result."""
        return self._key

    @property
    def dask(self) -> LayeredGraph:
        """The task graph: a mapping of keys to tasks."""
        return self.__dask_graph__()

    def __dask_graph__(self) -> LayeredGraph:
        graph = self._graph
        if graph is None:
            graph = LayeredGraph((self._layer,))
            _set_graph(self, graph)
        return graph

    def __dask_keys__(self) -> list[Key]:
        return [self._key]

    def __dask_layers__(self) -> tuple[str, ...]:
        return (self._layer.name,)

    def __dask_tokenize__(self) -> Key:
        return self._key

    __dask_scheduler__ = staticmethod(threads.get)

    @staticmethod
    def __dask_optimize__(graph: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Mapping[Any, Any]:
        return optimize(graph, keys, **kwargs)

    def __dask_postcompute__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return single_result, ()

    def __dask_postpersist__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return rebuild, (self._key, self._length)

    # -- making others ---------------------------------------------------------------------------------------------

    def __call__(
        self, *args: Any, pure: bool | None = None, dask_key_name: Key | None = None, **kwargs: Any
    ) -> Delayed:
        return _call(call_result, "apply", "apply", (self, *args), kwargs, pure, dask_key_name)

    def _operate(self, name: str, func: Callable[..., Any], *operands: Any) -> Delayed:
        return _call(func, name, ("operator", name), operands, {}, True)

    def __getattr__(self, name: str) -> DelayedAttr:
        if name.startswith("_"):
            # Hidden names are how Python and other libraries ask what an object is.
            raise AttributeError(f"{type(self).__name__} object has no attribute {name!r}")
        if name == "visualise":
            warnings.warn("Delayed objects have no method visualise: did you mean visualize?", stacklevel=2)
        return DelayedAttr(self, name)

    def __iter__(self) -> Iterator[Delayed]:
        if self._length is None:
            raise TypeError(
                f"a {type(self).__name__} can't be iterated over before it is computed, since its length isn't known: "
                "call .compute() first, or say how many outputs there are with delayed(..., nout=...)"
            )
        return map(self.__getitem__, range(self._length))

    def __len__(self) -> int:
        if self._length is None:
            raise TypeError(
                f"the length of a {type(self).__name__} isn't known before it is computed: call .compute() first, "
                "say how many outputs there are with delayed(..., nout=...), or use delayed(len)(x)"
            )
        return self._length

    # -- what an immutable object can't do -------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        raise TypeError(
            f"a {type(self).__name__} stands for a result and can't be changed: you can't set its attribute {name!r}; "
            "change the value inside a delayed function"
        )

    def __delattr__(self, name: str) -> None:
        raise TypeError(f"a {type(self).__name__} stands for a result and can't be changed: you can't delete {name!r}")

    # -- copying and showing ---------------------------------------------------------------------------------------

    def __copy__(self) -> Delayed:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (dump_layers([self._layer]), self._key, self._length)

    def __repr__(self) -> str:
        return f"Delayed({self._key!r})"

    def _repr_html_(self) -> str:
        count = len(self.__dask_graph__().layers)
        rows = [
            ("key", escape(str(self._key))),
            ("graph", f"{count} layer{'s' if count != 1 else ''}"),
            ("outputs", "one" if self._length is None else str(self._length)),
        ]
        cells = "".join(f"<tr><th>{head}</th><td>{text}</td></tr>" for head, text in rows)
        title = f"<p><b>{type(self).__name__}</b>: not computed yet, call <code>.compute()</code></p>"
        return f"<div>{title}<table>{cells}</table></div>"


class DelayedLeaf(Delayed):
    """A function or value that needs nothing; calling it makes one task with the function in it."""

    __slots__ = ("_nout", "_obj", "_prefix", "_pure", "_token")

    _nout: int | None
    _obj: Any
    _prefix: str
    _pure: bool | None
    _token: str | None

    def __init__(self, obj: Any, key: Key | None = None, pure: bool | None = None, nout: int | None = None) -> None:
        _fill_leaf(self, obj, pure, nout)
        if key is None:
            name = getattr(obj, "__name__", None)
            prefix = name.strip("<>") if isinstance(name, str) else type(obj).__name__
            key = f"{prefix}-{token(pure, obj, nout)}"
            layer: Layer = SingleLayer(key, literal(obj))
        else:
            layer = single_layer(key, literal(obj), ())
        _fill(self, key, layer, None if callable(obj) else nout)

    def __call__(
        self, *args: Any, pure: bool | None = None, dask_key_name: Key | None = None, **kwargs: Any
    ) -> Delayed:
        func = self._obj
        if not callable(func):
            raise TypeError(f"the delayed {type(func).__name__} can't be called: {func!r:.80}")
        key = dask_key_name
        if key is None:
            if is_pure(self._pure if pure is None else pure):
                if self._token is None:
                    # Once: looking through a function and all that it refers to costs more than a call.
                    _set_token(self, token(True, func))
                key = f"{self._prefix}-{call_token(self._token, args, kwargs)}"
            else:
                key = f"{self._prefix}-{fresh_token()}"
            task, inputs = call_task(func, args, kwargs)
            return _make(key, SingleLayer(key, task, inputs), self._nout)
        return _named(func, args, kwargs, key, self._nout)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # As a function in a class body is: a method when it is looked up on an object.
        if instance is None or isinstance(self._obj, type) or not callable(self._obj):
            return self
        return MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        fields = (self._obj, self._pure, self._nout)
        return _load_leaf, (fields, dump_layers([self._layer]), self._key, self._length)

    @property
    def __name__(self) -> str:
        name: str = self._obj.__name__
        return name

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]
        return getattr(self._obj, "__doc__", None)

    @property
    def __wrapped__(self) -> Any:
        return self._obj


class DelayedAttr(Delayed):
    """An attribute of a delayed object; calling it calls the method, in one task.

    The attribute's own task is made when it is needed.
    """

    __slots__ = ("_attr", "_of")

    _attr: str
    _of: Delayed

    def __init__(self, of: Delayed, attr: str) -> None:
        _set_of(self, of)
        _set_attr(self, attr)
        _set_length(self, None)
        _set_graph(self, None)

    def __getattr__(self, name: str) -> Any:
        # An empty slot ends here.
        if name == "_key" or name == "_layer":
            _realize(self)
            return getattr(self, name)
        return super().__getattr__(name)

    def __call__(
        self, *args: Any, pure: bool | None = None, dask_key_name: Key | None = None, **kwargs: Any
    ) -> Delayed:
        method = method_call(self._attr)
        return _call(method, self._attr, ("method", self._attr), (self._of, *args), kwargs, pure, dask_key_name)

    def __reduce__(self) -> tuple[Any, ...]:
        of = self._of
        return _load_attr, (dump_layers([of._layer]), of._key, of._length, self._attr)


# The class forbids setting attributes, so its fields are set through their slots; this is quicker, too.
_set_graph = vars(Delayed)["_graph"].__set__
_set_key = vars(Delayed)["_key"].__set__
_set_layer = vars(Delayed)["_layer"].__set__
_set_length = vars(Delayed)["_length"].__set__
_set_token = vars(DelayedLeaf)["_token"].__set__
_set_of = vars(DelayedAttr)["_of"].__set__
_set_attr = vars(DelayedAttr)["_attr"].__set__


def _fill(x: Delayed, key: Key, layer: Layer, length: int | None) -> None:
    _set_key(x, key)
    _set_layer(x, layer)
    _set_length(x, length)
    _set_graph(x, None)


def _fill_leaf(x: DelayedLeaf, obj: Any, pure: bool | None, nout: int | None) -> None:
    fields = vars(DelayedLeaf)
    fields["_obj"].__set__(x, obj)
    fields["_pure"].__set__(x, pure)
    fields["_nout"].__set__(x, nout)
    fields["_prefix"].__set__(x, func_name(obj).strip("<>"))
    _set_token(x, None)


def _make(key: Key, layer: Layer, length: int | None = None) -> Delayed:
    x = Delayed.__new__(Delayed)
    _fill(x, key, layer, length)
    return x


def _named(
    func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], key: Key, length: int | None = None
) -> Delayed:
    """Return the delayed result of a call under the user's key."""
    check_name(key, "dask_key_name")
    return _make(key, single_layer(key, *call_task(func, args, kwargs)), length)


def _call(
    func: Callable[..., Any],
    prefix: str,
    what: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    pure: bool | None,
    name: Key | None = None,
) -> Delayed:
    """Return the delayed result of a call of one of our own functions; ``what`` says which it is."""
    if name is not None:
        return _named(func, args, kwargs, name)
    key = f"{prefix}-{call_token(what, args, kwargs) if is_pure(pure) else fresh_token()}"
    task, inputs = call_task(func, args, kwargs)
    return _make(key, SingleLayer(key, task, inputs))


def _realize(x: DelayedAttr) -> None:
    """Make the tasks of an attribute and of those that it is an attribute of; iterative, however long the path."""
    pending = [x]
    while isinstance(pending[-1]._of, DelayedAttr):
        pending.append(pending[-1]._of)
    for each in reversed(pending):
        of, attr = each._of, each._attr
        key = f"getattr-{call_token('getattr', (of, attr), {})}"
        _set_key(each, key)
        _set_layer(each, SingleLayer(key, *call_task(getattr, (of, attr), {})))


def single_result(results: Any) -> Any:
    """Return the only result of a delayed object's computation."""
    return results[0]


def rebuild(graph: Mapping[Any, Any], key: Key, length: int | None, rename: Mapping[Any, Any] | None = None) -> Delayed:
    """Return the delayed object on another graph (see ``__dask_postpersist__``), its key renamed by ``rename``."""
    if rename:
        key = replace_name_in_key(key, rename)
    if isinstance(graph, LayeredGraph):
        layer = graph.layer_of(key)
        if layer is not None:
            return _make(key, layer, length)
    elif type(key) is str and len(graph) == 1:
        return _make(key, SingleLayer(key, convert(graph)[key], (), {}), length)
    return _make(key, GridOf(key if type(key) is str else f"key-{key!r}", graph, [key]), length)


def optimize(graph: Mapping[Any, Any], keys: Any, **kwargs: Any) -> Mapping[Any, Any]:
    """Leave out what ``keys`` don't need, or do what the setting ``delayed_optimize`` says.

    This is the optimiser of delayed objects.

    Examples
    --------
    >>> sorted(optimize({"x": 1, "y": (abs, "x"), "z": 2}, ["y"]))
    ['x', 'y']
    """
    return run_pipeline(graph, list(nested_keys(keys)), [_cull], config.get("delayed_optimize", OWN))


def _cull(graph: Mapping[Any, Any], keys: list[Key]) -> Mapping[Any, Any]:
    if not isinstance(graph, LayeredGraph):
        return cull(convert(graph), keys)
    # Layers lead to nothing but what their outputs need; only dicts may hold more.
    if any(isinstance(layer, MaterializedLayer) for layer in graph.layers.values()):
        return graph.lower(keys)
    return graph


def _load(records: list[Any], key: Key, length: int | None) -> Delayed:
    return _make(key, load_layers(records, 0), length)


def _load_leaf(
    fields: tuple[Any, bool | None, int | None], records: list[Any], key: Key, length: int | None
) -> DelayedLeaf:
    x = DelayedLeaf.__new__(DelayedLeaf)
    _fill_leaf(x, *fields)
    _fill(x, key, load_layers(records, 0), length)
    return x


def _load_attr(records: list[Any], key: Key, length: int | None, attr: str) -> DelayedAttr:
    return DelayedAttr(_load(records, key, length), attr)
