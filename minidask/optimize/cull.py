"""Leave out the tasks that no output needs.

Place in the flow: what makes a dict that users wrote, or the tasks after another rewrite, as small as a lowered graph
(``LayeredGraph.lower`` makes no task in vain to begin with). Tasks are neither changed nor put in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from minidask.graph.task import Key, Task
from minidask.graph.traverse import missing_key


def cull(graph: Mapping[Key, Task], keys: Iterable[Key]) -> dict[Key, Task]:
    """Return the tasks that ``keys`` need, in the order of the graph.

    Raises
    ------
    KeyError
        If a key, or one that a task needs, is not in the graph.

    Examples
    --------
    >>> from minidask.graph import convert
    >>> list(cull(convert({"x": 1, "y": (abs, "x"), "z": 3}), ["y"]))
    ['x', 'y']
    """
    needed: set[Key] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key in needed:
            continue
        try:
            pending += graph[key].dependencies
        except KeyError:
            user = next((user for user in needed if key in graph[user].dependencies), None)
            raise missing_key(key, graph, user) from None
        needed.add(key)
    return {key: task for key, task in graph.items() if key in needed}
