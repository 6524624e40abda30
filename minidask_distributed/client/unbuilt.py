"""Names of the field that this cluster doesn't have: each says so when it is asked for, and what to do instead.

Place in the flow: `minidask_distributed` asks `refusal` for names that it doesn't know; `Client` inherits `Unbuilt`. When one of
them is built it leaves this table, and the one of the guide's coverage page.

Invariants: nothing here does anything but raise; what is raised is a NotImplementedError, and besides that what a program that
can do without the name expects: an ImportError for a public name, an AttributeError for an attribute.

Not for: arguments of what is built; these are refused where they are read.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["PUBLIC_NAMES", "Unbuilt", "UnbuiltAttribute", "UnbuiltName", "refusal"]


class UnbuiltName(ImportError, NotImplementedError):
    """A public name isn't built yet."""


class UnbuiltAttribute(AttributeError, NotImplementedError):
    """An attribute isn't built yet."""


_STATE = "keep the state in results of tasks, passed on from one to the next, or on a worker (`get_worker()`)"
_THROUGH = "pass futures as arguments, or use `client.set_metadata`, or `log_event` and `subscribe_topic`"
_ORDER = (
    "make what must not run at once depend on each other, or run it on workers with a resource, resources={'name': 1}"
)
_SOFTWARE = "install packages where the workers start, or by `client.run(subprocess.check_call, [...])` before they are imported"
_CALLS = "`client.run` and `client.run_on_scheduler` call functions in the cluster's processes"
_SIZE = "call cluster.scale(n) with the number of workers that you want"

PUBLIC_NAMES = {
    "Actor": _STATE,
    "ActorFuture": _STATE,
    "Adaptive": _SIZE,
    "BaseActorFuture": _STATE,
    "CompatibleExecutor": "`client.get_executor()` is a concurrent.futures.Executor",
    "CondaInstall": _SOFTWARE,
    "Environ": "give workers their environment when they start: LocalCluster(env={...}), Nanny(env={...})",
    "Event": _THROUGH,
    "InstallPlugin": _SOFTWARE,
    "Lock": _ORDER,
    "MultiLock": _ORDER,
    "PipInstall": _SOFTWARE,
    "Pub": _THROUGH,
    "Queue": _THROUGH,
    "SSHCluster": "start `minidask-scheduler` and `minidask-worker` on the machines, and connect with Client('tcp://...')",
    "Semaphore": _ORDER,
    "Sub": _THROUGH,
    "SubprocessCluster": "LocalCluster() has its workers in processes",
    "UploadDirectory": "`client.upload_file` takes a zip of the directory, and imports from it",
    "Variable": _THROUGH,
    "connect": _CALLS,
    "rpc": _CALLS,
    "span": "`minidask.annotate(name=...)` marks tasks, and `get_current_task_annotations` reads it in them",
    "sync": "`client.sync(coroutine_function, ...)` and `cluster.sync(...)` run coroutines on their loop and wait",
}
"""{name that users of the field import: what to do instead}."""


def refusal(name: str) -> UnbuiltName | None:
    """Return the exception for a public name that isn't built; None for any other name.

    Examples
    --------
    >>> refusal("SSHCluster").name
    'SSHCluster'
    >>> refusal("no such name") is None
    True
    """
    if name not in PUBLIC_NAMES:
        return None
    return UnbuiltName(f"{name} isn't built yet; instead: {PUBLIC_NAMES[name]}", name=name)


def _refuse(what: str, instead: str) -> NoReturn:
    raise NotImplementedError(f"{what} isn't built yet; instead: {instead}")


_PUBLISHING = "give results keys, submit(..., key='name'), and get them elsewhere by Future('name', client)"
_COPIES = "`client.scatter(data, broadcast=True)` puts data on all workers; results are copied to where they are needed"


class Unbuilt:
    """Methods of a client that raise NotImplementedError, with their remedy."""

    def publish_dataset(self, *args: Any, name: Any = None, override: bool = False, **kwargs: Any) -> NoReturn:
        """Name collections for other clients: not built yet."""
        _refuse("publish_dataset", _PUBLISHING)

    def unpublish_dataset(self, name: Any, **kwargs: Any) -> NoReturn:
        """Undo `publish_dataset`: not built yet."""
        _refuse("unpublish_dataset", _PUBLISHING)

    def list_datasets(self, **kwargs: Any) -> NoReturn:
        """List what was published: not built yet."""
        _refuse("list_datasets", _PUBLISHING)

    def get_dataset(self, name: Any, default: Any = None, **kwargs: Any) -> NoReturn:
        """Return what was published: not built yet."""
        _refuse("get_dataset", _PUBLISHING)

    @property
    def datasets(self) -> NoReturn:
        """What was published: not built yet."""
        raise UnbuiltAttribute(f"datasets isn't built yet; instead: {_PUBLISHING}")

    def replicate(
        self, futures: Any, n: int | None = None, workers: Any = None, branching_factor: int = 2, **kwargs: Any
    ) -> NoReturn:
        """Copy results to more workers: not built yet."""
        _refuse("replicate", _COPIES)

    def rebalance(self, futures: Any = None, workers: Any = None, **kwargs: Any) -> NoReturn:
        """Spread results evenly: not built yet."""
        _refuse("rebalance", f"persist with workers=, or {_COPIES}")

    @property
    def amm(self) -> NoReturn:
        """The active memory manager: not built yet."""
        raise UnbuiltAttribute(f"the active memory manager isn't built yet; instead: {_COPIES}")

    def benchmark_hardware(self) -> NoReturn:
        """Measure disks, memory and network of the workers: not built yet."""
        _refuse("benchmark_hardware", "time what you need on every worker by `client.run(function)`")

    def dump_cluster_state(
        self,
        filename: str = "dask-cluster-dump",
        write_from_scheduler: bool | None = None,
        exclude: Any = (),
        format: str = "msgpack",
        **storage_options: Any,
    ) -> NoReturn:
        """Write down all that the cluster knows: not built yet."""
        _refuse(
            "dump_cluster_state",
            "`client.scheduler_info()`, `story(key)`, `get_scheduler_logs()`, `get_worker_logs()` and `get_events()`",
        )

    def normalize_collection(self, collection: Any) -> NoReturn:
        """Put futures into a collection's graph: not built, since nothing needs it."""
        _refuse("normalize_collection", "compute and persist use by themselves what the client holds already")
