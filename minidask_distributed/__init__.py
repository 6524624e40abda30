"""The cluster: scheduler, workers and client that run minidask's graphs on many processes and machines.

Place in the flow: above all of `minidask`, which never imports this package; a client registers itself as a runner with
`minidask.schedulers`, so that every collection computes on the cluster without knowing it. This is a table of the public
names, each loaded on first use; users find the same names in `minidask.distributed`.

Invariants: importing the package loads nothing but `minidask` itself, so that a worker process or a command line pays
for what it uses only; `worker_client` is the function, whether or not the module of that name has been imported.

Not for: code. A name that is added to the table must be public and documented.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from minidask import __version__

if TYPE_CHECKING:
    from concurrent.futures import CancelledError

    from minidask import config
    from minidask_distributed.client.as_completed import as_completed
    from minidask_distributed.client.client import Client
    from minidask_distributed.client.current import default_client
    from minidask_distributed.client.errors import KilledWorker
    from minidask_distributed.client.executor import ClientExecutor
    from minidask_distributed.client.future import Future
    from minidask_distributed.client.progress import progress
    from minidask_distributed.client.queries import get_task_stream
    from minidask_distributed.client.task_metadata import get_task_metadata
    from minidask_distributed.client.waiting import fire_and_forget, futures_of, wait
    from minidask_distributed.dashboard.report import performance_report
    from minidask_distributed.deploy.local import LocalCluster
    from minidask_distributed.deploy.spec import SpecCluster
    from minidask_distributed.nanny.server import Nanny
    from minidask_distributed.plugins import NannyPlugin, SchedulerPlugin, UploadFile, WorkerPlugin
    from minidask_distributed.scheduler.server import Scheduler
    from minidask_distributed.security import Security
    from minidask_distributed.status import Status
    from minidask_distributed.worker.context import (
        Reschedule,
        get_current_task_annotations,
        get_current_task_key,
        get_worker,
        print,  # noqa: A004 (the field's name for it)
        rejoin,
        secede,
        warn,
    )
    from minidask_distributed.worker.server import Worker
    from minidask_distributed.worker_client import get_client, local_client, worker_client

# name: the module that defines it
_NAMES = {
    "CancelledError": "concurrent.futures",
    "Client": "minidask_distributed.client.client",
    "ClientExecutor": "minidask_distributed.client.executor",
    "Future": "minidask_distributed.client.future",
    "KilledWorker": "minidask_distributed.client.errors",
    "LocalCluster": "minidask_distributed.deploy.local",
    "Nanny": "minidask_distributed.nanny.server",
    "NannyPlugin": "minidask_distributed.plugins",
    "Reschedule": "minidask_distributed.worker.context",
    "Scheduler": "minidask_distributed.scheduler.server",
    "SchedulerPlugin": "minidask_distributed.plugins",
    "Security": "minidask_distributed.security",
    "SpecCluster": "minidask_distributed.deploy.spec",
    "Status": "minidask_distributed.status",
    "TimeoutError": "builtins",
    "UploadFile": "minidask_distributed.plugins",
    "Worker": "minidask_distributed.worker.server",
    "WorkerPlugin": "minidask_distributed.plugins",
    "as_completed": "minidask_distributed.client.as_completed",
    "default_client": "minidask_distributed.client.current",
    "fire_and_forget": "minidask_distributed.client.waiting",
    "futures_of": "minidask_distributed.client.waiting",
    "get_client": "minidask_distributed.worker_client",
    "get_current_task_annotations": "minidask_distributed.worker.context",
    "get_current_task_key": "minidask_distributed.worker.context",
    "get_task_metadata": "minidask_distributed.client.task_metadata",
    "get_task_stream": "minidask_distributed.client.queries",
    "get_worker": "minidask_distributed.worker.context",
    "local_client": "minidask_distributed.worker_client",
    "performance_report": "minidask_distributed.dashboard.report",
    "print": "minidask_distributed.worker.context",
    "progress": "minidask_distributed.client.progress",
    "rejoin": "minidask_distributed.worker.context",
    "secede": "minidask_distributed.worker.context",
    "wait": "minidask_distributed.client.waiting",
    "warn": "minidask_distributed.worker.context",
    "worker_client": "minidask_distributed.worker_client",
}

# kind of picture: the module whose function of that name draws it; these need Bokeh
_PICTURES = {
    "profile": "minidask_distributed.dashboard.pictures",
    "task_stream": "minidask_distributed.dashboard.pictures",
}

__all__ = [
    "CancelledError",
    "Client",
    "ClientExecutor",
    "Future",
    "KilledWorker",
    "LocalCluster",
    "Nanny",
    "NannyPlugin",
    "Reschedule",
    "Scheduler",
    "SchedulerPlugin",
    "Security",
    "SpecCluster",
    "Status",
    "TimeoutError",
    "UploadFile",
    "Worker",
    "WorkerPlugin",
    "__version__",
    "as_completed",
    "config",
    "default_client",
    "fire_and_forget",
    "futures_of",
    "get_client",
    "get_current_task_annotations",
    "get_current_task_key",
    "get_task_metadata",
    "get_task_stream",
    "get_worker",
    "local_client",
    "performance_report",
    "print",
    "progress",
    "rejoin",
    "secede",
    "wait",
    "warn",
    "worker_client",
]


class _Package(ModuleType):
    """The package's own type: it keeps a public function in its place when the submodule of that name is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system binds each loaded submodule to its parent; `worker_client` stays a function.
        if not (name in _NAMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        # Functions that are pickled by value take the modules that they name along, by name.
        return import_module, (self.__name__,)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562).

    Raises
    ------
    AttributeError
        For any other name.
    NotImplementedError
        For a name of the field that isn't built; it says what to do instead. It is an ImportError, too.
    ImportError
        If a package that the cluster needs isn't installed; it says what to install.
    """
    if name == "config":
        return import_module("minidask.config")
    if name not in _NAMES:
        unbuilt = None if name.startswith("_") else import_module("minidask_distributed.client.unbuilt").refusal(name)
        if unbuilt is not None:
            raise unbuilt
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_NAMES[name])
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("minidask", "minidask_distributed"):
            raise
        raise ImportError(
            f"the cluster needs the package {error.name}: install minidask with it, pip install 'minidask[distributed]'"
        ) from error
    value = getattr(module, name)
    if name == "Client":
        # Without an address it makes a cluster, whose modules are loaded only then.
        module.register_default_cluster(lambda **options: __getattr__("LocalCluster")(**options))
        pictures = import_module("minidask_distributed.client.pictures")
        pictures.register_pictures(lambda kind: getattr(import_module(_PICTURES[kind]), kind))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not, besides what is there already."""
    return sorted({*globals(), *__all__})
