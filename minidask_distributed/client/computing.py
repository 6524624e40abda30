"""`Client.compute`, `persist` and `get`: collections and graphs on the cluster.

Place in the flow: a part of `Client`. Collections are optimised and lowered as `minidask.compute` does it, on the caller's
thread, and go up by `upload`. `get` is what a client registers as the runner of ``x.compute()``.

Invariants: results stay on the cluster until somebody asks for them; what a collection was persisted as is a result that the
client holds, and isn't computed again while it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minidask.collection.compute import merged_graph
from minidask.collection.protocol import is_dask_collection
from minidask.collection.upward import extend
from minidask.delayed.arguments import finalized
from minidask.delayed.objects import delayed, single_result
from minidask.graph.annotations import current_annotations
from minidask.graph.convert import nested_keys
from minidask.graph.layer import Derived, same_task
from minidask.graph.task import Key, Task, held
from minidask.optimize.pipeline import finish
from minidask.schedulers.registry import lowering_for
from minidask_distributed.client.current import leaving_slot
from minidask_distributed.client.future import Future
from minidask_distributed.client.options import options_of
from minidask_distributed.client.scatter import Scatters
from minidask_distributed.client.submitting import ACTORS
from minidask_distributed.client.upload import Options, upload, user_keys, user_tasks

_SEARCHED = (list, tuple, set, dict)

# Where there is a client, rows of dataframes move between workers.
extend("dataframe.shuffle", "minidask_distributed.shuffle.method")


class Computations(Scatters):
    """The part of a client that runs collections and graphs."""

    def compute(
        self,
        collections: Any,
        sync: bool = False,
        optimize_graph: bool = True,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: dict[str, float] | None = None,
        retries: int = 0,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: Any = None,
        traverse: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Compute collections on the cluster.

        Parameters
        ----------
        collections : collection, or list of them
            Containers among the items are searched for collections, unless ``traverse`` is false; anything else is passed on.
        sync : bool
            Wait for the results and return these, in place of futures.
        optimize_graph : bool
            Whether to optimise the graphs first.
        workers, allow_other_workers, resources, retries, priority, fifo_timeout
            As for `submit`; they count for each task that has no such annotation.
        **kwargs
            Passed to the collections' optimisers.

        Returns
        -------
        Future, or list of them
            As ``collections``; each of one whole result.

        Raises
        ------
        TypeError, ValueError
            As `submit` does, and for graphs that contradict themselves.
        CommClosedError
            If the client was closed, or has lost its scheduler.

        Examples
        --------
        >>> total = client.compute(df.x.sum())  # doctest: +SKIP
        >>> total.result()  # doctest: +SKIP
        """
        self._check_open()
        if actors:
            raise NotImplementedError(ACTORS)
        single = not isinstance(collections, list | tuple | set | frozenset | Iterator)
        items = [collections] if single else list(collections)
        if traverse:
            items = [delayed(item) if isinstance(item, _SEARCHED) else item for item in items]
        lazy = [item for item in items if is_dask_collection(item)]
        made: list[Any] = []
        if lazy:
            with lowering_for(self.get):
                tasks, named = _lowered(lazy, optimize_graph, kwargs)
            keys: list[Key] = []
            for collection in lazy:
                key, final = _final(collection)
                if final is not None:
                    tasks[key] = final
                keys.append(key)
            options = self._graph_options(workers, allow_other_workers, resources, retries, priority)
            futures = upload(self, tasks, keys, named, options)
            made = [futures[key] for key in keys]
        results = iter(made)
        out = [next(results) if is_dask_collection(item) else item for item in items]
        result = out[0] if single else out
        return self.gather(result) if sync else result

    def persist(
        self,
        collections: Any,
        optimize_graph: bool = True,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: dict[str, float] | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Start computing collections, and return equal collections that hold the results, on the cluster.

        Parameters
        ----------
        collections : collection, or list of them
        optimize_graph, workers, allow_other_workers, resources, retries, priority, fifo_timeout, **kwargs
            As for `compute`.

        Returns
        -------
        collection, or list of them
            At once; their results are made in the background.

        Raises
        ------
        TypeError
            If one of them is no collection; and as `compute`.

        Examples
        --------
        >>> df = client.persist(df)  # doctest: +SKIP
        """
        self._check_open()
        if actors:
            raise NotImplementedError(ACTORS)
        single = not isinstance(collections, list | tuple | set | frozenset)
        items = [collections] if single else list(collections)
        if not items:
            return []
        with lowering_for(self.get):
            tasks, named = _lowered(items, optimize_graph, kwargs)
        keys = [list(nested_keys(collection.__dask_keys__())) for collection in items]
        options = self._graph_options(workers, allow_other_workers, resources, retries, priority)
        futures = upload(self, tasks, [key for own in keys for key in own], named, options)
        made = []
        for collection, own in zip(items, keys, strict=True):
            rebuild, extra = collection.__dask_postpersist__()
            made.append(rebuild(Derived((key, held(futures[key])) for key in own), *extra))
        return made[0] if single else made

    def get(
        self,
        dsk: Mapping[Any, Any],
        keys: Any,
        workers: Any = None,
        allow_other_workers: bool = False,
        resources: dict[str, float] | None = None,
        sync: bool = True,
        asynchronous: bool | None = None,
        direct: bool | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        actors: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Run a graph, and return the results of ``keys``.

        Parameters
        ----------
        dsk : mapping
            ``{key: task}``, as users write it, or a graph of layers.
        keys : key, or nested lists of keys
        sync : bool
            Whether to wait for results; if not, futures are returned.
        workers, allow_other_workers, resources, retries, priority, fifo_timeout
            As for `compute`.
        asynchronous, direct
            As for `gather`.
        **kwargs
            Taken and ignored, so that schedulers can be exchanged.

        Returns
        -------
        The result of the key, or lists nested as ``keys``.

        Raises
        ------
        KeyError, CycleError, TypeError, ValueError
            For graphs that can't be run; and what tasks raise.

        Examples
        --------
        >>> client.get({"x": 1, "y": (abs, "x")}, ["y", "x"])  # doctest: +SKIP
        [1, 1]
        """
        self._check_open()
        if actors:
            raise NotImplementedError(ACTORS)
        outputs = list(nested_keys(keys))
        options = self._graph_options(workers, allow_other_workers, resources, retries, priority)
        with lowering_for(self.get):
            tasks = finish(dsk, outputs)
        futures = upload(self, tasks, outputs, user_keys(dsk), options)
        packed = _packed(keys, futures)
        del futures
        if not sync:
            return packed
        with leaving_slot():
            return self.gather(packed, asynchronous=asynchronous, direct=direct)

    def _graph_options(
        self, workers: Any, allow_other_workers: Any, resources: Any, retries: Any, priority: Any
    ) -> Options:
        """Return what gives tasks their options: their annotations, then those in force here, then these."""
        around = current_annotations() or {}
        common = {
            "workers": workers,
            "allow_other_workers": allow_other_workers or None,
            "resources": resources,
            "retries": retries or None,
            "priority": priority or None,
        }
        said = {**around, **{name: value for name, value in common.items() if value is not None}}

        def options(annotations: Mapping[str, Any] | None) -> dict[str, Any] | None:
            merged = {**said, **annotations} if annotations else said
            return options_of(annotations=merged) if merged else None

        options(None)  # what is wrong with them is said before anything is sent
        return options


def _lowered(collections: list[Any], optimize_graph: bool, kwargs: dict[str, Any]) -> tuple[dict[Key, Task], set[Key]]:
    """Return the tasks of collections, optimised together, and the keys among them that users chose."""
    graph = merged_graph(collections, optimize_graph, **kwargs)
    keys = [key for collection in collections for key in nested_keys(collection.__dask_keys__())]
    tasks = dict(finish(graph, keys))
    chosen: dict[Key, Task] = {}
    for collection in collections:
        chosen.update(user_tasks(collection.__dask_graph__()))
    # What a rewrite changed is no longer what its user wrote: nothing can be compared with it.
    return tasks, {
        key for key, task in chosen.items() if key in tasks and (task is tasks[key] or same_task(task, tasks[key]))
    }


def _final(collection: Any) -> tuple[Key, Task | None]:
    """Return the key of a collection's whole result, and the task that puts it together, if there is anything to do."""
    finalize, extra = collection.__dask_postcompute__()
    keys = list(nested_keys(collection.__dask_keys__()))
    if finalize is single_result and not extra and len(keys) == 1:
        return keys[0], None
    key, layer = finalized(collection)
    return key, layer.lower()[key]


def _packed(keys: Any, futures: Mapping[Key, Future]) -> Any:
    """Return futures nested as keys are: lists of lists, as deep as collections have dimensions."""
    if isinstance(keys, list):
        return [_packed(key, futures) for key in keys]
    return futures[keys]
