"""Where the pages about one worker or one task are: paths relative to the top.

Place in the flow: feeds put them into the columns that tables link to, the info pages into their links, and the routes of `info`
read them back.

A key or address becomes one segment of a path, which proxies mustn't change: some of them, Jupyter's is one, decode what is
percent-encoded, and a slash would become one of the path. So our own links write ``~2F`` for it, behind a ``~`` in front
(`segment`). What people and programs write themselves may be percent-encoded.

Invariants: pure; `read` undoes `segment`. Not for: whether there is such a page.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote

from minidask.graph.task import Key
from minidask_distributed.comm.interfaces import is_loopback


def segment(text: str) -> str:
    """Return a text as one segment of a path, of letters, digits and ``_.-~``.

    Examples
    --------
    >>> segment("tcp://10.0.0.7:4000"), segment("inc-1"), segment("~")
    ('~tcp~3A~2F~2F10.0.0.7~3A4000', '~inc-1', '~~7E')
    """
    return "~" + quote(text, safe="").replace("~", "%7E").replace("%", "~")


def read(text: str) -> str:
    """Return what a segment stands for; other texts are what they are.

    Examples
    --------
    >>> read("~tcp~3A~2F~2F10.0.0.7~3A4000"), read("tcp://10.0.0.7:4000"), read("~~7E")
    ('tcp://10.0.0.7:4000', 'tcp://10.0.0.7:4000', '~')
    """
    return unquote(text[1:].replace("%", "%25").replace("~", "%")) if text.startswith("~") else text


def worker_page(address: str) -> str:
    """Return the path of a worker's page.

    Examples
    --------
    >>> worker_page("tcp://10.0.0.7:4000")
    'info/worker/~tcp~3A~2F~2F10.0.0.7~3A4000.html'
    """
    return f"info/worker/{segment(address)}.html"


def logs_page(address: str = "") -> str:
    """Return the path of a worker's log, or for "" of the scheduler's."""
    return f"info/logs/{segment(address)}.html" if address else "info/logs.html"


def call_stacks_page(address: str) -> str:
    """Return the path of what a worker's threads are doing."""
    return f"info/call-stacks/{segment(address)}.html"


def task_page(key: Key) -> str:
    """Return the path of a task's page; keys that are no texts are written as Python does.

    Examples
    --------
    >>> task_page("<script>"), task_page(("x", 0))
    ('info/task/~~3Cscript~3E.html', 'info/task/~~28~27x~27~2C~200~29.html')
    """
    return f"info/task/{segment(shown_key(key))}.html"


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
