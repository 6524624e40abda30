"""Whether this process is a notebook's kernel, and a place in its output that can be rewritten.

Place in the flow: the progress bar and the plots ask here. IPython is never imported unless it runs already.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["HtmlDisplay", "in_notebook"]


def in_notebook() -> bool:
    """Return whether output can be shown as HTML: this is an IPython kernel, not a terminal or a plain program.

    Examples
    --------
    >>> in_notebook()
    False
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return getattr(shell, "kernel", None) is not None


class HtmlDisplay:
    """One place in the notebook's output, shown when first written to and rewritten afterwards."""

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, html: str, plain: str) -> None:
        """Show `html`, or `plain` where only text can be shown."""
        from IPython.display import display, update_display

        bundle = {"text/html": html, "text/plain": plain}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            update_display(bundle, raw=True, display_id=self._handle.display_id)
