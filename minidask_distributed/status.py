"""The states of servers and clusters, for programs that compare with the field's names for them.

Place in the flow: ``status`` of schedulers, workers, nannies and clusters is a text; members of `Status` equal these texts, so
that ``cluster.status == Status.running`` works. Nothing here is needed by the cluster itself.
"""

from __future__ import annotations

import enum


class Status(enum.StrEnum):
    """What a server or a cluster does.

    Examples
    --------
    >>> Status.running == "running", Status("closed").name
    (True, 'closed')
    """

    undefined = "undefined"
    created = "created"
    init = "init"
    starting = "starting"
    running = "running"
    paused = "paused"
    stopping = "stopping"
    stopped = "stopped"
    closing = "closing"
    closing_gracefully = "closing_gracefully"
    closed = "closed"
    failed = "failed"
    dont_reply = "dont_reply"
