"""The graph of a collection: a mapping of keys to tasks over a tuple of root layers.

``x.dask`` is one of these. Making one costs nothing: its layer mapping, its keys and its tasks are worked out when they are
asked for, by iterative walks, and shared structure is never copied. Merging the graphs of many collections makes one with more
roots. ``lower(keys)`` is the one way from layers to ``{key: Task}``: it asks each layer, outputs first, for just the tasks
that are needed.

Invariants: equal names are equal layers. Two layers whose keys users chose (their dicts, tasks that they named) and that hold
*different* tasks under one key are an error where they meet, because one of them would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any
from uuid import uuid4

from minidask.graph.layer import (
    Layer,
    MaterializedLayer,
    NamedLayer,
    SingleLayer,
    annotated,
    check_same_name,
    check_same_tasks,
    chosen_by_user,
    dump_layers,
    load_all,
    walk,
)
from minidask.graph.task import Key, Task
from minidask.graph.traverse import missing_key

# What is wanted of a layer of one task: all there is.
_ONE: Any = frozenset()


class LayeredGraph(Mapping[Key, Task]):
    """Map keys to tasks over layers, lazily.

    Parameters
    ----------
    roots : iterable of Layer
        The layers whose results are meant; those that they need come along. Or, as custom collections of the field write it, a
        mapping ``{name: layer}`` of all layers, which may be dicts of tasks.
    dependencies : mapping, optional
        With such a mapping: for each name those of the layers that its tasks refer to.

    Raises
    ------
    ValueError
        If two of them have one name that a user chose, and different tasks; or dependencies go round in a circle.
    KeyError
        If dependencies name a layer that isn't there.

    Examples
    --------
    >>> from minidask.graph import MaterializedLayer
    >>> x = MaterializedLayer("x", {"x": 1})
    >>> y = MaterializedLayer("y", {"y": (abs, "x")}, (x,))
    >>> graph = LayeredGraph([y])
    >>> sorted(graph), graph["y"]
    (['x', 'y'], <Task abs('x')>)
    """

    __slots__ = ("__weakref__", "_find", "_layers", "_lowered", "roots")

    def __init__(
        self,
        roots: Iterable[Layer] | Mapping[str, Layer | Mapping[Any, Any]] = (),
        dependencies: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        if isinstance(roots, Mapping):
            roots = _linked(roots, dependencies or {})
        unique: dict[str, Layer] = {}
        for layer in roots:
            known = unique.setdefault(layer.name, layer)
            if known is not layer:
                check_same_name(known, layer)
        self.roots: tuple[Layer, ...] = tuple(unique.values())
        self._layers: dict[str, Layer] | None = None
        self._find: _Finder | None = None
        self._lowered: dict[str, dict[Key, Task]] = {}

    # -- making them ------------------------------------------------------------------------------------------------

    @classmethod
    def merge(cls, *graphs: Mapping[Any, Any]) -> LayeredGraph:
        """Return one graph with the layers of all; plain dicts become materialised layers.

        Raises
        ------
        ValueError
            If two dicts hold different tasks under one key.

        Examples
        --------
        >>> LayeredGraph.merge({"x": 1}, {"x": 2})
        Traceback (most recent call last):
        ...
        ValueError: two different tasks have the key 'x': <Task identity(1)> and <Task identity(2)>; rename one of them
        """
        roots: list[Layer] = []
        # A dict that many collections share is one layer.
        for graph in {id(graph): graph for graph in graphs}.values():
            if isinstance(graph, LayeredGraph):
                roots.extend(graph.roots)
            elif graph:
                roots.append(as_layer(graph))
        merged = cls(roots)
        merged.check()
        return merged

    @classmethod
    def from_collections(
        cls, name: str, layer: Layer | Mapping[Any, Any], dependencies: Iterable[Any] = ()
    ) -> LayeredGraph:
        """Return the graph of a new collection whose own tasks refer to those of others.

        Parameters
        ----------
        name : str
            Name of the new layer.
        layer : mapping or Layer
            Its tasks.
        dependencies : iterable of collections
            Objects with ``__dask_graph__`` to whose keys the tasks refer.

        Raises
        ------
        TypeError
            If a dependency is no collection.
        """
        inputs: list[Layer] = []
        for collection in dependencies:
            graph = getattr(collection, "__dask_graph__", None)
            if graph is None:
                raise TypeError(
                    f"dependencies must be collections (with __dask_graph__), got {type(collection).__name__}"
                )
            graph = graph()
            inputs.extend(graph.roots if isinstance(graph, LayeredGraph) else [as_layer(graph)])
        if isinstance(layer, Layer):
            return cls([layer])
        unique = tuple({above.name: above for above in inputs}.values())
        return cls([MaterializedLayer(name, layer, unique)])

    # -- layers -----------------------------------------------------------------------------------------------------

    @property
    def layers(self) -> dict[str, Layer]:
        """``{name: layer}``, inputs before those that use them."""
        if self._layers is None:
            self._layers = {layer.name: layer for layer in walk(self.roots)}
        return self._layers

    @property
    def dependencies(self) -> dict[str, set[str]]:
        """``{name: {names of the layers that it uses}}``."""
        return {name: {above.name for above in layer.inputs} for name, layer in self.layers.items()}

    @property
    def dependents(self) -> dict[str, set[str]]:
        """``{name: {names of the layers that use it}}``."""
        out: dict[str, set[str]] = {name: set() for name in self.layers}
        for name, layer in self.layers.items():
            for above in layer.inputs:
                out[above.name].add(name)
        return out

    def layer_of(self, key: Key) -> Layer | None:
        """Return the layer that has ``key`` among its output keys, None if there is none."""
        if self._find is None:
            self._find = _Finder(self.layers)
        return self._find(key)

    # -- the mapping ------------------------------------------------------------------------------------------------

    def _tasks(self, layer: Layer) -> dict[Key, Task]:
        if layer.name not in self._lowered:
            self._lowered[layer.name] = layer.lower()
        return self._lowered[layer.name]

    def _task(self, key: Key) -> Task | None:
        layer = self.layer_of(key)
        if layer is None and type(key) is tuple and key:  # a key inside a layer starts with its name
            layer = self.layers.get(key[0]) if type(key[0]) is str else None
        return None if layer is None else self._tasks(layer).get(key)

    def __getitem__(self, key: Key) -> Task:
        task = self._task(key)
        if task is None:
            raise missing_key(key, self)
        return task

    def __contains__(self, key: object) -> bool:
        try:
            return self._task(key) is not None  # type: ignore[arg-type]
        except TypeError:  # unhashable
            return False

    def __iter__(self) -> Iterator[Key]:
        return iter(self.to_dict())

    def __len__(self) -> int:
        return len(self.to_dict())

    def __bool__(self) -> bool:
        return any(len(layer) for layer in self.layers.values())

    def to_dict(self) -> dict[Key, Task]:
        """Return all tasks in one new dict."""
        out: dict[Key, Task] = {}
        for layer in self.layers.values():
            out.update(self._tasks(layer))
        return out

    def lower(self, keys: Iterable[Key]) -> dict[Key, Task]:
        """Return just the tasks that ``keys`` need, asking each layer for the blocks that are wanted of it.

        Raises
        ------
        KeyError
            If a key, or one that a task refers to, is in no layer.
        ValueError
            If two different tasks have one key that users chose.
        """
        self.check()
        layers = self.layers
        wanted: dict[str, Any] = {}
        for key in keys:
            layer = self.layer_of(key)
            if layer is None:
                raise missing_key(key, self)
            if type(layer) is SingleLayer:
                wanted[layer.name] = _ONE
            else:
                wanted.setdefault(layer.name, set()).add(key)
        # lowered: {layer: its tasks that are needed}, outputs first
        lowered: dict[str, dict[Key, Task]] = {}
        # Outputs first; once more only if users' dicts refer to one another the wrong way round.
        while wanted:
            for name, layer in reversed(layers.items()):
                own = wanted.pop(name, None)
                if own is None:
                    continue
                if type(layer) is SingleLayer:
                    # Delayed calls are many, and nearly all that they need are others: no sets, nothing is looked up twice.
                    task = annotated(layer.task, name, layer.annotations) if layer.annotations else layer.task
                    lowered[name] = {name: task}
                    rest = None
                    for key in task.dependencies:
                        if type(key) is str and type(layers.get(key)) is SingleLayer:
                            if key not in lowered:
                                wanted[key] = _ONE
                        elif rest is None:
                            rest = {key}
                        else:
                            rest.add(key)
                    if rest:
                        self._sort_by_layer(rest, layer, wanted, lowered)
                    continue
                tasks = layer.lower(None if len(own) == len(layer) and layer.is_grid else own)
                if not own <= tasks.keys():
                    raise self._missing(next(iter(own - tasks.keys())), lowered)
                lowered.setdefault(name, {}).update(tasks)
                needed = {key for task in tasks.values() for key in task.dependencies}
                self._sort_by_layer(needed.difference(tasks), layer, wanted, lowered)
        out: dict[Key, Task] = {}
        for tasks in reversed(lowered.values()):
            out.update(tasks)
        return out

    def _sort_by_layer(
        self, needed: set[Key], layer: Layer, wanted: dict[str, Any], lowered: Mapping[str, Mapping[Key, Task]]
    ) -> None:
        """Add keys that the tasks of ``layer`` need to those wanted of the layers that have them."""
        if len(layer.inputs) == 1 and layer.inputs[0].is_grid:
            # The commonest case, at once; that the layer has all these keys is checked when it is lowered.
            name = layer.inputs[0].name
            mine = {key for key in needed if type(key) is tuple and key and key[0] == name}
            if mine:
                wanted.setdefault(name, set()).update(mine)
                needed -= mine
        for key in needed:
            above = self.layer_of(key)
            if above is None:
                raise self._missing(key, lowered)
            if type(above) is SingleLayer:
                if above.name not in lowered:
                    wanted[above.name] = _ONE
            elif key not in lowered.get(above.name, ()):
                wanted.setdefault(above.name, set()).add(key)

    def _missing(self, key: Key, lowered: Mapping[str, Mapping[Key, Task]]) -> KeyError:
        users = (user for tasks in lowered.values() for user, task in tasks.items() if key in task.dependencies)
        return missing_key(key, self, next(users, None))

    def cull(self, keys: Iterable[Key]) -> dict[Key, Task]:
        """Return just the tasks that ``keys`` need (another name of ``lower``)."""
        return self.lower(keys)

    def check(self) -> None:
        """Raise ValueError if two layers whose keys users chose hold different tasks under one key."""
        chosen = [
            layer
            for layer in self.layers.values()
            if type(layer) is not SingleLayer and isinstance(layer, MaterializedLayer | NamedLayer)
        ]
        if len(chosen) < 2:
            return
        seen: dict[Key, Task] = {}
        for layer in chosen:
            tasks = chosen_by_user(layer)
            if tasks is not None:
                check_same_tasks(seen, tasks)
                seen.update(tasks)

    # -- copying and showing ----------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (dump_layers(self.roots), len(self.roots))

    def __repr__(self) -> str:
        lines = [f"LayeredGraph of {len(self.layers)} layers"]
        names = list(self.layers.values())
        shown = names if len(names) <= 20 else [*names[:10], None, *names[-10:]]
        lines += ["  ..." if layer is None else f"  {layer!r}" for layer in shown]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{escape(layer.name)}</td><td>{type(layer).__name__}</td><td>{len(layer)}</td></tr>"
            for layer in list(self.layers.values())[-50:]
        ]
        more = f"<p>... and {len(self.layers) - 50} layers above</p>" if len(self.layers) > 50 else ""
        head = "<tr><th>layer</th><th>kind</th><th>blocks</th></tr>"
        return f"<div><p><b>LayeredGraph</b></p>{more}<table>{head}{''.join(rows)}</table></div>"


def _linked(layers: Mapping[str, Layer | Mapping[Any, Any]], dependencies: Mapping[str, Iterable[str]]) -> list[Layer]:
    """Make layers of dicts of tasks, each with those that it depends on as inputs; return the ones that no other needs."""
    waiting = {name: dict.fromkeys(dependencies.get(name, ())) for name in layers}
    users: dict[str, list[str]] = {name: [] for name in layers}
    for name, needed in waiting.items():
        for other in needed:
            if other not in users:
                raise KeyError(f"the layer {name!r} depends on {other!r}, which is not among the layers")
            users[other].append(name)
    missing = {name: len(needed) for name, needed in waiting.items()}
    ready = [name for name, count in missing.items() if not count]
    made: dict[str, Layer] = {}
    for name in ready:  # grows while it is walked
        layer = layers[name]
        inputs = tuple([made[other] for other in waiting[name]])
        made[name] = layer if isinstance(layer, Layer) else MaterializedLayer(name, layer, inputs)
        for user in users[name]:
            missing[user] -= 1
            if not missing[user]:
                ready.append(user)
    if len(made) < len(layers):
        circle = [name for name in layers if name not in made]
        raise ValueError(f"the layers depend on one another in a circle: {', '.join(map(repr, circle[:6]))}")
    return [made[name] for name in layers if not users[name]]


class _Finder:
    """Find the layer that has a key: by the key's first part, otherwise among the layers whose keys are free.

    The index of free keys is made when it is first needed, and not for a single layer, which can be asked itself.
    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self.layers = layers
        self.free: Mapping[Key, Layer] | None = None
        # Layers of one task have its key for their name.
        self.many = [layer for layer in layers.values() if not layer.is_grid and not isinstance(layer, SingleLayer)]

    def __call__(self, key: Key) -> Layer | None:
        name = key[0] if type(key) is tuple and key else key
        layer = self.layers.get(name) if type(name) is str else None
        if layer is not None and key in layer:
            return layer
        if len(self.many) == 1:
            return self.many[0] if key in self.many[0] else None
        if self.free is None:
            self.free = {output: candidate for candidate in reversed(self.many) for output in candidate.output_keys()}
        return self.free.get(key)


def as_layer(graph: Mapping[Any, Any]) -> Layer:
    """Wrap a plain dict as a layer of its own; its name is new each time, since a dict has none.

    Raises
    ------
    TypeError
        If ``graph`` is no mapping.
    """
    if not isinstance(graph, Mapping):
        raise TypeError(f"a graph must be a mapping {{key: task}}, got {type(graph).__name__}")
    return MaterializedLayer(f"dict-{uuid4().hex}", graph)


def graph_of(collections: Iterable[Any]) -> LayeredGraph:
    """Return the merged graph of collections (objects with ``__dask_graph__``)."""
    return LayeredGraph.merge(*[collection.__dask_graph__() for collection in collections])


def _load(records: list[Any], count: int) -> LayeredGraph:
    return LayeredGraph(load_all(records)[:count])


Lowering = Callable[[LayeredGraph, list[Key]], dict[Key, Task]]
