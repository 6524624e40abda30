"""The environment that a worker process starts with: its parent's, the variables of the settings, and the settings themselves.

Place in the flow: `Nanny` makes it once, in the context of whoever made the nanny, and gives it to every process that it
starts. Variables such as ``OMP_NUM_THREADS`` count only if they are there before libraries load.

Invariants: what the user says in the call wins over the variables of this process, which win over the settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from minidask import config
from minidask_distributed import settings


def worker_environment(
    env: Mapping[str, Any] | None = None, settings_over: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return the whole environment of a worker process.

    Parameters
    ----------
    env
        Variables that win over all others; None takes one away.
    settings_over
        Settings for the worker, over those of this context.

    Raises
    ------
    TypeError
        If a variable's name isn't a text.

    Examples
    --------
    >>> worker_environment({"COLOUR": "blue", "HOME": None})["COLOUR"]
    'blue'
    >>> int(worker_environment()["OMP_NUM_THREADS"]) >= 1
    True
    """
    with config.set(dict(settings_over or {})):
        defaults = {**settings.get("nanny.pre-spawn-environ"), **settings.get("nanny.environ")}
        inherited: dict[str, Any] = {
            **{name: value for name, value in defaults.items() if value is not None},
            **os.environ,
        }
        for name in [name for name, value in defaults.items() if value is None]:
            inherited.pop(name, None)
        result = config.child_environment({name: str(value) for name, value in inherited.items()})
    for name, value in (env or {}).items():
        if not isinstance(name, str):
            raise TypeError(f"env: names of variables are texts, got {name!r}")
        if value is None:
            result.pop(name, None)
        else:
            result[name] = str(value)
    return result
