"""Change what collections wait for: ``checkpoint``, ``wait_on``, ``bind`` and ``clone``.

Place in the flow: works on any collection of the protocol, from above; results are collections of the same kind on
new layers.

How: a *checkpoint* is a task that needs all blocks of some collections and gives None. ``bind`` makes a copy of a
collection's layers under other names, in which every task that needs nothing of the copy also needs the checkpoint.
Layers are copied as layers (``rebuild``), so that grids stay symbolic; with ``assume_layers=False``, or where a
collection has a plain dict for a graph, tasks are copied one by one. Keys are renamed by ``clone_key``: a key's new
name depends on its old one and on the seed alone.

Not for: running anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Hashable, Iterable, Mapping, Sequence
from typing import Any

from minidask.collection import clone_key, collection_layers, get_name_from_key, replace_name_in_key, unpack_collections
from minidask.collection.protocol import GridOf, collection_graph
from minidask.delayed import Delayed
from minidask.delayed.naming import fresh_token
from minidask.graph import (
    Blockwise,
    Key,
    Layer,
    LayeredGraph,
    MaterializedLayer,
    SingleLayer,
    Task,
    TaskRef,
    TreeReduction,
    convert,
    nested_keys,
)
from minidask.graph.layer import Derived, walk
from minidask.optimize import cull
from minidask.tokenize import tokenize

__all__ = ["bind", "checkpoint", "clone", "wait_on"]

# Keys that one task of a checkpoint waits for, as the field's default.
SPLIT_EVERY = 8


def checkpoint(*collections: Any, split_every: int | bool | None = None) -> Delayed:
    """Return a delayed None that is computed once all blocks of some collections have been.

    Parameters
    ----------
    *collections
        Collections, and containers that hold some.
    split_every : int or False, optional
        How many blocks one task waits for, at least 2; False: one task waits for all. Default: 8.

    Raises
    ------
    ValueError, TypeError
        If ``split_every`` is none of these.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> print(checkpoint([delayed(abs)(-1), delayed(abs)(-2)]).compute())
    None
    """
    every = _check_split_every(split_every)
    found, _ = unpack_collections(*collections)
    keys = list(dict.fromkeys(key for each in found for key in nested_keys(each.__dask_keys__())))
    name = f"checkpoint-{tokenize(keys, every)}"
    # A block is dropped where it is, as soon as it has been seen.
    tasks: dict[Key, Task] = {(name, 0, at): Task(_seen, (TaskRef(key),)) for at, key in enumerate(keys)}
    level = list(tasks)
    depth = 1
    while every and len(level) > every:
        groups = [level[at : at + every] for at in range(0, len(level), every)]
        level = [(name, depth, at) for at in range(len(groups))]
        tasks.update({key: Task(_seen, tuple(map(TaskRef, group))) for key, group in zip(level, groups, strict=True)})
        depth += 1
    tasks[name] = Task(_seen, tuple(map(TaskRef, level)))
    inputs = {layer.name: layer for each in found for layer in collection_layers(each)}
    layer = MaterializedLayer(name, Derived(tasks), tuple(inputs.values()))
    return Delayed(name, LayeredGraph([layer]))


def wait_on(*collections: Any, split_every: int | bool | None = None) -> Any:
    """Return equal collections of which no block is there before all blocks of all of them have been computed.

    Parameters
    ----------
    *collections
        Collections, and containers that hold some.
    split_every
        See ``checkpoint``.

    Returns
    -------
    The argument with new collections in the places of the old ones; a tuple for several arguments.

    Raises
    ------
    ValueError, TypeError
        If ``split_every`` is no number of blocks.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> x, y = wait_on(delayed(abs)(-1), delayed(abs)(-2))
    >>> (x + y).compute()
    3
    """
    blocker = checkpoint(*collections, split_every=split_every)
    found, repack = unpack_collections(*collections)
    gated = []
    for each in found:
        keys = each.__dask_keys__()
        names = {get_name_from_key(key): f"wait_on-{tokenize(key, blocker)}" for key in _one_key_a_name(keys)}
        tasks = {
            replace_name_in_key(key, names): Task(_first, (TaskRef(key), TaskRef(blocker.key)))
            for key in nested_keys(keys)
        }
        inputs = {layer.name: layer for layer in (*collection_layers(each), *collection_layers(blocker))}
        renamed = _map_keys(keys, lambda key: replace_name_in_key(key, names))
        name = next(iter(names.values()), f"wait_on-{blocker.key}")
        layer = GridOf(name, Derived(tasks), renamed, tuple(inputs.values()))
        rebuild, extra = each.__dask_postpersist__()
        gated.append(rebuild(LayeredGraph([layer]), *extra, rename=names))
    out = repack(gated)
    return out[0] if len(out) == 1 else tuple(out)


def bind(
    children: Any,
    parents: Any,
    omit: Any = None,
    *,
    seed: Hashable | None = None,
    assume_layers: bool = True,
    split_every: int | bool | None = None,
) -> Any:
    """Return equal collections that are not begun before some others have been computed.

    Parameters
    ----------
    children
        A collection, or a container that holds some. All their tasks are made anew, under other keys, down to those
        of ``omit``.
    parents
        Collections to wait for; None for nothing at all (see ``clone``).
    omit
        Collections among what ``children`` are made of whose tasks stay as they are. The tasks just above them wait
        for the parents, besides those that need nothing.
    seed : hashable, optional
        The same seed gives the same keys. Default: other keys at each call.
    assume_layers : bool
        Whether layers may be copied as layers. False copies tasks one by one: slower, needed if the graphs of
        ``omit`` have been optimised or persisted since ``children`` were made from them.
    split_every
        See ``checkpoint``.

    Returns
    -------
    ``children``, with new collections in the places of the old ones.

    Raises
    ------
    ValueError, TypeError
        If ``split_every`` is no number of blocks.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> log = []
    >>> first, second = delayed(log.append)("first"), delayed(log.append)("second")
    >>> bind(second, first).compute()
    >>> log
    ['first', 'second']
    """
    seed = fresh_token() if seed is None else seed
    blocker = None if parents is None else checkpoint(parents, split_every=split_every)
    omitted, _ = unpack_collections(omit)
    found, repack = unpack_collections(children)
    by_layers = assume_layers and all(isinstance(collection_graph(x), LayeredGraph) for x in (*found, *omitted))
    copies = _copy_layers(found, omitted, seed, blocker) if by_layers else _copy_tasks(found, omitted, seed, blocker)
    return repack(copies)[0]


def clone(*collections: Any, omit: Any = None, seed: Hashable | None = None, assume_layers: bool = True) -> Any:
    """Return equal collections whose tasks have other keys, so that they are computed anew.

    Parameters
    ----------
    *collections
        Collections, and containers that hold some.
    omit, seed, assume_layers
        See ``bind``.

    Returns
    -------
    The argument with new collections in the places of the old ones; a tuple for several arguments.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> x = delayed(abs)(-1)
    >>> y = clone(x)
    >>> x.key == y.key, y.compute()
    (False, 1)
    """
    out = bind(list(collections), None, omit, seed=seed, assume_layers=assume_layers)
    return out[0] if len(out) == 1 else tuple(out)


# -- tasks ---------------------------------------------------------------------------------------------------------


def _seen(*values: Any) -> None:
    """Give nothing, once the values are there."""


def _first(value: Any, _: Any) -> Any:
    return value


class After:
    """Call a function once its first argument, which is not for it, is there.

    Examples
    --------
    >>> After(pow)(None, 2, 3)
    8
    """

    __slots__ = ("func",)

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func

    def __call__(self, _: Any, /, *args: Any, **kwargs: Any) -> Any:
        return self.func(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return type(other) is After and bool(other.func == self.func)

    def __hash__(self) -> int:
        return hash((After, self.func))

    def __reduce__(self) -> tuple[Any, ...]:
        return After, (self.func,)


def _after(task: Task, key: Key) -> Task:
    """Return the task waiting for one more key."""
    return Task(After(task.func), (TaskRef(key), *task.args), task.kwargs, task.annotations)


def _copy_task(task: Task, copied: Container[Key], seed: Hashable, blocker: Delayed | None) -> Task:
    """Return the task on the copies of what it needs; one that needs no copies waits for the blocker."""
    names = {key: clone_key(key, seed) for key in task.dependencies if key in copied}
    if names:
        return task.rename(names)
    return task if blocker is None else _after(task, blocker.key)


# -- layers --------------------------------------------------------------------------------------------------------


class BoundLayer(Layer):
    """A grid layer whose tasks, those that need none of the layers at ``copied`` nor one another, wait for the last
    input.

    Parameters
    ----------
    inner : Layer
        With ``inputs`` of its own.
    blocker : Layer
        Its name is the key that is waited for.
    copied : tuple of int
        Places among the inner layer's inputs: tasks that need one of these wait through it.
    """

    __slots__ = ("copied", "inner")

    def __init__(self, inner: Layer, blocker: Layer, copied: tuple[int, ...]) -> None:
        super().__init__(inner.name, (*inner.inputs, blocker), inner.numblocks, {})
        # Without its inputs, so that pickles don't nest.
        self.inner = inner.rebuild((), inner.name)
        self.copied = copied

    def lower(self, wanted: Collection[Key] | None = None) -> dict[Key, Task]:
        tasks = self.inner.rebuild(self.inputs[:-1], self.name).lower(wanted)
        through = [self.inputs[at] for at in self.copied]
        key = self.inputs[-1].name

        def waits(task: Task) -> bool:
            return any(need in tasks or any(need in layer for layer in through) for need in task.dependencies)

        return {own: task if waits(task) else _after(task, key) for own, task in tasks.items()}


class _Copied:
    """Say whether a key is one of some layers': of a grid by its name, otherwise by itself."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        layers = list(layers)
        self.names = {layer.name for layer in layers if layer.is_grid}
        self.keys = {key for layer in layers if not layer.is_grid for key in layer.output_keys()}

    def __contains__(self, key: Any) -> bool:
        return key in self.keys or (isinstance(key, tuple) and bool(key) and key[0] in self.names)


