"""Log records of workers in a client's process: the plugin that sends them, the handler that takes them.

Place in the flow: `Client.forward_logging` registers a `LoggingForwarder` on all workers; each record travels as an
event of its topic, and `handle_forwarded` gives it to the logger of its name here.

Invariants: a record is made text before it leaves, so that nothing of a user's is pickled; a worker in the client's own
process forwards nothing, its records are there already.
"""

from __future__ import annotations

import logging
import os
import secrets
from typing import Any

from minidask_distributed.plugins import WorkerPlugin

_SENT = (
    "name",
    "levelno",
    "levelname",
    "pathname",
    "filename",
    "module",
    "lineno",
    "funcName",
    "created",
    "threadName",
)


_PROCESS = secrets.token_hex(8)
"""Tells this process from all others, also on other hosts."""


class LoggingForwarder(WorkerPlugin):
    """Send a logger's records as events.

    Parameters
    ----------
    logger_name : str, optional
        None: the root logger.
    level : int
    topic : str
    """

    def __init__(self, logger_name: str | None, level: int, topic: str) -> None:
        self.name = self.topic = topic
        self.logger_name = logger_name
        self.level = level
        self.process = _PROCESS
        self._handler: _Sender | None = None

    def setup(self, worker: Any) -> None:
        """Begin."""
        if self.process != _PROCESS:
            self._handler = _Sender(worker, self.topic, self.level)
            logging.getLogger(self.logger_name).addHandler(self._handler)

    def teardown(self, worker: Any) -> None:
        """End."""
        if self._handler is not None:
            logging.getLogger(self.logger_name).removeHandler(self._handler)
            self._handler.close()
            self._handler = None


class _Sender(logging.Handler):
    def __init__(self, worker: Any, topic: str, level: int) -> None:
        super().__init__(level)
        self._worker = worker
        self._topic = topic

    def emit(self, record: logging.LogRecord) -> None:
        content = {name: getattr(record, name) for name in _SENT}
        content["msg"] = record.getMessage()
        content["process"] = os.getpid()
        content["worker"] = str(self._worker.address)
        if record.exc_info:
            content["exc_text"] = logging.Formatter().formatException(record.exc_info)
        self._worker.notify(self._topic, content)


def handle_forwarded(event: tuple[float, Any]) -> None:
    """Give a record that was forwarded to the logger of its name; it has the attribute ``worker``.

    Examples
    --------
    >>> handle_forwarded(
    ...     (0.0, {"name": "example", "levelno": 10, "levelname": "DEBUG", "msg": "100 %", "worker": "tcp://a:1"})
    ... )
    """
    record = logging.makeLogRecord({**event[1], "args": None})
    target = logging.getLogger(record.name)
    if target.isEnabledFor(record.levelno):
        target.handle(record)
