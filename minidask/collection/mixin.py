"""The methods that collections share; a class with the protocol's ``__dask_...__`` methods inherits them from here."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from minidask.collection.compute import compute, persist
from minidask.collection.pictures import visualize


class DaskMethodsMixin:
    """Add ``compute``, ``persist``, ``visualize`` and ``await`` to a class that follows the collection protocol."""

    __slots__ = ("__weakref__",)

    def compute(self, **kwargs: Any) -> Any:
        """Compute and return the result.

        Parameters
        ----------
        **kwargs
            ``scheduler``, ``optimize_graph``, and what the scheduler takes: see ``minidask.compute``.

        Raises
        ------
        Exception
            Whatever a task raises, with a note that names the task.
        """
        return compute(self, traverse=False, **kwargs)[0]

    def persist(self, **kwargs: Any) -> Any:
        """Compute, and return an equal collection that holds the results (see ``minidask.persist``)."""
        return persist(self, traverse=False, **kwargs)[0]

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait, in a coroutine, until the results that the collection holds on a cluster are there; gives the collection."""
        return _waited(self).__await__()

    def visualize(
        self, filename: str | None = "mydask", format: str | None = None, optimize_graph: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the task graph into a file and return the picture (see ``minidask.visualize``)."""
        return visualize(
            self, traverse=False, filename=filename, format=format, optimize_graph=optimize_graph, **kwargs
        )


async def _waited(collection: Any) -> Any:
    for task in collection.__dask_graph__().values():
        for held in getattr(task, "args", ()):
            if getattr(type(held), "__minidask_future__", False):
                await held.until_done()
    return collection
