"""Plugins of workers and nannies that clients registered: kept, as they came, for those that join later.

Place in the flow: the handlers `register_plugin` and `unregister_plugin` fill it; `server` sends its content to every
worker and nanny that joins.

Invariants: pickles stay closed; by kind and name there is one; the order is that of registration.

Not for: plugins of the scheduler itself (`hooks`).
"""

from __future__ import annotations

from typing import Any, Final

KINDS: Final = ("worker", "nanny")


class RegisteredPlugins:
    """What a worker or nanny that joins is to be given.

    Examples
    --------
    >>> registered = RegisteredPlugins()
    >>> registered.add("worker", "upload", b"...")
    True
    >>> registered.add("worker", "upload", b"again", idempotent=True)
    False
    >>> registered.of("worker")
    [{'name': 'upload', 'plugin': b'...'}]
    """

    def __init__(self) -> None:
        self._plugins: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}

    def add(self, kind: str, name: str, plugin: Any, idempotent: bool = False) -> bool:
        """Keep a plugin, in place of one of that name; return False if it was there and ``idempotent``.

        Raises
        ------
        ValueError
            For another kind than "worker" and "nanny".
        """
        plugins = self._of(kind)
        if idempotent and name in plugins:
            return False
        plugins[name] = plugin
        return True

    def remove(self, kind: str, name: str) -> None:
        """Forget a plugin.

        Raises
        ------
        ValueError
            If there is none of that name, or the kind is another one.
        """
        plugins = self._of(kind)
        if name not in plugins:
            raise ValueError(f"no {kind} plugin is called {name!r}; there are: {', '.join(plugins) or 'none'}")
        del plugins[name]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return the arguments of the calls ``plugin_add`` for one that joins; none for other kinds."""
        return [{"name": name, "plugin": plugin} for name, plugin in self._plugins.get(kind, {}).items()]

    def _of(self, kind: str) -> dict[str, Any]:
        if kind not in self._plugins:
            raise ValueError(f"a plugin is one of a 'scheduler', 'worker' or 'nanny', not {kind!r}")
        return self._plugins[kind]
