"""The graph of a collection: a mapping of keys to tasks over a tuple of root layers.

``x.dask`` is one of these. Making one costs nothing: its layer mapping, its keys and its tasks are worked out when they are
asked for, by iterative walks, and shared structure is never copied. Merging the graphs of many collections makes one with more
roots. ``lower(keys)`` is the one way from layers to ``{key: Task}``: it asks each layer, outputs first, for just the tasks
that are needed.

Invariants: equal names are equal layers. Two materialised layers that hold *different* tasks under one key are an error where
they meet, because one of them would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

from minidask.graph.layer import Layer, MaterializedLayer, dump_layers, load_all, walk
from minidask.graph.task import Key, Task
from minidask.graph.traverse import missing_key
from minidask.tokenize import tokenize


class LayeredGraph(Mapping[Key, Task]):
    """Map keys to tasks over layers, lazily.

    Parameters
    ----------
    roots : iterable of Layer
        The layers whose results are meant; those that they need come along.

    Examples
    --------
    >>> from minidask.graph import MaterializedLayer
    >>> x = MaterializedLayer("x", {"x": 1})
    >>> y = MaterializedLayer("y", {"y": (abs, "x")}, (x,))
    >>> graph = LayeredGraph([y])
    >>> sorted(graph), graph["y"]
    (['x', 'y'], <Task abs('x')>)
    """

    __slots__ = ("__weakref__", "_layers", "_lowered", "roots")

    def __init__(self, roots: Iterable[Layer] = ()) -> None:
        self.roots: tuple[Layer, ...] = tuple({layer.name: layer for layer in roots}.values())
        self._layers: dict[str, Layer] | None = None
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
        for graph in graphs:
            if isinstance(graph, LayeredGraph):
                roots.extend(graph.roots)
            elif graph:
                roots.append(as_layer(graph))
        merged = cls(roots)
        if sum(1 for root in merged.roots if not root.is_grid) > 1:
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
                raise TypeError(f"dependencies must be collections (with __dask_graph__), got {type(collection).__name__}")
            graph = graph()
            inputs.extend(graph.roots if isinstance(graph, LayeredGraph) else [as_layer(graph)])
        if isinstance(layer, Layer):
            return cls([layer])
        unique = tuple({above.name: above for above in inputs}.values())
        return cls([MaterializedLayer(name, layer, unique)])

    # -- layers -----------------------------------------------------------------------------------------------------

    @property
    def layers(self) -> Mapping[str, Layer]:
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
        name = key[0] if type(key) is tuple and key else key
        layer = self.layers.get(name) if isinstance(name, str) else None
        if layer is not None and key in layer:
            return layer
        return next((layer for layer in self.layers.values() if not layer.is_grid and key in layer), None)

    # -- the mapping ------------------------------------------------------------------------------------------------

    def _tasks(self, layer: Layer) -> dict[Key, Task]:
        if layer.name not in self._lowered:
            self._lowered[layer.name] = layer.lower()
        return self._lowered[layer.name]

    def __getitem__(self, key: Key) -> Task:
        layer = self.layer_of(key)
        if layer is not None:
            return self._tasks(layer)[key]
        name = key[0] if type(key) is tuple and key else key
        inner = self.layers.get(name) if isinstance(name, str) else None
        if inner is not None and key in self._tasks(inner):
            return self._tasks(inner)[key]
        raise missing_key(key, self)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]
        except (KeyError, TypeError):
            return False
        return True

    def __iter__(self) -> Iterator[Key]:
        for layer in self.layers.values():
            yield from self._tasks(layer)

    def __len__(self) -> int:
        return sum(len(self._tasks(layer)) for layer in self.layers.values())

    def __bool__(self) -> bool:
        return any(len(layer) for layer in self.layers.values())

    def to_dict(self) -> dict[Key, Task]:
        """Return all tasks in one new dict."""
        return {key: task for layer in self.layers.values() for key, task in self._tasks(layer).items()}

    def lower(self, keys: Iterable[Key]) -> dict[Key, Task]:
        """Return just the tasks that ``keys`` need, asking each layer for the blocks that are wanted of it.

        Raises
        ------
        KeyError
            If a key, or one that a task refers to, is in no layer.
        """
        wanted: dict[str, set[Key]] = {}
        finder = _Finder(self.layers)
        for key in keys:
            layer = finder(key)
            if layer is None:
                raise missing_key(key, self)
            wanted.setdefault(layer.name, set()).add(key)
        lowered: list[dict[Key, Task]] = []
        for name, layer in reversed(self.layers.items()):
            own = wanted.pop(name, None)
            if own is None:
                continue
            tasks = layer.lower(None if len(own) == len(layer) and layer.is_grid else own)
            lowered.append(tasks)
            single = wanted.setdefault(layer.inputs[0].name, set()) if len(layer.inputs) == 1 else None
            only = layer.inputs[0] if single is not None else None
            for key, task in tasks.items():
                for dependency in task.dependencies:
                    if dependency in tasks:
                        continue
                    if only is not None and type(dependency) is tuple and dependency[0] == only.name:
                        single.add(dependency)  # type: ignore[union-attr]
                        continue
                    above = finder(dependency)
                    if above is None:
                        raise missing_key(dependency, self, key)
                    wanted.setdefault(above.name, set()).add(dependency)
        out: dict[Key, Task] = {}
        for tasks in reversed(lowered):
            out.update(tasks)
        return out

    def cull(self, keys: Iterable[Key]) -> dict[Key, Task]:
        """Return just the tasks that ``keys`` need (another name of ``lower``)."""
        return self.lower(keys)

    def check(self) -> None:
        """Raise ValueError if two materialised layers hold different tasks under one key."""
        seen: dict[Key, Task] = {}
        for layer in self.layers.values():
            if isinstance(layer, MaterializedLayer):
                for key, task in layer.tasks().items():
                    known = seen.setdefault(key, task)
                    if known is not task and not same_task(known, task):
                        raise ValueError(
                            f"two different tasks have the key {key!r}: {known!r} and {task!r}; rename one of them"
                        )

    # -- copying and showing ----------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        return _load, (dump_layers(self.roots), len(self.roots))

    def __repr__(self) -> str:
        lines = [f"LayeredGraph of {len(self.layers)} layers"]
        names = list(self.layers.values())
        shown = names if len(names) <= 20 else [*names[:10], None, *names[-10:]]
        for layer in shown:
            lines.append("  ..." if layer is None else f"  {layer!r}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{escape(layer.name)}</td><td>{type(layer).__name__}</td><td>{len(layer)}</td></tr>"
            for layer in list(self.layers.values())[-50:]
        ]
        more = f"<p>... and {len(self.layers) - 50} layers above</p>" if len(self.layers) > 50 else ""
        head = "<tr><th>layer</th><th>kind</th><th>blocks</th></tr>"
        return f"<div><p><b>LayeredGraph</b></p>{more}<table>{head}{''.join(rows)}</table></div>"


class _Finder:
    """Find the layer that has a key: by the key's first part, otherwise among the layers whose keys are free."""

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self.layers = layers
        self.free: dict[Key, Layer] | None = None

    def __call__(self, key: Key) -> Layer | None:
        name = key[0] if type(key) is tuple and key else key
        layer = self.layers.get(name) if type(name) is str else None
        if layer is not None and key in layer:
            return layer
        if self.free is None:
            self.free = {}
            for candidate in self.layers.values():
                if not candidate.is_grid:
                    for output in candidate.output_keys():
                        self.free.setdefault(output, candidate)
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
    return MaterializedLayer(f"dict-{tokenize(object())}", graph)


def same_task(left: Task, right: Task) -> bool:
    """Whether two tasks do the same: equal, or equal by their tokens (arrays among the arguments)."""
    return left == right or tokenize(left.func, left.args, left.kwargs) == tokenize(right.func, right.args, right.kwargs)


def graph_of(collections: Iterable[Any]) -> LayeredGraph:
    """Return the merged graph of collections (objects with ``__dask_graph__``)."""
    return LayeredGraph.merge(*[collection.__dask_graph__() for collection in collections])


def _load(records: list[Any], count: int) -> LayeredGraph:
    return LayeredGraph(load_all(records)[:count])


Lowering = Callable[[LayeredGraph, list[Key]], dict[Key, Task]]
