"""Calls on the wire: the function and the shape of its call once, then only literals and the ids of dependencies.

A **recipe** is a function with the *shape* of its call: for each argument whether it is a dependency (and which), or the next
literal. Tasks that differ in nothing else share one recipe; it is pickled once, addressed by the hash of its pickle, and
numbered by the client. A task is then ``(recipe number, literals, dependencies)``.

Place in the flow: one `CallEncoder` a client; the scheduler hands recipes and literals on without looking inside; the worker
uses `load_recipe` and `Recipe.bind`. In one process (``serialize=False``) nothing is pickled: the recipe travels as a
`Recipe`, and literals as `Literals`.

What is cached how long: a function that plain pickle sends by its name, for the encoder's life; everything else (lambdas,
what ``__main__`` defines, partials, programs, objects with a state) for one *submission*, since what it refers to may have
changed before the next. Equal pickles have one number, so that only the first is sent.

Invariants: ``deps`` holds each id once, flat references first, in order of appearance. Flat arguments of plain types cost no
search for nested references. Encoders aren't thread-safe; what is encoded is never changed.
"""

from __future__ import annotations

import pickle
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import count
from os import urandom
from types import BuiltinFunctionType, CodeType, FunctionType
from typing import Any, NamedTuple

import cloudpickle

from minidask.graph.task import TaskRef, func_name
from minidask.tokenize import tokenize
from minidask.tokenize.objects import importable_name
from minidask_distributed.protocol.errors import ProtocolError
from minidask_distributed.protocol.pickling import dumps, loads, names_by_value
from minidask_distributed.protocol.references import (
    collecting,
    is_reference,
    reduce_reference,
    resolved,
    supplying,
    with_slots,
)
from minidask_distributed.protocol.unpicklable import describe_unpicklable

__all__ = ["CallEncoder", "Literals", "Recipe", "RecipeRef", "load_recipe", "reduce_reference"]

# Can hold no reference, and pickle the same in all ways.
_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes, slice, type(Ellipsis), range})
# Their pickle is their name, if they can be imported.
_NAMED = (FunctionType, BuiltinFunctionType, type)

_LITERAL = -1

# Shape: for each argument, those passed by keyword last, the position of a dependency or _LITERAL; the keywords; whether
# references are nested in literals.
Shape = tuple[tuple[int, ...], tuple[str, ...], bool]


MOST_UNNAMED = 1_000
"""Recipes sent by value that a session keeps in use: more than a notebook defines, few enough for the scheduler."""


class RecipeRef(NamedTuple):
    """Name a recipe; ``blob`` is its pickle (in one process the `Recipe`) the first time, and None once it was given out."""

    number: int
    digest: bytes
    blob: bytes | Recipe | None


class Literals:
    """Hold the literals of a call for a peer in the same process; pickled only if they leave it."""

    __slots__ = ("values",)

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values

    def pickled(self) -> bytes:
        """Return the bytes that stand for these literals on a wire. Raises TypeError if they can't be pickled."""
        return dumps(self.values)

    def __eq__(self, other: object) -> bool:
        return type(other) is Literals and (self is other or tokenize(self.values) == tokenize(other.values))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Literals: {len(self.values)}>"


