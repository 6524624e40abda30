"""The scheduler's plugins: who is registered, and what each is told.

Place in the flow: after every flush `server` shows what the machine noticed, and here the methods of
`plugins.SchedulerPlugin` are called. Moves of tasks are read off the machine's log, and only while a plugin wants them.

State: {name: plugin}; the plugins that want moves; the place in the log up to which they were told; {id: key} of tasks that
such plugins saw, since the log has ids and a forgotten task has no key.

Invariants: an error of a plugin is logged and concerns nobody else; plugins are called in the order of their registration.

Not for: plugins of workers and nannies, which are only kept and handed on (`handlers.code`).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Hashable
from typing import Any

from minidask_distributed.messages import Upload
from minidask_distributed.plugins import SchedulerPlugin
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.machine.states import FORGOTTEN, NAMES
from minidask_distributed.scheduler.peers import Connection

logger = logging.getLogger(__name__)

USERS_CODE_S = 10.0
"""How long a plugin's coroutine (and, at the end, a preload's) is waited for."""

Move = tuple[int, Hashable, str, str, str]
"""(task id, key, start, finish, stimulus)."""


class Hooks:
    """The plugins of one scheduler.

    Parameters
    ----------
    scheduler
        What plugins get as ``scheduler``.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self.plugins: dict[str, SchedulerPlugin] = {}
        self._graphs: list[SchedulerPlugin] = []
        self._singly: list[SchedulerPlugin] = []
        self._batched: list[SchedulerPlugin] = []
        self._at = 0
        self._keys: dict[int, Hashable] = {}
        self._working: set[asyncio.Future[Any]] = set()

    # ------------------------------------------------------------ who is there

    async def add(self, plugin: Any, name: str | None = None, idempotent: bool = False) -> str:
        """Register a plugin and start it; one of the same name is closed and replaced. Return its name.

        Parameters
        ----------
        plugin
            A `SchedulerPlugin`.
        name
            Default: its own ``name``, or one made up.
        idempotent
            Whether a name that is taken means that there is nothing to do.

        Raises
        ------
        TypeError
            If it is no plugin of the scheduler.
        Whatever its ``start`` raises; it isn't registered then.
        """
        if not isinstance(plugin, SchedulerPlugin):
            raise TypeError(f"a plugin of the scheduler must be a SchedulerPlugin, got {type(plugin).__name__}")
        name = name or plugin.name or f"{type(plugin).__name__}-{id(plugin):x}"
        if name in self.plugins:
            if idempotent or plugin.idempotent:
                return name
            await self.remove(name)
        await _call(plugin.start, self._scheduler)
        self.plugins[name] = plugin
        self._sort()
        return name

    async def remove(self, name: str) -> None:
        """Close a plugin and forget it.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        plugin = self.plugins.pop(name, None)
        if plugin is None:
            raise ValueError(f"the scheduler has no plugin {name!r}; it has: {', '.join(self.plugins) or 'none'}")
        self._sort()
        await self._guarded(plugin, "close", _call(plugin.close))

    def _sort(self) -> None:
        wanted = bool(self._singly or self._batched)
        self._graphs = self._those_with("update_graph")
        self._singly = self._those_with("transition")
        self._batched = self._those_with("transitions")
        if not wanted:
            log = self._scheduler.machine.state.log
            self._at = log.dropped + len(log.tasks)
        if not (self._singly or self._batched):
            self._keys.clear()

    def _those_with(self, method: str) -> list[SchedulerPlugin]:
        own = getattr(SchedulerPlugin, method)
        return [plugin for plugin in self.plugins.values() if getattr(type(plugin), method) is not own]

    # ------------------------------------------------------------ what they are told

    def tell(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Call a method of all plugins; what is a coroutine runs as a task."""
        for plugin in list(self.plugins.values()):
            try:
                result = getattr(plugin, method)(*args, **kwargs)
            except Exception:
                logger.exception("%s of the plugin %s failed", method, type(plugin).__name__)
                continue
            if inspect.isawaitable(result):
                task = asyncio.ensure_future(self._guarded(plugin, method, result))
                self._working.add(task)
                task.add_done_callback(self._working.discard)

    def see_upload(self, client: Connection, message: Upload) -> None:
        """Show an upload, which the machine is about to take, to the plugins that want it."""
        if not self._graphs:
            return
        tasks: list[Hashable] = list(decode_keys(message.keys))
        keys = set(tasks if message.wanted is None else [tasks[row] for row in message.wanted])
        for plugin in self._graphs:
            try:
                plugin.update_graph(self._scheduler, client=client.name, keys=keys, tasks=tasks)
            except Exception:
                logger.exception("update_graph of the plugin %s failed", type(plugin).__name__)

    def tell_moves(self) -> None:
        """Tell those who want it which moves tasks made since the last time."""
        if not (self._singly or self._batched):
            return
        moves = self._new_moves()
        if not moves:
            return
        for plugin in self._batched:
            try:
                plugin.transitions(moves)
            except Exception:
                logger.exception("transitions of the plugin %s failed", type(plugin).__name__)
        for plugin in self._singly:
            try:
                for _, key, start, finish, stimulus in moves:
                    plugin.transition(key, start, finish, stimulus_id=stimulus)
            except Exception:
                logger.exception("transition of the plugin %s failed", type(plugin).__name__)

    def _new_moves(self) -> list[Move]:
        state = self._scheduler.machine.state
        log, keys = state.log, self._keys
        begin = max(self._at - log.dropped, 0)
        self._at = log.dropped + len(log.tasks)
        stimuli = log.stimuli
        at = len(stimuli) - 1
        while at > 0 and stimuli[at][0] > log.dropped + begin:
            at -= 1
        moves: list[Move] = []
        for place in range(begin, len(log.tasks)):
            while at + 1 < len(stimuli) and stimuli[at + 1][0] <= log.dropped + place:
                at += 1
            task_id, move = log.tasks[place], log.moves[place]
            key = keys.get(task_id)
            if key is None:
                task = state.find(task_id)
                # One that came and went between two flushes is known by its number alone.
                key = task_id if task is None else task.key
                keys[task_id] = key
            if move & 15 == FORGOTTEN:
                keys.pop(task_id, None)
            stimulus = f"{stimuli[at][1]} #{stimuli[at][0]}" if stimuli else ""
            moves.append((task_id, key, NAMES[move >> 4], NAMES[move & 15], stimulus))
        return moves

    # ------------------------------------------------------------ the end

    async def before_close(self) -> None:
        """Tell all that the scheduler is about to close."""
        for plugin in list(self.plugins.values()):
            await self._guarded(plugin, "before_close", _call(plugin.before_close))

    async def close(self) -> None:
        """Close all."""
        for task in list(self._working):
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        for name, plugin in list(self.plugins.items()):
            del self.plugins[name]
            await self._guarded(plugin, "close", _call(plugin.close))
        self._sort()

    async def _guarded(self, plugin: SchedulerPlugin, method: str, work: Any) -> None:
        try:
            async with asyncio.timeout(USERS_CODE_S):
                await work
        except Exception:
            logger.exception("%s of the plugin %s failed", method, type(plugin).__name__)


async def _call(method: Any, *args: Any) -> None:
    result = method(*args)
    if inspect.isawaitable(result):
        await result
