"""A flat list of calls that stands for nested or fused work inside one task.

``Program`` is what a chain of fused tasks, or a nested user expression, becomes: a function of its inputs that runs
``steps`` one after another over a small array of registers. There is no recursion however long the program, and a
register is overwritten as soon as its value is no longer needed, so temporaries die early.

Place in the flow: ``convert`` and the fusing rewrites in ``minidask.optimize`` build programs with a ``ProgramBuilder``;
a ``Task`` calls them like any function. A program that is used as a step of another one is inlined, so programs never nest.

Invariants: registers are ``inputs``, then ``constants``, then temporaries; a step reads ``sources`` and writes ``target``;
constants' registers are never overwritten. Registers are allotted by linear scan (Poletto and Sarkar, "Linear scan register
allocation", 1999), for which straight-line code is the trivial case.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from math import prod
from typing import Any, NamedTuple

from minidask.graph.task import Key, func_name


class Step(NamedTuple):
    """One call: ``registers[target] = func(*registers[sources])``; the last ``names`` sources are passed by keyword."""

    func: Callable[..., Any]
    sources: tuple[int, ...]
    target: int
    names: tuple[str, ...] = ()
    clear: tuple[int, ...] = ()


class Program:
    """Run a flat list of steps as one function of ``n_inputs`` positional arguments.

    Make one with ``ProgramBuilder``.

    Examples
    --------
    >>> from operator import add, mul
    >>> build = ProgramBuilder(2)
    >>> total = build.call(add, (0, 1))
    >>> program = build.finish(build.call(mul, (total, build.constant(10))))
    >>> program(1, 2)
    30
    """

    __slots__ = ("__weakref__", "constants", "labels", "n_inputs", "n_temporaries", "result", "steps")

    def __init__(
        self,
        n_inputs: int,
        constants: tuple[Any, ...],
        n_temporaries: int,
        steps: tuple[Step, ...],
        result: int,
        labels: tuple[Key | None, ...] | None = None,
    ) -> None:
        self.n_inputs = n_inputs
        self.constants = constants
        self.n_temporaries = n_temporaries
        self.steps = steps
        self.result = result
        # labels: for each step the key of the task that it came from (None: unknown), or None when no step has one.
        self.labels = labels

    def __call__(self, *inputs: Any) -> Any:
        if len(inputs) != self.n_inputs:
            raise TypeError(f"{self!r} was called with {len(inputs)} arguments")
        registers = [*inputs, *self.constants]
        registers += (None,) * self.n_temporaries
        read = registers.__getitem__
        step = None
        try:
            for step in self.steps:
                func, sources, target, names, clear = step
                if names:
                    cut = len(sources) - len(names)
                    kwargs = dict(zip(names, map(read, sources[cut:]), strict=True))
                    registers[target] = func(*map(read, sources[:cut]), **kwargs)
                    del kwargs
                else:
                    registers[target] = func(*map(read, sources))
                for register in clear:
                    registers[register] = None
        except Exception as error:
            if step is not None and len(self.steps) > 1:
                error.add_note(self._where(step))
            raise
        return registers[self.result]

    def _where(self, step: Step) -> str:
        at = next(i for i, candidate in enumerate(self.steps) if candidate is step)
        key = self.labels[at] if self.labels else None
        of = "" if key is None else f" of task {key!r}"
        return f"In step {at + 1} of {len(self.steps)}: {func_name(step.func)}{of}."

    @property
    def short_name(self) -> str:
        """A name for people: the functions of the program's steps, the last one first."""
        names = [func_name(step.func) for step in self.steps if not any(step.func is plain for plain in PACKING)]
        if len(names) > 3:
            return f"{names[-1]}({len(names)} calls)"
        return "-".join(reversed(names)) or "pack"

    @property
    def small(self) -> bool:
        """Whether the last step says that what it returns is small."""
        return bool(self.steps) and getattr(self.steps[-1].func, "small", False) is True

    def __repr__(self) -> str:
        return f"<Program {self.short_name}: {len(self.steps)} steps, {self.n_inputs} inputs>"

    def _fields(self) -> tuple[Any, ...]:
        return self.n_inputs, self.constants, self.n_temporaries, self.steps, self.result

    def __eq__(self, other: object) -> bool:
        if type(other) is not Program:
            return NotImplemented
        if self is other:
            return True
        same = self.structure == other.structure and len(self.constants) == len(other.constants)
        return same and all(a is b for a, b in zip(self.constants, other.constants, strict=True))

    def __hash__(self) -> int:
        return hash(self.structure)

    @property
    def structure(self) -> Hashable:
        """The program without its constants: what two tasks of the same shape share."""
        return self.n_inputs, self.n_temporaries, self.steps, self.result

    def __reduce__(self) -> tuple[Any, ...]:
        return Program, (*self._fields(), self.labels)

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        return ("Program", *self._fields())


