"""Where the pages about one worker or one task are: paths relative to the top.

Place in the flow: feeds put them into the columns that tables link to, the info pages into their links, and the routes of `info`
read them back.

Invariants: pure; whatever a key or address holds becomes one segment of a path. Not for: whether there is such a page.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from minidask.graph.task import Key
from minidask_distributed.comm.interfaces import is_loopback


def worker_page(address: str) -> str:
    """Return the path of a worker's page.

    Examples
    --------
    >>> worker_page("tcp://10.0.0.7:4000")
    'info/worker/tcp%3A%2F%2F10.0.0.7%3A4000.html'
    """
    return f"info/worker/{quote(address, safe='')}.html"


def logs_page(address: str = "") -> str:
    """Return the path of a worker's log, or for "" of the scheduler's."""
    return f"info/logs/{quote(address, safe='')}.html" if address else "info/logs.html"


def call_stacks_page(address: str) -> str:
    """Return the path of what a worker's threads are doing."""
    return f"info/call-stacks/{quote(address, safe='')}.html"


def task_page(key: Key) -> str:
    """Return the path of a task's page; keys that are no texts are written as Python does.

    Examples
    --------
    >>> task_page("<script>"), task_page(("x", 0))
    ('info/task/%3Cscript%3E.html', 'info/task/%28%27x%27%2C%200%29.html')
    """
    return f"info/task/{quote(shown_key(key), safe='')}.html"


def shown_key(key: Key) -> str:
    """Return a key as text: itself, or as Python writes it.

    Examples
    --------
    >>> shown_key("x"), shown_key(("x", 0))
    ('x', "('x', 0)")
    """
    return key if isinstance(key, str) else repr(key)


def own_pages(worker: Any) -> tuple[str, int] | None:
    """Return host and port of the pages that a worker serves itself; None if it serves none, or none that we can reach.

    Parameters
    ----------
    worker
        The machine's record of it.
    """
    place = (worker.info.get("places") or {}).get("dashboard")
    if not isinstance(place, dict) or not isinstance(place.get("port"), int):
        return None
    scheme, _, location = worker.address.partition("://")
    own = "127.0.0.1" if scheme == "inproc" else location.rpartition(":")[0].strip("[]")
    host = str(place.get("host") or own)
    # The loopback of another machine isn't ours: who asked there would get somebody else's pages.
    return None if is_loopback(host) and not is_loopback(own) else (host, place["port"])


def proxied(worker: Any, page: str = "status") -> str:
    """Return the path of a worker's own page, through the scheduler's server; "" if it has none."""
    found = own_pages(worker)
    return "" if found is None else f"proxy/{found[1]}/{quote(found[0], safe='')}/{page}"