def _copy_layers(children: Sequence[Any], omitted: Sequence[Any], seed: Hashable, blocker: Delayed | None) -> list[Any]:
    kept = {layer.name for each in omitted for layer in collection_layers(each)}
    roots = [layer for child in children for layer in collection_layers(child)]
    reached: dict[str, Layer] = {}
    pending = [layer for layer in roots if layer.name not in kept]
    while pending:
        layer = pending.pop()
        if layer.name not in reached:
            reached[layer.name] = layer
            pending.extend(above for above in layer.inputs if above.name not in kept and above.name not in reached)
    copied = _Copied(reached.values())
    copies: dict[str, Layer] = {}
    for layer in walk(roots):
        if layer.name in reached:
            copies[layer.name] = _copy_layer(layer, copies, copied, seed, blocker)
    out = []
    for child in children:
        layers = [copies.get(layer.name, layer) for layer in collection_layers(child)]
        if all(layer.name in kept for layer in layers):
            out.append(child)
            continue
        names: dict[Any, Any] = {layer.name: copies[layer.name].name for layer in collection_layers(child)}
        names |= {get_name_from_key(key): clone_key(get_name_from_key(key), seed) for key in _one_key_a_name(child)}
        rebuild, extra = child.__dask_postpersist__()
        out.append(rebuild(LayeredGraph(layers), *extra, rename=names))
    return out