class ProgramBuilder:
    """Collect calls in the order of their execution and compile them into a ``Program``.

    Values are numbered: the inputs are ``0 .. n_inputs - 1``, ``constant`` and ``call`` return the number of a new one.

    Parameters
    ----------
    n_inputs : int
        Inputs that are known from the start; ``input()`` adds more.
    """

    def __init__(self, n_inputs: int = 0) -> None:
        self.n_values = n_inputs
        self.inputs: list[int] = list(range(n_inputs))
        self.constants: dict[int, Any] = {}
        # calls: (func, sources, value, names, label), in order of execution; sources and value number values.
        self.calls: list[tuple[Callable[..., Any], tuple[int, ...], int, tuple[str, ...], Key | None]] = []

    def _new(self) -> int:
        self.n_values += 1
        return self.n_values - 1

    def input(self) -> int:
        """Add an input behind those there are; return its number."""
        value = self._new()
        self.inputs.append(value)
        return value

    def constant(self, value: Any) -> int:
        """Add a constant; return its number."""
        number = self._new()
        self.constants[number] = value
        return number

    def call(
        self,
        func: Callable[..., Any],
        sources: Sequence[int],
        names: tuple[str, ...] = (),
        label: Key | None = None,
    ) -> int:
        """Add a call of ``func`` on earlier values (a ``Program`` is inlined); return the number of its result.

        The values of ``names`` are the last ``sources``. Raises TypeError if a program takes another number of inputs.
        """
        if type(func) is Program and not names:
            return self._inline(func, sources, label)
        value = self._new()
        self.calls.append((func, tuple(sources), value, names, label))
        return value

    def _inline(self, program: Program, sources: Sequence[int], label: Key | None) -> int:
        if len(sources) != program.n_inputs:
            raise TypeError(f"{program!r} can't be called with {len(sources)} arguments")
        registers: list[int] = [*sources, *map(self.constant, program.constants)]
        registers += [-1] * program.n_temporaries
        for at, step in enumerate(program.steps):
            value = self._new()
            own = program.labels[at] if program.labels else None
            read = tuple(registers[source] for source in step.sources)
            self.calls.append((step.func, read, value, step.names, label if own is None else own))
            registers[step.target] = value
        return registers[program.result]

    def pack_nested(self, values: Sequence[int], extents: Sequence[int]) -> int:
        """Add the calls that pack values into lists nested as a grid of ``extents``; return the number of the outermost one.

        Examples
        --------
        >>> build = ProgramBuilder(4)
        >>> build.finish(build.pack_nested([0, 1, 2, 3], (2, 2)))(1, 2, 3, 4)
        [[1, 2], [3, 4]]
        >>> build = ProgramBuilder()
        >>> build.finish(build.pack_nested([], (2, 0)))()
        [[], []]
        """
        level = list(values)
        for depth in range(len(extents) - 1, -1, -1):
            extent, lists = extents[depth], prod(extents[:depth])
            level = [self.call(pack_list, level[at * extent : (at + 1) * extent]) for at in range(lists)]
        return level[0]

    def finish(self, result: int) -> Program:
        """Allot registers and return the program whose value is ``result``."""
        constants = sorted(self.constants)
        register = {value: at for at, value in enumerate([*self.inputs, *constants])}
        first_temporary = len(register)
        last_use: dict[int, int] = {}
        for at, (_, sources, value, _, _) in enumerate(self.calls):
            last_use[value] = at
            for source in sources:
                last_use[source] = at
        free: list[int] = []
        top = first_temporary
        steps = []
        for at, (func, sources, value, names, _) in enumerate(self.calls):
            read = tuple(register[source] for source in sources)
            dying = [
                register[source]
                for source in dict.fromkeys(sources)
                if last_use[source] == at and source != result and register[source] >= first_temporary
            ]
            if dying:
                target = dying.pop()
            elif free:
                target = free.pop()
            else:
                target = top
                top += 1
            register[value] = target
            # A value that nobody reads is a call for its effect: its register is free again at once.
            unused = (target,) if last_use[value] == at and value != result else ()
            clear = (*dying, *unused)
            free.extend(clear)
            steps.append(Step(func, read, target, names, clear))
        labels = tuple(call[4] for call in self.calls)
        return Program(
            len(self.inputs),
            tuple(self.constants[number] for number in constants),
            top - first_temporary,
            tuple(steps),
            register[result],
            labels if any(label is not None for label in labels) else None,
        )


