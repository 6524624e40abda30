"""The seam between a client's records and their pictures, which are drawn by a package above this one.

Place in the flow: ``Client.profile(plot=...)`` and ``get_task_stream(plot=...)`` call `draw`; what draws announces itself with
`register_pictures` when `Client` is imported from the package, and is loaded at the first picture.

Invariants: nothing that draws is imported before a picture is asked for. Not for: the records themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["draw", "register_pictures"]

_load: Callable[[str], Callable[..., Any]] | None = None


def register_pictures(load: Callable[[str], Callable[..., Any]] | None) -> Callable[[str], Callable[..., Any]] | None:
    """Say what draws; return what did so before.

    Parameters
    ----------
    load : callable, optional
        Gets the kind of a picture (``"task_stream"``, ``"profile"``) and returns ``draw(data, filename, **options)``, which
        returns a figure, and writes it to ``filename`` unless that is None.

    Raises
    ------
    TypeError
        If it can't be called.
    """
    global _load
    if load is not None and not callable(load):
        raise TypeError(f"what loads pictures must be callable, got {type(load).__name__}")
    before, _load = _load, load
    return before


def draw(kind: str, data: Any, filename: str | None = None, **options: Any) -> Any:
    """Return a figure of a record; write it to a file if one is named.

    Parameters
    ----------
    kind : str
        ``"task_stream"`` or ``"profile"``.
    data
        What that kind shows.
    filename : str, optional
        Of an HTML page.

    Raises
    ------
    RuntimeError
        If nothing draws here.
    ImportError
        If a package that it needs isn't installed.
    OSError
        If the file can't be written.
    """
    if _load is None:
        raise RuntimeError(
            "pictures need `from minidask.distributed import Client`; leave out plot=, and plot what is returned"
        )
    return _load(kind)(data, filename, **options)


def wants_picture(plot: bool | str, filename: str | None) -> tuple[bool, str | None]:
    """Return whether a picture is to be drawn, and the file for it, from the arguments that the field has.

    Parameters
    ----------
    plot : bool or str
        True for a figure, ``"save"`` for a file, too.
    filename : str, optional

    Raises
    ------
    ValueError
        For another ``plot``, or ``"save"`` without a file.

    Examples
    --------
    >>> wants_picture(False, None), wants_picture(True, "x.html"), wants_picture("save", "x.html")
    ((False, None), (True, None), (True, 'x.html'))
    """
    if plot not in (False, True, "save", None):
        raise ValueError(f"plot must be True, False or 'save', got {plot!r}")
    if plot == "save" and not filename:
        raise ValueError("plot='save' needs a filename")
    return bool(plot), filename if plot == "save" else None
