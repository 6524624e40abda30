"""The last log lines of a part of the process, kept in memory for people who ask over the network.

Place in the flow: a scheduler, worker or nanny keeps the lines of its own loggers while it runs, and answers
``get_scheduler_logs``, ``get_worker_logs`` and their kin from here. It imports nothing of ours.

Invariants: a bounded number of lines; adding one costs no formatting unless somebody else formats it, too; closing
leaves the loggers as they were.

Not for: setting up what is printed (the command lines do that), or events of the cluster (`scheduler.events`).
"""

from __future__ import annotations

import logging
from collections import deque

DEFAULT_FORMAT = "%(asctime)s - %(name)s - %(levelname)s - %(message)s"


class RecentLines(logging.Handler):
    """Keep the last records of a logger and its children, from level INFO on.

    Parameters
    ----------
    logger
        The logger's name.
    length
        How many records are kept.
    template
        How a line looks, as `logging` has it.

    Examples
    --------
    >>> lines = RecentLines("minidask_example", 100, "%(levelname)s: %(message)s")
    >>> logging.getLogger("minidask_example.part").warning("the disk is full")
    >>> lines.last(1)
    [('WARNING', 'WARNING: the disk is full')]
    >>> lines.close()
    """

    def __init__(self, logger: str, length: int, template: str = DEFAULT_FORMAT) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(template))
        self._records: deque[logging.LogRecord] = deque(maxlen=length)
        self._logger = logging.getLogger(logger)
        self._logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record; its message is made now, since its arguments may change."""
        message = record.getMessage()
        if record.exc_info and not record.exc_text:
            # The traceback as text: an exception that is kept would keep its frames and their values.
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        self._records.append(logging.makeLogRecord({**record.__dict__, "msg": message, "args": None, "exc_info": None}))

    def last(self, count: int | None = None) -> list[tuple[str, str]]:
        """Return (level, line) of the last ``count`` records, or of all, newest first."""
        records = list(self._records)[::-1]
        return [(record.levelname, self.format(record)) for record in records[:count]]

    def close(self) -> None:
        """Stop listening; what was kept stays."""
        self._logger.removeHandler(self)
        super().close()