def _copy_layer(
    layer: Layer, copies: Mapping[str, Layer], copied: _Copied, seed: Hashable, blocker: Delayed | None
) -> Layer:
    """Return a layer on the copies of its inputs, its keys renamed."""
    name: Any = clone_key(layer.name, seed)
    inputs = tuple([copies.get(above.name, above) for above in layer.inputs])
    wait = () if blocker is None else collection_layers(blocker)
    if isinstance(layer, SingleLayer):
        task = _copy_task(layer.task, copied, seed, blocker)
        waits = blocker is not None and blocker.key in task.dependencies
        return SingleLayer(name, task, (*inputs, *wait) if waits else inputs, layer.annotations or {})
    if isinstance(layer, MaterializedLayer):
        tasks = layer.tasks()
        # Inner keys of a mapping are its own, whether or not they are outputs.
        new = Derived({clone_key(key, seed): _copy_task(task, copied, seed, blocker) for key, task in tasks.items()})
        if isinstance(layer, GridOf):
            return GridOf(name, new, _map_keys(layer.nested, lambda key: clone_key(key, seed)), (*inputs, *wait))
        return MaterializedLayer(name, new, (*inputs, *wait), {})
    rebuilt = layer.rebuild(inputs, name)
    if blocker is None:
        return rebuilt
    through = tuple([at for at, above in enumerate(layer.inputs) if above.name in copies])
    if len(through) == len(inputs) > 0 and isinstance(layer, Blockwise | TreeReduction):
        return rebuilt  # each of its tasks needs an input's block, and waits through it
    return BoundLayer(rebuilt, wait[0], through)


