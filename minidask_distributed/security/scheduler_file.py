"""Scheduler files: how workers and clients on a shared file system find a scheduler, its token included.

Place in the flow: ``minidask-scheduler --scheduler-file`` writes one; worker, client and `Security` read it. The file
is JSON with ``"address"``, ``"token"`` and whatever else the scheduler says of itself.

Invariants: mode 0600, replaced whole, so that a reader finds either the old or the new one; what is read has an address.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

from minidask_distributed.security.private_file import read_private, write_private
from minidask_distributed.security.token import check_token

POLL_S = 0.05  # how often a waiting reader looks: schedulers take longer than that to start


def write_scheduler_file(path: str | os.PathLike[str], info: dict[str, Any]) -> None:
    """Write a scheduler file, readable by its owner alone, in one step.

    Parameters
    ----------
    path
        Where; a file that is there is replaced.
    info
        ``"address"`` and, unless certificates do its work, ``"token"``; other entries must be JSON, too.

    Raises
    ------
    ValueError
        If the address is missing or the token unusable.
    TypeError
        If something isn't JSON.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "scheduler.json")
    ...     write_scheduler_file(path, {"address": "tcp://127.0.0.1:8786", "token": "0" * 64})
    ...     read_scheduler_file(path)["address"]
    'tcp://127.0.0.1:8786'
    """
    _check(info, "info")
    write_private(os.path.expanduser(os.fspath(path)), json.dumps(info, indent=2) + "\n", replace=True)


def read_scheduler_file(path: str | os.PathLike[str], wait_s: float = 0.0) -> dict[str, Any]:
    """Read a scheduler file, and wait for it if asked to. Blocks: not for an event loop, unless `wait_s` is 0.

    Parameters
    ----------
    path
        The file.
    wait_s
        Seconds to wait for the file to appear.

    Returns
    -------
    What stands in it, with ``"address"`` at least.

    Raises
    ------
    FileNotFoundError
        If it isn't there in time.
    PermissionError
        If others may read it, for it has the token in it.
    ValueError
        If it isn't the JSON of a scheduler file.
    """
    path = os.path.expanduser(os.fspath(path))
    deadline = time.monotonic() + wait_s
    while True:
        try:
            text = read_private(path, "scheduler file")
            break
        except FileNotFoundError:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                waited = f" after {wait_s:g} s" if wait_s > 0 else ""
                raise FileNotFoundError(
                    f"there is no scheduler file {path}{waited}: is the scheduler running, with "
                    f"--scheduler-file {path}, and does this machine see its file system?"
                ) from None
            time.sleep(min(POLL_S, left_s))
    try:
        info = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{path} is no scheduler file: {error}") from None
    if not isinstance(info, dict):
        raise ValueError(f"{path} is no scheduler file: a JSON object was expected, not {type(info).__name__}")
    _check(info, path)
    return info


async def scheduler_file_appears(path: str | os.PathLike[str], wait_s: float) -> None:
    """Wait on an event loop until a scheduler file is there, or so many seconds have passed; raises nothing."""
    path = os.path.expanduser(os.fspath(path))
    deadline = time.monotonic() + wait_s
    while not os.path.exists(path) and (left_s := deadline - time.monotonic()) > 0:
        await asyncio.sleep(min(POLL_S, left_s))


def _check(info: dict[str, Any], origin: str) -> None:
    if not isinstance(info.get("address"), str) or not info["address"]:
        raise ValueError(f"{origin} has no address: a scheduler file needs a text 'address' (tcp://host:port)")
    if info.get("token") is not None:
        check_token(info["token"], f"the token in {origin}")
