"""What the scheduler tells people, plugins and subscribers: who came and went, failures, what tasks print.

Place in the flow: after a flush `server` hands over what the machine noticed; handlers log events of users here. Messages
that come of it are collected, and sent with the next flush.

Invariants: who doesn't read misses events rather than filling the memory; plugins of workers reach a worker behind its
registration and before its first tasks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from minidask_distributed.messages import Message, Notice
from minidask_distributed.scheduler.events import FOR_ALL_CLIENTS
from minidask_distributed.scheduler.peers import Connection

logger = logging.getLogger(__name__)

ACTIONS = {
    "worker-added": "add-worker",
    "worker-removed": "remove-worker",
    "worker-status": "worker-status-change",
    "client-added": "add-client",
    "client-removed": "remove-client",
}
"""{what the machine notices: its name as an event}; the others are called what they are."""


class Announcer:
    """The voice of one scheduler.

    Parameters
    ----------
    scheduler
        The `Scheduler`.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._outbox: dict[Connection, list[Message]] = {}

    def notices(self, notices: list[tuple[str, dict[str, Any]]], out: dict[int, list[Message]]) -> None:
        """Tell of what the machine noticed.

        Parameters
        ----------
        notices
            (topic, content), as `SchedulerMachine.take_notices` returns them.
        out
            {peer: messages} that are about to be sent; calls for new workers are put in.
        """
        scheduler = self._scheduler
        for topic, content in notices:
            if topic == "worker-notice":
                told: Notice = content["message"]
                self.log_event(str(told.topic), told.content, told.stamp)
                continue
            if topic == "worker-added":
                logger.info("worker %s joined: %s", content["name"], content["address"])
                worker = scheduler.machine.state.worker_names.get(content["address"])
                if worker is not None and worker.peer in scheduler.connections:
                    calls = self.plugin_calls(scheduler.connections[worker.peer])
                    out.setdefault(worker.peer, [])[1:1] = calls  # behind WorkerRegistered
                scheduler.hooks.tell("add_worker", scheduler, content["address"])
            elif topic == "worker-removed":
                logger.info("worker %s left: %s", content["name"], content["reason"])
                scheduler.hooks.tell(
                    "remove_worker", scheduler, content["address"], stimulus_id=topic, reason=content["reason"]
                )
            elif topic == "client-added":
                scheduler.hooks.tell("add_client", scheduler, content["name"])
            elif topic == "client-removed":
                scheduler.hooks.tell("remove_client", scheduler, content["name"])
            about = content.get("address") or content.get("worker") or content.get("nanny") or content.get("name")
            self.log_event(["all", about] if about else "all", as_event(topic, content))
        scheduler.waiting.wake()

    def log_event(self, topic: str | Iterable[str], msg: Any, stamp: float | None = None) -> None:
        """Log an event under a topic, or several; who subscribed gets it with the next flush.

        Parameters
        ----------
        topic
            A text, or several.
        msg
            A plain value or a payload.
        stamp
            Seconds since the epoch; None: now.
        """
        scheduler = self._scheduler
        stamp = time.time() if stamp is None else stamp
        for name in [topic] if isinstance(topic, str) else topic:
            event, hearing = scheduler.events.log(name, msg, stamp)
            if name in FOR_ALL_CLIENTS:
                clients = [one for one in scheduler.connections.values() if one.role == "client" and one.is_open]
                hearing = [one.number for one in clients]
            for number in hearing:
                connection = scheduler.connections.get(number)
                if connection is not None and connection not in scheduler.flow.clogged:
                    self.later(connection, [event])
            scheduler.hooks.tell("log_event", name, msg)

    def plugin_calls(self, connection: Connection) -> list[Message]:
        """Return the calls that give a worker or nanny its plugins; failures are logged."""
        scheduler, calls = self._scheduler, []
        for arguments in scheduler.registered.of(connection.role):
            call, answer = scheduler.questions.open(connection, "plugin_add", arguments)
            answer.add_done_callback(partial(_log_refusal, connection, arguments["name"]))
            calls.append(call)
        return calls

    def later(self, connection: Connection, messages: list[Message]) -> None:
        """Keep messages for a peer until the next flush has sent what the machine has for it."""
        if messages:
            self._outbox.setdefault(connection, []).extend(messages)

    def take(self) -> dict[Connection, list[Message]]:
        """Return and forget what was kept."""
        out, self._outbox = self._outbox, {}
        return out

    def gone(self, connection: Connection) -> None:
        """Forget a peer."""
        self._outbox.pop(connection, None)


def as_event(topic: str, content: dict[str, Any]) -> dict[str, Any]:
    """Return what the machine noticed as an event, with the names of the field for actions and for who it is about.

    Examples
    --------
    >>> as_event("worker-added", {"address": "tcp://w:1", "name": "w"})
    {'action': 'add-worker', 'worker': 'tcp://w:1', 'name': 'w'}
    >>> as_event("client-removed", {"name": "me", "reason": "it left"})
    {'action': 'remove-client', 'client': 'me', 'reason': 'it left'}
    """
    named = {"name": "client"} if topic.startswith("client-") else {"address": "worker"}
    return {"action": ACTIONS.get(topic, topic), **{named.get(name, name): told for name, told in content.items()}}


def _log_refusal(connection: Connection, name: str, answer: asyncio.Future[Any]) -> None:
    if not answer.cancelled() and answer.exception() is not None and not connection.ended:
        logger.warning("the plugin %s failed on %r: %s", name, connection, answer.exception())
