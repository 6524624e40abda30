"""Calls of methods and attributes by name, which compare by value: what layers carry instead of lambdas. Pure."""

from __future__ import annotations

from typing import Any, NamedTuple


class Method(NamedTuple):
    """Call a method: ``Method("abs")(frame)`` is ``frame.abs()``."""

    name: str

    @property
    def short_name(self) -> str:
        """The method's name, for people."""
        return self.name

    def __call__(self, obj: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(obj, self.name)(*args, **kwargs)


class Call(NamedTuple):
    """Call a method with keyword arguments: ``Call("round", {"decimals": 1})(frame)`` is ``frame.round(decimals=1)``."""

    name: str
    kwargs: dict[str, Any]

    def __call__(self, obj: Any) -> Any:
        return getattr(obj, self.name)(**self.kwargs)


class Attribute(NamedTuple):
    """Get an attribute: ``Attribute("index")(frame)`` is ``frame.index``."""

    attribute: str

    @property
    def short_name(self) -> str:
        """The attribute's name, for people."""
        return self.attribute

    def __call__(self, obj: Any) -> Any:
        return getattr(obj, self.attribute)