# -- single tasks --------------------------------------------------------------------------------------------------


def _copy_tasks(children: Sequence[Any], omitted: Sequence[Any], seed: Hashable, blocker: Delayed | None) -> list[Any]:
    kept = {key for each in omitted for key in nested_keys(each.__dask_keys__())}
    out = []
    for child in children:
        keys = list(nested_keys(child.__dask_keys__()))
        if kept.issuperset(keys):
            out.append(child)
            continue
        tasks = _tasks_of(child, keys)
        reached: set[Key] = set()
        pending = [key for key in keys if key not in kept]
        while pending:
            key = pending.pop()
            if key not in reached:
                reached.add(key)
                pending.extend(need for need in tasks[key].dependencies if need not in kept and need not in reached)
        new = Derived({clone_key(key, seed): _copy_task(tasks[key], reached, seed, blocker) for key in reached})
        verbatim = {need for key in reached for need in tasks[key].dependencies if need not in reached}
        new.update(cull(tasks, [*verbatim, *(key for key in keys if key in kept)]))
        if blocker is not None:
            new.update(blocker.dask.lower([blocker.key]))
        names = {get_name_from_key(key): clone_key(get_name_from_key(key), seed) for key in keys if key not in kept}
        rebuild, extra = child.__dask_postpersist__()
        out.append(rebuild(new, *extra, rename=names))
    return out


def _tasks_of(collection: Any, keys: list[Key]) -> Mapping[Key, Task]:
    graph = collection_graph(collection)
    return graph.lower(keys) if isinstance(graph, LayeredGraph) else cull(convert(graph), keys)


# -- keys ----------------------------------------------------------------------------------------------------------


def _one_key_a_name(of: Any) -> list[Key]:
    """Return a key of each name among nested keys, or among those of a collection."""
    keys = of if isinstance(of, list) else of.__dask_keys__()
    return list({get_name_from_key(key): key for key in reversed(list(nested_keys(keys)))}.values())[::-1]


def _map_keys(keys: Any, change: Callable[[Key], Key]) -> Any:
    """Return nested lists of keys with each key changed."""
    if isinstance(keys, list):
        return [_map_keys(key, change) for key in keys]
    return change(keys)


def _check_split_every(split_every: Any) -> int:
    """Return how many keys a task waits for, 0 for all."""
    if split_every is None:
        return SPLIT_EVERY
    if split_every is False:
        return 0
    if not isinstance(split_every, int) or isinstance(split_every, bool):
        raise TypeError(f"split_every must be an int, False or None, got {split_every!r}")
    if split_every < 2:
        raise ValueError(f"split_every must be at least 2, False or None, got {split_every}")
    return split_every
