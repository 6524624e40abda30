"""A function to be called on every worker when it starts: a plugin for those who don't want to write one.

Place in the flow: a part of `Client`, over `administration`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minidask_distributed.client.administration import Administration
from minidask_distributed.plugins import WorkerPlugin
from minidask_distributed.protocol.payload import ByReference
from minidask_distributed.sent import sent_call


class Callbacks(Administration):
    """The part of a client that registers functions for workers."""

    def register_worker_callbacks(self, setup: Callable[..., Any]) -> Any:
        """Call a function on every worker: now on those that there are, and on those that join later when they do.

        Parameters
        ----------
        setup : callable
            Called with the worker as ``dask_worker`` if it has a parameter of that name, else without arguments.

        Returns
        -------
        dict
            ``{address: {"status": "OK"}}``.

        Raises
        ------
        TypeError
            If it isn't callable, or can't be sent.
        Exception
            What it raised on a worker.
        """
        if not callable(setup):
            raise TypeError(f"setup must be a function, got {type(setup).__name__}")
        return self.register_plugin(_Setup(setup))


class _Setup(WorkerPlugin):
    """Call a function on each worker."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def setup(self, worker: Any) -> Any:
        function, args, kwargs = sent_call(ByReference((self.function, (), {})), "dask_worker", worker)
        return function(*args, **kwargs)
