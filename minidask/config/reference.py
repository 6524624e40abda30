"""Write the table of all settings, as reStructuredText, out of their declarations.

Place in the flow: run by hand after a declaration has changed::

    python -m minidask.config.reference docs/configuration.rst minidask_distributed.settings

A test compares the page with what this module would write. Nothing else imports it. The modules that are named behind the
page declare further settings: the package above is never imported from here by name.

Invariants: the page outside the two markers is left as it is; the same declarations give the same text.

Not for: help at run time.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

from minidask.config.schema import SCHEMA
from minidask.config.settings import UNSET, Setting

BEGIN = (
    ".. settings: begin (written by "
    "``python -m minidask.config.reference docs/configuration.rst minidask_distributed.settings``)"
)
END = ".. settings: end"


def table(settings: Iterable[Setting]) -> str:
    """Return a definition list of `settings`: name, default, type, meaning, variable, former names.

    Examples
    --------
    >>> print(table([s for s in SCHEMA if s.name == "num_workers"]))
    ``num_workers`` : default ``None``
        Threads or processes of a local scheduler. None: as many as the processors that this process may use.
    <BLANKLINE>
        A whole number of at least 1, or None. Variable ``MINIDASK_NUM_WORKERS``.
    <BLANKLINE>
    """
    return "\n".join(_entry(setting) for setting in settings)


def _entry(setting: Setting) -> str:
    default = "unset" if setting.default is UNSET else f"``{setting.default!r}``"
    kind = setting.kind.description
    facts = f"{kind[0].upper()}{kind[1:]}"
    if setting.unit:
        facts += f"; bare numbers are {setting.unit}"
    facts += f". Variable ``{setting.environment_variable}``."
    if setting.aliases:
        facts += " Formerly " + ", ".join(f"``{alias}``" for alias in setting.aliases) + "."
    # In reStructuredText a backslash counts only outside of literals, so the defaults need no escaping.
    return f"``{setting.name}`` : default {default}\n    {setting.doc}\n\n    {facts}\n"


def renew(page: str) -> str:
    """Return `page` with the table between the markers made anew.

    Raises
    ------
    ValueError
        If the page lacks one of the markers, or they are in the wrong order.

    Examples
    --------
    >>> "num_workers" in renew(f"Settings{chr(10)}{BEGIN}{chr(10)}{END}{chr(10)}")
    True
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN!r} and {END!r}, in this order")
    return f"{before}{BEGIN}\n\n{table(SCHEMA)}\n{END}{after}"


def main(arguments: list[str]) -> int:
    """Renew the table in a file.

    Parameters
    ----------
    arguments
        The file, and names of modules that declare settings beside minidask's own.

    Returns
    -------
    int
        0; or 2 and a line of help if there is no argument.

    Raises
    ------
    OSError, ValueError
        If the file can't be read or written, or lacks the markers.
    ImportError
        If there is no such module.
    """
    if not arguments:
        sys.stderr.write("usage: python -m minidask.config.reference PAGE [MODULE ...]\n")
        return 2
    path, *modules = arguments
    for module in modules:
        importlib.import_module(module)
    with open(path, encoding="utf-8") as file:
        page = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(renew(page))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
