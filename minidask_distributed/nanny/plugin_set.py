"""The plugins of one nanny: set up, replaced, torn down.

Place in the flow: clients register a `plugins.NannyPlugin`, the scheduler hands it on by the calls ``plugin_add`` and
``plugin_remove`` (`calls`), and the nanny tears down what is left when it closes.

Invariants: by name there is one; one whose ``setup`` raised isn't kept; what ``teardown`` raises is logged.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any

logger = logging.getLogger(__name__)


class PluginSet(dict[str, Any]):
    """{name: plugin}.

    Parameters
    ----------
    nanny
        What plugins get.
    """

    def __init__(self, nanny: Any) -> None:
        super().__init__()
        self._nanny = nanny

    async def add(self, name: str, plugin: Any) -> None:
        """Set a plugin up, in place of one of that name; restart the worker if the plugin says so.

        Raises
        ------
        Whatever its ``setup`` raises.
        """
        if name in self:
            await self.remove(name)
        await _result(plugin.setup(self._nanny))
        self[name] = plugin
        if plugin.restart:
            self._nanny.kill_worker(f"the plugin {name} wants it to be restarted", restart=True)

    async def remove(self, name: str) -> None:
        """Tear a plugin down.

        Raises
        ------
        ValueError
            If there is none of that name.
        """
        if name not in self:
            raise ValueError(f"this nanny has no plugin {name!r}; it has: {', '.join(self) or 'none'}")
        plugin = self.pop(name)
        try:
            await _result(plugin.teardown(self._nanny))
        except Exception:
            logger.exception("teardown of the plugin %s failed", name)

    async def close(self) -> None:
        """Tear all of them down."""
        for name in list(self):
            await self.remove(name)


async def _result(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
