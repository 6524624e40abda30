"""What tasks print and warn, shown where the client is.

Place in the flow: handlers of the topics "print" and "warn", which the scheduler sends to every client; `Client` enters them.

Invariant: a warning goes through this process's own filters, and is its text where the warning itself didn't travel.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

from minidask_distributed.protocol.payload import unpack


def show_print(topic: str, stamp: float, content: dict[str, Any]) -> None:
    """Print what a task printed.

    Examples
    --------
    >>> show_print("print", 0.0, {"text": "hello\\n", "stream": "stdout"})
    hello
    """
    (sys.stderr if content["stream"] == "stderr" else sys.stdout).write(content["text"])


def show_warning(topic: str, stamp: float, content: dict[str, Any]) -> None:
    """Warn of what a task warned of.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     show_warning("warn", 0.0, {"text": "beware", "category": "UserWarning", "warning": None})
    >>> str(caught[0].message)
    'beware'
    """
    message, category = content["text"], UserWarning
    if content["warning"] is not None:
        try:
            message, category = unpack(content["warning"])
        except Exception:
            # Its class isn't here: the text says the same.
            message = f"{content['category']}: {content['text']}"
    warnings.warn(message, category, stacklevel=1)
