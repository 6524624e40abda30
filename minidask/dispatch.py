"""Functions that are extended by type, for types of packages that may never be imported.

Place in the flow: the bottom of the house. `minidask.tokenize` and `minidask.sizeof` keep their rules in a `Dispatch`
each; nothing of minidask is imported here.

How it decides: the classes of the object's method resolution order are asked one after the other, and the first that
has an implementation wins. Before that, each class's top-level module is looked up among the *lazy* registrations: a
loader registered for ``"numpy"`` runs once, when the first object whose type (or base type) belongs to NumPy is met.
So the rules of a library cost nothing, and import nothing, until the program itself uses that library.

Invariants:

- An implementation registered by hand is never replaced by one that a lazy loader registers later.
- An implementation registered with ``subclasses=False`` serves that very class alone.
- Dispatching is thread-safe; a loader runs at most once, and nobody sees half of its registrations.

Not for: choosing by several arguments, or by abstract base classes (`functools.singledispatch` does the latter).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["Dispatch"]

F = TypeVar("F", bound=Callable[..., Any])


class _Entry(NamedTuple):
    """One registration."""

    func: Callable[..., Any]
    subclasses: bool
    by_loader: bool


class Dispatch:
    """Hold one function's implementations by the type of its first argument.

    Parameters
    ----------
    name : str
        What error messages call this function.

    Examples
    --------
    >>> describe = Dispatch("describe")
    >>> @describe.register((int, float))
    ... def describe_number(x):
    ...     return f"number {x}"
    >>> describe(1.5), describe(True)
    ('number 1.5', 'number True')
    >>> describe("a")
    Traceback (most recent call last):
        ...
    TypeError: describe has no implementation for builtins.str; add one with describe.register(str)
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self._entries: dict[type, _Entry] = {}
        # {top-level module name: loaders that have not run yet}
        self._lazy: dict[str, list[Callable[[], object]]] = {}
        self._found: WeakKeyDictionary[type, Callable[..., Any] | None] = WeakKeyDictionary()
        self._lock = threading.RLock()
        self._loading = False

    def register(self, type_: type | tuple[type, ...], func: F | None = None, *, subclasses: bool = True) -> Any:
        """Register ``func`` for one type or a tuple of types; without ``func``, return a decorator.

        ``subclasses=False`` keeps the implementation from serving classes derived from ``type_``.
        Returns ``func``. Raises TypeError for what isn't a type, or isn't callable.

        >>> size = Dispatch("size")
        >>> size.register(str, len)("abc")
        3
        """
        types = type_ if isinstance(type_, tuple) else (type_,)
        for each in types:
            if not isinstance(each, type):
                raise TypeError(f"{self.__name__}.register takes a type or a tuple of types, not {each!r}")
        if func is None:
            return lambda f: self.register(types, f, subclasses=subclasses)
        if not callable(func):
            raise TypeError(f"{self.__name__}.register takes a callable, not {func!r}")
        with self._lock:
            for each in types:
                present = self._entries.get(each)
                if self._loading and present is not None and not present.by_loader:
                    continue
                self._entries[each] = _Entry(func, subclasses, self._loading)
            self._found.clear()
        return func

    def register_lazy(self, toplevel: str, func: Callable[[], object] | None = None) -> Any:
        """Register a loader: a function of no arguments that registers the types of one top-level module.

        It runs when the first object of that module is met. Without ``func``, return a decorator.
        Raises ValueError for a dotted name, which could never be met, and TypeError for what isn't callable.

        >>> size = Dispatch("size")
        >>> @size.register_lazy("decimal")
        ... def _():
        ...     import decimal
        ...
        ...     size.register(decimal.Decimal, lambda x: len(x.as_tuple().digits))
        >>> from decimal import Decimal
        >>> size(Decimal("3.14"))
        3
        """
        if not isinstance(toplevel, str) or not toplevel.isidentifier():
            raise ValueError(f"register_lazy takes the name of a top-level module, such as 'numpy', not {toplevel!r}")
        if func is None:
            return lambda f: self.register_lazy(toplevel, f)
        if not callable(func):
            raise TypeError(f"{self.__name__}.register_lazy takes a callable, not {func!r}")
        with self._lock:
            self._lazy.setdefault(toplevel, []).append(func)
            self._found.clear()
        return func

    def find(self, cls: type) -> Callable[..., Any] | None:
        """Return the implementation for instances of ``cls``, or None.

        Raises what a lazy loader raises (it is tried again next time).

        >>> Dispatch("size").find(int) is None
        True
        """
        try:
            return self._found[cls]
        except KeyError:
            pass  # met for the first time: decide below
        with self._lock:
            for base in cls.__mro__:
                module = getattr(base, "__module__", None)
                toplevel = module.partition(".")[0] if isinstance(module, str) else ""
                if toplevel in self._lazy:
                    self._load(toplevel)
            found = next((f for base in cls.__mro__ if (f := self._lookup(base, cls)) is not None), None)
            # A loader that is running may still be about to register a better implementation.
            if not self._loading:
                self._found[cls] = found
            return found

    def dispatch(self, cls: type) -> Callable[..., Any]:
        """Return the implementation for instances of ``cls``. Raises TypeError where there is none.

        >>> Dispatch("size").dispatch(int)
        Traceback (most recent call last):
            ...
        TypeError: size has no implementation for builtins.int; add one with size.register(int)
        """
        found = self.find(cls)
        if found is None:
            raise TypeError(
                f"{self.__name__} has no implementation for {cls.__module__}.{cls.__qualname__}; "
                f"add one with {self.__name__}.register({cls.__qualname__})"
            )
        return found

    def __call__(self, arg: Any, *args: Any, **kwargs: Any) -> Any:
        """Call the implementation for the type of ``arg``. Raises TypeError where there is none."""
        return self.dispatch(type(arg))(arg, *args, **kwargs)

    def __repr__(self) -> str:
        return f"<Dispatch {self.__name__!r}: {len(self._entries)} types, lazy: {sorted(self._lazy)}>"

    def _lookup(self, base: type, cls: type) -> Callable[..., Any] | None:
        """What ``base`` offers to instances of ``cls``."""
        entry = self._entries.get(base)
        return entry.func if entry is not None and (entry.subclasses or base is cls) else None

    def _load(self, toplevel: str) -> None:
        # Taken out first: a loader that itself meets an object of its module must not start again.
        loaders = self._lazy.pop(toplevel)
        outer, self._loading = self._loading, True
        try:
            while loaders:
                loaders[0]()
                del loaders[0]
        finally:
            self._loading = outer
            if loaders:
                self._lazy[toplevel] = loaders
