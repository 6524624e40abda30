"""Bokeh figures as JSON: made once a process and theme, on a thread, when somebody first asks for them.

Place in the flow: the route ``figures/<name>.json`` answers with `json_of`; the page's script embeds it and fills its sources
from feeds. Here alone bokeh is imported.

Invariants: one figure is made at a time, whatever the number of servers in the process; what is kept is bounded by the number of
plots. Figures hold no data.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import importlib.util
import json
import threading
from pathlib import Path
from typing import Any

from minidask_distributed.dashboard.layout import Plot

THEMES = ("light", "dark")

REMEDY = 'the plots need bokeh: pip install "minidask[diagnostics]", where the scheduler runs'

_made: dict[tuple[str, str], bytes] = {}  # {(where its function is, theme): JSON}
_making = threading.Lock()  # bokeh's models register with a document of the process


class BokehMissing(ImportError):
    """Bokeh isn't installed; the message says what to do."""


@functools.cache
def bokeh_scripts() -> Path | None:
    """Return the folder with BokehJS; None if bokeh isn't installed. Imports nothing."""
    found = importlib.util.find_spec("bokeh")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0], "server", "static", "js")
    return folder if folder.is_dir() else None


async def json_of(plot: Plot, theme: str) -> bytes:
    """Return a plot's figure as JSON.

    Parameters
    ----------
    plot
        Which.
    theme
        Of `THEMES`.

    Raises
    ------
    BokehMissing
        If bokeh isn't installed.
    ValueError
        For another theme.
    """
    if theme not in THEMES:
        raise ValueError(f"the themes are {' and '.join(THEMES)}, not {theme!r:.40}")
    kept = _made.get((plot.make, theme))
    return kept if kept is not None else await asyncio.to_thread(_make, plot, theme)


def _make(plot: Plot, theme: str) -> bytes:
    with _making:
        kept = _made.get((plot.make, theme))
        if kept is None:
            kept = _made[plot.make, theme] = _render(plot, theme)
    return kept


def _render(plot: Plot, theme: str) -> bytes:
    if bokeh_scripts() is None:
        raise BokehMissing(REMEDY)
    from bokeh.embed import json_item

    module_name, _, function = plot.make.partition(":")
    # By name, so that pages can be listed without bokeh.
    module: Any = importlib.import_module(f"minidask_distributed.dashboard.plots.{module_name}")
    item = json_item(getattr(module, function)(theme))
    return json.dumps(item, separators=(",", ":")).encode()