class Recipe:
    """Put a function's arguments together from literals and dependencies.

    Parameters
    ----------
    func : callable
    positions : tuple of int
        For each argument (those by keyword last) the position of a dependency, or -1 for the next literal.
    names : tuple of str
        The keywords.
    nested : bool
        Whether literals hold references to dependencies.

    Examples
    --------
    >>> recipe = Recipe(int, (0, -1), ("base",), False)
    >>> args, kwargs = recipe.bind(pickle.dumps((2,)), ["101"])
    >>> recipe.name, recipe.func(*args, **kwargs)
    ('int', 5)
    """

    __slots__ = ("_all_literal", "func", "name", "names", "nested", "positions")

    def __init__(
        self, func: Callable[..., Any], positions: tuple[int, ...], names: tuple[str, ...], nested: bool
    ) -> None:
        self.func = func
        self.positions = positions
        self.names = names
        self.nested = nested
        self.name = func_name(func)
        self._all_literal = not names and not nested and all(position == _LITERAL for position in positions)

    def bind(self, literals: bytes | Literals | None, deps: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        """Return the positional and the keyword arguments of a call, given the values of its dependencies in order.

        Raises ProtocolError if there are more or fewer literals or dependencies than the shape says, and whatever
        reading the literals raises.
        """
        values: tuple[Any, ...]
        if literals is None:
            values = ()
        elif type(literals) is Literals:
            values = resolved(literals.values, deps) if self.nested else literals.values
        elif self.nested:
            with supplying(deps):
                values = loads(literals)  # type: ignore[arg-type]
        else:
            values = pickle.loads(literals)  # type: ignore[arg-type]
        if self._all_literal:
            if len(values) != len(self.positions):
                raise ProtocolError(f"{self.name} takes {len(self.positions)} literals, got {len(values)}")
            return values, {}
        rest = iter(values)
        try:
            args = [deps[position] if position >= 0 else next(rest) for position in self.positions]
        except (IndexError, StopIteration):
            raise ProtocolError(
                f"a call of {self.name} has too few literals ({len(values)}) or dependencies ({len(deps)})"
            ) from None
        if not self.names:
            return args, {}
        cut = len(args) - len(self.names)
        return args[:cut], dict(zip(self.names, args[cut:]))

    def pickled(self) -> bytes:
        """Return the bytes that stand for the recipe on a wire. Raises TypeError if the function can't be pickled."""
        return _pickled(self.func, (self.positions, self.names, self.nested))

    def __eq__(self, other: object) -> bool:
        if type(other) is not Recipe:
            return NotImplemented
        mine, theirs = (self.positions, self.names, self.nested), (other.positions, other.names, other.nested)
        # As their pickles are: programs and closures are made anew for each submission.
        return mine == theirs and (self.func is other.func or tokenize(self.func) == tokenize(other.func))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Recipe {self.name}: {len(self.positions)} arguments>"


def _pickled(func: Callable[..., Any], shape: Shape) -> bytes:
    try:
        return dumps((func, *shape))
    except TypeError as error:
        reason = describe_unpicklable(func) or str(error)
        raise TypeError(
            f"the function {func_name(func)} can't be sent to the workers: {reason}. Make what can't be pickled inside "
            "the function, or pass what it is made from."
        ) from error


def load_recipe(blob: bytes | Recipe) -> Recipe:
    """Return the recipe of a pickle (or the recipe itself), from an authenticated peer.

    Raises whatever reading the function raises, and ProtocolError if the pickle holds no recipe.

    Examples
    --------
    >>> load_recipe(Recipe(abs, (0,), (), False).pickled())
    <Recipe abs: 1 arguments>
    """
    if isinstance(blob, Recipe):
        return blob
    parts = loads(blob)
    if type(parts) is not tuple or len(parts) != 4 or not callable(parts[0]):
        raise ProtocolError("the pickle of a recipe holds something else")
    return Recipe(*parts)


class _Known:
    """A function of the running submission (or one sent by name) and its recipes so far."""

    __slots__ = ("func", "recipes")

    def __init__(self, func: Callable[..., Any], recipes: dict[Shape, RecipeRef] | None = None) -> None:
        self.func = func  # kept, so that its id names it
        self.recipes: dict[Shape, RecipeRef] = {} if recipes is None else recipes


class _Steady:
    """A function sent by value whose pickle can't have changed since: it uses no globals, no closure and no attributes."""

    __slots__ = ("code", "defaults", "func", "names", "recipes")

    def __init__(self, func: FunctionType, recipes: dict[Shape, RecipeRef]) -> None:
        self.func = weakref.ref(func)
        self.recipes = recipes
        self.code = func.__code__
        self.defaults = func.__defaults__
        names: set[str] = set()
        stack = [func.__code__]
        for code in stack:
            names.update(code.co_names)
            stack += [part for part in code.co_consts if type(part) is CodeType]
        self.names = tuple(names)  # of globals, builtins and attributes

    def holds(self, func: FunctionType) -> bool:
        """Say whether the pickle is still that of the function."""
        return (
            self.func() is func
            and func.__code__ is self.code
            and func.__defaults__ is self.defaults
            and func.__globals__.keys().isdisjoint(self.names)
            and not (func.__closure__ or func.__kwdefaults__ or func.__dict__)
            and (self.defaults is None or _PLAIN.issuperset(map(type, self.defaults)))
        )


class CallEncoder:
    """Turn calls into recipe, literals and dependencies.

    Parameters
    ----------
    serialize : bool
        False: for peers in the same process, nothing is pickled.

    Examples
    --------
    >>> from operator import add
    >>> encoder = CallEncoder()
    >>> recipe, literals, deps = encoder.encode(add, (TaskRef("x"), 10), {}, {TaskRef("x"): 7}.__getitem__)
    >>> recipe.number, deps
    (0, [7])
    >>> load_recipe(recipe.blob).bind(literals, [1])
    ([1, 10], {})
    >>> encoder.encode(add, (TaskRef("x"), 11), {}, {TaskRef("x"): 7}.__getitem__)[0].blob is None
    True
    """

    def __init__(self, serialize: bool = True) -> None:
        self.serialize = serialize
        # {id of a function: its recipes}: sent by name; anything else, for this submission.
        self._named: dict[int, _Known] = {}
        self._passing: dict[int, _Known] = {}
        # {digest: number} of the recipes that the scheduler was given.
        self._numbers: dict[bytes, int] = {}
        # Those of them that aren't sent by name, the one used longest ago first: definitions that were replaced, closures.
        self._unnamed: dict[bytes, int] = {}
        # {id of a function sent by value that may be sent again as it is}
        self._steady: dict[int, _Steady] = {}
        self._next = count()
        self._next_unshared = count()
        self._by_value: set[str] = cloudpickle.list_registry_pickle_by_value()
        self._prefix = urandom(8)

    def new_submission(self) -> None:
        """Begin a submission: what isn't sent by name is pickled anew in it."""
        self._passing.clear()
        by_value = cloudpickle.list_registry_pickle_by_value()
        if by_value != self._by_value:
            self._by_value = by_value
            self._named.clear()
            self._steady.clear()

    def outdated(self) -> list[int]:
        """Forget the recipes sent by value that were used longest ago, if there are many; return their numbers.

        To be called at the beginning of a submission, and the scheduler to be told.
        """
        if len(self._unnamed) <= MOST_UNNAMED:
            return []
        oldest = list(self._unnamed)[: MOST_UNNAMED // 2]
        numbers = [self._unnamed.pop(digest) for digest in oldest]
        self.forget(numbers)
        return numbers

    def forget(self, numbers: Iterable[int] | None = None) -> None:
        """Take note that the scheduler doesn't have these recipes (None: has none, it is another one): they are sent again.

            Also for recipes that were encoded, but whose blob was never sent after all. They get new numbers, so that a number
        never changes its meaning.
        """
        gone = set(self._numbers.values()) if numbers is None else set(numbers)
        self._numbers = {digest: number for digest, number in self._numbers.items() if number not in gone}
        self._unnamed = {digest: number for digest, number in self._unnamed.items() if number not in gone}
        caches: list[_Known | _Steady] = [*self._named.values(), *self._passing.values(), *self._steady.values()]
        for known in caches:
            for shape in [shape for shape, found in known.recipes.items() if found.number in gone]:
                del known.recipes[shape]
        self._steady = {at: one for at, one in self._steady.items() if one.recipes}

    def encode(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        resolve: Callable[[Any], int],
    ) -> tuple[RecipeRef, bytes | Literals | None, list[int]]:
        """Return a call's recipe, its literals (None without any) and the ids of its dependencies.

        Parameters
        ----------
        func : callable
        args, kwargs : sequence, mapping or None
            Literals, ``TaskRef`` objects and futures (objects whose class has ``__minidask_future__ = True``), both also
            nested in literals.
        resolve : callable
            Gives the id of a reference.

        Raises
        ------
        TypeError
            If the function or an argument can't be pickled; the message names the function, the argument and the reason.
        Exception
            Whatever ``resolve`` raises.
        """
        deps: dict[int, int] = {}
        literals: list[Any] = []
        positions: list[int] = []
        plain = True
        for arg in (*args, *kwargs.values()) if kwargs else args:
            kind = type(arg)
            if kind in _PLAIN:
                positions.append(_LITERAL)
                literals.append(arg)
            elif kind is TaskRef or getattr(kind, "__minidask_future__", False):
                positions.append(deps.setdefault(resolve(arg), len(deps)))
            else:
                positions.append(_LITERAL)
                literals.append(arg)
                plain = False
        packed: bytes | Literals | None = None
        nested = False
        if literals:
            if plain:
                packed = pickle.dumps(tuple(literals), 5) if self.serialize else Literals(tuple(literals))
            else:
                packed, nested = self._literals(func, args, kwargs or {}, tuple(literals), resolve, deps)
        shape = (tuple(positions), tuple(kwargs) if kwargs else (), nested)
        known = self._named.get(id(func)) or self._passing.get(id(func))
        ref = known.recipes.get(shape) if known is not None else None
        if ref is None:
            return self._recipe(func, shape), packed, list(deps)
        return ref, packed, list(deps)

    def _literals(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        literals: tuple[Any, ...],
        resolve: Callable[[Any], int],
        deps: dict[int, int],
    ) -> tuple[bytes | Literals, bool]:
        """Return literals in wire form and whether references are nested in them; those enter ``deps``."""
        collect = collecting(resolve, deps)
        if not self.serialize:
            return Literals(tuple([with_slots(value, collect) for value in literals])), collect.used
        if all(map(_is_plain, literals)):
            return pickle.dumps(literals, 5), False
        with collect:
            try:
                return dumps(literals), collect.used
            except TypeError as error:
                if collect.error is not None:
                    raise collect.error from None
                problem = _culprit(func, args, kwargs)
                if problem is None:
                    raise
                raise problem from error

    def _recipe(self, func: Callable[..., Any], shape: Shape) -> RecipeRef:
        """Return the recipe of a function and a shape that were not met in this submission before."""
        steady = self._steady.get(id(func))
        if steady is not None and id(func) not in self._passing and steady.holds(func):  # type: ignore[arg-type]
            self._passing[id(func)] = _Known(func, steady.recipes)
            found = steady.recipes.get(shape)
            if found is not None:
                self._unnamed[found.digest] = self._unnamed.pop(found.digest)
                return found
        blob: bytes | Recipe
        if self.serialize:
            blob = _pickled(func, shape)
            digest = blake2b(blob, digest_size=16).digest()
        else:
            blob = Recipe(func, *shape)
            digest = self._prefix + next(self._next_unshared).to_bytes(8, "little")
        number = self._numbers.get(digest)
        known_to_scheduler = number is not None
        if number is None:
            number = self._numbers[digest] = next(self._next)
        again = RecipeRef(number, digest, None)
        named = isinstance(func, _NAMED) and importable_name(func) is not None
        cache = self._named if named and not (type(blob) is bytes and names_by_value(blob)) else self._passing
        if cache is self._passing:
            self._unnamed.pop(digest, None)
            self._unnamed[digest] = number
        known = cache.get(id(func))
        if known is None:
            known = cache[id(func)] = _Known(func)
            if cache is self._passing and type(func) is FunctionType:
                steady = _Steady(func, known.recipes)
                if steady.holds(func):
                    self._steady[id(func)] = steady
        known.recipes[shape] = again
        return again if known_to_scheduler else RecipeRef(number, digest, blob)


def _is_plain(value: Any) -> bool:
    """Say whether a value is of a plain type, or a container of these alone; quicker than a pickler with a hook."""
    kind = type(value)
    if kind is list or kind is tuple:
        return _PLAIN.issuperset(map(type, value))
    if kind is dict:
        return _PLAIN.issuperset(map(type, value)) and _PLAIN.issuperset(map(type, value.values()))
    return kind in _PLAIN


def _culprit(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> TypeError | None:
    """Return the error that names the first argument that can't be pickled."""
    named = [(f"argument {at}", arg) for at, arg in enumerate(args)]
    named += [(f"argument {name!r}", arg) for name, arg in kwargs.items()]
    for name, arg in named:
        reason = "" if is_reference(arg) else describe_unpicklable(arg)
        if reason:
            return TypeError(
                f"{name} of the function {func_name(func)} can't be sent to the workers: {reason}. Make it inside the "
                "function, or pass what it is made from."
            )
    return None
