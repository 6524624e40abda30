"""The part of a client that asks where workers spend their time: the merged samples of their threads.

Place in the flow: `Client` inherits it; each worker answers with a call tree (`worker.profiling`), which are merged here.

Not for: which task ran when (`queries.get_task_stream`), or one moment (`queries.call_stack`).
"""

from __future__ import annotations

import time
from typing import Any

from minidask_distributed.client.pictures import draw, wants_picture
from minidask_distributed.client.queries import Queries, moment, workers_list
from minidask_distributed.profile_tree import Node, as_dict, from_columns, merge

__all__ = ["Profiles"]


class Profiles(Queries):
    """Questions about time spent."""

    def profile(
        self,
        key: str | None = None,
        start: float | str | None = None,
        stop: float | str | None = None,
        workers: Any = None,
        merge_workers: bool = True,
        plot: bool | str = False,
        filename: str | None = None,
        server: bool = False,
        scheduler: bool = False,
    ) -> Any:
        """Return where the threads of workers were when they were sampled, as a tree of calls.

        Parameters
        ----------
        key : str, optional
            Prefix of the keys of tasks, mostly the name of a function, as ``"inc"``. Default: all tasks.
        start, stop : float or str, optional
            Seconds since the epoch, or how long ago, as ``"10s"``. Default: as far as samples reach back.
        workers : str or list of str, optional
            Addresses or names. Default: all.
        merge_workers : bool
            If False: ``{address: tree}``.
        plot : bool or str
            Return a figure, too; ``"save"``: and write it to ``filename``.
        filename : str, optional
            An HTML page to write; means ``plot="save"``.
        server : bool
            Of the workers' event loops instead.
        scheduler : bool
            Of the scheduler's event loop instead.

        Returns
        -------
        dict
            ``"count"`` (samples), ``"identifier"``, ``"description"`` (``"filename"``, ``"name"``, ``"line_number"``,
            ``"line"``), and ``"children"``: {identifier: such a dict}. With ``plot`` a pair of it and the figure.

        Raises
        ------
        ValueError
            For a worker that isn't there, another ``plot``, or a plot of trees that aren't merged.
        TypeError
            If ``key`` is no text.

        Examples
        --------
        >>> client.profile("inc")["count"]  # doctest: +SKIP
        120
        """
        if key is not None and not isinstance(key, str):
            raise TypeError(f"key is the prefix of keys, a text, got {type(key).__name__}")
        wanted, file = wants_picture("save" if filename and not plot else plot, filename)
        if wanted and not (merge_workers or scheduler):
            raise ValueError("a plot shows one tree: leave out merge_workers=False")
        now = time.time()
        bounds = {"start": moment(start, now), "stop": moment(stop, now)}
        return self.sync(
            self._profile, key, bounds, workers_list(workers), merge_workers, wanted, file, server, scheduler
        )

    async def _profile(
        self,
        key: str | None,
        bounds: dict[str, float | None],
        workers: list[str] | None,
        merged: bool,
        wanted: bool,
        file: str | None,
        server: bool,
        scheduler: bool,
    ) -> Any:
        tree: Node
        if scheduler:
            tree = from_columns(await self.call("profile", **bounds))
        else:
            answers = await self._broadcast("profile", {"key": key, "server": server, **bounds}, workers)
            trees = {address: from_columns(columns) for address, columns in answers.items()}
            if not merged:
                return {address: as_dict(one) for address, one in trees.items()}
            tree = merge(trees.values())
        state = as_dict(tree)
        return (state, draw("profile", tree, file)) if wanted else state
