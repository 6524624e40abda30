"""From collections to results: ``compute``, ``persist`` and ``optimize``.

The steps of a computation, in order: find the collections in the arguments; ask the registry who runs it; let collections
that can give their result a place in memory before; merge the graphs of those that share an optimiser and rewrite them
together, so that shared parts are computed once; merge what comes out; run it; put results back in the collections' places.
Nothing is lowered here: the scheduler does that for just the keys asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minidask.collection.protocol import collection_graph, is_dask_collection
from minidask.collection.unpack import unpack_collections
from minidask.graph.convert import nested_keys
from minidask.graph.layer import Derived
from minidask.graph.layered import LayeredGraph
from minidask.graph.task import literal
from minidask.optimize.pipeline import configured_limits, finish
from minidask.schedulers.failure import user_frames
from minidask.schedulers.registry import get_scheduler, lowering_for


def compute(
    *args: Any,
    traverse: bool = True,
    optimize_graph: bool = True,
    scheduler: Any = None,
    get: Any = None,
    **kwargs: Any,
) -> tuple[Any, ...]:
    """Compute several collections at once; parts that they share are computed once.

    Parameters
    ----------
    *args
        Collections, containers that hold some (lists, tuples, dicts, sets, named tuples, dataclasses, nested at
        will), and anything else, which is passed on.
    traverse : bool
        Whether to look into containers.
    optimize_graph : bool
        Whether to optimise the graphs first.
    scheduler : str, callable or concurrent.futures.Executor, optional
        ``"threads"``, ``"sync"``, ``"processes"``, a ``get`` function, or an executor. Default: the setting
        ``scheduler``, otherwise the current client, otherwise what suits the collections.
    get : callable, optional
        The ``get`` function itself.
    **kwargs
        Passed to the scheduler (``num_workers``, ``pool``, ``chunksize``) and to the collections' optimisers.

    Returns
    -------
    tuple
        As many items as ``args``.

    Raises
    ------
    ValueError, TypeError
        If ``scheduler`` is not known; and whatever a task raises, with a note that names the task.
    RuntimeError
        If an asynchronous client is to run it, on whose event loop this may not wait.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> x = delayed(abs)(-1)
    >>> compute(x, {"twice": x + x}, 3)
    (1, {'twice': 2}, 3)
    """
    collections, repack = unpack_collections(*args, traverse=traverse)
    if not collections:
        return args
    run = get_scheduler(get=get, scheduler=scheduler, collections=collections)
    if getattr(getattr(run, "__self__", None), "asynchronous", False) is True:
        raise RuntimeError(
            "compute() would block the event loop that the asynchronous client needs: use `await client.compute(x)`, or "
            "another scheduler, compute(scheduler='threads')"
        )
    _check(collections, run)
    collections = [_placed(collection, run) for collection in collections]
    with lowering_for(run):
        graph = merged_graph(collections, optimize_graph, **kwargs)
        keys = [collection.__dask_keys__() for collection in collections]
        results = _run(run, graph, keys, kwargs)
    return tuple(repack(_finalized(collections, results)))


def _check(collections: Sequence[Any], run: Callable[..., Any]) -> None:
    """Have each kind of collection look at those of its own before they are computed."""
    kinds: dict[Any, list[Any]] = {}
    for collection in collections:
        check = getattr(type(collection), "__minidask_checked__", None)
        if check is not None:
            kinds.setdefault(check, []).append(collection)
    for check, own in kinds.items():
        check(own, run)


def _placed(collection: Any, run: Callable[..., Any]) -> Any:
    """Return the collection that computes to the same result in memory allocated before, where there is one for this runner."""
    place = getattr(type(collection), "__minidask_placed__", None)
    return collection if place is None else place(collection, run)


def _run(run: Callable[..., Any], graph: Mapping[Any, Any], keys: Any, kwargs: Mapping[str, Any]) -> Any:
    """Run a graph; of an error's traceback leave out the schedulers' frames, which say nothing about the user's code."""
    try:
        return run(graph, keys, **kwargs)
    except Exception as error:
        inner = user_frames(error.__traceback__)
        if inner is error.__traceback__:
            raise
        try:
            raise error.with_traceback(inner)
        finally:
            # The traceback holds this frame: no cycle.
            del error, inner


