"""The names of the files that partitions are written to, one each.

Place in the flow: ``to_csv`` and ``to_json`` ask when the write is planned, before anything is computed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from minidask.io.compression import SUFFIXES, infer_compression


def part_paths(
    filename: Any, name_function: Callable[[int], str] | None, count: int, compression: str | None
) -> list[str]:
    """Return a path or url for each partition.

    Parameters
    ----------
    filename : str, os.PathLike or list
        A path with ``*``, which stands for the partition; a directory; or a list with a path for each.
    name_function : callable, optional
        From a partition's number to what stands for ``*``; texts must sort as the numbers.
    count : int
        Partitions.
    compression : str or None
        Adds its suffix to the names in a directory.

    Raises
    ------
    TypeError
        If ``name_function`` isn't callable or gives no texts.
    ValueError
        If paths aren't as many as partitions, not different or not in order.

    Examples
    --------
    >>> part_paths("x-*.csv", None, 2, None), part_paths("out", None, 1, "gzip")
    (['x-0.csv', 'x-1.csv'], ['out/0.part.gz'])
    """
    if name_function is not None and not callable(name_function):
        raise TypeError(f"name_function must be callable, got {type(name_function).__name__}: {name_function!r:.80}")
    if isinstance(filename, Sequence) and not isinstance(filename, str):
        if name_function is not None:
            raise ValueError("name_function has no use with a list of paths")
        if len(filename) != count:
            raise ValueError(f"{len(filename)} paths were given for {count} partitions")
        urls = [os.fspath(path) for path in filename]
    else:
        template = os.fspath(filename)
        if template.count("*") > 1:
            raise ValueError(f"the path may have one '*', which stands for the partition, got {template!r}")
        if "*" not in template:
            suffix = SUFFIXES.get(infer_compression("", compression) or "", "")
            template = f"{template.rstrip('/')}/*.part{suffix}"
        digits = len(str(max(count - 1, 0)))
        names = [f"{at:0{digits}d}" if name_function is None else name_function(at) for at in range(count)]
        wrong = next((name for name in names if not isinstance(name, str)), None)
        if wrong is not None:
            raise TypeError(f"name_function must give texts, got {type(wrong).__name__}: {wrong!r:.80}")
        if name_function is not None and names != sorted(names):
            raise ValueError(f"name_function must give texts that sort as the partitions' numbers, got {names[:3]}...")
        urls = [template.replace("*", name) for name in names]
    if len(set(urls)) < len(urls):
        raise ValueError("each partition needs a path of its own, but some are equal")
    return urls