def pack_list(*items: Any) -> list[Any]:
    """Make a list of the arguments (a step of programs with nested lists).

    Examples
    --------
    >>> pack_list(1, 2)
    [1, 2]
    """
    return list(items)


def pack_tuple(*items: Any) -> tuple[Any, ...]:
    """Make a tuple of the arguments.

    Examples
    --------
    >>> pack_tuple(1, 2)
    (1, 2)
    """
    return items


def pack_set(*items: Any) -> set[Any]:
    """Make a set of the arguments.

    Examples
    --------
    >>> pack_set(1, 1)
    {1}
    """
    return set(items)


def pack_dict(keys: tuple[Any, ...], *values: Any) -> dict[Any, Any]:
    """Make a dict of keys and as many values.

    Examples
    --------
    >>> pack_dict(("a", "b"), 1, 2)
    {'a': 1, 'b': 2}
    """
    return dict(zip(keys, values, strict=True))


_NESTED = frozenset({list, tuple, dict, set})


def renew(value: Any) -> Any:
    """Return a copy of nested lists, dicts, sets and tuples, so that a task may change it; what they hold is not copied.

    Examples
    --------
    >>> value = [1, {"a": [2]}]
    >>> copy = renew(value)
    >>> copy == value, copy[1]["a"] is value[1]["a"]
    (True, False)
    """
    if type(value) is list and _NESTED.isdisjoint(map(type, value)):
        return value.copy()
    # parts: (value, numbers of its members), so that members have larger numbers; iterative, whatever the depth.
    parts: list[tuple[Any, list[int]]] = [(value, [])]
    for item, members in parts:  # grows while it is walked
        if type(item) in _NESTED and type(item) is not set:
            for member in item.values() if type(item) is dict else item:
                members.append(len(parts))
                parts.append((member, []))
    copies: dict[int, Any] = {}
    for number in range(len(parts) - 1, -1, -1):
        item, numbers = parts[number]
        members = [copies.pop(at) for at in numbers]
        kind = type(item)
        if kind is dict:
            copies[number] = dict(zip(item, members, strict=True))
        elif kind is list:
            copies[number] = members
        elif kind is tuple:
            copies[number] = tuple(members)
        else:
            copies[number] = set(item) if kind is set else item
    return copies[0]


# Steps that put arguments together and say nothing to people.
PACKING = (pack_list, pack_tuple, pack_set, pack_dict, renew)