def _finalized(collections: Sequence[Any], results: Sequence[Any]) -> list[Any]:
    out = []
    for collection, result in zip(collections, results, strict=True):
        finalize, extra = collection.__dask_postcompute__()
        out.append(finalize(result, *extra))
    return out


def persist(
    *args: Any, traverse: bool = True, optimize_graph: bool = True, scheduler: Any = None, **kwargs: Any
) -> tuple[Any, ...]:
    """Compute collections and return equal collections that hold the results: in memory here, or on the cluster.

    Parameters and errors are those of ``compute``.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> (x,) = persist(delayed(abs)(-1))
    >>> len(x.dask), x.compute()
    (1, 1)
    """
    collections, repack = unpack_collections(*args, traverse=traverse)
    if not collections:
        return args
    run = get_scheduler(scheduler=scheduler, collections=collections)
    client = getattr(run, "__self__", None)
    if client is not None and hasattr(client, "persist"):
        # A cluster keeps the results where they are made.
        return tuple(repack(client.persist(collections, optimize_graph=optimize_graph, **kwargs)))
    _check(collections, run)
    with lowering_for(run):
        graph = merged_graph(collections, optimize_graph, **kwargs)
        keys = [list(nested_keys(collection.__dask_keys__())) for collection in collections]
        results = _run(run, graph, keys, kwargs)
    held = []
    for collection, own, values in zip(collections, keys, results, strict=True):
        rebuild, extra = collection.__dask_postpersist__()
        held.append(rebuild(Derived(zip(own, map(literal, values), strict=True)), *extra))
    return tuple(repack(held))


def optimize(*args: Any, traverse: bool = True, **kwargs: Any) -> tuple[Any, ...]:
    """Return equal collections whose graphs are optimised, together, as ``compute`` would do it.

    Examples
    --------
    >>> from minidask.delayed import delayed
    >>> (x,) = optimize(delayed(abs)(-1))
    >>> x.compute()
    1
    """
    collections, repack = unpack_collections(*args, traverse=traverse)
    if not collections:
        return args
    graph = merged_graph(collections, True, **kwargs)
    if not isinstance(graph, LayeredGraph):
        graph = Derived(graph)
    out = []
    for collection in collections:
        rebuild, extra = collection.__dask_postpersist__()
        out.append(rebuild(graph, *extra))
    return tuple(repack(out))


def merged_graph(collections: Sequence[Any], optimize_graph: bool = True, **kwargs: Any) -> Mapping[Any, Any]:
    """Return one graph for several collections, each kind of collection optimised together.

    Raises
    ------
    TypeError
        If an object among them is no collection.
    ValueError
        If two of their graphs hold different tasks under one key.
    """
    for collection in collections:
        if not is_dask_collection(collection):
            raise TypeError(f"expected a collection (with __dask_graph__), got {type(collection).__name__}")
    groups: dict[Any, list[Any]] = {}
    for collection in collections:
        rewrite = getattr(collection, "__dask_optimize__", None) if optimize_graph else None
        groups.setdefault(rewrite, []).append(collection)
    if len(groups) > 1:
        # Keys that mean different things are found before rewriting, which may change the tasks of equal ones.
        LayeredGraph.merge(*map(collection_graph, collections))
    graphs: list[Mapping[Any, Any]] = []
    for rewrite, members in groups.items():
        own = [collection_graph(collection) for collection in members]
        graph = own[0] if len(own) == 1 else LayeredGraph.merge(*own)
        if rewrite is not None:
            keys = [key for member in members for key in nested_keys(member.__dask_keys__())]
            graph = rewrite(graph, keys, **kwargs)
            if not isinstance(graph, Mapping):
                raise TypeError(f"the optimizer {rewrite!r} returned {type(graph).__name__}, not a graph")
            if len(groups) > 1 and not isinstance(graph, LayeredGraph):
                graph = Derived(graph)
        graphs.append(graph)
    merged = graphs[0] if len(graphs) == 1 else LayeredGraph.merge(*graphs)
    limits = configured_limits(False) if optimize_graph else None
    if limits is None:
        return merged
    keys = [key for member in collections for key in nested_keys(member.__dask_keys__())]
    return Derived(finish(merged, keys, limits))
